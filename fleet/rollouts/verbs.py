"""What people ask of a rollout: start, pause, resume, advance, abort, retry, roll back.  Pure.

Who may ask is not decided here; approving is not either (`fleet.rollouts.service`), but nothing unapproved starts.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from fleet.rollouts import planned, waves
from fleet.rollouts.deeds import Desk
from fleet.rollouts.judge import THRESHOLDS
from fleet.rollouts.plan import faults
from fleet.rollouts.policy import UNUSABLE, VERSION_WITHDRAWN, begin, take_back
from fleet.rollouts.scene import NOTHING, Action, Kind, State, Step
from fleet.rollouts.states import OPEN, Direction, RolloutState, TargetState
from fleet.rollouts.weighing import IN_SESSION


class Verb(StrEnum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    ADVANCE = "advance"
    ABORT = "abort"
    ROLLBACK = "rollback"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The state forbids it: a word why, and what the sentence is made of."""

    reason: str
    facts: Mapping[str, Any] = NOTHING


FROM: Final[Mapping[Verb, frozenset[RolloutState]]] = {
    Verb.START: frozenset({RolloutState.APPROVED}),
    Verb.PAUSE: frozenset({RolloutState.SCHEDULED, RolloutState.RUNNING}),
    Verb.RESUME: frozenset({RolloutState.PAUSED}),
    Verb.ADVANCE: frozenset({RolloutState.RUNNING, RolloutState.PAUSED}),
    Verb.ABORT: frozenset(
        {
            RolloutState.APPROVED,
            RolloutState.SCHEDULED,
            RolloutState.RUNNING,
            RolloutState.PAUSED,
            RolloutState.ROLLING_BACK,
        }
    ),
    Verb.ROLLBACK: frozenset(
        {RolloutState.RUNNING, RolloutState.PAUSED, RolloutState.COMPLETED, RolloutState.ABORTED}
    ),
    Verb.RETRY: frozenset(
        {RolloutState.RUNNING, RolloutState.PAUSED, RolloutState.COMPLETED, RolloutState.ROLLED_BACK}
    ),
}
"""The states in which something may be asked; more may forbid it."""

TAKEN_UP: Final = frozenset({TargetState.FAILED.value, TargetState.TIMED_OUT.value})
"""What `retry` may take up besides the unreachable; who has refused is not asked again."""

_RUNNING: Final = RolloutState.RUNNING.value


@dataclass(frozen=True, slots=True)
class _Wish:
    wave: int | None
    also: frozenset[str]


def asked(
    state: State, verb: Verb, now_ms: int, *, wave: int | None = None, also: Collection[str] = ()
) -> Step | Forbidden:
    """Return what is decided when somebody asks for this, or why it cannot be.

    Forbidden by the state is `state`; other reasons are words of their own, such as `not_over`.

    Args:
        wave: For `advance`, the wave that the person saw open; None: whichever is.
        also: For `retry`, `failed` and `timed_out`: those too.
    """
    if state.state not in FROM[verb]:
        return Forbidden("state", {"state": state.state.value})
    desk = Desk(state, now_ms)
    no = _DEEDS[verb](desk, _Wish(wave, frozenset(also)))
    return no or Step(desk.actions, desk.after())


def _start(desk: Desk, wish: _Wish) -> Forbidden | None:
    wrong = faults(desk.plan)
    if wrong:
        return Forbidden(UNUSABLE, {"path": wrong[0].path, "code": wrong[0].code})
    if _is_barred(desk):
        return Forbidden(VERSION_WITHDRAWN)
    if not any(row.state is TargetState.PLANNED for row in desk.targets.values()):
        return Forbidden("no_targets")
    waits = desk.plan.start_ms is not None and desk.plan.start_ms > desk.at_ms
    if waits:
        facts = {"at_ms": desk.plan.start_ms}
        desk.do(Action(Kind.STARTED, to=RolloutState.SCHEDULED.value, facts=facts))
        return None
    desk.do(Action(Kind.STARTED, to=_RUNNING))
    begin(desk)
    return None


def _pause(desk: Desk, wish: _Wish) -> Forbidden | None:
    desk.do(Action(Kind.PAUSED, to=RolloutState.PAUSED.value, reason="by_hand"))
    return None


def _resume(desk: Desk, wish: _Wish) -> Forbidden | None:
    no = _cannot_go_on(desk)
    if no is not None:
        return no
    if desk.reason in THRESHOLDS:
        bad = waves.first_bad(desk, waves.tallies(desk))
        if bad is not None:
            return Forbidden(bad.reason, bad.facts)
    # Before the first wave it waits for its time again, or begins with the next tick.
    to = _RUNNING if desk.wave else RolloutState.SCHEDULED.value
    is_over = desk.wave > 0 and desk.waves[desk.wave].over_ms is not None
    desk.do(Action(Kind.RESUMED, to=to, reason=waves.waits_for(desk, desk.wave) if is_over else ""))
    return None


