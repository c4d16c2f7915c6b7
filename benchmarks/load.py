"""How much ingest takes, and what a message costs: 1,000 devices at ten messages a second, on real parts.

`python -m benchmarks.load --seconds 60` prints one JSON object.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import proc
from benchmarks.sender import Plan
from tests.harness import House, wait_for


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--per-second", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--profile", type=Path, help="py-spy's output: where ingest spends its time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="myofleet-bench-") as folder, House(Path(folder), bench=True) as house:
        print(json.dumps(measure(house, options.devices, options.per_second, options.seconds, options.profile)))


def enrol(house: House, count: int) -> list[str]:
    """Enrol devices that need no accounts of their own: the bench account speaks for them."""
    serials = [f"BENCH-{n:05d}" for n in range(count)]
    house.sql(
        "INSERT INTO devices_device (serial, site_id, name, room, uplink, model, tags, risk_class)"
        " SELECT s, (SELECT min(id) FROM access_site), '', '', '', '', '{}', '' FROM unnest(%s::text[]) s",
        serials,
    )
    return serials


def measure(
    house: House, devices: int, per_second: float, seconds: float, profile: Path | None = None
) -> dict[str, Any]:
    """Run the load; return what was taken and what it cost, CPU in µs a message."""
    plan = Plan(
        house.mqtt_port,
        "_bench",
        house.servers.vault.secret("_bench"),
        enrol(house, devices),
        int(time.time()),
        per_second,
        seconds,
    )
    house.start("ingest")
    wait_for(lambda: _hears(house), within_s=20, why="ingest does not hear the broker")
    ingest, postgres, broker = (house.processes.pid(name) for name in ("ingest", "postgres", "broker"))
    sender = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sender", json.dumps(asdict(plan))], stdout=subprocess.PIPE, text=True
    )
    stored = _stored(house)
    wait_for(lambda: _stored(house) > stored, within_s=60, why="nothing arrived", every_s=0.2)
    spy = _spy(ingest, profile, seconds) if profile else None
    before = (proc.cpu_s(ingest), proc.family_cpu_s(postgres), proc.cpu_s(broker), time.monotonic(), _stored(house))
    memory, lags = [], []
    while sender.poll() is None:
        time.sleep(1.0)
        memory.append(proc.rss_mb(ingest))
        lags.append(_gauge(house, "lag_ms"))
    assert sender.stdout is not None
    sent = json.loads(sender.stdout.read())
    wait_for(
        lambda: _stored(house) >= sent["sent"],
        within_s=20,
        why=lambda: f"{_stored(house)} of {sent['sent']} stored\n{_pulse(house)}\n{house.processes.tail('ingest')}",
        every_s=0.2,
    )
    after = (proc.cpu_s(ingest), proc.family_cpu_s(postgres), proc.cpu_s(broker), time.monotonic(), _stored(house))
    messages = after[4] - before[4]
    per = [(late - early) / messages * 1e6 for early, late in zip(before[:3], after[:3], strict=True)]
    if spy is not None:
        spy.wait()
    (lost,) = house.sql(
        "SELECT count(DISTINCT (device_id, seq)) FROM devices_telemetry WHERE boot = %s", plan.boot
    )[0]
    return {
        "what": "load",
        "sent": sent["sent"],
        "stored_once": lost,
        "messages_per_s": messages / (after[3] - before[3]),
        "wanted_per_s": devices * per_second,
        "ingest_cpu_us": per[0],
        "postgres_cpu_us": per[1],
        "broker_cpu_us": per[2],
        "sender_cpu_us": sent["cpu_us_per_message"],
        "memory_mb_first": memory[min(5, len(memory) - 1)],
        "memory_mb_last": memory[-1],
        "lag_ms_median": sorted(lags)[len(lags) // 2],
        "lag_ms_max": max(lags),
        "lag_ms_last": lags[-1],
        "drained_after_s": after[3] - before[3] - sent["took_s"],
    }


def _stored(house: House) -> int:
    return _counter(house, "records")


def _hears(house: House) -> bool:
    return bool(house.sql("SELECT 1 FROM devices_pulse WHERE part = 'ingest' AND (detail->>'broker')::bool"))


def _pulse(house: House) -> Any:
    return house.sql("SELECT detail FROM devices_pulse WHERE part = 'ingest'")


def _counter(house: House, name: str) -> int:
    rows = house.sql("SELECT detail->'counters'->>%s FROM devices_pulse WHERE part = 'ingest'", name)
    return int(rows[0][0] or 0) if rows else 0


def _gauge(house: House, name: str) -> int:
    rows = house.sql("SELECT detail->'gauges'->>%s FROM devices_pulse WHERE part = 'ingest'", name)
    return int(rows[0][0] or 0) if rows else 0


def _spy(pid: int, out: Path, seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["py-spy", "record", "-p", str(pid), "-o", str(out), "-f", "raw", "-d", str(int(seconds)), "-r", "200"]
    )


if __name__ == "__main__":
    main()
