"""What people do with alerts.  Who may is asked first, and a denial is on record; then one transaction a deed."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from devices.moments import to_ms
from fleet.access import service as access
from fleet.access.errors import NotVisible, Refused
from fleet.access.models import AuditEntry
from fleet.access.names import tidy
from fleet.access.verbs import WORDS
from fleet.safety import lifecycle
from fleet.safety.intake import Applied, change, pace, settle
from fleet.safety.life import Kind, Life, Noted, Step
from fleet.safety.models import Alert, Condition
from fleet.safety.silence import ABOUT_DEVICES
from fleet.safety.words import Disposition, State

SHIFT_MINUTES: Final = 8 * 60
LONGEST_SHELF_MINUTES: Final = 30 * 24 * 60
LONGEST_REASON: Final = 200
LONGEST_NOTE: Final = 500


class Over(Refused):
    """The alert is closed, or what was to be ended is over already."""


def acknowledge(*, actor: User, alerts: Iterable[Alert], now: datetime) -> list[Alert]:
    """Say that somebody has these alerts; return them as they are now.

    What somebody else has already stays theirs, and what is closed stays closed.

    Raises:
        access.NotVisible, access.Denied: The actor may not at one of their sites: then none is acknowledged.
    """
    asked = list(alerts)
    _require(actor, "acknowledge", asked)
    step = partial(lifecycle.acknowledge, by=actor.pk, now_ms=to_ms(now), pace=pace())
    with transaction.atomic():
        applied = change(Alert.objects.filter(pk__in=[alert.pk for alert in asked]), step, now)
        _record(actor, "alert.acknowledged", applied, {})
        settle(applied)
    return applied.seen


def shelve(
    *, actor: User, alert: Alert, minutes: int, reason: str, one_shot: bool = False, now: datetime
) -> Alert:
    """Put an alert away for this long; it is told to nobody meanwhile, and its end is announced.

    `one_shot`: the shelf ends when it clears, too.  It ends by itself if the alert gets worse than it is now, or
    rises in another person's session; one that is high and true stays on its tile and in every count.

    Raises:
        access.NotVisible, access.Denied: The actor may not, or not beyond a shift.
        Over: It is closed.
        Refused: No reason, or no sensible time.
    """
    _require(actor, "shelve", [alert])
    if not 1 <= minutes <= LONGEST_SHELF_MINUTES:
        raise Refused(
            _("An alert is shelved for 1 to %(most)d minutes, not %(minutes)d.")
            % {"most": LONGEST_SHELF_MINUTES, "minutes": minutes}
        )
    if minutes > SHIFT_MINUTES:
        _require(actor, "shelve_beyond_shift", [alert])
    reason = _words(reason, LONGEST_REASON, _("Say why it is shelved: the next on duty will ask."))
    until = now + timedelta(minutes=minutes)
    step = partial(
        lifecycle.shelve,
        until_ms=to_ms(until),
        reason=reason,
        one_shot=one_shot,
        by=actor.pk,
        now_ms=to_ms(now),
        pace=pace(),
    )
    detail = {"minutes": minutes, "reason": reason, "one_shot": one_shot}
    return _one(actor, "alert.shelved", alert, step, now, detail=detail)


def unshelve(*, actor: User, alert: Alert, now: datetime) -> Alert:
    """Take an alert off its shelf; if it is true and nobody has it, it is told anew.

    Raises:
        access.NotVisible, access.Denied: The actor may not.
        Over: It is closed, or on no shelf.
    """
    _require(actor, "shelve", [alert])
    step = partial(lifecycle.unshelve, by=actor.pk, now_ms=to_ms(now), pace=pace())
    return _one(actor, "alert.unshelved", alert, step, now, idle=_("This alert is on no shelf."))


def close(*, actor: User, alert: Alert, disposition: Disposition, note: str, now: datetime) -> Alert:
    """Say what an alert was, and that it has been seen to.

    One that is still true may be closed, too: whoever stood before a device that will never speak again must be
    able to say so.  It comes back as a new alert with the next thing heard that says it is true.

    Raises:
        access.NotVisible, access.Denied: The actor may not.
        Over: It is closed already.
        Refused: The note is too long.
    """
    _require(actor, "close_alert", [alert])
    note = _words(note, LONGEST_NOTE)
    step = partial(
        lifecycle.close, disposition=disposition, note=note, by=actor.pk, now_ms=to_ms(now), pace=pace()
    )
    detail = {"disposition": disposition.value, "note": note}
    return _one(actor, "alert.closed", alert, step, now, detail=detail, also=_forget_telling)


def assign(*, actor: User, alert: Alert, to: User | None, now: datetime) -> Alert:
    """Give an alert to somebody who sees it, or to nobody.

    Raises:
        access.NotVisible, access.Denied: The actor may not.
        Over: It is closed.
        Refused: They do not see it, or may not log in.
    """
    _require(actor, "acknowledge", [alert])
    if to is not None and not _sees(to, alert):
        raise Refused(_("%(who)s does not see this alert, so cannot have it.") % {"who": to.get_username()})
    name = to.get_username() if to else ""
    noted = Noted(Kind.ASSIGNED, to_ms(now), actor.pk, data={"to": name})
    step = partial(_assigned, to=to.pk if to else None, noted=noted)
    return _one(actor, "alert.assigned", alert, step, now, detail={"to": name})


def comment(*, actor: User, alert: Alert, text: str, now: datetime) -> Alert:
    """Write something into an alert's journal, also after it was closed.

    Raises:
        access.NotVisible, access.Denied: The actor may not.
        Refused: It says nothing, or too much.
    """
    _require(actor, "acknowledge", [alert])
    text = _words(text, LONGEST_NOTE, _("A comment needs words."))
    noted = Noted(Kind.COMMENT, to_ms(now), actor.pk, text)
    return _one(actor, "alert.commented", alert, lambda life: Step(life, (noted,)), now, also_closed=True)


def _assigned(life: Life, *, to: int | None, noted: Noted) -> Step:
    return Step(life) if life.assignee == to else Step(replace(life, assignee=to), (noted,))


def _one(
    actor: User,
    action: str,
    alert: Alert,
    step: Callable[[Life], Step],
    now: datetime,
    *,
    idle: str = "",
    also_closed: bool = False,
    detail: dict[str, Any] | None = None,
    also: Callable[[Alert], None] = lambda _alert: None,
) -> Alert:
    """Do one deed with one alert, and `also` in its transaction.

    Raises Over if it is closed, or, with `idle`, if there was nothing to do.
    """
    guarded = step if also_closed else _unless_closed(step)
    with transaction.atomic():
        applied = change(Alert.objects.filter(pk=alert.pk), guarded, now)
        if not applied.seen:
            raise NotVisible(str(alert.pk))  # its device was removed meanwhile, and it with the device
        seen = applied.seen[0]
        if not applied.alerts:
            if seen.state == State.CLOSED:
                raise Over(_("This alert is closed."))
            if idle:
                raise Over(idle)
            return seen
        _record(actor, action, applied, detail or {})
        also(seen)
        settle(applied)
    return seen


def _forget_telling(alert: Alert) -> None:
    """Rules forget that they told of it, so that what still holds is told again by the next record that says so.

    Ingest keeps that memory: the new `rev` of the device's live state makes it read all of it again.  Silence brings no
    record: whoever closes it has been there, and it is news again once the device was heard.
    """
    told = Condition.objects.filter(device=alert.device_id, rule=alert.rule, channel=alert.channel or 0)
    told.exclude(rule__in=ABOUT_DEVICES).update(told=False)


def _unless_closed(step: Callable[[Life], Step]) -> Callable[[Life], Step]:
    return lambda life: Step(life) if life.state is State.CLOSED else step(life)


def _record(actor: User, action: str, applied: Applied, detail: dict[str, Any]) -> None:
    AuditEntry.objects.bulk_create(
        access.entry_of(
            actor, action, site=one.site, subject=_subject(one), alert=one.pk, rule=one.rule, **detail
        )
        for one in applied.alerts
    )


def _subject(alert: Alert) -> str:
    return alert.device.serial if alert.device else alert.subject


def _require(actor: User, verb: str, alerts: Iterable[Alert]) -> None:
    """Let the actor pass who may do this with each of these alerts; those of the server itself are every site's."""
    sites = {alert.site_id: alert for alert in alerts}
    for alert in sites.values():
        if alert.site is None:
            access.require_anywhere(actor, verb, to=str(WORDS[verb]))
        else:
            access.require(actor, verb, alert.site, subject=_subject(alert))


def _sees(user: User, alert: Alert) -> bool:
    if not user.is_active:
        return False
    return access.may_anywhere(user, "see") if alert.site is None else access.may(user, "see", alert.site)


def _words(typed: str, most: int, missing: str = "") -> str:
    """Return what somebody wrote, on one line.  Raises Refused if it is too long, or if there is nothing of it."""
    text = tidy(typed)
    if missing and not text:
        raise Refused(missing)
    if len(text) > most:
        raise Refused(
            _("At most %(most)d characters, not %(n)d: %(text)s…")
            % {"most": most, "n": len(text), "text": text[:40]}
        )
    return text
