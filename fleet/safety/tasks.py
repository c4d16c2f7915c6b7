"""Time's work on alerts: a clock and a call each."""

from functools import cache

from celery import shared_task
from django.utils import timezone

from fleet.safety.clock import WATCHED_BY_WORKER, Clock


@cache
def clock() -> Clock:
    """Return the worker's clock, which lasts as long as the worker does."""
    return Clock(*WATCHED_BY_WORKER)


@shared_task(ignore_result=True, expires=2)  # the next beat comes after a second: never let them pile up
def tick() -> None:
    clock().tick(timezone.now())
