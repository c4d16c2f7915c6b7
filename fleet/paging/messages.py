"""What leaves the house about an alert: site, room, device, what is wrong, a link.  Never a person's name.

Neither whoever is treated nor who acknowledged, shelved or wrote a note is in any of it: a phone shows it on its
locked screen, and a mail server and a maker's push service carry it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from fleet.paging.channels.email import Letter
from fleet.safety import texts
from fleet.safety.models import Alert
from fleet.safety.words import Priority, State

_LONGEST_BODY: Final = 300  # characters of a push; its whole message must fit 4 KiB


@dataclass(frozen=True, slots=True)
class Telling:
    """One step of telling one alert, as a message about it says it."""

    alert: Alert
    step: int
    repeat: int  # 0: the first time
    first_at: datetime  # when it was told first


def letter(telling: Telling, *, to: str, id_: str, now: datetime) -> Letter:
    """Return the e-mail to somebody."""
    alert = telling.alert
    lines = [
        sentence(alert),
        "",
        _("Where: %(where)s") % {"where": where(alert)},
        _("Since: %(at)s") % {"at": _clock(alert, alert.risen_at)},
        *([_("In a session: current may flow into somebody.")] if alert.in_session else []),
        *([_("It is no longer true since, and nobody has looked at it yet.")] if _is_over(alert) else []),
        _("What to do: %(what)s") % {"what": texts.to_do(alert)},
        "",
        _again(telling, now),
        *([_("Acknowledge it here: %(link)s") % {"link": link(alert)}] if settings.PUBLIC_URL else []),
        "",
        _(
            "This is a second pair of eyes. It does not replace the device's own alarm, and mail may come late."
        ),
    ]
    subject = f"{title(alert)}: {sentence(alert)}"
    return Letter((to,), subject, "\n".join(lines), id_, urgent=alert.priority == Priority.HIGH)


def push(telling: Telling, *, id_: str) -> dict[str, Any]:
    """Return what a browser is pushed: `{type, id, delivery, priority, title, body, url, site, raised_at}`.

    `id` is the alert's; `delivery` is the same for every try of one message; `url` is on our own pages.
    """
    alert = telling.alert
    return {
        "type": "alert",
        "id": alert.pk,
        "delivery": id_,
        "priority": alert.priority,
        "title": title(alert)[:_LONGEST_BODY],
        "body": sentence(alert)[:_LONGEST_BODY],
        "url": path(alert),
        "site": alert.site.slug if alert.site else None,
        "raised_at": alert.raised_at.isoformat(),
    }


def webhook(telling: Telling, now: datetime) -> dict[str, Any]:
    """Return what another system is told; docs/paging.md describes it."""
    alert = telling.alert
    device = alert.device
    return {
        "type": "alert.raised",
        "timestamp": now.isoformat(),
        "data": {
            "id": alert.pk,
            "site": alert.site.slug if alert.site else None,
            "room": device.room if device else None,
            "device": device.serial if device else None,
            "device_name": (device.name or device.serial) if device else None,
            "subject": alert.subject or None,
            "rule": alert.rule,
            "rule_version": alert.rule_version,
            "priority": alert.priority,
            "channel": alert.channel,
            "text": sentence(alert),
            "to_do": texts.to_do(alert),
            "state": alert.state,
            "in_session": alert.in_session,
            "raised_at": alert.raised_at.isoformat(),
            "count": alert.count,
            "step": telling.step,
            "repeat": telling.repeat,
            "url": link(alert) if settings.PUBLIC_URL else None,
        },
    }


def test_letter(*, to: str, id_: str) -> Letter:
    """Return an e-mail that says it is only a test."""
    lines = [
        _("This is a test: your alerts by e-mail will come like this one."),
        "",
        _("Nothing is wrong, and there is nothing to do."),
        *([settings.PUBLIC_URL] if settings.PUBLIC_URL else []),
    ]
    return Letter((to,), _("Test: alerts by e-mail"), "\n".join(lines), id_)


def test_push(*, id_: str) -> dict[str, Any]:
    """Return a push that says it is only a test."""
    return {
        "type": "test",
        "id": None,
        "delivery": id_,
        "priority": Priority.INFO.value,
        "title": _("Test: alerts in this browser"),
        "body": _("Nothing is wrong, and there is nothing to do."),
        "url": "/account/telling/",
        "site": None,
        "raised_at": None,
    }


def test_webhook(now: datetime, site_slug: str) -> dict[str, Any]:
    """Return what another system is sent to try it."""
    return {"type": "test", "timestamp": now.isoformat(), "data": {"site": site_slug}}


def title(alert: Alert) -> str:
    """Return "High · North clinic · Room 3 · Bed 3"."""
    words = {
        Priority.HIGH: _("High"),
        Priority.MEDIUM: _("Medium"),
        Priority.LOW: _("Low"),
        Priority.INFO: _("Info"),
    }
    return f"{words[Priority(alert.priority)]} · {where(alert)}"


def where(alert: Alert) -> str:
    """Return site, room and device, as far as the alert has them; of no site, that it is the server's own."""
    device = alert.device
    parts = [alert.site.name if alert.site else "", device.room if device else ""]
    parts.append((device.name or device.serial) if device else "")
    return _line(" · ".join(filter(None, parts))) or _("the server itself")


def sentence(alert: Alert) -> str:
    """Return what is wrong, on one line: part of it may be a device's own words, which begin no line of a message."""
    return _line(str(texts.sentence(alert)))


def _line(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def path(alert: Alert) -> str:
    """Return the address of the alert's page on our server."""
    return f"/alerts/{alert.pk}/"


def link(alert: Alert) -> str:
    """Return the whole address of the alert's page; PUBLIC_URL must be set."""
    return f"{settings.PUBLIC_URL}{path(alert)}"


def _again(telling: Telling, now: datetime) -> str:
    if telling.step == 1 and telling.repeat == 0:
        return _("Nobody has acknowledged it yet.")
    minutes = max(1, round((now - telling.first_at).total_seconds() / 60))
    return _("Nobody has acknowledged it, though it was first told %(n)d min ago.") % {"n": minutes}


def _is_over(alert: Alert) -> bool:
    return alert.state == State.CLEARED


def _clock(alert: Alert, at: datetime) -> str:
    zone = alert.site.time_zone if alert.site else settings.DISPLAY_TIME_ZONE
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} ({zone})"
