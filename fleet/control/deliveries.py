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
from fleet.control.lifecycle import UNANSWERED, State, names
from fleet.control.models import Command, Via

_JUST_BEFORE: Final = timedelta(microseconds=1)
_NOBODY: Final = Asker()
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


def take_back(wanted: Sequence[TakingBack], now: datetime, *, over: Collection[UUID] = ()) -> set[UUID]:
    """Take offers back, and never publish them again; return those that had not left: these need no command.

    What is taken back goes out before what is offered in the same transaction, so that a device never forgets the newer
    of two.

    Args:
        over: Other offers for whose answer nobody waits any more: they are not published again either.
    """
    unsent = _end({*over, *(one.offer for one in wanted)}, now)
    _write(
        [
            _draft(
                ids.of_withdrawal(one.offer),
                one.device,
                Verb.WITHDRAW,
                Withdraw(id=str(one.offer)),
                one,
                now - _JUST_BEFORE,
            )
            for one in wanted
            if one.offer not in unsent
        ]
    )
    return unsent


def _end(offers: Collection[UUID], now: datetime) -> set[UUID]:
    """Let these be over where no device has answered; return those that dispatch had not even taken up.

    A birth publishes what is unanswered once more: a device that missed both would take over what was taken back.
    An answer that comes all the same is still heard.  Rows are locked by id, as dispatch does, and dispatch never
    holds one while it publishes.
    """
    if not offers:
        return set()
    rows = sql.rows(
        """WITH mine AS (
            SELECT id, state = %s AND attempts = 0 AND leased_until IS NULL AND acks = 0 AS unsent
            FROM control_command WHERE id = ANY(%s) AND state = ANY(%s) ORDER BY id FOR UPDATE)
        UPDATE control_command c SET state = %s, expired_at = %s, leased_until = NULL, rev = rev + 1,
            evidence = evidence || jsonb_build_object(
                CASE WHEN mine.unsent THEN 'cancelled' ELSE 'ended' END, jsonb_build_object('at_ms', %s::bigint))
        FROM mine WHERE c.id = mine.id RETURNING c.id, mine.unsent""",
        [State.REQUESTED, list(offers), names(UNANSWERED), State.EXPIRED, now, to_ms(now)],
    )
    return {id_ for id_, unsent in rows if unsent}


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
