"""What a rollout does next.  Pure: the same rows, the same evidence and the same time give the same decisions.

Offers are made last, after everything that is known was weighed and the waves were judged on it: no offer goes out
on numbers that should have stopped the rollout.  A plan that cannot be judged stops it too.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from fleet.rollouts import planned, waves
from fleet.rollouts.deeds import Desk, taking_back
from fleet.rollouts.judge import THRESHOLDS, Tally, beyond
from fleet.rollouts.plan import faults
from fleet.rollouts.scene import Action, Kind, State, Step, Target
from fleet.rollouts.states import CLOCKED, OPEN, Direction, RolloutState, TargetState
from fleet.rollouts.weighing import sighted, weigh

VERSION_WITHDRAWN: Final = "version_withdrawn"
UNUSABLE: Final = "plan_unusable"
STANDING: Final = THRESHOLDS | {VERSION_WITHDRAWN, UNUSABLE}
"""Reasons for which a rollout stops itself."""

_LEAVING: Final = {RolloutState.ABORTED: "aborted", RolloutState.ROLLING_BACK: "rollback"}
_MISTAKEN: Final = frozenset({TargetState.FAILED, TargetState.TIMED_OUT})


def next_step(state: State, now_ms: int) -> Step:
    """Return what is decided now, each with its reason, and the rows after it; `state` stays as it is."""
    desk = Desk(state, now_ms)
    if state.state in CLOCKED:
        _hear(desk)
        _stop_if_unusable(desk)
        _stop_if_withdrawn(desk)
        _begin_if_due(desk)
        match desk.state:
            case RolloutState.RUNNING:
                _go_on(desk)
            case RolloutState.PAUSED:
                planned.let_go(desk)
                _judge_failures(desk)
            case RolloutState.ROLLING_BACK:
                _go_back(desk)
    return Step(desk.actions, desk.after())


def begin(desk: Desk) -> None:
    """A rollout that has just come to `running`: look once at everybody, and open the first wave."""
    planned.begin(desk)
    waves.open_next(desk, waves.tallies(desk))


def take_back(desk: Desk, direction: Direction, which: Collection[str] | None = None) -> None:
    """Ask back what is offered or held in this direction.  It stays open until the device has answered.

    Args:
        which: Hashes: offers of these only.
    """
    for row in list(desk.targets.values()):
        if which is not None and row.want_sha256 not in which:
            continue
        if row.state in OPEN and row.direction is direction and row.withdrawal is None and row.command:
            facts = taking_back(row.command)
            desk.do(Action(Kind.TAKE_BACK, row.serial, row.wave, row.state.value, row.reason, facts))


def _hear(desk: Desk) -> None:
    """Weigh what is known of the offers that are out, and of those that were thought to be over."""
    seen = desk.given.seen
    leaving = _LEAVING.get(desk.state) or (VERSION_WITHDRAWN if _is_barred(desk) else planned.LEFT)
    for row in list(desk.targets.values()):
        known = seen.get(row.serial)
        if known is None:
            continue
        if row.state in OPEN:
            back = row.direction is Direction.BACK
            why = desk.given.barred.get(row.want_sha256, leaving) if back else leaving
            action = weigh(
                row,
                known,
                desk.plan,
                desk.at_ms,
                may_retry=_may_retry(desk, row),
                leaving=why,
                silence_counts=desk.given.silence_counts,
            )
        elif row.state in _MISTAKEN or (row.state is TargetState.PLANNED and row.command):
            action = sighted(row, known)
        else:
            continue
        if action is not None:
            desk.do(action)


def _may_retry(desk: Desk, row: Target) -> bool:
    if row.direction is Direction.BACK:
        return desk.state is RolloutState.ROLLING_BACK
    return desk.state in (RolloutState.RUNNING, RolloutState.PAUSED)


def _stop_if_unusable(desk: Desk) -> None:
    if desk.state not in (RolloutState.SCHEDULED, RolloutState.RUNNING):
        return
    wrong = faults(desk.plan)
    if wrong:
        _stop(desk, UNUSABLE, {"path": wrong[0].path, "code": wrong[0].code})


def _stop_if_withdrawn(desk: Desk) -> None:
    """A withdrawn version is offered to nobody, and asked back where it was not taken over yet."""
    if not _is_barred(desk):
        return
    if desk.state not in (RolloutState.SCHEDULED, RolloutState.RUNNING, RolloutState.PAUSED):
        return
    if desk.reason != VERSION_WITHDRAWN:
        _stop(desk, VERSION_WITHDRAWN, {})
    take_back(desk, Direction.OUT)


def _is_barred(desk: Desk) -> bool:
    return desk.given.sha256 in desk.given.barred


def _begin_if_due(desk: Desk) -> None:
    due_ms = desk.plan.start_ms or 0
    if desk.state is RolloutState.SCHEDULED and desk.at_ms >= due_ms:
        desk.do(Action(Kind.BEGUN, to=RolloutState.RUNNING.value))
        begin(desk)


def _go_on(desk: Desk) -> None:
    planned.join(desk)
    while desk.state is RolloutState.RUNNING:
        ready = planned.look(desk)
        found = waves.tallies(desk)
        waves.mark_over(desk, found)
        if _judge(desk, found):
            return
        if waves.is_done(desk, found):
            waves.complete(desk)
            return
        if not (waves.may_go_on(desk) and waves.open_next(desk, found)):
            planned.offer(desk, ready)
            return


def _judge(desk: Desk, found: dict[int, Tally]) -> bool:
    """Stop if a wave is not good; whether it did."""
    bad = waves.first_bad(desk, found)
    if bad is not None:
        _stop(desk, bad.reason, bad.facts)
    return bad is not None


def _judge_failures(desk: Desk) -> None:
    """While somebody has paused it: numbers that have become too bad since are why it stands still from here on."""
    if desk.reason in STANDING:
        return
    found = waves.tallies(desk)
    opened = [one for one in desk.waves.values() if one.opened_ms is not None and one.waived_ms is None]
    bad = next((bad for one in opened if (bad := beyond(found[one.number], desk.plan))), None)
    if bad is not None:
        _stop(desk, bad.reason, bad.facts)


def _go_back(desk: Desk) -> None:
    take_back(desk, Direction.BACK, desk.given.barred)  # what it had before was withdrawn since
    planned.turn_back(desk)
    ready = planned.look(desk)
    found = waves.tallies(desk)
    if any(tally.waiting or tally.of(OPEN) for tally in found.values()):
        planned.offer(desk, ready)
    else:
        waves.complete(desk)


def _stop(desk: Desk, reason: str, facts: Mapping[str, Any]) -> None:
    wave = facts.get("wave")
    desk.do(Action(Kind.STOPPED, wave=wave, to=RolloutState.PAUSED.value, reason=reason, facts=facts))
