"""Housekeeping of facts: a clock and a call each."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from devices.store import partitions, pulses, rejects, spells


@shared_task(ignore_result=True, expires=3600)
def prune() -> None:
    """Make room: old telemetry and rejects go, sessions, events, ledger and roll-ups stay."""
    now = timezone.now()
    partitions.drop_before(now, settings.TELEMETRY_DAYS)
    rejects.prune(now, reject_days=settings.REJECT_DAYS)
    spells.prune(now)
    pulses.beat("prune", timezone.now())  # its last life sign says when room was last made
