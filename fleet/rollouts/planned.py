"""Planned targets: who is offered the version next, and why the others wait.  Pure."""

import heapq
from collections.abc import Callable, Iterable
from typing import Any, Final
from zoneinfo import ZoneInfo

from fleet.rollouts import pace
from fleet.rollouts.deeds import Desk, offer_id, taking_back
from fleet.rollouts.evidence import Evidence
from fleet.rollouts.scene import Action, Kind, Target
from fleet.rollouts.states import OPEN, Direction, RolloutState, TargetState
from fleet.rollouts.weighing import NOT_SENT, sighted

IDLE: Final = frozenset({"unreachable", "conflict", "other_rollout", "version_withdrawn"})
"""Why a planned one cannot be offered anything now, by no doing of ours: no wave waits for it."""

JOINED: Final = "joined"
LEFT: Final = "left"
RETRY: Final = "retry"
_AGAIN: Final = frozenset({RETRY, NOT_SENT})
"""Why a planned one is offered it again; said until it is."""


def begin(desk: Desk) -> None:
    """Leave out at the start who cannot take part, and find who has the version already."""
    for row in list(desk.targets.values()):
        seen = desk.given.seen.get(row.serial)
        if seen is not None and row.state is TargetState.PLANNED:
            action = _left_out(row, seen) or _current(row, seen)
            if action is not None:
                desk.do(action)


def look(desk: Desk) -> list[Target]:
    """Say of each planned target that has its turn why it waits; return those that may be offered it now."""
    ready = []
    windows = _windows(desk)
    back = desk.state is RolloutState.ROLLING_BACK
    for row in list(desk.targets.values()):
        if row.state is not TargetState.PLANNED or (row.wave > desk.wave and not back):
            continue
        seen = desk.given.seen.get(row.serial)
        if seen is None:
            continue
        action = _decided(desk, row, seen) or _waiting(desk, row, seen, windows)
        if action is not None:
            desk.do(action)
        now = desk.targets[row.serial]
        if now.state is TargetState.PLANNED and (not now.reason or now.reason in _AGAIN):
            ready.append(now)
    return ready


def offer(desk: Desk, ready: Iterable[Target]) -> None:
    """Offer as many as the pace allows, in their order; nothing while it could not be seen what becomes of it."""
    if not desk.given.hears:
        return
    number = pace.allowed(desk.recent_ms, desk.plan.pace_per_minute, desk.at_ms)
    able = (row for row in ready if row.attempts < 1 + desk.plan.retries)
    for row in heapq.nsmallest(number, able, key=_turn) if number > 0 else ():
        status = desk.given.seen[row.serial].status
        shows = dict(status.protocol) if status and status.protocol else None
        facts = {
            "command": offer_id(desk.given.rollout, row),
            "attempt": row.attempts + 1,
            "before": row.before if row.changed else shows,  # not what a first attempt may have left behind
            "session": status.session if status else None,
        }
        desk.do(Action(Kind.OFFERED, row.serial, row.wave, "offered", "", facts))


def join(desk: Desk) -> None:
    """Take in who has come to match the filter, into the last wave; let go of who does not match it any more.

    Who comes back after its attempts were used up stays away.
    """
    found = desk.given.candidates
    if found is None:
        return
    last = len(desk.plan.waves)
    place = max((row.place for row in desk.targets.values()), default=0)
    for one in found:
        row = desk.targets.get(one.serial)
        if row is None or (_has_left(row) and row.attempts < 1 + desk.plan.retries):
            place += 1
            facts: dict[str, Any] = {"place": place, "zone": one.zone}
            if row is not None:
                facts["was"] = {"wave": row.wave, "place": row.place}
            desk.do(Action(Kind.JOINED, one.serial, last, "planned", JOINED, facts))
    let_go(desk)


def let_go(desk: Desk) -> None:
    """Who does not match the filter any more is offered nothing, and what is out to it is asked back."""
    if desk.given.candidates is None:
        return
    matching = {one.serial for one in desk.given.candidates}
    for row in list(desk.targets.values()):
        if row.serial in matching:
            continue
        if row.state is TargetState.PLANNED:
            seen = desk.given.seen.get(row.serial)
            reason = "revoked" if seen is not None and seen.revoked else LEFT
            desk.do(Action(Kind.WITHDRAWN, row.serial, row.wave, "withdrawn", reason))
        elif row.state in OPEN and row.withdrawal is None and row.command is not None:
            facts = taking_back(row.command)
            desk.do(Action(Kind.TAKE_BACK, row.serial, row.wave, row.state.value, row.reason, facts))


