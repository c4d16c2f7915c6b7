"""A rollout to 10,000 devices: how long a tick of its clock takes, and how soon it stops itself.

State machine and database only: nobody publishes, and no device answers.  The ticks are those of `clockwork`; the stop
is that of the real beat and the real worker, from the commit of the answer that crosses the threshold to the commit of
the stop, while an offer is out to every other device.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from typing import Any

import psycopg

from benchmarks import clockwork, houses
from tests.flows.rollouts import Office, Rollout
from tests.harness import ROOT, House, wait_for

SITE = "north-rehab"
TAG = "bench"
DEVICES, STOPS = 10_000, 20
FAILURES = 20  # so many stop it
PACE = 100_000
LOOK_S = 0.005
TOLERANT = {"failure_threshold": 1.0, "success_threshold": 0.01}

REFUSED = """
    WITH chosen AS (
        SELECT command FROM rollouts_target WHERE rollout_id = %s AND state = 'offered' ORDER BY place LIMIT %s)
    UPDATE control_command c SET state = 'refused', refused_at = now(), acks = 1, ack_boot = 1, ack_up_ms = 1,
        rev = c.rev + 1,
        evidence = c.evidence || '{"ack": {"outcome": "refused", "reason": "limits", "boot": 1, "up_ms": 1}}'
    FROM chosen WHERE c.id = chosen.command
"""
"""What dispatch writes down of answers, in one commit."""


def measure(house: House, *, devices: int = DEVICES, stops: int = STOPS) -> dict[str, Any]:
    """Return the seconds of ticks, and of stops."""
    _enrol(house, devices)
    house.start("web")
    office = Office(house)
    first, second = office.approved("bench-first"), office.approved("bench-second")
    began_s = time.perf_counter()
    rollout = office.written(first, {"tag": TAG}, pace_per_minute=PACE, deadline_s=600, **TOLERANT)
    written_s = time.perf_counter() - began_s
    began_s = time.perf_counter()
    rollout.do("start")
    started_s = time.perf_counter() - began_s
    ticks = houses.answer(_start(house, clockwork.Plan(rollout.id, 10)), within_s=300)
    if ticks["devices"] != devices:
        raise RuntimeError(f"{ticks['devices']} of {devices} devices are targets")
    return {
        "what": "rollout",
        "devices": devices,
        "failures": FAILURES,
        "written_s": written_s,
        "started_s": started_s,
        "ticks_s": ticks["took_s"],
        "stops_s": _stops(house, office, second, stops),
    }


def _stops(house: House, office: Office, version: dict[str, Any], count: int) -> list[float]:
    """Return how long each stop took, s: 20 devices refuse what all are offered."""
    plan = {**TOLERANT, "failure_count": FAILURES, "failure_threshold": None}
    rollout = office.started(version, {"tag": TAG}, pace_per_minute=PACE, deadline_s=3600, **plan)
    house.start("courier", "beat")
    wait_for(
        lambda: (
            not house.sql(
                "SELECT 1 FROM rollouts_target WHERE rollout_id = %s AND state <> 'offered' LIMIT 1",
                rollout.id,
            )
        ),
        within_s=120,
        why=lambda: f"not everybody was offered it: {rollout.told()}",
        every_s=0.5,
    )
    with psycopg.connect(house.servers.database_url(), autocommit=True) as connection:
        return [_one_stop(connection, rollout, nth) for nth in range(count)]


def _one_stop(connection: "psycopg.Connection[Any]", rollout: Rollout, nth: int) -> float:
    time.sleep(0.3 + nth * 0.37 % 2)  # at any moment between two ticks
    connection.execute(REFUSED, [rollout.id, FAILURES])
    began_s = time.perf_counter()
    state = "SELECT state FROM rollouts_rollout WHERE id = %s"
    wait_for(
        lambda: connection.execute(state, [rollout.id]).fetchone() == ("paused",),
        within_s=30,
        why=lambda: f"it never stopped: {rollout.told()}",
        every_s=LOOK_S,
    )
    took_s = time.perf_counter() - began_s
    with connection.transaction():  # as if these had never been asked: the next stop is one of its own
        connection.execute(
            "UPDATE rollouts_target SET state = 'withdrawn' WHERE rollout_id = %s AND state = 'rejected'",
            [rollout.id],
        )
        connection.execute(
            "UPDATE rollouts_rollout SET state = 'running', reason = '' WHERE id = %s", [rollout.id]
        )
    return took_s


def _enrol(house: House, devices: int) -> None:
    """Enrol devices that are online, idle, and have shown a status."""
    houses.enrol(house, devices, site=SITE)
    house.sql("UPDATE devices_device SET tags = ARRAY[%s] WHERE serial LIKE 'BENCH-%%'", TAG)
    house.sql(
        """INSERT INTO devices_state (device_id, link, heard_at, boot, conn, up_ms, state, output, status, status_at)
           SELECT id, 'online', now(), 1, 1, 1, 'idle', 'off', %s, now() FROM devices_device
           WHERE serial LIKE 'BENCH-%%'
           ON CONFLICT (device_id) DO UPDATE SET link = 'online', heard_at = now(), boot = 1, up_ms = 1,
             status = excluded.status, status_at = now()""",
        clockwork.status(None, 1),
    )
    house.sql("ANALYZE devices_device; ANALYZE devices_state")


def _start(house: House, plan: clockwork.Plan) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.clockwork", json.dumps(asdict(plan))]
    env = {**os.environ, **house.env, "DJANGO_SETTINGS_MODULE": "fleet.settings"}
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    with houses.house() as alone:
        print(json.dumps(measure(alone), indent=1))
