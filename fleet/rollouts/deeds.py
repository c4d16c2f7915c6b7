"""What a decision does to the rows.  Pure: the clock, people's verbs and the replay all go through here."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from fleet.control import ids
from fleet.rollouts.scene import NOTHING, Action, Kind, Order, State, Target, Wave
from fleet.rollouts.states import Direction, RolloutState, TargetState

MINUTE_MS: Final = 60_000
UNTOUCHED: Final = "untouched"
"""Fact of an offer: no offer before it can have changed the device."""


class Desk:
    """A rollout while it is decided upon: each decision takes effect at once, and the next one sees it."""

    def __init__(self, state: State, at_ms: int) -> None:
        self.given = state
        self.at_ms = at_ms
        self.plan = state.plan
        self.state, self.reason, self.facts = state.state, state.reason, state.facts
        self.wave = state.wave
        self.started_ms, self.ended_ms = state.started_ms, state.ended_ms
        self.targets = dict(state.targets)
        self.waves = {number: Wave(number) for number in range(1, len(state.plan.waves) + 1)}
        self.waves |= {one.number: one for one in state.waves}
        self.recent_ms = [one for one in state.recent_ms if one > at_ms - MINUTE_MS]
        self.actions: list[Action] = []

    def do(self, action: Action) -> None:
        """Decide this."""
        if action.target is not None:
            self._of_target(action, action.target)
        elif action.kind in _OF_WAVE:
            self._of_wave(action, action.wave or 0)
        else:
            self._of_rollout(action)
        self.actions.append(action)

    def after(self) -> State:
        """Return the rows as they are now."""
        return replace(
            self.given,
            state=self.state,
            reason=self.reason,
            facts=self.facts,
            wave=self.wave,
            started_ms=self.started_ms,
            ended_ms=self.ended_ms,
            targets=self.targets,
            waves=tuple(self.waves[number] for number in sorted(self.waves)),
            recent_ms=tuple(self.recent_ms),
        )

    def _of_target(self, action: Action, serial: str) -> None:
        if action.kind is Kind.JOINED:
            self.targets[serial] = self._joined(action, serial)
            return
        row = self.targets[serial]
        self.targets[serial] = replace(row, **_EFFECTS[action.kind](row, action, self.at_ms))
        if action.kind is Kind.OFFERED:
            self.recent_ms.append(self.at_ms)

    def _joined(self, action: Action, serial: str) -> Target:
        new = Target(serial, action.wave or 1, action.facts["place"], self.given.sha256, self.at_ms)
        row = self.targets.get(serial, new)  # one that had left comes back into the last wave, too
        return replace(
            row,
            wave=new.wave,
            place=new.place,
            zone=action.facts["zone"],
            state=TargetState.PLANNED,
            reason=action.reason,
            facts=action.facts,
            settled_ms=None,
        )

    def _of_wave(self, action: Action, number: int) -> None:
        row = self.waves.get(number, Wave(number))
        match action.kind:
            case Kind.WAVE_OPENED:
                row = replace(row, opened_ms=self.at_ms)
                self.wave = number
            case Kind.WAVE_OVER:
                row = replace(row, over_ms=self.at_ms)
            case Kind.WAVE_REOPENED:
                row = replace(row, over_ms=None, passed_ms=None if number == self.wave else row.passed_ms)
            case Kind.WAVE_PASSED:
                row = replace(row, passed_ms=self.at_ms)
            case _:
                row = replace(row, waived_ms=self.at_ms)
        self.waves[number] = row
        if number == self.wave and self.state is RolloutState.RUNNING:
            self.reason, self.facts = action.reason, action.facts

    def _of_rollout(self, action: Action) -> None:
        self.state = RolloutState(action.to)
        self.reason, self.facts = action.reason, action.facts
        if action.kind is Kind.STARTED:
            self.started_ms = self.at_ms
        over = self.state in (RolloutState.COMPLETED, RolloutState.ABORTED, RolloutState.ROLLED_BACK)
        self.ended_ms = self.at_ms if over else None


_OF_WAVE: Final = frozenset(
    {Kind.WAVE_OPENED, Kind.WAVE_OVER, Kind.WAVE_REOPENED, Kind.WAVE_PASSED, Kind.WAVE_WAIVED}
)


def apply(state: State, action: Action, at_ms: int) -> State:
    """Return the rows after one decision."""
    return fold(state, [action], at_ms)


def fold(state: State, actions: Iterable[Action], at_ms: int) -> State:
    """Return the rows after these decisions, all taken at this moment."""
    desk = Desk(state, at_ms)
    for one in actions:
        desk.do(one)
    return desk.after()


def orders(actions: Iterable[Action], state: State) -> list[Order]:
    """Return the commands that these decisions ask for, in order; `state` is the one after them."""
    wanted = []
    for one in actions:
        if one.target is None:
            continue
        if one.kind is Kind.OFFERED:
            wanted.append(
                Order(one.facts["command"], one.target, state.targets[one.target].want_sha256, None)
            )
        elif "withdrawal" in one.facts:
            want = state.targets[one.target].want_sha256
            wanted.append(Order(one.facts["withdrawal"], one.target, want, one.facts["of"]))
    return wanted


def offer_id(rollout: str, row: Target) -> str:
    """Return the id of the next offer to this target."""
    return str(ids.of_offer(UUID(rollout), row.serial, row.direction.value, row.offers + 1))


def taking_back(command: str) -> dict[str, str]:
    """Return the facts of a decision to take this offer back: by which command, and what."""
    return {"withdrawal": withdrawal_id(command), "of": command}


def withdrawal_id(command: str) -> str:
    """Return the id of the command that takes this offer back."""
    return str(ids.of_withdrawal(UUID(command)))


# --- what each kind does to a target: the fields that change ---

Fields = dict[str, Any]


def _to(target_state: TargetState) -> Callable[[Target, Action, int], Fields]:
    def effect(row: Target, action: Action, at_ms: int) -> Fields:
        return {
            "state": target_state,
            "reason": action.reason,
            "facts": action.facts,
            **_hold_over(row, at_ms),
        }

    return effect


def _settled(target_state: TargetState) -> Callable[[Target, Action, int], Fields]:
    def effect(row: Target, action: Action, at_ms: int) -> Fields:
        kept = bool(action.facts.get("kept")) and row.direction is Direction.OUT
        return {
            **_to(target_state)(row, action, at_ms),
            "settled_ms": at_ms,
            "changed": row.changed and not kept,
        }

    return effect


def _hold_over(row: Target, at_ms: int) -> Fields:
    if row.held_since_ms is None:
        return {}
    return {"held_since_ms": None, "held_ms": row.held_ms + max(0, at_ms - row.held_since_ms)}


def _waits(row: Target, action: Action, at_ms: int) -> Fields:
    return {"reason": action.reason, "facts": action.facts}


def _offered(row: Target, action: Action, at_ms: int) -> Fields:
    return {
        "state": TargetState.OFFERED,
        "reason": "",
        "facts": NOTHING if row.changed else {UNTOUCHED: True},
        "before": action.facts["before"],
        "changed": True,  # from here on it may
        "attempts": row.attempts + 1,
        "offers": row.offers + 1,
        "command": action.facts["command"],
        "session": action.facts["session"] or "",
        "offered_ms": at_ms,
        **_begun_anew(),
    }


def _begun_anew() -> Fields:
    return {
        "withdrawal": None,
        "held_since_ms": None,
        "held_ms": 0,
        "claimed_ms": None,
        "verified_ms": None,
        "settled_ms": None,
    }


def _in_session(row: Target, action: Action, at_ms: int) -> Fields:
    return {"session": action.facts["session"]}


def _held(row: Target, action: Action, at_ms: int) -> Fields:
    return {
        "state": TargetState.HELD,
        "reason": action.reason,
        "facts": action.facts,
        "session": action.facts.get("session") or row.session,
        "held_since_ms": at_ms if row.held_since_ms is None else row.held_since_ms,
    }


def _claimed(row: Target, action: Action, at_ms: int) -> Fields:
    return {**_to(TargetState.CLAIMED)(row, action, at_ms), "claimed_ms": at_ms}


def _verified(row: Target, action: Action, at_ms: int) -> Fields:
    return {
        **_to(TargetState.VERIFIED)(row, action, at_ms),
        "verified_ms": at_ms,
        "settled_ms": at_ms,
        "changed": row.direction is Direction.OUT,
    }


def _current(row: Target, action: Action, at_ms: int) -> Fields:
    return {**_to(TargetState.ALREADY_CURRENT)(row, action, at_ms), "settled_ms": at_ms, "changed": False}


def _retry(row: Target, action: Action, at_ms: int) -> Fields:
    return {
        **_to(TargetState.PLANNED)(row, action, at_ms),
        "withdrawal": action.facts.get("withdrawal"),
        "claimed_ms": None,
    }


def _not_sent(row: Target, action: Action, at_ms: int) -> Fields:
    """An attempt that was none.  Of an offer before it the device may still have something: that is looked for."""
    kept = bool(action.facts["kept"])
    return {
        **_to(TargetState.PLANNED)(row, action, at_ms),
        "attempts": row.attempts - 1,
        "changed": row.changed and not kept,
        **({"command": None, "offered_ms": None} if kept else {}),
    }


def _take_back(row: Target, action: Action, at_ms: int) -> Fields:
    return {"withdrawal": action.facts["withdrawal"]}


def _turned(row: Target, action: Action, at_ms: int) -> Fields:
    return {
        "state": TargetState.PLANNED,
        "direction": Direction.BACK,
        "want_sha256": action.facts["sha256"],
        "reason": "",
        "facts": action.facts,
        "attempts": 0,
        "command": None,
        "session": "",
        "offered_ms": None,
        **_begun_anew(),
    }


def _taken_up(row: Target, action: Action, at_ms: int) -> Fields:
    return {
        "state": TargetState.PLANNED,
        "reason": action.reason,
        "facts": action.facts,
        "attempts": 0,
        "settled_ms": None,
    }


_EFFECTS: Final[Mapping[Kind, Callable[[Target, Action, int], Fields]]] = {
    Kind.WAITS: _waits,
    Kind.OFFERED: _offered,
    Kind.RECEIVED: _to(TargetState.RECEIVED),
    Kind.IN_SESSION: _in_session,
    Kind.HELD: _held,
    Kind.APPLYING: _to(TargetState.APPLYING),
    Kind.CLAIMED: _claimed,
    Kind.VERIFIED: _verified,
    Kind.CURRENT: _current,
    Kind.REJECTED: _settled(TargetState.REJECTED),
    Kind.FAILED: _settled(TargetState.FAILED),
    Kind.TIMED_OUT: _settled(TargetState.TIMED_OUT),
    Kind.RETRY: _retry,
    Kind.WITHDRAWN: _settled(TargetState.WITHDRAWN),
    Kind.NOT_SENT: _not_sent,
    Kind.TAKE_BACK: _take_back,
    Kind.TURNED: _turned,
    Kind.STAYS: _waits,
    Kind.TAKEN_UP: _taken_up,
}
