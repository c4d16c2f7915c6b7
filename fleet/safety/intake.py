"""News become alerts: locked in the order of their keys, stepped, written, announced once committed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from devices.models import Device, State
from devices.moments import to_ms
from devices.store import sql
from fleet.live import announce, events
from fleet.safety import lifecycle, queries, rows, worst
from fleet.safety.life import Life, Noted, Pace
from fleet.safety.models import Alert, Entry
from fleet.safety.signals import News, Rise
from fleet.safety.words import OPEN

_TRIES: Final = 20  # each loss means that somebody else raised the same alert, so the next try finds it
_ONE_OPEN: Final = "one_open_alert_a_key"
_PUT_WORST: Final = """
    UPDATE devices_state s SET worst_alert = v.worst, rev = s.rev + 1
    FROM unnest(%s::bigint[], %s::jsonb[]) AS v(id, worst) WHERE s.device_id = v.id"""


@dataclass(slots=True)
class Applied:
    """What news or deeds came to: the alerts that changed, and the worst alert of each of their devices.

    `seen` are all that were asked for, also those that stayed as they were.
    """

    alerts: list[Alert] = field(default_factory=list)
    worst: dict[int, dict[str, Any] | None] = field(default_factory=dict)
    seen: list[Alert] = field(default_factory=list)

    @property
    def devices(self) -> set[int]:
        return {alert.device_id for alert in self.alerts if alert.device_id is not None}


@dataclass(slots=True)
class _Draft:
    """An alert on its way: its row if it has one, and what became of it."""

    alert: Alert | None
    life: Life | None
    noted: list[Noted] = field(default_factory=list)
    first: Rise | None = None  # of an alert that is not stored yet


def pace() -> Pace:
    """Return how long time takes, by the settings."""
    return Pace(
        close_ms=round(settings.ALERT_CLOSE_SECONDS * 1000), calm_ms=round(settings.ALERT_CALM_SECONDS * 1000)
    )


def apply(news: Sequence[News], now: datetime) -> Applied:
    """Take in what rules have found, inside the caller's transaction, which writes `worst` to the live states.

    Call it once a transaction, and before any live state is locked: alert rows come first, in the order of keys.
    The same news twice change nothing the second time.  `worst` holds as long as nobody else writes the live states
    meanwhile, which ingest notices by their `rev`: whoever changes an alert raises it.
    """
    applied = _take_in(news, now)
    applied.worst = worst.worst_of(applied.devices)
    return applied


def _take_in(news: Sequence[News], now: datetime) -> Applied:
    if not news:
        return Applied()
    if not connection.in_atomic_block:
        raise RuntimeError("alerts are written inside a transaction")
    by_key: dict[str, list[News]] = {}
    for one in news:
        by_key.setdefault(str(one.key), []).append(one)
    for _try in range(_TRIES):
        try:
            with (
                transaction.atomic()
            ):  # undone with its locks, so that the next try takes them in order again
                return _apply(dict(sorted(by_key.items())), now)
        except IntegrityError as error:
            if _ONE_OPEN not in str(error):
                raise
    raise RuntimeError(f"{len(by_key)} alerts were raised by others {_TRIES} times in a row")


def _apply(by_key: dict[str, list[News]], now: datetime) -> Applied:
    known = {alert.key: alert for alert in _locked(Alert.objects.filter(key__in=by_key, state__in=OPEN))}
    now_ms, steps = to_ms(now), pace()
    drafts: list[_Draft] = []
    for key, some in by_key.items():
        alert = known.get(key)
        draft = _Draft(alert, rows.life_of(alert) if alert else None)
        for one in some:
            step = lifecycle.take(draft.life, one, now_ms, steps)
            if step is not None:
                if draft.life is None and isinstance(one, Rise):
                    draft.first = one
                draft.life = step.life
                draft.noted.extend(step.noted)
        drafts.append(draft)
    return _store(drafts, now)


def change(
    which: QuerySet[Alert],
    step: Callable[[Life], lifecycle.Step],
    now: datetime,
    *,
    skip_locked: bool = False,
) -> Applied:
    """Take one step of each of these alerts, inside the caller's transaction; `settle` does the rest."""
    drafts, seen = [], []
    for alert in _locked(which, skip_locked=skip_locked):
        after = step(rows.life_of(alert))
        drafts.append(_Draft(alert, after.life, list(after.noted)))
        seen.append(alert)
    applied = _store(drafts, now)
    applied.seen = seen
    return applied


