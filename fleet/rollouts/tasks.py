"""The clock of rollouts, and a call."""

from celery import shared_task
from django.utils import timezone

from fleet.rollouts import alarms, clock


@shared_task(ignore_result=True, expires=1)  # the next beat comes after a second: never let them pile up
def tick() -> None:
    now = timezone.now()
    clock.advance_due(now)
    alarms.tell(now)
