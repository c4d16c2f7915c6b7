"""What the passing of time does to alerts: shelves end, chatter calms, what is over closes itself."""

from datetime import datetime
from functools import partial
from typing import Final

from django.db import transaction
from django.db.models import F, Q

from devices.moments import to_ms
from fleet.safety import lifecycle, workshop
from fleet.safety.intake import change, pace, settle
from fleet.safety.models import Alert, Condition
from fleet.safety.words import OPEN, TRUE

_MOST: Final = 500  # a transaction, so that no lock is held for long
_ROUNDS: Final = 20


def pass_time(now: datetime) -> int:
    """Do what is due by now, and return how many alerts it changed.

    What somebody else is just changing is left for the next time, a second later; several may do this at once.
    """
    workshop.end_due(now)
    changed = _follow_devices(now) + _follow_sessions(now) + _leave_revoked(now)
    for _round in range(_ROUNDS):
        some = _do_due(now)
        changed += some
        if some < _MOST:
            break
    return changed


def _do_due(now: datetime) -> int:
    due = Q(close_at__lte=now) | Q(calm_at__lte=now) | Q(shelved_until__lte=now)
    with transaction.atomic():
        ids = list(Alert.objects.filter(due).values_list("pk", flat=True)[:_MOST])
        if not ids:
            return 0
        step = partial(lifecycle.pass_time, now_ms=to_ms(now), pace=pace())
        applied = change(Alert.objects.filter(due, pk__in=ids), step, now, skip_locked=True)
        settle(applied)
    return len(applied.alerts)


def _follow_devices(now: datetime) -> int:
    """An alert goes where its device stands: whoever is there now must see to it."""
    strayed = Alert.objects.filter(state__in=OPEN, device__isnull=False).exclude(site=F("device__site"))
    ids = list(strayed.values_list("pk", flat=True)[:_MOST])
    if not ids:
        return 0
    with transaction.atomic():
        applied = change(strayed.filter(pk__in=ids), partial(lifecycle.move, now_ms=to_ms(now)), now)
        settle(applied)
    return len(applied.alerts)


def _follow_sessions(now: datetime) -> int:
    """What was true before a session began is about whoever is in it now: quiet hours and old shelves do not hold.

    Not while two devices speak under one serial: their sessions take turns.
    """
    begun = (
        Alert.objects.filter(state__in=TRUE, device__live__session__isnull=False)
        .exclude(device__live__link="conflict")
        .filter(Q(session=None) | ~Q(session=F("device__live__session")))
    )
    of_sessions: dict[str, list[int]] = {}
    for pk, session in begun.values_list("pk", "device__live__session")[:_MOST]:
        of_sessions.setdefault(session or "", []).append(pk)
    changed = 0
    for session, ids in of_sessions.items():
        step = partial(lifecycle.enter_session, session=session, now_ms=to_ms(now))
        with transaction.atomic():
            applied = change(Alert.objects.filter(pk__in=ids), step, now)
            settle(applied)
        changed += len(applied.alerts)
    return changed


def _leave_revoked(now: datetime) -> int:
    """A device that was revoked is no longer ours to watch: what was true of it is over, what was high waits."""
    left = Alert.objects.filter(state__in=TRUE, device__revoked_at__isnull=False)
    devices = dict(left.values_list("pk", "device")[:_MOST])
    if not devices:
        return 0
    step = partial(lifecycle.leave, now_ms=to_ms(now), pace=pace())
    with transaction.atomic():
        applied = change(left.filter(pk__in=devices), step, now)
        Condition.objects.filter(device__in=devices.values()).update(told=False)  # it may be taken back
        settle(applied)
    return len(applied.alerts)
