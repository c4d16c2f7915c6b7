"""What the passing of time does to alerts, once a second: whoever holds the clock calls `tick`.

That is the worker; while its pulse is missing, ingest (`fleet.standin`).  Both at once do no harm: an alert is open
once, and each step takes what it changes by lock.
"""

from collections.abc import Callable
from datetime import datetime

import structlog

log = structlog.get_logger(__name__)

Step = Callable[[datetime], object]


def steps() -> tuple[Step, ...]:
    """Return the steps of a tick, in their order."""
    return ()


def tick(now: datetime) -> None:
    """Take every step, whatever became of the one before."""
    for step in steps():
        try:
            step(now)
        except Exception:
            log.exception("a step of the clock failed; the others go on", step=step.__qualname__)
