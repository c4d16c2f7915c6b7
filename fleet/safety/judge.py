"""Judging inside ingest's transaction: facts of a batch become news, news become alerts.

What the rules remember is written with the records it came from (`Condition`), so a crash forgets nothing.  What is
stored never waits for what is judged: if judging itself fails, its own part is undone and reported, and the records
stay; the memory is then read anew, and what still holds is told with the next message.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import InterfaceError, OperationalError, transaction

from devices.batch.desk import Desk, Facts, Refused
from devices.models import Device
from devices.moments import from_ms, to_ms
from devices.state import LiveState
from devices.store import states
from fleet.safety import memory, rulesets, service
from fleet.safety.breaks import Breaks
from fleet.safety.judging import Watch
from fleet.safety.models import Alert
from fleet.safety.protocols_known import Protocols
from fleet.safety.rules import PRODUCT, Limits
from fleet.safety.signals import Key
from fleet.safety.ward import JUDGING, RULES_HERE, Ward, by_device, spoilt_by_device
from fleet.safety.words import OPEN

log = structlog.get_logger(__name__)

REFRESH_MS: Final = 1_000  # rule sets, approvals and sites are live within this


@dataclass(slots=True)
class Judged:
    """What judging a batch came to."""

    alerts: list[Alert] = field(default_factory=list)
    worst: dict[int, dict[str, Any] | None] = field(default_factory=dict)


class Judge:
    """Watches every device that is heard.  One at a time writes conditions: the one ingest."""

    def __init__(self, site_of: Callable[[int], int | None] | None = None) -> None:
        """`site_of` says where a device stands; without it the database is asked."""
        self._site_of = site_of or _ask_site
        self._sites: dict[int, int | None] = {}
        self._limits: dict[int, Limits] = {}
        self._versions: dict[int, int] = {}
        self._protocols = Protocols()
        self._breaks = Breaks()
        self._ward = Ward(self._breaks.note)
        self._desk: Desk | None = None
        self._refresh_ms = 0

    def judge(self, desk: Desk, facts: Facts, refused: Iterable[Refused], now: datetime) -> Judged:
        """Judge a batch inside the caller's transaction, before the live states are written.

        The worst alert of each device is put into its live state among `facts`.
        """
        now_ms = to_ms(now)
        if desk is not self._desk:  # ingest began anew: another may have written meanwhile
            self.forget_all()
            self._desk = desk
        try:
            with transaction.atomic():
                judged = self._judge(desk, facts, refused, now_ms)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            log.exception(
                "a batch was stored, and not judged; what still holds is told with the next message"
            )
            self.forget_all()
            judged = self._confess(error, now)
        _show(desk, facts, judged.worst)
        return judged

    def forget(self, device_ids: Iterable[int]) -> None:
        """A batch of these devices failed: what the database holds is read again."""
        for device_id in device_ids:
            self._ward.watches.pop(device_id, None)
        self._begin_anew()

    def forget_all(self) -> None:
        """Begin anew."""
        self._ward.watches.clear()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._breaks.forget()
        self._refresh_ms = 0

    # --- a batch ---

    def _judge(self, desk: Desk, facts: Facts, refused: Iterable[Refused], now_ms: int) -> Judged:
        items, spoilt = by_device(facts), spoilt_by_device(refused)
        self._load({*items, *spoilt, *facts.states}, desk, facts)
        if now_ms - self._refresh_ms >= REFRESH_MS:
            self._refresh_ms = now_ms
            self._refresh(now_ms)
        news, changed = self._ward.hear(items, spoilt, facts, now_ms)
        news += self._breaks.news(now_ms)
        if changed:
            _remember(changed)
        if not news:
            return Judged()
        applied = service.apply(news, from_ms(now_ms))
        return Judged(applied.alerts, applied.worst)

    # --- what devices are measured by ---

    def _load(self, device_ids: set[int], desk: Desk, facts: Facts) -> None:
        fresh = device_ids - self._ward.watches.keys()
        if not fresh:
            return
        if not self._versions and not self._limits:
            self._read_limits()
        for device_id in fresh:
            watch = Watch(device_id, knows=self._protocols, on_broken=self._breaks.note)
            pair = facts.states.get(device_id)
            live = pair[0] if pair is not None else desk.states.get(device_id)
            if live is not None:
                _recall(watch, live)
            self._sites[device_id] = self._site_of(device_id)
            watch.measure_by(self._limits_of(device_id))
            self._ward.watches[device_id] = watch
        for device_id, slot in memory.load(fresh, RULES_HERE):
            self._ward.watches[device_id].slots.setdefault(slot.rule, {})[slot.channel] = slot

    def _limits_of(self, device_id: int) -> Limits:
        return self._limits.get(self._sites.get(device_id) or 0, PRODUCT)

    def _read_limits(self) -> None:
        self._versions = rulesets.versions()
        self._limits = rulesets.limits_everywhere() if self._versions else {}

    def _refresh(self, now_ms: int) -> None:
        """What people changed since: rule sets, approvals, where a device stands, alerts closed while true."""
        if rulesets.versions() != self._versions:
            self._read_limits()
        news_of_protocols = self._protocols.refresh()
        for device_id, watch in self._ward.watches.items():
            self._sites[device_id] = self._site_of(device_id)
            limits = self._limits_of(device_id)
            protocol = watch.status.protocol if watch.status is not None else None
            if limits is not watch.limits or protocol in news_of_protocols:
                watch.measure_by(limits)
        self._notice_closed()
        self._breaks.refresh(now_ms)

    def _notice_closed(self) -> None:
        """An alert that was closed while true is raised anew by the next thing that says so."""
        told = {
            str(Key(slot.rule, device_id, slot.channel or None)): (watch, slot)
            for device_id, watch in self._ward.watches.items()
            for channels in watch.slots.values()
            for slot in channels.values()
            if slot.told
        }
        if not told:
            return
        is_open = set(Alert.objects.filter(key__in=told, state__in=OPEN).values_list("key", flat=True))
        for key in told.keys() - is_open:
            watch, slot = told[key]
            slot.told = False
            watch.touched[slot.rule, slot.channel] = slot

    def _confess(self, error: Exception, now: datetime) -> Judged:
        """Say that judging failed, if at least that can be said."""
        self._breaks.note(JUDGING, error)
        try:
            with transaction.atomic():
                applied = service.apply(self._breaks.news(to_ms(now)), now)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("that judging failed could not be told")
            self._breaks.forget()
            return Judged()
        return Judged(applied.alerts, applied.worst)


def _ask_site(device_id: int) -> int | None:
    return Device.objects.filter(pk=device_id).values_list("site_id", flat=True).first()


def _recall(watch: Watch, live: LiveState) -> None:
    """What the live state still knows of what was said before."""
    watch.status, watch.session = live.status, live.session
    watch.before = live.telemetry
    watch.planned = (live.planned_for, live.planned_ms)
    watch.in_conflict = live.link == "conflict"


def _remember(changed: Iterable[Watch]) -> None:
    keep, drop = [], []
    for watch in changed:
        device_id = watch.device_id
        for (rule, channel), slot in watch.touched.items():
            if watch.slots.get(rule, {}).get(channel) is slot:
                keep.append((device_id, slot))
            elif channel not in watch.slots.get(rule, {}):
                drop.append((device_id, rule, channel))
        watch.touched = {}
    memory.forget(drop)
    memory.write(keep)


def _show(desk: Desk, facts: Facts, worst: dict[int, dict[str, Any] | None]) -> None:
    """Put each device's worst alert into its live state, which the batch writes and announces."""
    unheard = worst.keys() - desk.states.keys()
    if unheard:  # what it said could not be read, so nothing of it was laid
        desk.states |= states.load(unheard)
    for device_id, alert in worst.items():
        pair = facts.states.get(device_id)
        if pair is not None:
            pair[1].worst_alert = alert
        elif (old := desk.states[device_id]).worst_alert != alert:
            new = old.copy()
            new.rev, new.worst_alert = old.rev + 1, alert
            facts.states[device_id] = (old, new)
            desk.states[device_id] = new
