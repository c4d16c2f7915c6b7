"""The net below dispatch: a clock and a call."""

from datetime import timedelta
from typing import Final

from celery import shared_task
from django.utils import timezone

from fleet.control import alarms, proofs, queries
from fleet.live import announce

_LATE: Final = timedelta(seconds=1)
"""What dispatch itself has not seen to by then, nobody will, unless this does."""


@shared_task(ignore_result=True, expires=2)  # the next beat comes after a second: never let them pile up
def tick() -> None:
    """See to what is due since a second: dispatch is dead, or hangs."""
    now = timezone.now()
    late = proofs.overdue(now, due_by=now - _LATE)
    if late:
        announce.commands(queries.told(queries.commands().filter(pk__in=late)))
    alarms.tell(now, older_than=None if late else now - _LATE)