def _locked(which: QuerySet[Alert], *, skip_locked: bool = False) -> QuerySet[Alert]:
    ordered = which.select_related(*queries.ALONG).order_by("key")
    return ordered.select_for_update(of=("self",), skip_locked=skip_locked)


def _store(drafts: Iterable[_Draft], now: datetime) -> Applied:
    fresh: list[tuple[Alert, list[Noted]]] = []
    moved: list[tuple[Alert, list[Noted]]] = []
    born = [draft for draft in drafts if draft.alert is None and draft.first is not None]
    devices = _devices(draft.first.key.device_id for draft in born if draft.first is not None)
    for draft in drafts:
        if draft.life is None:
            continue
        if draft.alert is not None:
            if draft.noted or draft.life != rows.life_of(draft.alert):
                rows.put(draft.alert, draft.life)
                if draft.alert.device is not None:
                    draft.alert.site_id = draft.alert.device.site_id  # it goes where its device stands
                draft.alert.rev += 1
                moved.append((draft.alert, draft.noted))
        elif (alert := _new(draft, devices, now)) is not None:
            fresh.append((alert, draft.noted))
    rows.add([alert for alert, _noted in fresh])
    rows.write([alert for alert, _noted in moved])
    changed = [*fresh, *moved]
    Entry.objects.bulk_create([entry for alert, noted in changed for entry in rows.entries(alert, noted)])
    return Applied([alert for alert, _noted in changed])


def _new(draft: _Draft, devices: dict[int, Device], now: datetime) -> Alert | None:
    """Return the row of a new alert; None if its device was removed meanwhile."""
    if draft.first is None or draft.life is None:
        return None
    key = draft.first.key
    device = None if key.device_id is None else devices.get(key.device_id)
    if key.device_id is not None and device is None:
        return None
    return rows.new(key, draft.life, device=device, noted_at=now)


def _devices(device_ids: Iterable[int | None]) -> dict[int, Device]:
    ids = {one for one in device_ids if one is not None}
    return Device.objects.select_related("site").in_bulk(ids) if ids else {}


# --- for everybody but ingest, which writes the live states itself ---


def take(news: Sequence[News], now: datetime) -> Applied:
    """Take in news in a transaction of their own, and announce what came of them once it is committed."""
    if not news:
        return Applied()
    with transaction.atomic():
        applied = _take_in(news, now)
        settle(applied)
    return applied


def settle(applied: Applied) -> None:
    """Write the worst alert of each device to its live state, and announce all of it once committed."""
    applied.worst, revs = put_worst(applied.devices)
    alerts = applied.alerts
    if alerts:
        transaction.on_commit(lambda: announce.alerts(_read_again(alerts), revs), robust=True)


def put_worst(device_ids: Iterable[int]) -> tuple[dict[int, dict[str, Any] | None], list[announce.Worst]]:
    """Write the worst alert of each of these devices, whose alerts have changed, to its live state.

    It is worked out once the states are locked, when whoever changed other alerts of the device has committed.  `rev`
    rises in any case: ingest may just be working out the worst from what it saw before.
    """
    held = State.objects.filter(device__in=device_ids).order_by("device_id").select_for_update(of=("self",))
    lives = list(held.select_related("device").only("device", "rev", "device__serial", "device__site"))
    found = worst.worst_of(device_ids)
    sql.execute(
        _PUT_WORST,
        [
            sql.numbers(found),
            sql.texts(None if one is None else msgspec.json.encode(one).decode() for one in found.values()),
        ],
    )
    told = [
        announce.Worst(live.device.site_id, live.device.serial, live.rev + 1, found[live.device_id])
        for live in lives
    ]
    return found, told


def _read_again(alerts: Sequence[Alert]) -> list[tuple[int | None, events.Event]]:
    """Return their events with everybody they name, in one read however many they are."""
    return queries.told(queries.alerts().in_bulk([alert.pk for alert in alerts]).values())
