"""Time's work on alerts: a clock and a call each."""

from celery import shared_task
from django.utils import timezone

from fleet.safety import clock


@shared_task(ignore_result=True, expires=2)  # the next beat comes after a second: never let them pile up
def tick() -> None:
    clock.of_this_process().tick(timezone.now())
