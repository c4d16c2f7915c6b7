"""From a device's publish to a drawn tile, in a real browser, while others watch too.

500 devices send once a second, evenly within each second; 20 viewers watch their wall: one Chromium, which is
measured, and 19 plain sockets that answer like one.  Broker, ingest, PostgreSQL, Redis and daphne are the real ones.
"""

import json
import statistics
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import houses, latency, page, proc, sender, viewers
from fleet.embedded import ports
from tests.harness import House, wait_for

SITE, USER = "harbour-clinic", "stranger"  # a site that the demo's data leaves empty, and its nurse
LEAD_S = 25.0  # before it counts: every tile gets filled, the page is opened under load, everybody watches
AFTER_S = 3.0  # until the last message must have been drawn
PARTS = ("broker", "ingest", "redis", "web")

Sent = dict[str, list[tuple[int, float]]]


def measure(
    house: House, *, devices: int = 500, watching: int = 20, seconds: float = 40.0, lead_s: float = LEAD_S
) -> dict[str, Any]:
    """Return what was published and drawn in about `seconds`, and how long that took, ms."""
    serials = houses.enrol(house, devices, site=SITE)
    house.start("ingest", "web")
    plan = _plan(house, serials, lead_s + seconds)
    began_s = time.time()
    with houses.helper("sender", asdict(plan)) as sending, page.browser() as (opened, version):
        wall = page.Wall(opened)
        wait_for(lambda: _speaking(house) >= devices, within_s=30, why="not every device speaks", every_s=0.5)
        wall.open(house, USER, SITE)
        with houses.helper("viewers", asdict(_watchers(house, watching - 1))) as others:
            assert others.stdout is not None
            if others.stdout.readline().strip() != "ready":
                raise RuntimeError("the other viewers did not get their snapshots")
            since_s, cpu = time.time(), _cpu(house)
            houses.answer(sending, within_s=lead_s + seconds + 60)
            took_s = time.time() - since_s
            shares = {name: (used - cpu[name]) / took_s for name, used in _cpu(house).items()}
            time.sleep(AFTER_S)
            seen = wall.seen()
            others.terminate()
            told = houses.answer(others, within_s=10)
    _check(seen, wall.complaints, told["closed"], devices)
    sent = _sent(Path(plan.log), serials, since_s)
    return {
        "what": "wall",
        "devices": devices,
        "viewers": watching,
        "seconds": took_s,
        "waited_s": since_s - began_s,
        **_figures(sent, seen),
        "viewer_messages": told["messages"],
        "viewer_mb": told["mb"],
        **{f"{name}_cores": share for name, share in shares.items()},
        "chromium": version,
    }


def _plan(house: House, serials: list[str], seconds: float) -> sender.Plan:
    password, log = house.servers.vault.secret("_bench"), str(house.var / "sent.json")
    boot = int(time.time())
    return sender.Plan(house.mqtt_port, "_bench", password, serials, boot, 1.0, seconds, lively=True, log=log)


def _watchers(house: House, count: int) -> viewers.Plan:
    port = int(house.url.rpartition(":")[2])
    token = house.people["users"][USER]["token"]
    paths = [f"/ws/v1/live?site={SITE}&alerts=none&token={token}", f"/ws/v1/alerts?token={token}"]
    return viewers.Plan(ports.HOST, port, paths, count)


def _speaking(house: House) -> int:
    """Count the devices whose telemetry has been taken in."""
    return int(house.sql("SELECT count(*) FROM devices_state WHERE telemetry IS NOT NULL")[0][0])


def _cpu(house: House) -> dict[str, float]:
    used = {name: proc.cpu_s(house.processes.pid(name)) for name in PARTS}
    return used | {"postgres": proc.family_cpu_s(house.processes.pid("postgres"))}


def _check(seen: page.Seen, complaints: list[str], closed: list[str], devices: int) -> None:
    """Raise RuntimeError if what was measured is not what was meant."""
    if complaints:
        raise RuntimeError(f"the page complained: {complaints[0]}")
    if closed:
        raise RuntimeError(f"{len(closed)} of the other viewers were closed: {closed[0]}")
    if seen.tiles != devices:
        raise RuntimeError(f"the page shows {seen.tiles} tiles, and there are {devices} devices")


def _sent(log: Path, serials: list[str], since_s: float) -> Sent:
    """Return the number and time of each message that counts, by serial; the numbers are `elapsed_ms` / 1000."""
    sent: Sent = {serial: [] for serial in serials}
    for n, sent_s in enumerate(json.loads(log.read_text())):
        if sent_s >= since_s:
            sent[serials[n % len(serials)]].append((1 + n // len(serials), sent_s))
    return sent


def _figures(sent: Sent, seen: page.Seen) -> dict[str, Any]:
    drawn = {
        serial: [(elapsed_ms // 1000, at_s) for elapsed_ms, at_s in draws]
        for serial, draws in seen.drawn.items()
    }
    found = latency.of(sent, drawn)
    long_ms = [ms for _, ms in seen.tasks_ms]
    return {
        "published": sum(map(len, sent.values())),
        "superseded": found.superseded,
        "never_drawn": found.never_shown,
        "p50_ms": found.percentile_ms(0.5),
        "p95_ms": found.percentile_ms(0.95),
        "p99_ms": found.percentile_ms(0.99),
        "max_ms": max(found.shown_ms),
        "draws": seen.draws,
        "page_messages": seen.messages,
        "long_tasks": len(long_ms),
        "longest_task_ms": max(long_ms, default=0.0),
        "long_tasks_at_ms": [[round(at), round(ms)] for at, ms in seen.tasks_ms][:20],
        "not_live_s": seen.not_live_ms / 1000,
        "first_paint_ms": seen.first_paint_ms,
        "largest_paint_ms": seen.largest_paint_ms,
        "html_ms": seen.html_ms,
        "frame_ms_median": statistics.median(seen.script_ms),
        "frame_ms_max": max(seen.script_ms),
    }


if __name__ == "__main__":
    with houses.house(bench=True) as alone:
        print(json.dumps(measure(alone, seconds=20), indent=1))
