"""Reads: alerts as the API tells them, and how many are open."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Min, Q, QuerySet

from devices.moments import iso, to_ms
from fleet.access.models import Site
from fleet.live import events
from fleet.safety import texts
from fleet.safety.models import Alert
from fleet.safety.words import OPEN, TRUE, Priority, State

ALONG: Final = ("device", "site", "acknowledged_by", "closed_by", "shelved_by", "assignee")
"""What `alert_object` reads beside the alert itself."""

_IN_SIGHT: Final = Q(shelved_until=None) | Q(priority=Priority.HIGH, state__in=TRUE)
IS_LINE: Final = Q(cause=None) & _IN_SIGHT
"""Open alerts that stand by themselves: what another explains stands under that one, and a shelf rests sound and
messages, but hides nothing that is high and true."""


def alerts() -> QuerySet[Alert]:
    """Return all alerts, with what `alert_object` needs."""
    return Alert.objects.select_related(*ALONG)


def visible(sites: Iterable[Site | int]) -> QuerySet[Alert]:
    """Return the alerts of these sites, and those of the server itself, which are every site's; of no site: none."""
    seen = list(sites)
    return alerts().filter(Q(site__in=seen) | Q(site=None)) if seen else alerts().none()


def open_alerts(sites: Iterable[Site | int]) -> QuerySet[Alert]:
    """Return what is open at these sites, and of the server itself."""
    return visible(sites).filter(state__in=OPEN)


def alert_object(alert: Alert) -> dict[str, Any]:
    """Return the API's object of an alert.  Times are ISO 8601 UTC; people are usernames."""
    device, site = alert.device, alert.site
    return {
        "id": alert.pk,
        "device": device.serial if device else None,
        "device_name": device.name if device else None,
        "room": device.room if device else None,
        "site": site.slug if site else None,
        "rule": alert.rule,
        "rule_version": alert.rule_version,
        "duty": alert.duty,
        "priority": alert.priority,
        "channel": alert.channel,
        "subject": alert.subject,
        "title": str(texts.title(alert.rule)),
        "text": str(texts.sentence(alert)),
        "facts": alert.facts,
        "state": alert.state,
        "session": alert.session,
        "in_session": alert.in_session,
        "raised_at": _at(alert.raised_at),
        "risen_at": _at(alert.risen_at),
        "noted_at": _at(alert.noted_at),
        "acknowledged_at": _at(alert.acknowledged_at),
        "acknowledged_by": _who(alert.acknowledged_by),
        "cleared_at": _at(alert.cleared_at),
        "closed_at": _at(alert.closed_at),
        "closed_by": _who(alert.closed_by),
        "disposition": alert.disposition,
        "note": alert.note,
        "assignee": _who(alert.assignee),
        "shelved_until": _at(alert.shelved_until),
        "shelved_by": _who(alert.shelved_by),
        "shelf_reason": alert.shelf_reason,
        "one_shot": alert.one_shot,
        "latched": alert.latched,
        "late": alert.late,
        "chattering": alert.chattering,
        "cause": alert.cause_id,
        "count": alert.count,
        "episode": alert.episode,
        "close_at": _at(alert.close_at),
        "rev": alert.rev,
    }


def in_full(alert: Alert) -> dict[str, Any]:
    """Return what the API's object of one alert has besides: what to do, why, and its journal."""
    entries = alert.entries.select_related("by").order_by("at", "pk")
    return {
        "to_do": str(texts.to_do(alert)),
        "why": str(texts.why(alert.rule)),
        "journal": [
            {
                "at": _at(one.at),
                "kind": one.kind,
                "by": _who(one.by),
                "text": one.text,
                "data": one.data,
            }
            for one in entries
        ],
    }


def alert_event(alert: Alert) -> events.Event:
    """Return the live event of an alert: always all of it."""
    return {"kind": "alert", **alert_object(alert)}


def told(alerts: Iterable[Alert]) -> list[tuple[int | None, events.Event]]:
    """Return what `fleet.live.announce` tells of these alerts: whose site each is, and its event."""
    return [(alert.site_id, alert_event(alert)) for alert in alerts]


def counts(sites: Iterable[Site | int]) -> dict[str, int]:
    """Return how many top lines are open at these sites, by priority, and how many are shelved.

    What another alert explains is counted with that one.  A high one that is true counts though it is shelved.
    """
    top = Alert.objects.filter(Q(site__in=list(sites)) | Q(site=None), state__in=OPEN, cause=None)
    found = top.aggregate(
        **{one.value: Count("pk", filter=_IN_SIGHT & Q(priority=one.value)) for one in Priority},
        shelved=Count("pk", filter=~Q(shelved_until=None)),
    )
    return {name: found[name] for name in (*(one.value for one in Priority), "shelved")}


@dataclass(frozen=True, slots=True)
class Figures:
    """How many alerts are open everywhere, and how long people have let them wait."""

    open: dict[tuple[str, str], int]  # (priority, state)
    shelved: int
    explained: int
    chattering: int
    waiting_s: dict[str, float]  # priority: the oldest that is true, and that nobody has


def figures(now: datetime) -> Figures:
    """Return what `/metrics` tells of alerts."""
    found: dict[tuple[str, str], int] = {
        (priority.value, state.value): 0 for priority in Priority for state in OPEN
    }
    waiting_s = {priority.value: 0.0 for priority in Priority}
    shelved = explained = chattering = 0
    waits = Q(state=State.RAISED, shelved_until=None, cause=None)
    rows = (
        Alert.objects.filter(state__in=OPEN)
        .values("priority", "state")
        .annotate(
            number=Count("pk"),
            on_shelf=Count("pk", filter=~Q(shelved_until=None)),
            under=Count("pk", filter=~Q(cause=None)),
            chatter=Count("pk", filter=Q(chattering=True)),
            oldest=Min("risen_at", filter=waits),
        )
    )
    for row in rows:
        found[row["priority"], row["state"]] = row["number"]
        shelved += row["on_shelf"]
        explained += row["under"]
        chattering += row["chatter"]
        if row["oldest"] is not None:
            waiting_s[row["priority"]] = max(0.0, (now - row["oldest"]).total_seconds())
    return Figures(found, shelved, explained, chattering, waiting_s)


def _at(moment: Any) -> str | None:
    return None if moment is None else iso(to_ms(moment))


def _who(user: Any) -> str | None:
    return None if user is None else user.get_username()
