"""A rollout between its rows and `scene.State`.

Everything here is part of the caller's transaction, which holds the rollout's row locked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from devices.moments import from_ms, to_ms
from devices.store import sql
from fleet.rollouts import models, plan
from fleet.rollouts.kept import Kept
from fleet.rollouts.plan import Plan
from fleet.rollouts.scene import NOTHING, Action, Kind, State, Target, Wave
from fleet.rollouts.states import Direction, RolloutState, TargetState

PACE_WINDOW: Final = timedelta(seconds=60)
_BATCH: Final = 2_000

_MS: Final = "floor(extract(epoch FROM t.{}) * 1000)::bigint"
_COLUMNS: Final = f"""d.serial, t.wave, t.place, t.want_sha256, {_MS.format("joined_at")}, site.time_zone, t.state,
    t.direction, t.reason, t.facts::text, t.before::text, t.changed, t.attempts, t.offers, t.command::text,
    t.withdrawal::text, t.session, {_MS.format("offered_at")}, {_MS.format("held_since")}, t.held_ms,
    {_MS.format("claimed_at")}, {_MS.format("verified_at")}, {_MS.format("settled_at")}, t.id, t.device_id"""
_FROM: Final = """FROM rollouts_target t JOIN devices_device d ON d.id = t.device_id
    JOIN access_site site ON site.id = d.site_id"""
_ORDER: Final = "ORDER BY t.wave, t.place"
_VERSION: Final = "concat(t.xmin, t.ctid, site.time_zone, d.serial)"
_WRITTEN: Final = (
    "state",
    "direction",
    "reason",
    "facts",
    "want_sha256",
    "before",
    "changed",
    "attempts",
    "offers",
    "command",
    "withdrawal",
    "session",
    "offered_at",
    "held_since",
    "held_ms",
    "claimed_at",
    "verified_at",
    "settled_at",
)


_STATES: Final = {one.value: one for one in TargetState}
_DIRECTIONS: Final = {one.value: one for one in Direction}
_KEPT: Final = Kept[int, tuple[Target, int, int]]()


@dataclass(slots=True)
class Loaded:
    """A rollout as it was read, with the keys of its rows by serial."""

    row: models.Rollout
    state: State
    target_ids: dict[str, int]
    device_ids: dict[str, int]


def plan_fields(row: models.Rollout) -> dict[str, Any]:
    """Return how a rollout is to go on, in the words of the API."""
    return {
        "waves": row.waves_spec,
        "success_threshold": row.success_threshold,
        "failure_threshold": row.failure_threshold,
        "failure_count": row.failure_count,
        "min_evaluated": row.min_evaluated,
        "deadline_s": row.deadline_s,
        "soak_s": row.soak_s,
        "pace_per_minute": row.pace_per_minute,
        "retries": row.retries,
        "advance": row.advance,
        "start_at": None if row.start_at is None else row.start_at.isoformat(),
        "window": row.window,
    }


def plan_of(row: models.Rollout) -> Plan:
    """Return the plan of a rollout.  Raises plan.Unusable where its row holds none: nothing may run on it then."""
    return plan.read(plan_fields(row))


def _plan_if_any(row: models.Rollout) -> Plan:
    try:
        return plan_of(row)
    except plan.Unusable:
        return plan.NONE


def load(row: models.Rollout, now: datetime, *, goes_on: bool = True) -> Loaded:
    """Read all of a rollout's rows.

    Args:
        goes_on: Whether it is to go on by its plan; else one without a plan can be read, too: it has to be ended.

    Raises:
        plan.Unusable: As `plan_of`.
    """
    versions = sql.rows(f"SELECT t.id, {_VERSION} {_FROM} WHERE t.rollout_id = %s {_ORDER}", [row.pk])
    found = _KEPT.through(versions, _anew).values()
    targets = {one[0].serial: one[0] for one in found}
    waves = tuple(_wave(one) for one in models.Wave.objects.filter(rollout=row).order_by("number"))
    recent = models.Decision.objects.filter(rollout=row, kind=Kind.OFFERED, at__gt=now - PACE_WINDOW)
    state = State(
        rollout=str(row.pk),
        plan=plan_of(row) if goes_on else _plan_if_any(row),
        sha256=row.version.sha256,
        state=RolloutState(row.state),
        targets=targets,
        waves=waves,
        reason=row.reason,
        facts=row.facts,
        wave=row.wave,
        started_ms=_ms(row.started_at),
        ended_ms=_ms(row.ended_at),
        recent_ms=tuple(sorted(to_ms(at) for at in recent.order_by().values_list("at", flat=True))),
    )
    return Loaded(
        row, state, {one.serial: id_ for one, id_, _ in found}, {one.serial: id_ for one, _, id_ in found}
    )


def _anew(ids: list[int]) -> Iterable[tuple[int, str, tuple[Target, int, int]]]:
    found = sql.rows(
        f"SELECT {_COLUMNS}, {_VERSION} {_FROM} WHERE t.id = ANY(%s::bigint[])", [sql.numbers(ids)]
    )
    return ((one[23], one[25], (_target(one), one[23], one[24])) for one in found)


def save(
    loaded: Loaded, after: State, actions: Sequence[Action], now: datetime, *, actor_name: str = ""
) -> None:
    """Write what was decided, and the rows after it.

    `loaded` is then as the rows are.  Devices that joined need an entry in `loaded.device_ids`.
    """
    before, row = loaded.state, loaded.row
    if not actions and after is before:
        return
    _save_waves(row, before.waves, after.waves, actor_name)
    _join(loaded, after)
    _save_targets(loaded, [one for key, one in after.targets.items() if one is not before.targets.get(key)])
    _write_down(loaded, actions, now, actor_name)
    row.state, row.reason, row.facts = after.state.value, after.reason, dict(after.facts)
    row.wave, row.started_at, row.ended_at = after.wave, _at(after.started_ms), _at(after.ended_ms)
    row.decisions_made += len(actions)
    row.rev += 1
    row.save(
        update_fields=[
            "state", "reason", "facts", "wave", "started_at", "ended_at", "decisions_made", "rev",
        ]
    )  # fmt: skip
    loaded.state = after


def found(loaded: Loaded, first: State) -> None:
    """Write the rows of a rollout that is about to be started: its devices and waves, of which nothing is decided."""
    _save_waves(loaded.row, (), first.waves, "")
    _join(loaded, first)
    loaded.state = first


def _save_waves(row: models.Rollout, before: Iterable[Wave], after: Iterable[Wave], actor_name: str) -> None:
    known = {one.number: one for one in before}
    for wave in after:
        old = known.get(wave.number)
        if wave is old or wave == old:
            continue
        told: dict[str, Any] = {
            "opened_at": _at(wave.opened_ms),
            "over_at": _at(wave.over_ms),
            "passed_at": _at(wave.passed_ms),
            "waived_at": _at(wave.waived_ms),
        }
        if wave.waived_ms is not None and (old is None or old.waived_ms != wave.waived_ms):
            told["waived_by"] = actor_name
        models.Wave.objects.update_or_create(rollout=row, number=wave.number, defaults=told)


def _join(loaded: Loaded, after: State) -> None:
    new = [one for serial, one in after.targets.items() if serial not in loaded.target_ids]
    if not new:
        return
    made = [
        models.Target(
            rollout=loaded.row,
            device_id=loaded.device_ids[one.serial],
            wave=one.wave,
            place=one.place,
            joined_at=from_ms(one.joined_ms),
            **_values(one),
        )
        for one in new
    ]
    models.Target.objects.bulk_create(made, batch_size=_BATCH)
    loaded.target_ids |= {one.serial: row.pk for one, row in zip(new, made, strict=True)}


def _save_targets(loaded: Loaded, changed: Sequence[Target]) -> None:
    """By id, so that two who write many rows of targets wait for each other instead of locking each other out."""
    old = [one for one in changed if one.serial in loaded.state.targets]
    if not old:
        return
    names = ", ".join(f"{name} = v.{name}" for name in (*_WRITTEN, "wave", "place"))
    values = sorted((_row(loaded.target_ids[one.serial], one) for one in old), key=lambda one: one[0])
    columns = [_array(column) for column in zip(*values, strict=True)]
    sql.execute(
        f"""UPDATE rollouts_target t SET {names}, rev = t.rev + 1
        FROM (SELECT u.id, u.state, u.direction, u.reason, u.facts::jsonb AS facts, u.want_sha256,
            u.before::jsonb AS before, u.changed, u.attempts, u.offers, u.command, u.withdrawal, u.session,
            u.offered_at, u.held_since, u.held_ms, u.claimed_at, u.verified_at, u.settled_at, u.wave, u.place
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::bool[], %s::int[], %s::int[], %s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[],
            %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::int[], %s::int[])
            AS u(id, state, direction, reason, facts, want_sha256, before, changed, attempts, offers, command,
            withdrawal, session, offered_at, held_since, held_ms, claimed_at, verified_at, settled_at, wave, place)) v
        WHERE t.id = v.id""",  # noqa: S608  our own words
        columns,
    )


def _array(values: Sequence[Any]) -> str:
    """Return an array literal of values of one kind; None is NULL."""
    sample = next((one for one in values if one is not None), None)
    if isinstance(sample, bool):
        return sql.flags(values)
    if isinstance(sample, int):
        return sql.numbers(values)
    if isinstance(sample, datetime):
        return sql.texts(None if one is None else one.isoformat() for one in values)
    return sql.texts(values)


def _row(id_: int, one: Target) -> list[Any]:
    values = _values(one)
    values["facts"], values["before"] = _json(one.facts), None if one.before is None else _json(one.before)
    return [id_, *(values[name] for name in _WRITTEN), one.wave, one.place]


def _values(one: Target) -> dict[str, Any]:
    """Return the columns `_WRITTEN` of a target."""
    return {
        "state": one.state.value,
        "direction": one.direction.value,
        "reason": one.reason,
        "facts": dict(one.facts),
        "want_sha256": one.want_sha256,
        "before": None if one.before is None else dict(one.before),
        "changed": one.changed,
        "attempts": one.attempts,
        "offers": one.offers,
        "command": one.command,
        "withdrawal": one.withdrawal,
        "session": one.session,
        "offered_at": _at(one.offered_ms),
        "held_since": _at(one.held_since_ms),
        "held_ms": one.held_ms,
        "claimed_at": _at(one.claimed_ms),
        "verified_at": _at(one.verified_ms),
        "settled_at": _at(one.settled_ms),
    }


def _write_down(loaded: Loaded, actions: Sequence[Action], now: datetime, actor_name: str) -> None:
    """Copied, since a tick may take thousands of decisions."""
    rollout, first, ids = loaded.row.pk, loaded.row.decisions_made + 1, loaded.target_ids
    with sql.copying(
        'COPY rollouts_decision (rollout_id, number, at, kind, target_id, wave, "to", reason, facts, actor_name)'
        " FROM STDIN"
    ) as copy:
        for number, one in enumerate(actions, first):
            target = None if one.target is None else ids[one.target]
            copy.write_row(
                (rollout, number, now, one.kind.value, target, one.wave, str(one.to), one.reason,
                 _json(one.facts), actor_name)
            )  # fmt: skip


def _target(row: tuple[Any, ...]) -> Target:
    (
        serial, wave, place, want, joined_ms, zone, state, direction, reason, facts, before, changed, attempts,
        offers, command, withdrawal, session, offered_ms, held_since_ms, held_ms, claimed_ms, verified_ms, settled_ms,
    ) = row[:23]  # fmt: skip
    return Target(
        serial,
        wave,
        place,
        want,
        joined_ms,
        zone,
        _STATES[state],
        _DIRECTIONS[direction],
        reason,
        NOTHING if facts == "{}" else msgspec.json.decode(facts),
        None if before is None else msgspec.json.decode(before),
        changed,
        attempts,
        offers,
        command,
        withdrawal,
        session,
        offered_ms,
        held_since_ms,
        held_ms,
        claimed_ms,
        verified_ms,
        settled_ms,
    )


def _wave(row: models.Wave) -> Wave:
    return Wave(row.number, _ms(row.opened_at), _ms(row.over_at), _ms(row.passed_at), _ms(row.waived_at))


def _json(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(dict(value)).decode()


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else to_ms(moment)


def _at(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)
