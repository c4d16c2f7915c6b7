"""Time's work on alerts: a clock and a call each."""

from celery import shared_task
from celery.worker import state
from django.utils import timezone

from fleet.safety import clock, replays


@shared_task(ignore_result=True, expires=2)  # the next beat comes after a second: never let them pile up
def tick() -> None:
    clock.of_this_process().tick(timezone.now())


@shared_task(ignore_result=True, expires=2)
def rehearse() -> None:
    """The courier's: a day may take minutes, and nobody waits for it but the page that shows how far it is."""
    replays.run_next(should_stop=lambda: state.should_stop is not None or state.should_terminate is not None)
