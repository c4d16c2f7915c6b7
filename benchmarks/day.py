"""Write a day of one device into the database: three sessions, 8 hours in all, a message each second.

Run as `python -m benchmarks.day SERIAL`, with the environment of a house; prints `{"from", "to", "messages"}`.
"""

import json
import math
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fleet.settings")
django.setup()

from devices.models import Device, Session  # noqa: E402  models need the settings
from devices.state import iso, to_ms  # noqa: E402
from devices.store import partitions  # noqa: E402
from devices.wire.messages import Telemetry  # noqa: E402
from tests.devices import history  # noqa: E402

BEGIN_H, HOURS = (6.0, 11.0, 17.0), (3.0, 3.0, 2.0)  # when each session began, and how long it lasted
BOOT, AT_ONCE = 7, 3600


def write(serial: str) -> dict[str, str | int | None]:
    """Write yesterday, midnight to midnight UTC."""
    device = Device.objects.get(serial=serial)
    begin = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    partitions.make_ahead(begin)
    messages = 0
    for number, (begin_h, hours) in enumerate(zip(BEGIN_H, HOURS, strict=True)):
        first, seconds = int(begin_h * 3600), int(hours * 3600)
        for start in range(first, first + seconds, AT_ONCE):
            some = list(_seconds(number, start, min(AT_ONCE, first + seconds - start)))
            received_at = begin + timedelta(seconds=start + len(some))
            history.store_telemetry(device, begin, some, received_at=received_at, rolled_up=True)
            messages += len(some)
        ended = begin + timedelta(seconds=first + seconds)
        row = {
            "started_at": ended - timedelta(seconds=seconds),
            "started_up_ms": first * 1000,
            "ended_at": ended,
        }
        Session.objects.filter(device=device, session=f"S{number}").update(**row, end_reason="completed")
    return {"from": iso(to_ms(begin)), "to": iso(to_ms(begin + timedelta(days=1))), "messages": messages}


def _seconds(number: int, start: int, count: int) -> Iterator[Telemetry]:
    for second in range(start, start + count):
        peaks = [30 + 8 * math.sin(second / 60 + channel) for channel in range(4)]
        yield history.telemetry(
            second + 1,
            boot=BOOT,
            up_ms=1000 * second,
            session=f"S{number}",
            set_ma=(38.0,) * 4,
            ma=tuple(tuple(round(peak + k / 20, 1) for k in range(10)) for peak in peaks),
            ohm=(820.0,) * 4,
            contact=("ok",) * 4,
            charge_uc=(1500.5 * second,) * 4,
            pulses=(50 * second,) * 4,
        )


if __name__ == "__main__":
    print(json.dumps(write(sys.argv[1])))
