"""Alerts between their rows and `lifecycle.Life`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

from devices.models import Device
from devices.moments import from_ms, to_ms
from fleet.safety.life import Life, Noted
from fleet.safety.models import Alert, Entry
from fleet.safety.signals import Key
from fleet.safety.words import Disposition, Duty, Priority, State

_SAME: Final = (
    "facts",
    "session",
    "in_session",
    "rule_version",
    "latched",
    "late",
    "chattering",
    "count",
    "episode",
    "note",
    "shelf_reason",
    "one_shot",
)
_IDS: Final = ("acknowledged_by", "closed_by", "shelved_by", "assignee", "cause")
_TIMES: Final = {
    "raised_ms": "raised_at",
    "risen_ms": "risen_at",
    "acknowledged_ms": "acknowledged_at",
    "cleared_ms": "cleared_at",
    "closed_ms": "closed_at",
    "shelved_until_ms": "shelved_until",
    "close_ms": "close_at",
    "calm_ms": "calm_at",
}
_WORDS: Final = ("priority", "state", "peak", "duty", "disposition")

WRITTEN: Final = (*_SAME, *_IDS, *_TIMES.values(), *_WORDS, "marks", "site", "rev")
"""The fields that a step may change."""
_NEXT_IDS: Final = "SELECT nextval(pg_get_serial_sequence('safety_alert', 'id')) FROM generate_series(1, %s)"


def add(alerts: Sequence[Alert]) -> None:
    """Store these new alerts, and give each its id.

    As `write`: of a thousand at once, `bulk_create` makes one statement of 39,000 parameters, which takes ingest half
    a second to put together.
    """
    if not alerts:
        return
    fields = Alert._meta.concrete_fields
    columns, marks = ", ".join(f"{field.column}" for field in fields), ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_IDS, [len(alerts)])
        for alert, (number,) in zip(alerts, cursor.fetchall(), strict=True):
            alert.pk = number
        values = [
            [field.get_db_prep_save(getattr(alert, field.attname), connection) for field in fields]
            for alert in alerts
        ]
        cursor.executemany(f"INSERT INTO safety_alert ({columns}) VALUES ({marks})", values)  # noqa: S608  our own
    for alert in alerts:
        alert._state.adding, alert._state.db = False, connection.alias


def write(alerts: Sequence[Alert]) -> None:
    """Write what a step may change of these stored alerts.

    One statement for all, in one go: `bulk_update` takes 2 ms of ours for each of them, and many may move at once.
    """
    if not alerts:
        return
    fields = [one for one in Alert._meta.concrete_fields if one.name in WRITTEN]
    columns = ", ".join(f"{field.column} = %s" for field in fields)
    values = [
        [field.get_db_prep_save(getattr(alert, field.attname), connection) for field in fields] + [alert.pk]
        for alert in alerts
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE safety_alert SET {columns} WHERE id = %s", values)  # noqa: S608  our own columns


def life_of(alert: Alert) -> Life:
    """Return the alert as the life cycle knows it."""
    fields: dict[str, Any] = {name: getattr(alert, name) for name in _SAME}
    fields |= {name: getattr(alert, f"{name}_id") for name in _IDS}
    for ms, at in _TIMES.items():
        moment: datetime | None = getattr(alert, at)
        fields[ms] = None if moment is None else to_ms(moment)
    return Life(
        priority=Priority(alert.priority),
        state=State(alert.state),
        peak=Priority(alert.peak or alert.priority),
        duty=Duty(alert.duty),
        disposition=Disposition(alert.disposition) if alert.disposition else None,
        marks=tuple(alert.marks),
        **fields,
    )


def put(alert: Alert, life: Life) -> None:
    """Set the row's fields to what the life says; not yet written."""
    for name in _SAME:
        setattr(alert, name, getattr(life, name))
    for name in _IDS:
        if getattr(alert, f"{name}_id") != getattr(life, name):  # keeps what was read along with it
            setattr(alert, f"{name}_id", getattr(life, name))
    for ms, at in _TIMES.items():
        value = getattr(life, ms)
        setattr(alert, at, None if value is None else from_ms(value))
    for name in _WORDS:
        word = getattr(life, name)
        setattr(alert, name, None if word is None else word.value)
    alert.marks = list(life.marks)


def new(key: Key, life: Life, *, device: Device | None, noted_at: datetime) -> Alert:
    """Return the row of an alert that is not stored yet; with a device, it goes where that one stands."""
    alert = Alert(
        key=str(key),
        device=device,
        site_id=key.site_id,
        rule=key.rule,
        channel=key.channel,
        subject=key.subject,
        noted_at=noted_at,
    )
    if device is not None:
        alert.site = device.site
    put(alert, life)
    return alert


def entries(alert: Alert, noted: Iterable[Noted]) -> list[Entry]:
    """Return the journal's rows of a stored alert, not yet written."""
    return [
        Entry(
            alert=alert,
            at=from_ms(one.at_ms),
            kind=one.kind.value,
            by_id=one.by,
            text=one.text[:500],
            data=one.data,
        )
        for one in noted
    ]
