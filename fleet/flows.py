"""Both flows on one screen: what devices say on its way into the house, and what the passing of time does.

Facts come first (devices), decisions next (fleet), people last, and only what was committed is announced.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from devices.batch.desk import Desk, Facts, Refused
from devices.batch.settle import Settler
from devices.ingest.reader import Reading
from devices.models import Device
from devices.state import LiveState, to_ms
from devices.store import conflicts, desks, ledgers, records, rejects, rollups, silence, states, unknown
from fleet.access import service as access
from fleet.control import births, react
from fleet.control import service as control
from fleet.live import announce
from fleet.safety import queries as alerts
from fleet.safety.judge import Judge


@dataclass(slots=True)
class Taken:
    """What one batch came to, for the watermarks and the counters."""

    facts: Facts = field(default_factory=Facts)
    refused: list[Refused] = field(default_factory=list)
    alerts: list[tuple[int | None, dict[str, Any]]] = field(default_factory=list)
    """(site, event) of each alert that changed, for the browsers."""
    commands: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """(site, event) of each command that telemetry proved or refuted."""


def take_in(
    desk: Desk,
    reading: Reading,
    now: datetime,
    *,
    judge: Judge,
    window_ms: int = 600_000,
    lap: Callable[[str], None] = lambda _step: None,
) -> Taken:
    """What one batch of device messages does to the house, in one transaction.

    `lap` is told as each step ends, so that a slow batch says where its time went.

    Raises `states.Raced` if another process moved a live state meanwhile: clear the desk and take the batch again.
    """
    with _remembered(judge, reading), transaction.atomic():
        desks.lay(desk, reading.heard, reading.numbered)
        lap("lay")
        settler = Settler(desk, window_ms=window_ms)
        facts = settler.settle(reading.heard, reading.numbered)
        lap("settle")
        records.copy_telemetry(facts.telemetry, to_ms(now))
        records.copy_events(facts.events, now)
        lap("copy")
        ledgers.write(facts.books.values())
        lap("ledger")
        refused = [*reading.refused, *facts.refused, *_reused(facts)]
        judged = judge.judge(desk, facts, refused, now)
        told = alerts.told(judged.alerts)
        lap("judge")
        states.write(list(facts.states.values()))
        lap("states")
        records.copy_changes(facts.changes, now)
        rollups.write_sessions(facts.sessions)
        rejects.write(refused)
        unknown.keep(reading.unknown)
        control.request_rebirth(births.unborn(facts.states.values()), now)
        commands = react.react(facts, now)
        lap("changes")
    lap("commit")
    return Taken(facts, refused, told, commands)


@contextmanager
def _remembered(judge: Judge, reading: Reading) -> Iterator[None]:
    """What was judged of a batch that is not committed was not judged."""
    try:
        yield
    except BaseException:
        judge.forget({one.device_id for one in reading.heard} | {one[0] for one in reading.numbered})
        judge.forget(one.device_id for one in reading.refused if one.device_id is not None)
        raise


def _reused(facts: Facts) -> list[Refused]:
    """Repeats that are none: another record under a number that is taken."""
    return [
        Refused(
            "",
            one.device_id,
            one.kind,
            "reused",
            f"seq {one.seq} of boot {one.boot} is stored with another up_ms or kind than {one.up_ms}, {one.kind}",
            one.body,
            one.at_ms,
        )
        for one in records.reused(facts.repeats)
    ]


def end_conflict(*, actor: User, device: Device, reason: str, now: datetime) -> bool:
    """Record that an engineer has ended an identity conflict; False if the device is in none.

    Raises access.Denied (the attempt is on record) or access.NotVisible.
    """
    access.require(actor, "end_conflict", device.site, subject=device.serial)
    with transaction.atomic():
        live = conflicts.end(device.pk, now)
        if live is None:
            return False
        access.record(actor, "conflict.ended", site=device.site, subject=device.serial, reason=reason)
    announce.links([live])
    return True


def pass_time(now: datetime) -> Sequence[LiveState]:
    """What silence does to the house: links that are suspect or offline by now, announced once committed."""
    with transaction.atomic():
        changed = silence.sweep(now)
    announce.links(changed)
    return changed
