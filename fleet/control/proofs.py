"""Proofs between rows and `proof.Case`.

Whoever weighs evidence locks the rows first, in the order of their ids, as everybody who holds more than one does.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db.models import Q

from devices.moments import from_ms, to_ms
from devices.store import sql
from devices.wire.commands import ARGS, Args
from devices.wire.words import Verb
from fleet.control import proof
from fleet.control.lifecycle import ALARMING, EASING, PROVABLE, WAITING, State, names
from fleet.control.models import Command
from fleet.control.proof import Answered, Case, Evidence, Point

PROVABLE_FOR: Final = timedelta(days=7)
REFUTABLE_FOR: Final = timedelta(seconds=60)
"""So long a proved stop is still held against what its device says; the live view tells of what comes after."""

_STEPS: Final = ("published", "received", "done", "refused", "expired", "confirmed", "unconfirmed", "refuted")
_POINTS: Final = ("proof", "refuted", "flowing", "calm")
_EMPTY: Final = msgspec.json.encode({}).decode()


@dataclass(frozen=True, slots=True)
class Awaited:
    """A command that evidence may still move; `due_at`: unconfirmed by then, None: it is so already, or proved."""

    id: UUID
    device_id: int
    due_at: datetime | None


def awaited(now: datetime) -> list[Awaited]:
    """Return what may still be proved or refuted: few.

    What never left and is over cannot be proved by anything; that it is unconfirmed has yet to be concluded.
    """
    rows = sql.rows(
        """SELECT id, device_id, CASE WHEN state = %s THEN NULL ELSE proof_due_at END FROM control_command
           WHERE proof_due_at IS NOT NULL AND state = ANY(%s) AND requested_at > %s
             AND (state <> %s OR published_at IS NOT NULL OR ack_boot IS NOT NULL OR expires_at > %s)
           UNION ALL
           SELECT id, device_id, NULL FROM control_command
           WHERE state = %s AND verb = ANY(%s) AND confirmed_at > %s""",
        [
            State.UNCONFIRMED,
            names(PROVABLE),
            now - PROVABLE_FOR,
            State.UNCONFIRMED,
            now,
            State.CONFIRMED,
            names(ALARMING),
            now - REFUTABLE_FOR,
        ],
    )
    return [Awaited(*row) for row in rows]


def asked_of_samples(now: datetime) -> frozenset[int]:
    """Return the devices of whose samples something may follow: current after a stop or pause, or less of it.

    Of a stop that is unconfirmed and not even answered, no sample says more.
    """
    rows = sql.rows(
        """SELECT device_id FROM control_command
           WHERE proof_due_at IS NOT NULL AND state = ANY(%s) AND requested_at > %s AND verb = ANY(%s)
             AND (state <> %s OR done_at IS NOT NULL OR verb = %s)
           UNION ALL
           SELECT device_id FROM control_command
           WHERE state = %s AND verb = ANY(%s) AND confirmed_at > %s""",
        [
            names(PROVABLE),
            now - PROVABLE_FOR,
            names(EASING),
            State.UNCONFIRMED,
            Verb.LOWER,
            State.CONFIRMED,
            names(ALARMING),
            now - REFUTABLE_FOR,
        ],
    )
    return frozenset(row[0] for row in rows)


def lock(ids: Collection[UUID], device_ids: Collection[int], now: datetime) -> list[Command]:
    """Return these commands, and what of these devices may still be proved or refuted, locked, by id.

    Inside the caller's transaction.
    """
    if not (ids or device_ids):
        return []
    of_devices = Q(device_id__in=list(device_ids), proof_due_at__isnull=False) & (
        Q(state__in=names(PROVABLE), requested_at__gt=now - PROVABLE_FOR)
        | Q(state=State.CONFIRMED, verb__in=names(ALARMING), confirmed_at__gt=now - REFUTABLE_FOR)
    )
    which = Q(pk__in=list(ids)) | of_devices
    return list(Command.objects.filter(which).select_for_update().order_by("pk"))


def in_conflict(device_ids: Iterable[int]) -> frozenset[int]:
    """Return under which of these serials two devices speak: what either says proves nothing."""
    ids = list(device_ids)
    if not ids:
        return frozenset()
    rows = sql.rows(
        "SELECT device_id FROM devices_state WHERE device_id = ANY(%s) AND link = 'conflict'", [ids]
    )
    return frozenset(row[0] for row in rows)


def weigh(pieces: Sequence[tuple[int, Evidence]], now: datetime) -> list[tuple[Command, Case]]:
    """Weigh what these devices answered and showed, in the order it came, and write down what it changed.

    Inside the caller's transaction.  An answer is about the command that it names, and only its own device's counts;
    everything else is about all that was asked of its device.

    Args:
        pieces: (device, what it said) of each.

    Returns:
        Each command that it changed: the row as it was, and what is known of it now.
    """
    answers = {UUID(one.ack.id) for _device, one in pieces if isinstance(one, Answered)}
    shown = {device_id for device_id, one in pieces if not isinstance(one, Answered)}
    commands = lock(answers, shown, now)
    if not commands:
        return []
    disputed = in_conflict({one.device_id for one in commands})
    by_device: dict[int, list[Command]] = {}
    for command in commands:
        by_device.setdefault(command.device_id, []).append(command)
    before = {command.pk: case_of(command) for command in commands}
    cases = dict(before)
    for device_id, piece in pieces:
        one = _disputed(piece) if device_id in disputed else piece
        for command in by_device.get(device_id, ()):
            if not isinstance(one, Answered) or UUID(one.ack.id) == command.pk:
                cases[command.pk] = proof.weigh(cases[command.pk], one)
    moved = [(one, cases[one.pk]) for one in commands if cases[one.pk] != before[one.pk]]
    write(moved)
    return moved


def case_of(command: Command) -> Case:
    """Return the row as the proof knows it."""
    verb, known = Verb(command.verb), command.evidence
    act = None
    if command.ack_boot is not None and command.ack_up_ms is not None:
        act = Point(command.ack_boot, command.ack_up_ms)
    times: dict[str, Any] = {f"{step}_ms": _ms(getattr(command, f"{step}_at")) for step in _STEPS}
    points: dict[str, Any] = {name: _point(known.get(name)) for name in _POINTS}
    return Case(
        verb=verb,
        args=_args(verb, command.args),
        state=State(command.state),
        session=known.get("session"),
        acks=command.acks,
        act=act,
        known=known,
        **times,
        **points,
    )


def write(moved: Sequence[tuple[Command, Case]]) -> None:
    """Write what evidence has changed of these locked rows.

    One that comes to be unconfirmed is to be told to people anew, whatever was told before.
    """
    if not moved:
        return
    times = ", ".join(f"{step}_at = %s" for step in _STEPS)
    rows = [
        [
            case.state,
            *(None if at is None else from_ms(at) for at in (getattr(case, f"{step}_ms") for step in _STEPS)),
            case.acks,
            None if case.act is None else case.act.boot,
            None if case.act is None else case.act.up_ms,
            msgspec.json.encode(case.notes).decode() if case.notes else _EMPTY,
            case.state is State.REQUESTED,
            _comes_to_be_unconfirmed(command, case),
            _comes_to_be_unconfirmed(command, case),
            command.pk,
        ]
        for command, case in moved
    ]
    sql.execute_many(
        f"""UPDATE control_command SET state = %s, {times}, acks = %s, ack_boot = %s, ack_up_ms = %s,
            evidence = evidence || %s::jsonb, rev = rev + 1,
            leased_until = CASE WHEN %s THEN leased_until END,
            alerted_at = CASE WHEN %s THEN NULL ELSE alerted_at END,
            eased_at = CASE WHEN %s THEN NULL ELSE eased_at END
            WHERE id = %s""",  # noqa: S608  our own columns
        rows,
    )


def overdue(now: datetime, *, due_by: datetime | None = None) -> list[UUID]:
    """Let what has no proof in time be unconfirmed; return it.  An answer alone is no proof.

    Args:
        due_by: Leave what was due later than this to whoever else sees to it.
    """
    return [
        row[0]
        for row in sql.rows(
            """WITH due AS (
                SELECT id FROM control_command
                WHERE proof_due_at <= %s AND state = ANY(%s) ORDER BY id FOR UPDATE SKIP LOCKED)
            UPDATE control_command c SET state = %s, unconfirmed_at = %s, rev = rev + 1,
                alerted_at = NULL, eased_at = NULL
            WHERE c.id = ANY(ARRAY(SELECT id FROM due)) RETURNING c.id""",
            [due_by or now, names(WAITING), State.UNCONFIRMED, now],
        )
    ]


def is_alarming(commands: Iterable[tuple[Command, Case]]) -> bool:
    """Whether people have to hear of one of these changes."""
    return any(case.verb in ALARMING and case.state != command.state for command, case in commands)


def _disputed(piece: Evidence) -> Evidence:
    return piece if isinstance(piece, Answered) else piece._replace(is_disputed=True)


def _comes_to_be_unconfirmed(command: Command, case: Case) -> bool:
    return case.state is State.UNCONFIRMED and command.state != State.UNCONFIRMED


def _args(verb: Verb, text: str) -> Args:
    """What cannot be read proves nothing; `fleet.control.guard` let nothing of the kind in."""
    try:
        return msgspec.json.decode(text, type=ARGS[verb])
    except msgspec.DecodeError:
        return Args()


def _point(note: Any) -> Point | None:
    return Point(note["boot"], note["up_ms"]) if isinstance(note, dict) else None


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else to_ms(moment)
