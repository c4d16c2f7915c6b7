"""What `manage.py simulate` costs: 1,000 devices in session, each with its own account and connection.

Ingest runs, so the devices get their watermarks and forget what is stored, as in every day's use.  The truth log is
written, as in the demo.
"""

import json
import time
from typing import Any

from benchmarks import houses, proc
from benchmarks.load import counter
from tests.harness import House, wait_for

SETTLE_S = 5.0  # the burst of births and first watermarks is over


def measure(house: House, *, devices: int = 1000, seconds: float = 30.0) -> dict[str, Any]:
    """Return the simulator's CPU over `seconds`, once every device is in session.

    Args:
        house: Made with `devices=…, scenario="load"`.
    """
    house.start("ingest", "simulator")
    wait_for(
        lambda: _in_session(house) >= devices,
        within_s=120,
        why=lambda: f"{_in_session(house)} of {devices} in session:\n{house.processes.tail('simulator')}",
        every_s=0.5,
    )
    time.sleep(SETTLE_S)
    pid = house.processes.pid("simulator")
    cpu_s, records, started = proc.cpu_s(pid), counter(house, "records"), time.monotonic()
    time.sleep(seconds)
    took_s = time.monotonic() - started
    cpu_s, records = proc.cpu_s(pid) - cpu_s, counter(house, "records") - records
    return {
        "what": "simulator",
        "devices": devices,
        "seconds": took_s,
        "in_session": _in_session(house),
        "cores": cpu_s / took_s,
        "cpu_us": cpu_s / max(1, records) * 1e6,
        "stored_per_s": records / took_s,
        "memory_mb": proc.rss_mb(pid),
    }


def _in_session(house: House) -> int:
    query = "SELECT count(*) FROM devices_state WHERE session IS NOT NULL AND link = 'online'"
    return int(house.sql(query)[0][0])


if __name__ == "__main__":
    with houses.house(devices=1000, scenario="load") as alone:
        print(json.dumps(measure(alone)))