def _advance(desk: Desk, wish: _Wish) -> Forbidden | None:
    no = _cannot_go_on(desk)
    if no is not None:
        return no
    if wish.wave is not None and wish.wave != desk.wave:
        return Forbidden("other_wave", {"wave": desk.wave})
    if desk.state is RolloutState.PAUSED:
        return _advance_stopped(desk)
    found = waves.tallies(desk)
    if desk.wave == len(desk.plan.waves):
        return Forbidden("last_wave", {"wave": desk.wave})
    waiting = found[desk.wave].waiting if desk.wave else len(desk.targets)
    if waiting:
        return Forbidden("not_over", {"wave": desk.wave, "waiting": waiting})
    bad = waves.first_bad(desk, found)
    if bad is not None:  # the clock is about to stop it
        return Forbidden(bad.reason, bad.facts)
    waves.open_next(desk, found)
    return None


def _advance_stopped(desk: Desk) -> Forbidden | None:
    """Go on in spite of the thresholds: the waves that are not good are judged no more, and the next one opens.

    What is planned in them still gets its offers.  If it was an earlier wave that went wrong, the one that is open
    goes on as it would have.
    """
    if desk.reason not in THRESHOLDS:
        return Forbidden("paused", {"reason": desk.reason})
    found = waves.tallies(desk)
    while (bad := waves.first_bad(desk, found)) is not None:
        desk.do(Action(Kind.WAVE_WAIVED, wave=bad.facts["wave"], reason=bad.reason, facts=bad.facts))
    desk.do(Action(Kind.RESUMED, to=_RUNNING))
    if desk.waves[desk.wave].waived_ms is not None and desk.wave < len(desk.plan.waves):
        waves.open_next(desk, found)
    return None


def _abort(desk: Desk, wish: _Wish) -> Forbidden | None:
    desk.do(Action(Kind.ABORTED, to=RolloutState.ABORTED.value))
    _let_go(desk, "aborted")
    take_back(desk, Direction.OUT)
    take_back(desk, Direction.BACK)
    return None


def _roll_back(desk: Desk, wish: _Wish) -> Forbidden | None:
    if not any(row.changed for row in desk.targets.values()):
        return Forbidden("nothing_changed")
    desk.do(Action(Kind.ROLLING_BACK, to=RolloutState.ROLLING_BACK.value))
    _let_go(desk, "rollback")
    take_back(desk, Direction.OUT)
    for row in list(desk.targets.values()):
        begun = row.direction is Direction.BACK and row.changed and row.state not in OPEN
        if begun and row.state is not TargetState.REJECTED:
            action = planned.turned(desk, row)
            if action is not None:
                desk.do(action)
    planned.turn_back(desk)
    return None


def _retry(desk: Desk, wish: _Wish) -> Forbidden | None:
    back = desk.state is RolloutState.ROLLED_BACK
    no = None if back else _cannot_go_on(desk)
    if no is not None:
        return no
    unknown = sorted(wish.also - TAKEN_UP)
    if unknown:
        return Forbidden("never_again", {"states": unknown})
    again = [
        row
        for row in desk.targets.values()
        if row.state.value in wish.also
        and row.reason != IN_SESSION
        and (row.direction is Direction.BACK) is back
    ]
    waiting = any(row.state is TargetState.PLANNED for row in desk.targets.values())
    if not desk.wave or not (again or waiting):
        return Forbidden("nothing_left")
    to = RolloutState.ROLLING_BACK.value if back else _RUNNING
    was_over = desk.state is RolloutState.COMPLETED
    desk.do(Action(Kind.RETRIED, to=to, facts={"also": sorted(wish.also), "taken_up": len(again)}))
    for row in again:
        desk.do(Action(Kind.TAKEN_UP, row.serial, row.wave, "planned", "", {"was": row.state.value}))
    if was_over:
        desk.do(Action(Kind.WAVE_REOPENED, wave=desk.wave))
    return None


def _let_go(desk: Desk, reason: str) -> None:
    for row in list(desk.targets.values()):
        if row.state is TargetState.PLANNED:
            desk.do(Action(Kind.WITHDRAWN, row.serial, row.wave, "withdrawn", reason))


def _cannot_go_on(desk: Desk) -> Forbidden | None:
    if _is_barred(desk):
        return Forbidden(VERSION_WITHDRAWN)
    wrong = faults(desk.plan)
    return Forbidden(UNUSABLE, {"path": wrong[0].path, "code": wrong[0].code}) if wrong else None


def _is_barred(desk: Desk) -> bool:
    return desk.given.sha256 in desk.given.barred


_DEEDS: Final[Mapping[Verb, Callable[[Desk, _Wish], Forbidden | None]]] = {
    Verb.START: _start,
    Verb.PAUSE: _pause,
    Verb.RESUME: _resume,
    Verb.ADVANCE: _advance,
    Verb.ABORT: _abort,
    Verb.ROLLBACK: _roll_back,
    Verb.RETRY: _retry,
}
