"""The outbox: which commands are to be published, and what is known of those that were.

Every step is one statement that compares the state before it writes, so that dispatch, the web and ingest may
take steps at once.  What is leased was committed as leased before it is published: a dispatcher that dies in
between leaves it `requested`, and the next one publishes it again under the same id, which a device carries
out at most once.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from devices.moments import to_ms
from devices.store import sql
from devices.wire import codec, topics
from devices.wire.messages import Command as WireCommand
from devices.wire.words import Verb
from fleet.control import lifecycle
from fleet.control.lifecycle import LEAST_LEFT, OPEN, UNANSWERED, State, names
from fleet.control.models import Command

CHANNEL: Final = "control_command"
LEASE: Final = timedelta(seconds=5)
_HASTE: Final = (Verb.STOP.value, Verb.PAUSE.value, Verb.LOWER.value)  # what takes current away goes first
_FIRST: Final = "CASE c.verb WHEN 'stop' THEN 0 WHEN 'pause' THEN 1 WHEN 'lower' THEN 2 ELSE 3 END"
_LOCK: Final = 0x6D796F64  # "myod"
# Looked at as it goes out, also for the second time: a version is withdrawn at once, whoever takes its offers back.
_MAY_GO: Final = """(c.verb <> 'apply_protocol' OR EXISTS (
    SELECT 1 FROM devices_protocoldocument p WHERE p.sha256 = c.args::jsonb ->> 'sha256'
    AND p.approved_at IS NOT NULL AND p.withdrawn_at IS NULL))"""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A command on its way to the broker."""

    id: UUID
    serial: str
    verb: str
    args: str
    requested_at: datetime
    expires_at: datetime
    device_id: int = 0
    proof_due_at: datetime | None = None

    @property
    def topic(self) -> str:
        return str(topics.Topic(self.serial, "command"))

    def payload(self) -> bytes:
        issued = to_ms(self.requested_at)
        return codec.encode(
            WireCommand(
                id=str(self.id),
                verb=Verb(self.verb),
                args=msgspec.Raw(self.args.encode()),
                issued=issued,
                ttl_ms=to_ms(self.expires_at) - issued,
            )
        )


def lock() -> bool:
    """Take the lock of the one dispatcher on this database connection; it ends with the connection."""
    return bool(sql.rows("SELECT pg_try_advisory_lock(%s)", [_LOCK])[0][0])


def ring() -> None:
    """Wake the dispatcher as soon as this transaction is committed."""
    sql.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def lease(now: datetime, *, most: int) -> list[Outgoing]:
    """Take commands that are to be published: stops first, then as they were asked for.

    A stop that nobody could publish in time to be proved is `unconfirmed`, and published all the same while it may be.
    """
    return _lease(
        """(c.state = %s OR (c.state = %s AND c.proof_due_at IS NOT NULL AND c.published_at IS NULL
            AND c.ack_boot IS NULL)) AND (c.leased_until IS NULL OR c.leased_until <= %s)""",
        [State.REQUESTED, State.UNCONFIRMED, now],
        now,
        most,
    )


def lease_again(device_ids: Collection[int], now: datetime, *, flying: Collection[UUID]) -> list[Outgoing]:
    """Take what these devices have neither answered nor let expire: they have just connected.

    What is on its way to the broker at this moment (`flying`) is not taken twice.
    """
    return _lease(
        """c.device_id = ANY(%s) AND c.acks = 0 AND c.state = ANY(%s) AND NOT c.id = ANY(%s)""",
        [list(device_ids), names(UNANSWERED | {State.UNCONFIRMED}), list(flying)],
        now,
        None,
    )


