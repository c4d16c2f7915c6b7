"""What could not be told is itself an alert (`delivery_failed`), until something arrives there again.

Its text names no person: it is told like any other, and what is told leaves the house.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from devices.moments import to_ms
from fleet.paging import directory, outbox
from fleet.paging.models import Delivery, Escalation
from fleet.paging.policies import Channel
from fleet.safety import service as safety
from fleet.safety.models import Alert
from fleet.safety.signals import Fall, Key, News, Rise
from fleet.safety.words import TRUE, Duty, Priority

RULE: Final = "delivery_failed"
_NOBODY: Final = "nobody"
_COURIER: Final = "courier"


def note(outcome: outbox.Outcome, now: datetime) -> None:
    """Take in what a try came to: raise what does not arrive, and let the next step come if nobody was reached."""
    one = outcome.delivery
    if outcome.is_troubled and one.alert.rule != RULE:  # else a dead mail server would tell of itself by mail
        _raise_once(_key_of(one), _facts_of(one), now)
    lost = outcome.is_over and one.state != "sent"
    if (outcome.is_troubled or lost) and one.user_id is not None and outbox.reached_nobody_yet(one):
        Escalation.objects.filter(
            alert=one.alert_id, episode=one.episode, step=one.step, round=one.round, due_at__gt=now
        ).update(due_at=now)


def note_nobody(told_nobody: Iterable[Alert], reached: Iterable[Alert], now: datetime) -> None:
    """Raise that a high alert was told to nobody, and clear that once one reaches somebody again.

    Where nothing but open pages is set up, each alert would bring this one along: the pages say it instead.
    """
    for alert in told_nobody if directory.leaves_the_house() else ():
        if alert.rule != RULE:
            facts: dict[str, object] = {
                "channel": _("A message about a high alert"),
                "to": _("anybody"),
                "error": _("nobody is on duty, or nobody has an e-mail address or a browser to push to"),
                "alert": alert.pk,
            }
            _raise_once(Key(RULE, site_id=alert.site_id, subject=_NOBODY), facts, now)
    keys = {str(Key(RULE, site_id=alert.site_id, subject=_NOBODY)): alert.site_id for alert in reached}
    true = Alert.objects.filter(key__in=keys, state__in=TRUE).values_list("site_id", flat=True)
    _take([Fall(Key(RULE, site_id=site_id, subject=_NOBODY), to_ms(now)) for site_id in true], now)


def look(now: datetime) -> None:
    """Raise that nobody sends what is planned; clear what arrives again.  Called with each tick."""
    waiting = outbox.stuck(now)
    key = Key(RULE, subject=_COURIER)
    if waiting:
        facts: dict[str, object] = {
            "channel": _("Messages"),
            "to": _("people"),
            "error": _("%(n)d wait for over a minute; the part that sends them does not work")
            % {"n": waiting},
        }
        _raise_once(key, facts, now)
    mended: list[News] = []
    for alert in Alert.objects.filter(rule=RULE, state__in=TRUE):
        if alert.subject == _NOBODY:
            if not directory.leaves_the_house():
                mended.append(Fall(Key(RULE, site_id=alert.site_id, subject=_NOBODY), to_ms(now)))
        elif alert.subject == _COURIER:
            if not waiting:
                mended.append(Fall(key, to_ms(now)))
        elif _arrives_again(alert):
            mended.append(Fall(Key(RULE, site_id=alert.site_id, subject=alert.subject), to_ms(now)))
    _take(mended, now)


def _arrives_again(alert: Alert) -> bool:
    """Whether every address that failed since has had a message taken after its last failure."""
    channel = Channel(alert.facts["by"])
    tried = Delivery.objects.filter(
        Q(webhook=None) | Q(webhook__revoked_at=None),
        Q(push=None) | Q(push__gone_at=None),
        channel=channel.value,
        attempts__gt=0,
        planned_at__gte=alert.raised_at - outbox.LEASE * 60,
    )
    if alert.facts.get("webhook"):
        tried = tried.filter(webhook=alert.facts["webhook"])
    else:
        tried = tried.filter(alert__site=alert.site_id)
    newest = tried.order_by("user_id", "webhook_id", "push_id", "-planned_at").distinct(
        "user_id", "webhook_id", "push_id"
    )
    return not any(_is_troubled(one) for one in newest)


def _is_troubled(one: Delivery) -> bool:
    trying = one.state in ("planned", "sending") and one.attempts >= outbox.TROUBLED_AFTER
    return one.state == "failed" or trying


def _key_of(one: Delivery) -> Key:
    """A webhook is its site's, whatever it was to tell: no other site hears its name, or what it answered."""
    site_id = one.webhook.site_id if one.webhook is not None else one.alert.site_id
    return Key(RULE, site_id=site_id, subject=_subject(one))


def _subject(one: Delivery) -> str:
    return one.webhook.name if one.webhook is not None else one.get_channel_display()


def _facts_of(one: Delivery) -> dict[str, object]:
    """`error` says nothing that a server answered about a person's address: it may quote the address."""
    facts: dict[str, object] = {
        "by": one.channel,
        "channel": one.get_channel_display(),
        "to": _("somebody who should have been told"),
        "attempts": one.attempts,
        "alert": one.alert_id,
    }
    if one.webhook is not None:
        facts |= {"to": one.webhook.name, "webhook": one.webhook_id, "error": one.answer}
    return facts


def _raise_once(key: Key, facts: dict[str, object], now: datetime) -> None:
    """Raise it unless it is true already: each rising would count."""
    if Alert.objects.filter(key=str(key), state__in=TRUE).exists():
        return
    _take([Rise(key, to_ms(now), Priority.MEDIUM, Duty.TECHNICAL, facts)], now)


def _take(news: list[News], now: datetime) -> None:
    if news:
        safety.take(news, now)
