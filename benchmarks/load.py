"""How much ingest takes, and what a message costs: 1,000 devices at ten messages a second, on real parts.

`python -m benchmarks.load --seconds 60` prints one JSON object.
"""

import argparse
import json
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import houses, proc
from benchmarks.sender import Plan
from tests.harness import House, wait_for


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--per-second", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--profile", type=Path, help="py-spy's output: where ingest spends its time")
    options = parser.parse_args()
    with houses.house(bench=True) as house:
        print(
            json.dumps(measure(house, options.devices, options.per_second, options.seconds, options.profile))
        )


@dataclass(frozen=True, slots=True)
class _Used:
    """CPU so far, s, and what was stored by then."""

    ingest_s: float
    postgres_s: float
    broker_s: float
    stored: int

    @classmethod
    def until_now(cls, house: House) -> "_Used":
        ingest, postgres, broker = (house.processes.pid(name) for name in ("ingest", "postgres", "broker"))
        return cls(
            proc.cpu_s(ingest), proc.family_cpu_s(postgres), proc.cpu_s(broker), counter(house, "records")
        )


def measure(
    house: House, devices: int, per_second: float, seconds: float, profile: Path | None = None
) -> dict[str, Any]:
    """Run the load; return what was taken and what it cost, CPU in µs a message."""
    serials = houses.enrol(house, devices)
    password, boot = house.servers.vault.secret("_bench"), int(time.time())
    plan = Plan(house.mqtt_port, "_bench", password, serials, boot, per_second, seconds)
    house.start("ingest")
    ingest = house.processes.pid("ingest")
    with houses.helper("sender", asdict(plan)) as sender:
        wait_for(lambda: counter(house, "records") > 0, within_s=60, why="nothing arrived", every_s=0.2)
        spy = _spy(ingest, profile, seconds) if profile else None
        before = _Used.until_now(house)
        memory, lags = [], []
        while sender.poll() is None:  # what it prints at its end fits into the pipe
            time.sleep(1.0)
            memory.append(proc.rss_mb(ingest))
            lags.append(_gauge(house, "lag_ms"))
        ended = time.monotonic()
        sent = houses.answer(sender, within_s=10)
    _await_all(house, sent["sent"])
    drained_s = time.monotonic() - ended
    after = _Used.until_now(house)
    if spy is not None:
        spy.wait()
    return {
        "what": "load",
        "devices": devices,
        "wanted_per_s": devices * per_second,
        "sent": sent["sent"],
        "sent_per_s": sent["sent"] / sent["took_s"],
        "sender_cpu_us": sent["cpu_us_per_message"],
        **_costs(before, after),
        "memory_mb_first": memory[min(5, len(memory) - 1)],
        "memory_mb_last": memory[-1],
        "lag_ms_median": sorted(lags)[len(lags) // 2],
        "lag_ms_max": max(lags),
        "drained_after_s": drained_s,
        **_stored(house, boot),
    }


def _costs(before: _Used, after: _Used) -> dict[str, float]:
    messages = after.stored - before.stored
    return {
        "ingest_cpu_us": (after.ingest_s - before.ingest_s) / messages * 1e6,
        "postgres_cpu_us": (after.postgres_s - before.postgres_s) / messages * 1e6,
        "broker_cpu_us": (after.broker_s - before.broker_s) / messages * 1e6,
    }


def _await_all(house: House, sent: int) -> None:
    def why() -> str:
        counters = house.sql("SELECT detail FROM devices_pulse WHERE part = 'ingest'")
        return f"{counter(house, 'records')} of {sent} stored\n{counters}\n{house.processes.tail('ingest')}"

    wait_for(lambda: counter(house, "records") >= sent, within_s=60, why=why, every_s=0.1)


# The age of a message when its batch is written, from the sender's clock, which is ours; of each tenth number,
# early and late in the run: a backlog that grows makes the late ones older, wherever it waits.
_AGES = """
    WITH age AS (
        SELECT seq, extract(epoch FROM received_at) * 1000
            - substring(convert_from(body, 'UTF8') FROM '"t":([0-9]+)')::bigint AS ms
        FROM devices_telemetry WHERE boot = %s AND seq %% 10 = 0
    ), ends AS (SELECT max(seq) AS high FROM age)
    SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY ms) FILTER (WHERE seq <= high / 3.0),
        percentile_cont(0.95) WITHIN GROUP (ORDER BY ms) FILTER (WHERE seq > high / 3.0 * 2)
    FROM age, ends"""


def _stored(house: House, boot: int) -> dict[str, float]:
    """Return how many different records the table holds, and how old they were when they were written, ms."""
    query = """
        SELECT count(*), count(DISTINCT (device_id, seq)), extract(epoch FROM max(received_at) - min(received_at))
        FROM devices_telemetry WHERE boot = %s"""
    (rows, different, took_s) = house.sql(query, boot)[0]
    (early, late) = house.sql(_AGES, boot)[0]
    return {
        "stored_once": int(different),
        "stored_twice": int(rows - different),
        "stored_per_s": different / float(took_s),
        "age_p95_ms_early": float(early),
        "age_p95_ms_late": float(late),
    }


def counter(house: House, name: str) -> int:
    """Return one of the counters that ingest tells with its pulse, about every second."""
    rows = house.sql("SELECT detail->'counters'->>%s FROM devices_pulse WHERE part = 'ingest'", name)
    return int(rows[0][0] or 0) if rows else 0


def _gauge(house: House, name: str) -> int:
    rows = house.sql("SELECT detail->'gauges'->>%s FROM devices_pulse WHERE part = 'ingest'", name)
    return int(rows[0][0] or 0) if rows else 0


def _spy(pid: int, out: Path, seconds: float) -> subprocess.Popen[bytes]:
    words = {"-p": str(pid), "-o": str(out), "-f": "raw", "-d": str(int(seconds)), "-r": "200"}
    return subprocess.Popen(["py-spy", "record", *(word for pair in words.items() for word in pair)])


if __name__ == "__main__":
    main()