def _lease(which: str, params: list[Any], now: datetime, most: int | None) -> list[Outgoing]:
    """Take what is due; with a stop, note the session that is to end, as far as it is known."""
    rows = sql.rows(
        f"""WITH due AS (
            SELECT c.id, d.serial, s.session FROM control_command c
            JOIN devices_device d ON d.id = c.device_id LEFT JOIN devices_state s ON s.device_id = c.device_id
            WHERE {which} AND c.expires_at >= %s AND {_MAY_GO}
            ORDER BY {_FIRST}, c.requested_at, c.id LIMIT %s FOR UPDATE OF c SKIP LOCKED)
        UPDATE control_command c SET leased_until = %s, attempts = attempts + 1,
            evidence = CASE WHEN c.attempts = 0 AND due.session IS NOT NULL AND c.proof_due_at IS NOT NULL
                THEN c.evidence || jsonb_build_object('session', due.session) ELSE c.evidence END
        FROM due WHERE c.id = due.id
        RETURNING c.id, due.serial, c.verb, c.args, c.requested_at, c.expires_at, c.device_id, c.proof_due_at""",  # noqa: S608
        [*params, now + LEAST_LEFT, most, now + LEASE],
    )
    return sorted((Outgoing(*row) for row in rows), key=lambda one: (_rank(one.verb), one.requested_at))


def _rank(verb: str) -> int:
    return _HASTE.index(verb) if verb in _HASTE else len(_HASTE)


def release(ids: Collection[UUID] | None = None) -> None:
    """Give leases back, because what was on its way did not reach the broker; None: of a former life, all."""
    mine = Command.objects.filter(state__in=[State.REQUESTED, State.UNCONFIRMED], leased_until__isnull=False)
    (mine if ids is None else mine.filter(id__in=ids)).update(leased_until=None)


def record_published(taken: Mapping[UUID, datetime]) -> list[UUID]:
    """The broker has them, each since then; return which of them it did not have before.

    A device may have been quicker to answer than the broker, and time to conclude that there is no proof.  Without an
    answer a status proves only if it is later than this moment: so it is when the broker said so, not when we write.
    """
    rows = sql.rows(
        """WITH sent AS (
            SELECT c.id, taken.at FROM control_command c JOIN unnest(%s::uuid[], %s::timestamptz[]) taken (id, at)
            ON taken.id = c.id ORDER BY c.id FOR UPDATE OF c)
        UPDATE control_command c SET leased_until = NULL, published_at = coalesce(published_at, sent.at), rev = rev + 1,
            state = CASE WHEN state = ANY(%s) THEN %s ELSE state END FROM sent
        WHERE c.id = sent.id AND (c.published_at IS NULL OR c.leased_until IS NOT NULL) RETURNING c.id""",
        [list(taken), list(taken.values()), names(lifecycle.before(State.PUBLISHED)), State.PUBLISHED],
    )
    return [row[0] for row in rows]


def record_births(births: Iterable[tuple[int, int, int]], now: datetime) -> list[UUID]:
    """A birth is what a rebirth asks for: (device, boot, conn) of each; return what it answered."""
    return [
        one
        for device_id, boot, conn in births
        for one in _take(
            State.DONE,
            "device_id = %s AND verb = %s AND state = ANY(%s)",
            [device_id, Verb.REBIRTH, names(UNANSWERED)],
            now,
            {"status": {"boot": boot, "conn": conn, "at_ms": to_ms(now)}},
        )
    ]


def expire(now: datetime) -> list[UUID]:
    """Conclude from silence; return what is over.

    Of what can be proved, silence says nothing: without a proof it is `unconfirmed`.
    """
    return _take(State.EXPIRED, "expires_at <= %s AND proof_due_at IS NULL", [now], now, {})


def _take(state: State, which: str, params: list[Any], at: datetime, evidence: dict[str, Any]) -> list[UUID]:
    """Take the step to `state` where that is possible; return who took it."""
    rows = sql.rows(
        f"""WITH due AS (
            SELECT id FROM control_command WHERE {which} AND state = ANY(%s) ORDER BY id FOR UPDATE)
        UPDATE control_command c SET state = %s, {state.value}_at = coalesce({state.value}_at, %s),
            leased_until = NULL, evidence = evidence || %s::jsonb, rev = rev + 1
        WHERE c.id = ANY(ARRAY(SELECT id FROM due)) AND c.state = ANY(%s) RETURNING c.id""",  # noqa: S608
        [
            *params,
            names(lifecycle.before(state)),
            state,
            at,
            msgspec.json.encode(evidence).decode(),
            names(lifecycle.before(state)),
        ],
    )
    return [row[0] for row in rows]


def open_count() -> int:
    """Return how many commands wait for the broker, or for the device."""
    return Command.objects.filter(state__in=OPEN).count()
