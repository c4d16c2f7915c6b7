"""The door of rollouts: a protocol version is offered to devices, and taken back, by nobody's own hand.

People have no such verbs (`fleet.access.roles`).  Which device is offered what was decided, and approved, in
`fleet.rollouts`; here it becomes rows, inside the caller's transaction, under ids that the decision alone determines:
who decides the same a second time writes nothing new.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from devices.models import Device
from devices.moments import to_ms
from devices.store import sql
from devices.wire.commands import ApplyProtocol, Args, Withdraw
from devices.wire.words import Verb
from fleet.control import drafts, ids, outbox
from fleet.control.drafts import Asker
from fleet.control.lifecycle import State
from fleet.control.models import Command, Via

_JUST_BEFORE: Final = timedelta(microseconds=1)
_NOBODY: Final = Asker()
_BATCH: Final = 1_000
_INSERT: Final = """
INSERT INTO control_command (id, device_id, verb, args, site_id, reason, requested_at, expires_at, evidence, state, via,
    actor_name, reason_by, attempts, acks, rev)
SELECT v.id, v.device_id, v.verb, v.args, v.site_id, v.reason, v.requested_at, v.expires_at, v.evidence::jsonb, %s, %s,
    '', '', 0, 0, 1
FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::timestamptz[],
    %s::timestamptz[], %s::text[])
    AS v(id, device_id, verb, args, site_id, reason, requested_at, expires_at, evidence)
ON CONFLICT DO NOTHING"""


@dataclass(frozen=True, slots=True)
class Offer:
    """One device is to take a protocol version over, between sessions.

    Attributes:
        device: With `site` selected.
        body: The RFC 8785 bytes that `sha256` is of; they go on the wire as they are.
        reason: What people read in the device's list of commands.
        evidence: What the row notes of why it was asked for.
    """

    id: UUID
    device: Device
    body: bytes
    sha256: str
    reason: str
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TakingBack:
    """One offer is to be forgotten, unless it was applied."""

    offer: UUID
    device: Device
    reason: str
    evidence: dict[str, Any]


def offer(offers: Sequence[Offer], now: datetime) -> None:
    """Write an `apply_protocol` for each; dispatch publishes them once this is committed."""
    _write(
        [
            _draft(
                one.id,
                one.device,
                Verb.APPLY_PROTOCOL,
                ApplyProtocol(protocol=msgspec.Raw(one.body), sha256=one.sha256),
                one,
                now,
            )
            for one in offers
        ]
    )


def take_back(wanted: Sequence[TakingBack], now: datetime) -> dict[UUID, UUID]:
    """Take offers back; return the command that does it, by offer.

    One that never left is cancelled, which needs no command.  What is taken back goes out before what is offered in the
    same transaction, so that a device never forgets the newer of two.
    """
    cancelled = cancel([one.offer for one in wanted], now)
    rows = [
        _draft(
            ids.of_withdrawal(one.offer),
            one.device,
            Verb.WITHDRAW,
            Withdraw(id=str(one.offer)),
            one,
            now - _JUST_BEFORE,
        )
        for one in wanted
        if one.offer not in cancelled
    ]
    _write(rows)
    return {one.offer: ids.of_withdrawal(one.offer) for one in wanted if one.offer not in cancelled}


def cancel(offers: Collection[UUID], now: datetime) -> set[UUID]:
    """Let those of these that dispatch has not taken up yet be over; return which.

    Whoever takes one up at this moment has it locked, or finds it over: never both.
    """
    if not offers:
        return set()
    unsent = Command.objects.filter(
        pk__in=list(offers), state=State.REQUESTED, attempts=0, leased_until=None, acks=0
    )
    rows = list(unsent.select_for_update(skip_locked=True, of=("self",)).order_by("pk"))
    for row in rows:
        row.state, row.expired_at, row.rev = State.EXPIRED.value, now, row.rev + 1
        row.evidence = row.evidence | {"cancelled": {"at_ms": to_ms(now)}}
    Command.objects.bulk_update(rows, ["state", "expired_at", "rev", "evidence"], batch_size=_BATCH)
    return {row.pk for row in rows}


def _draft(
    id: UUID, device: Device, verb: Verb, args: Args, one: Offer | TakingBack, now: datetime
) -> Command:
    row = drafts.command(device, verb, args, asker=_NOBODY, now=now, id=id, reason=one.reason[:200])
    row.evidence = dict(one.evidence)
    return row


def _write(rows: Iterable[Command]) -> None:
    """No page is told: what a rollout asks of devices is told as the rollout.

    One statement, and no more columns than differ: a tick may offer to thousands.
    """
    some = sorted(rows, key=lambda row: row.pk)
    if not some:
        return
    columns = [
        sql.texts(str(row.pk) for row in some),
        sql.numbers(row.device_id for row in some),
        sql.texts(row.verb for row in some),
        sql.texts(row.args for row in some),
        sql.numbers(row.site_id for row in some),
        sql.texts(row.reason for row in some),
        sql.texts(row.requested_at.isoformat() for row in some),
        sql.texts(row.expires_at.isoformat() for row in some),
        sql.texts(msgspec.json.encode(row.evidence).decode() for row in some),
    ]
    sql.execute(_INSERT, [State.REQUESTED.value, Via.HOUSE.value, *columns])
    outbox.ring()
