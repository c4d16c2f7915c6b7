"""Time's work: a clock and a call each.

`tick` is the worker's, which has alerts to see to and nothing else; `errands` are the courier's.
"""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from celery import Task, shared_task
from django.conf import settings
from django.utils import timezone

from devices.accounts_sync import sync_if_dirty
from devices.rates import Rates
from devices.spells import Round, Stopwatch, Watch, in_ms
from devices.store import pulses, spells
from fleet import flows
from fleet.metrics import of_this_process
from fleet.rollouts import clock as rollouts

_NONE: Final[Mapping[str, int]] = {}
_counters: Counter[str] = Counter()
_rates, _watch = Rates(), Watch(settings.SLOW_BATCH_MS)
_accounts_in_hand = threading.Lock()


@shared_task(
    bind=True, ignore_result=True, expires=2
)  # the next one comes after a second: never let them pile up
def tick(self: Task) -> None:
    """Say that beat and worker live, and see whom silence has changed."""
    stopwatch = Stopwatch()
    now = timezone.now()
    pulses.beat("beat", now, self.request.get("beat"))
    pulses.beat("worker", now, _detail())
    stopwatch.lap("pulse")
    _counters["links_silenced"] += len(flows.pass_time(now))
    stopwatch.lap("silence")
    _counters["ticks"] += 1
    _watch.note(Round(in_ms(stopwatch.laps)), time.time_ns() // 1_000_000)
    if (spell := _watch.news()) is not None:
        spells.keep("worker", spell)


@shared_task(ignore_result=True, expires=2)
def errands() -> None:
    """Write down the courier's figures, and see to the broker's accounts.  That it lives, whoever sends says."""
    pulses.describe("courier", _detail(rollouts.counters))
    if _accounts_in_hand.acquire(
        blocking=False
    ):  # a large enrolment holds them for seconds: one waits, not all
        try:
            sync_if_dirty()
        finally:
            _accounts_in_hand.release()


def _detail(also: Mapping[str, int] = _NONE) -> dict[str, Any]:
    own = of_this_process()
    counters = {**own["counters"], **_counters, **also, "slow_rounds": _watch.rounds}
    return {**own, "counters": counters, "rates": _rates.of(counters, time.monotonic())}