def turn_back(desk: Desk) -> None:
    """Plan each target that was changed to what it had before, once no offer to it is out."""
    for row in list(desk.targets.values()):
        if row.direction is Direction.OUT and row.changed and row.settled_ms is not None:
            action = turned(desk, row)
            if action is not None and (action.kind is Kind.TURNED or row.reason != action.reason):
                desk.do(action)


def turned(desk: Desk, row: Target) -> Action | None:
    """Return how this target goes back, or why it stays; None: it shows that it was never changed."""
    before = row.before
    if before is None:
        return Action(Kind.STAYS, row.serial, row.wave, row.state.value, "nothing_before")
    why = desk.given.barred.get(before["sha256"])
    if why is not None:
        return Action(Kind.STAYS, row.serial, row.wave, row.state.value, why, dict(before))
    seen = desk.given.seen.get(row.serial)
    if row.state in (TargetState.REJECTED, TargetState.WITHDRAWN) and seen is not None and seen.reachable:
        shows = seen.status.sha256 if seen.status else None
        if shows == before["sha256"]:
            return None
    return Action(Kind.TURNED, row.serial, row.wave, "planned", "", dict(before))


def _has_left(row: Target) -> bool:
    return row.state is TargetState.WITHDRAWN and row.reason == LEFT


def _turn(row: Target) -> tuple[int, int]:
    return row.wave, row.place


def _left_out(row: Target, seen: Evidence) -> Action | None:
    if seen.revoked:
        return Action(Kind.WITHDRAWN, row.serial, row.wave, "withdrawn", "revoked")
    if seen.incapable:
        return Action(
            Kind.WITHDRAWN, row.serial, row.wave, "withdrawn", "incapable", {"why": list(seen.incapable)}
        )
    return None


def _current(row: Target, seen: Evidence) -> Action | None:
    if not seen.reachable or seen.status is None or seen.status.sha256 != row.want_sha256:
        return None
    facts = {"sha256": row.want_sha256, "at_ms": seen.status.placed_ms}
    return Action(Kind.CURRENT, row.serial, row.wave, "already_current", "", facts)


def _decided(desk: Desk, row: Target, seen: Evidence) -> Action | None:
    """What needs no offer: it is over for this target, or it has the version."""
    if seen.revoked:
        return Action(Kind.WITHDRAWN, row.serial, row.wave, "withdrawn", "revoked")
    if not seen.reachable:
        return None
    has_it = sighted(row, seen) or _current(row, seen)
    if has_it is not None:
        return has_it
    barred = desk.given.barred.get(row.want_sha256)
    if barred is not None and row.direction is Direction.BACK:
        return Action(Kind.WITHDRAWN, row.serial, row.wave, "withdrawn", barred)
    if seen.incapable:
        if row.reason == JOINED:
            return _left_out(row, seen)
        return Action(
            Kind.REJECTED, row.serial, row.wave, "rejected", "incapable", {"why": list(seen.incapable)}
        )
    return None


def _waiting(desk: Desk, row: Target, seen: Evidence, is_open: Callable[[str], bool]) -> Action | None:
    """Why it waits, where that has changed."""
    facts = {}
    if seen.conflict:
        reason = "conflict"
    elif not seen.reachable:
        reason = "unreachable"
    elif row.want_sha256 in desk.given.barred:
        reason = "version_withdrawn"
    elif seen.other_rollout is not None:
        reason, facts = "other_rollout", {"rollout": seen.other_rollout}
    elif row.direction is Direction.OUT and not is_open(row.zone):
        reason = "window"
    else:
        reason = row.reason if row.reason in _AGAIN else ""
    if reason == row.reason:
        return None
    return Action(Kind.WAITS, row.serial, row.wave, "planned", reason, facts)


def _windows(desk: Desk) -> Callable[[str], bool]:
    """Whether the window is open in a zone; each is looked up once a step."""
    known: dict[str, bool] = {}

    def is_open(zone: str) -> bool:
        if zone not in known:
            known[zone] = pace.is_open(desk.plan.window, ZoneInfo(zone), desk.at_ms)
        return known[zone]

    return is_open
