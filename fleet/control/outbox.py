"""The outbox: which commands are to be published, and what is known of those that were.

Every step is one statement that compares the state before it writes, so that dispatch, the web and ingest may
take steps at once.  What is leased was committed as leased before it is published: a dispatcher that dies in
between leaves it `requested`, and the next one publishes it again under the same id, which a device carries
out at most once.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from devices.state import from_ms, to_ms
from devices.store import sql
from devices.wire import codec, topics
from devices.wire.messages import Ack
from devices.wire.messages import Command as WireCommand
from devices.wire.words import Verb
from fleet.control import lifecycle
from fleet.control.lifecycle import LEAST_LEFT, OPEN, UNANSWERED, State
from fleet.control.models import Command

CHANNEL: Final = "control_command"
LEASE: Final = timedelta(seconds=5)
_LOCK: Final = 0x6D796F64  # "myod"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A command on its way to the broker."""

    id: UUID
    serial: str
    verb: str
    args: str
    requested_at: datetime
    expires_at: datetime

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


@dataclass(frozen=True, slots=True)
class Answer:
    """An ack, and which device it came from."""

    device_id: int
    ack: Ack
    arrival_ms: int


def lock() -> bool:
    """Take the lock of the one dispatcher on this database connection; it ends with the connection."""
    return bool(sql.rows("SELECT pg_try_advisory_lock(%s)", [_LOCK])[0][0])


def ring() -> None:
    """Wake the dispatcher as soon as this transaction is committed."""
    sql.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def lease(now: datetime, *, most: int) -> list[Outgoing]:
    """Take commands that are to be published: stops first, then as they were asked for."""
    return _lease("c.state = %s AND (c.leased_until IS NULL OR c.leased_until <= %s)",
                  [State.REQUESTED, now], now, most)  # fmt: skip


def lease_again(device_ids: Collection[int], now: datetime, *, flying: Collection[UUID]) -> list[Outgoing]:
    """Take what these devices have neither answered nor let expire: they have just connected.

    What is on its way to the broker at this moment (`flying`) is not taken twice.
    """
    return _lease(
        "c.device_id = ANY(%s) AND c.state = ANY(%s) AND NOT c.id = ANY(%s)",
        [list(device_ids), _values(UNANSWERED), list(flying)],
        now,
        None,
    )


def _lease(which: str, params: list[Any], now: datetime, most: int | None) -> list[Outgoing]:
    rows = sql.rows(
        f"""WITH due AS (
            SELECT c.id, d.serial FROM control_command c JOIN devices_device d ON d.id = c.device_id
            WHERE {which} AND c.expires_at >= %s
            ORDER BY c.verb <> 'stop', c.requested_at, c.id LIMIT %s FOR UPDATE OF c SKIP LOCKED)
        UPDATE control_command c SET leased_until = %s, attempts = attempts + 1 FROM due WHERE c.id = due.id
        RETURNING c.id, due.serial, c.verb, c.args, c.requested_at, c.expires_at""",  # noqa: S608
        [*params, now + LEAST_LEFT, most, now + LEASE],
    )
    return sorted((Outgoing(*row) for row in rows), key=lambda one: (one.verb != "stop", one.requested_at))


def release(ids: Collection[UUID] | None = None) -> None:
    """Give leases back, because what was on its way did not reach the broker; None: of a former life, all."""
    mine = Command.objects.filter(state=State.REQUESTED, leased_until__isnull=False)
    (mine if ids is None else mine.filter(id__in=ids)).update(leased_until=None)


def record_published(ids: Collection[UUID], now: datetime) -> None:
    """The broker has them.  A device may have been quicker to answer than the broker."""
    sql.execute(
        """UPDATE control_command SET published_at = coalesce(published_at, %s), leased_until = NULL,
            state = CASE WHEN state = ANY(%s) THEN %s ELSE state END WHERE id = ANY(%s)""",
        [now, _values(lifecycle.before(State.PUBLISHED)), State.PUBLISHED, list(ids)],
    )


def record_answers(answers: Sequence[Answer]) -> int:
    """Take in what devices answered, in the order it came; return how many moved a command."""
    return sum(
        _take(
            lifecycle.answered(one.ack),
            "id = %s AND device_id = %s",
            [UUID(one.ack.id), one.device_id],
            from_ms(one.arrival_ms),
            {"ack": {**msgspec.to_builtins(one.ack), "at_ms": one.arrival_ms}},
        )
        for one in answers
    )


def record_births(births: Iterable[tuple[int, int, int]], now: datetime) -> int:
    """A birth is what a rebirth asks for: (device, boot, conn) of each; return how many it answered."""
    return sum(
        _take(
            State.DONE,
            "device_id = %s AND verb = %s AND state = ANY(%s)",
            [device_id, Verb.REBIRTH, _values(UNANSWERED)],
            now,
            {"status": {"boot": boot, "conn": conn, "at_ms": to_ms(now)}},
        )
        for device_id, boot, conn in births
    )


def expire(now: datetime) -> int:
    """Conclude from silence; return how many commands are over."""
    return _take(State.EXPIRED, "expires_at <= %s", [now], now, {})


def _take(state: State, which: str, params: list[Any], at: datetime, evidence: dict[str, Any]) -> int:
    """Take the step to `state` where that is possible; return how many took it."""
    return sql.execute(
        f"""UPDATE control_command SET state = %s, {state.value}_at = coalesce({state.value}_at, %s),
            leased_until = NULL, evidence = evidence || %s::jsonb
        WHERE {which} AND state = ANY(%s)""",  # noqa: S608
        [
            state,
            at,
            msgspec.json.encode(evidence).decode(),
            *params,
            _values(lifecycle.before(state)),
        ],
    )


def open_count() -> int:
    """Return how many commands wait for the broker, or for the device."""
    return Command.objects.filter(state__in=OPEN).count()


def _values(states: Iterable[State]) -> list[str]:
    return sorted(state.value for state in states)
