"""What is handed over when somebody takes over: kept with the turn, as it was at that moment."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q

from devices.models import Device
from fleet.access.models import Site
from fleet.paging.models import Note, Turn
from fleet.safety import texts
from fleet.safety.models import Alert, OutOfService
from fleet.safety.words import OPEN, RANK, TRUE, Duty, Priority

_MOST: Final = 500  # of each list; the counts are whole
_NOTES_AT_LEAST: Final = timedelta(hours=24)


def snapshot(site: Site, now: datetime, *, duty: Duty = Duty.CARE) -> dict[str, Any]:
    """Return the state of the site as somebody who takes over must know it, as JSON.

    `open`, `shelved`: `{id, priority, state, rule, device, serial, room, channel, text, raised_at, acknowledged_by,
    shelved_until, shelf_reason}`, the most urgent first; what another alert explains is only counted there
    (`explains`).  `silent`: devices not heard of, `{serial, name, room, link, heard_at, in_session}`, those in a
    session first.  `out_of_service`: `{serial, name, room, reason, until}`.  `notes`: since the turn before this
    one, or of the last 24 h, newest first: `{at, by, text}`.  `since`: from when the notes are.  `counts`: of each
    list in full, since a list ends at 500.  `before`: who had this duty last, or null.
    """
    here = Alert.objects.filter(Q(site=site) | Q(site=None), state__in=[one.value for one in OPEN])
    shelved = Q(shelved_until__gt=now)
    before = Turn.objects.filter(site=site, duty=duty.value).order_by("-since").select_related("user").first()
    since = min(before.since, now - _NOTES_AT_LEAST) if before else now - _NOTES_AT_LEAST
    lists: dict[str, list[dict[str, Any]]] = {
        "open": _alerts(here.exclude(shelved).filter(cause=None)),
        "shelved": _alerts(here.filter(shelved)),
        "silent": _silent(site),
        "out_of_service": _out(site, now),
        "notes": [
            {"at": note.at.isoformat(), "by": _name(note.by), "text": note.text}
            for note in Note.objects.filter(site=site, at__gte=since, at__lte=now)
            .select_related("by")
            .order_by("-at")
        ],
    }
    return {
        "at": now.isoformat(),
        "since": since.isoformat(),
        "before": {"name": _name(before.user), "since": before.since.isoformat()} if before else None,
        "counts": {name: len(rows) for name, rows in lists.items()},
        **{name: rows[:_MOST] for name, rows in lists.items()},
    }


def _alerts(which: Any) -> list[dict[str, Any]]:
    rows = which.select_related("device", "acknowledged_by", "assignee").prefetch_related("explains")
    found = [
        {
            "id": alert.pk,
            "priority": alert.priority,
            "state": alert.state,
            "rule": alert.rule,
            "device": _device_name(alert.device),
            "serial": alert.device.serial if alert.device else None,
            "room": alert.device.room if alert.device else "",
            "channel": alert.channel,
            "text": texts.sentence(alert),
            "raised_at": alert.raised_at.isoformat(),
            "acknowledged_by": _name(alert.acknowledged_by),
            "assignee": _name(alert.assignee),
            "shelved_until": alert.shelved_until.isoformat() if alert.shelved_until else None,
            "shelf_reason": alert.shelf_reason,
            "in_session": alert.in_session,
            "explains": len(alert.explains.all()),
        }
        for alert in rows
    ]
    return sorted(
        found, key=lambda one: (RANK[Priority(one["priority"])], one["state"] not in TRUE, one["raised_at"])
    )


def _silent(site: Site) -> list[dict[str, Any]]:
    devices = Device.objects.filter(site=site, revoked_at=None, live__link__in=["suspect", "offline"])
    rows = [
        {
            "serial": device.serial,
            "name": device.name,
            "room": device.room,
            "link": device.live.link,
            "heard_at": device.live.heard_at.isoformat() if device.live.heard_at else None,
            "in_session": device.live.session is not None,
        }
        for device in devices.select_related("live")
    ]
    return sorted(rows, key=lambda one: (not one["in_session"], one["heard_at"] or "", one["serial"]))


def _out(site: Site, now: datetime) -> list[dict[str, Any]]:
    rows = OutOfService.objects.filter(
        Q(until=None) | Q(until__gt=now), device__site=site, ended_at=None
    ).select_related("device")
    return [
        {
            "serial": one.device.serial,
            "name": one.device.name,
            "room": one.device.room,
            "reason": one.reason,
            "until": one.until.isoformat() if one.until else None,
        }
        for one in rows.order_by("since")
    ]


def _device_name(device: Device | None) -> str:
    return (device.name or device.serial) if device else ""


def _name(user: Any) -> str | None:
    return (user.get_full_name() or user.get_username()) if user else None
