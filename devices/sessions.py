"""One session as it can be told: what was planned, what was given, what happened, and what is not known.

The page and `GET sessions/<id>` read here, so that they say the same.  Who may see a session is not decided
here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.db import connection

from devices import documents, queries, state
from devices.acts import Change, Pause, Told, changes_of, pauses_of
from devices.dose import Dose, Message, Said, dose_of
from devices.gaps import Gap
from devices.models import Change as StatusChange
from devices.models import Event as StoredEvent
from devices.models import Ledger, Session
from devices.plan import Plan, TooLong, plan_of
from devices.verdict import Verdict, verdict_of
from devices.wire import codec
from devices.wire.errors import WireError
from devices.wire.messages import Event, ProtocolDocument

MAX_MESSAGES: Final = 86_400  # a day of samples; of a longer session the first day is counted, and it says so
_MARGIN = timedelta(minutes=1)  # records at the ends may be placed a little before and after them
_UNKNOWN_START = timedelta(days=1)  # how far back to look where the start was never told
_FETCH: Final = 600


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is known of one session at `now`."""

    session: Session
    now: datetime
    document: ProtocolDocument | None
    plan: Plan | None  # None: no document is kept, or it is too long to draw
    is_too_long: bool
    dose: Dose
    verdict: Verdict
    elapsed_ms: int | None  # pauses excluded
    pauses: tuple[Pause, ...]
    changes: tuple[Change, ...]
    events: tuple[Told, ...]
    gaps: tuple[Gap, ...]
    reconnects: int
    is_open: bool  # its end was not told
    is_live: bool  # the device says that it is in it
    as_of: datetime  # when its newest record was
    gone: int  # telemetry messages that were deleted by their age
    is_cut: bool  # only MAX_MESSAGES were counted


def report(session: Session, now: datetime) -> Report:
    """Return the report.  The session comes with `device__site` and `device__live` selected."""
    document = documents.find(session.protocol_sha256)
    plan, is_too_long = _planned(document)
    dose = dose_of(messages(session), plan)
    told = events(session)
    is_open = session.ended_at is None
    is_cut = dose.messages + dose.disputed >= MAX_MESSAGES
    gone = 0 if is_cut else deleted(session, stored=dose.messages)
    elapsed_ms = session.elapsed_ms if session.elapsed_ms is not None else dose.last_elapsed_ms or None
    ended_ms = None if session.ended_at is None else state.to_ms(session.ended_at)
    return Report(
        session=session,
        now=now,
        document=document,
        plan=plan,
        is_too_long=is_too_long,
        dose=dose,
        verdict=verdict_of(
            plan, dose, elapsed_ms=elapsed_ms or 0, is_open=is_open, is_partly_gone=gone > 0 or is_cut
        ),
        elapsed_ms=elapsed_ms,
        pauses=pauses_of(told, ended_ms=ended_ms),
        changes=changes_of(told),
        events=told,
        gaps=tuple(queries.session_gaps([session], now)[0]),
        reconnects=reconnects(session),
        is_open=is_open,
        is_live=is_open and queries.is_in(session),
        as_of=max(session.last_at, state.from_ms(dose.last_placed_ms or 0)),
        gone=gone,
        is_cut=is_cut,
    )


def plan_for(session: Session) -> Plan | None:
    """Return what its protocol document plans; None if no document is kept, or it is too long to draw."""
    return _planned(documents.find(session.protocol_sha256))[0]


def _planned(document: ProtocolDocument | None) -> tuple[Plan | None, bool]:
    """Return the plan, and whether the document is too long to have one."""
    try:
        return (plan_of(document) if document else None), False
    except TooLong:
        return None, True


def span(session: Session) -> tuple[datetime, datetime]:
    """Return between which moments the session's records are placed."""
    low = session.started_at or session.last_at - _UNKNOWN_START
    return low - _MARGIN, max(session.ended_at or session.last_at, session.last_at) + _MARGIN


# The session's stretch of time is found first, whatever the planner thinks of sorting by the other index.
_MESSAGES = """
WITH said AS MATERIALIZED (
    SELECT placed_at, boot, seq, up_ms, late, disputed, body FROM devices_telemetry
    WHERE device_id = %s AND placed_at >= %s AND placed_at < %s AND session = %s
)
SELECT * FROM said ORDER BY boot, seq LIMIT %s
"""

_KEPT = """
SELECT count(*) FROM devices_telemetry
WHERE device_id = %s AND placed_at >= %s AND placed_at < %s AND session = %s AND NOT disputed
"""


def messages(session: Session) -> Iterator[Message]:
    """Yield the session's telemetry in order, the first MAX_MESSAGES of it."""
    return messages_between(session, *span(session))


def messages_between(session: Session, low: datetime, high: datetime) -> Iterator[Message]:
    """Yield the session's telemetry placed in low…high (without high), in order, at most MAX_MESSAGES."""
    decode = msgspec.json.Decoder(Said).decode
    with connection.chunked_cursor() as cursor:
        cursor.execute(_MESSAGES, [session.device_id, low, high, session.session, MAX_MESSAGES])
        while rows := cursor.fetchmany(_FETCH):
            for placed_at, boot, seq, up_ms, late, disputed, body in rows:
                yield Message(state.to_ms(placed_at), boot, seq, up_ms, late, disputed, decode(body))


def deleted(session: Session, *, stored: int) -> int:
    """Return how many messages of the session were deleted by their age, where `stored` are left."""
    missing = session.messages - stored
    if missing <= 0:
        return 0
    was_pruned = Ledger.objects.filter(
        device_id=session.device_id, boot=session.boot, pruned_to__gt=0
    ).exists()
    return missing if was_pruned else 0


def kept(session: Session) -> int:
    """Return how many of the session's telemetry messages are still stored; disputed ones do not count."""
    low, high = span(session)
    with connection.cursor() as cursor:
        cursor.execute(_KEPT, [session.device_id, low, high, session.session])
        return int(cursor.fetchone()[0])


def events(session: Session) -> tuple[Told, ...]:
    """Return the session's events, oldest first."""
    low, high = span(session)
    rows = StoredEvent.objects.filter(
        device_id=session.device_id, session=session.session, placed_at__gte=low, placed_at__lte=high
    ).order_by("placed_at", "boot", "seq")
    told = []
    for row in rows:
        try:
            event = codec.decode("event", bytes(row.body))
        except WireError:
            continue  # an older version of the contract let it in
        if isinstance(event, Event):
            told.append(Told(state.to_ms(row.placed_at), row.late, row.disputed, event, bytes(row.body)))
    return tuple(told)


def reconnects(session: Session) -> int:
    """Return how often the device came back to the broker within the session."""
    low, high = session.started_at, session.ended_at or session.last_at
    if low is None:
        return 0
    seen = (
        StatusChange.objects.filter(device_id=session.device_id, placed_at__gte=low, placed_at__lte=high)
        .exclude(conn=None)
        .order_by()
        .values("boot", "conn")
        .distinct()
        .count()
    )
    return max(0, seen - 1)
