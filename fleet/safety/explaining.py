"""Which alert explains which: theirs are listed under the cause, and come up again when it ends."""

from collections.abc import Collection
from datetime import datetime
from functools import partial

from django.db import transaction

from devices.moments import to_ms
from fleet.safety import lifecycle
from fleet.safety.intake import Applied, change, settle
from fleet.safety.models import Alert
from fleet.safety.words import OPEN


def explain(alert_ids: Collection[int], *, cause_id: int, now: datetime) -> Applied:
    """List these open alerts under their cause: told to nobody meanwhile."""
    step = partial(lifecycle.explain, cause=cause_id, now_ms=to_ms(now))
    with transaction.atomic():
        applied = change(Alert.objects.filter(pk__in=alert_ids, state__in=OPEN), step, now)
        settle(applied)
    return applied


def surface(cause_id: int, *, now: datetime, alert_ids: Collection[int] | None = None) -> Applied:
    """End what this cause explains, all of it or these: what is still true, and nobody has, is told."""
    step = partial(lifecycle.surface, now_ms=to_ms(now))
    which = Alert.objects.filter(cause=cause_id, state__in=OPEN)
    if alert_ids is not None:
        which = which.filter(pk__in=alert_ids)
    with transaction.atomic():
        applied = change(which, step, now)
        settle(applied)
    return applied
