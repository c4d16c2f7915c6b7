"""The clock of rollouts, tick by tick, on a time of its own: how long each takes with thousands of devices.

    python -m benchmarks.clockwork '{"rollout": "<uuid>", "steady": 5}'

Needs the environment of a house.  Nothing is published: what devices would answer and show is written into the
database in their place, all of it before one tick, which is the worst that can come.  Ends with a JSON object: the
seconds of each tick, by what it had to do.
"""

import json
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import django

TICK: Final = timedelta(seconds=2)
MOST_TICKS: Final = 60

ANSWERED = """
    UPDATE control_command c SET state = 'done', done_at = %(now)s, published_at = %(now)s, acks = 1, ack_boot = 1,
        ack_up_ms = %(up_ms)s, rev = c.rev + 1,
        evidence = c.evidence || jsonb_build_object('ack', jsonb_build_object(
            'outcome', 'done', 'reason', NULL, 'boot', 1, 'up_ms', %(up_ms)s))
    FROM rollouts_target t WHERE t.rollout_id = %(rollout)s AND c.id = t.command
"""
SHOWN = """
    UPDATE devices_state s SET status = %(status)s, status_at = %(now)s, heard_at = %(now)s, up_ms = %(up_ms)s,
        rev = s.rev + 1
    FROM rollouts_target t WHERE t.rollout_id = %(rollout)s AND s.device_id = t.device_id
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which rollout, and how many ticks nothing happens."""

    rollout: str
    steady: int


class Clock:
    """Ticks, each two seconds after the one before, whatever it took."""

    def __init__(self, rollout: str) -> None:
        self.rollout, self.now, self.took_s = rollout, datetime.now().astimezone(), dict[str, list[float]]()

    def tick(self, what: str) -> int:
        """Let the clock look once; return how many decisions that were."""
        from fleet.rollouts import clock

        self.now += TICK
        began_s = time.perf_counter()
        made = clock.advance_due(self.now)
        self.took_s.setdefault(what, []).append(time.perf_counter() - began_s)
        return made

    def write(self, query: str, **values: Any) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(query, {"rollout": self.rollout, "now": self.now, "up_ms": self.up_ms(), **values})

    def up_ms(self) -> int:
        """What devices give as their own time: it only has to rise."""
        return round(self.now.timestamp() * 1000) - 1_000_000_000_000

    def in_state(self, *states: str) -> int:
        from fleet.rollouts.models import Target

        return Target.objects.filter(rollout_id=self.rollout, state__in=states).count()


def main(plan: Plan) -> dict[str, Any]:
    django.setup()
    from fleet.rollouts.models import Rollout

    clock = Clock(plan.rollout)
    devices = clock.in_state("planned")
    for _ in range(MOST_TICKS):
        clock.tick("offering")
        if not clock.in_state("planned"):
            break
    _expect(clock, devices, "offered")
    for _ in range(plan.steady):
        if clock.tick("waiting"):
            raise RuntimeError("something was decided though nothing had happened")
    clock.write(ANSWERED)
    clock.tick("claiming")
    _expect(clock, devices, "claimed")
    version = Rollout.objects.select_related("version").get(pk=plan.rollout).version
    ref = {"id": version.protocol_id, "version": version.number, "sha256": version.sha256}
    clock.now += TICK
    clock.write(SHOWN, status=status(ref, clock.up_ms()))
    clock.tick("verifying")
    _expect(clock, devices, "verified")
    return {"devices": devices, "took_s": clock.took_s}


def _expect(clock: Clock, devices: int, state: str) -> None:
    seen = clock.in_state(state)
    if seen != devices:
        raise RuntimeError(f"{seen} of {devices} devices are {state}")


def status(ref: dict[str, Any] | None, up_ms: int) -> bytes:
    """Return the full status of an idle device."""
    said = {
        "v": 1, "state": "idle", "boot": 1, "conn": 1, "up_ms": up_ms, "t": up_ms, "output": "off", "model": "RX-4",
        "firmware": "2.3.1", "channels": 4, "max_ma": 100.0, "electrode_cm2": [50, 50, 50, 50],
        "self_stop_ms": 2000, "protocol": ref, "session": None, "held": None, "locked": None, "conditions": [],
        "battery": {"soc": 87.0, "mv": 3890, "charging": False}, "temp_c": 31.2, "rssi_dbm": -61, "buffered": [],
        "seq": 0,
    }  # fmt: skip
    return json.dumps(said, separators=(",", ":")).encode()


if __name__ == "__main__":
    print(json.dumps(main(Plan(**json.loads(sys.argv[1])))))
