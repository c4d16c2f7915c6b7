"""Time's work: a clock and a call each."""

from celery import shared_task
from django.utils import timezone

from devices.accounts_sync import sync_if_dirty
from devices.store import pulses
from fleet import flows


@shared_task(ignore_result=True, expires=2)  # the next one comes after a second: never let them pile up
def tick() -> None:
    """Say that beat and worker live, and see whom silence has changed."""
    now = timezone.now()
    pulses.beat("beat", now)
    pulses.beat("worker", now)
    flows.pass_time(now)
    sync_if_dirty()
