"""Live states: rows in memory and back, compared before each write."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from devices.identity import Life
from devices.models import State
from devices.state import LiveState, to_ms
from devices.store import apart, sql


class Raced(Exception):
    """Another process wrote a live state in between: read it again and work the batch out anew."""


_COLUMNS = (
    "device_id, rev, link, heard_at, silent_after, will_at, boot, conn, up_ms, skew_ms, state, output, session,"
    " soc, mv, charging, temp_c, status, status_at, telemetry, telemetry_at, lives::text, planned_ms, planned_for,"
    " worst_alert::text"
)
_TIMES = (3, 4, 5, 18, 20)
_LIVES = msgspec.json.Decoder(list[Life])


def load(device_ids: Iterable[int]) -> dict[int, LiveState]:
    """Return the live state of each device; one that has none gets its row."""
    ids = sql.numbers(device_ids)
    sql.execute(
        "INSERT INTO devices_state (device_id) SELECT unnest(%s::bigint[]) ON CONFLICT DO NOTHING", [ids]
    )
    found = sql.rows(f"SELECT {_COLUMNS} FROM devices_state WHERE device_id = ANY(%s::bigint[])", [ids])
    return {row[0]: _live(list(row)) for row in found}


def _live(row: list[Any]) -> LiveState:
    for at in _TIMES:
        row[at] = None if row[at] is None else to_ms(row[at])
    for at in (17, 19):
        row[at] = None if row[at] is None else bytes(row[at])
    row[21] = _LIVES.decode(row[21])
    row[24] = None if row[24] is None else msgspec.json.decode(row[24])
    return LiveState(*row).decode()


def live_of(row: State | None, device_id: int = 0) -> LiveState:
    """Return the live state of a model row, decoded; an empty one for a device that has none."""
    if row is None:
        return LiveState(device_id)
    return LiveState(
        row.device_id,
        row.rev,
        row.link,
        None if row.heard_at is None else to_ms(row.heard_at),
        None if row.silent_after is None else to_ms(row.silent_after),
        None if row.will_at is None else to_ms(row.will_at),
        row.boot,
        row.conn,
        row.up_ms,
        row.skew_ms,
        row.state,
        row.output,
        row.session,
        row.soc,
        row.mv,
        row.charging,
        row.temp_c,
        None if row.status is None else bytes(row.status),
        None if row.status_at is None else to_ms(row.status_at),
        None if row.telemetry is None else bytes(row.telemetry),
        None if row.telemetry_at is None else to_ms(row.telemetry_at),
        planned_ms=row.planned_ms,
        planned_for=row.planned_for,
        worst_alert=row.worst_alert,
    ).decode()


# Telemetry moves few columns, a status many: two statements, so that the common one stays short.
_MOVES = f"""
    UPDATE devices_state s SET rev = s.rev + 1, link = v.link, heard_at = {sql.MS.format("v.heard")},
        silent_after = {sql.MS.format("v.silent")}, will_at = {sql.MS.format("v.will")}, boot = v.boot,
        conn = v.conn, up_ms = v.up_ms, skew_ms = v.skew, session = v.session, soc = v.soc, mv = v.mv,
        temp_c = v.temp, telemetry = v.telemetry, telemetry_at = {sql.MS.format("v.telemetry_at")}
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::float8[], %s::int[], %s::float8[], %s::bytea[],
        %s::bigint[])
        AS v(id, rev, link, heard, silent, will, boot, conn, up_ms, skew, session, soc, mv, temp, telemetry,
        telemetry_at)
    WHERE s.device_id = v.id AND s.rev = v.rev"""

_SAYS = f"""
    UPDATE devices_state s SET state = v.state, output = v.output, charging = v.charging, status = v.status,
        status_at = {sql.MS.format("v.status_at")}, lives = v.lives, planned_ms = v.planned_ms,
        planned_for = v.planned_for, worst_alert = v.worst_alert
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bool[], %s::bytea[], %s::bigint[], %s::jsonb[],
        %s::bigint[], %s::text[], %s::jsonb[])
        AS v(id, state, output, charging, status, status_at, lives, planned_ms, planned_for, worst_alert)
    WHERE s.device_id = v.id"""


def write(pairs: Sequence[tuple[LiveState, LiveState]]) -> None:
    """Write (as it was, as it is now) for each device.  Raises Raced if another process was there first."""
    if not pairs:
        return
    lives = sorted((new for _old, new in pairs), key=lambda live: live.device_id)
    revs = {old.device_id: old.rev for old, _new in pairs}
    if apart.execute(_MOVES, _moves(lives, revs)) != len(lives):
        raise Raced
    said = [new for old, new in pairs if _says_more(old, new)]
    if said:
        apart.execute(_SAYS, _says(said))


def _says_more(old: LiveState, new: LiveState) -> bool:
    return (
        old.status_body is not new.status_body
        or old.lives is not new.lives
        or (old.state, old.output, old.charging) != (new.state, new.output, new.charging)
        or old.planned_for != new.planned_for
        or old.worst_alert is not new.worst_alert
    )


def _moves(lives: list[LiveState], revs: dict[int, int]) -> list[Any]:
    return [
        sql.numbers(live.device_id for live in lives),
        sql.numbers(revs[live.device_id] for live in lives),
        sql.texts(live.link for live in lives),
        sql.numbers(live.heard_ms for live in lives),
        sql.numbers(live.silent_after_ms for live in lives),
        sql.numbers(live.will_ms for live in lives),
        sql.numbers(live.boot for live in lives),
        sql.numbers(live.conn for live in lives),
        sql.numbers(live.up_ms for live in lives),
        sql.numbers(live.skew_ms for live in lives),
        sql.texts(live.session for live in lives),
        sql.numbers(live.soc for live in lives),
        sql.numbers(live.mv for live in lives),
        sql.numbers(live.temp_c for live in lives),
        apart.octets(live.telemetry_body for live in lives),
        sql.numbers(live.telemetry_ms for live in lives),
    ]


def _says(lives: list[LiveState]) -> list[Any]:
    return [
        sql.numbers(live.device_id for live in lives),
        sql.texts(live.state for live in lives),
        sql.texts(live.output for live in lives),
        sql.flags(live.charging for live in lives),
        apart.octets(live.status_body for live in lives),
        sql.numbers(live.status_ms for live in lives),
        sql.texts(msgspec.json.encode(live.lives).decode() for live in lives),
        sql.numbers(live.planned_ms for live in lives),
        sql.texts(live.planned_for for live in lives),
        sql.texts(
            None if live.worst_alert is None else msgspec.json.encode(live.worst_alert).decode()
            for live in lives
        ),
    ]
