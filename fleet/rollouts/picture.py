"""The pictures of the lives of a rollout and of one of its targets, made by living them.  Pure.

Everything that can be known of a device, and everything that somebody can ask, is put to the step function in every
state.  `manage.py lifecycle --write` puts the pictures into docs/rollouts.md; a test holds them current.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from fleet.rollouts import policy
from fleet.rollouts.evidence import Answer, Evidence, Link, Outcome, Status
from fleet.rollouts.plan import Advance, Count, Plan
from fleet.rollouts.scene import NOTHING, State, Step, Target, Wave
from fleet.rollouts.states import OPEN, SUCCEEDED, Direction, RolloutState, TargetState
from fleet.rollouts.verbs import FROM, Verb, asked

_ROLLOUT: Final = "00000000-0000-0000-0000-000000000000"
_OFFER, _TAKEN = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
_OLD, _NEW, _ODD = "0" * 64, "1" * 64, "2" * 64
_NOW_MS: Final = 1_000_000
_DEADLINE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000
_PLAN: Final = Plan((Count(1), Count(1)), 0.9, 0.5, None, 1, _DEADLINE_MS, 0, 60, 0, Advance.AUTOMATIC)


def pictures() -> dict[str, str]:
    """Return a Mermaid state diagram by what it shows, in the order of the page."""
    return {"rollout": _of_rollout(), "target": _of_target()}


# --- a target ---

Case = tuple[str, dict[str, Any], Evidence]  # words, what the row has besides, what is known


def _of_target() -> str:
    lines = ["stateDiagram-v2", f"    [*] --> {TargetState.PLANNED}: in the rollout"]
    for state in TargetState:
        said: dict[TargetState, list[str]] = {}
        for words, row, seen in _cases(state):
            after = _after(state, row, seen)
            if after is not state and words not in said.get(after, ()):
                said.setdefault(after, []).append(words)
        lines += [f"    {state} --> {after}: {'<br/>'.join(words)}" for after, words in said.items()]
        if state in SUCCEEDED or state in (TargetState.REJECTED, TargetState.WITHDRAWN):
            lines.append(f"    {state} --> [*]")
    return "\n".join(lines)


def _after(state: TargetState, other: dict[str, Any], seen: Evidence) -> TargetState:
    row = Target("D", 1, 1, _NEW, 0, state=state, **other)
    taken_back = row.withdrawal is not None
    scene = State(
        _ROLLOUT,
        replace(_PLAN, retries=1),
        _NEW,
        RolloutState.ABORTED if taken_back else RolloutState.RUNNING,
        {"D": row, "E": Target("E", 1, 2, _NEW, 0)},  # another that is waited for: the wave goes on
        (Wave(1, opened_ms=0), Wave(2)),
        wave=1,
        recent_ms=() if state is TargetState.PLANNED else (_NOW_MS,) * _PLAN.pace_per_minute,
        seen={"D": seen},
    )
    return policy.next_step(scene, _NOW_MS).state.targets["D"].state


def _cases(state: TargetState) -> Iterable[Case]:
    if state is TargetState.PLANNED:
        yield from _of_planned()
    elif state in OPEN:
        yield from _of_open(state)
    elif state in (TargetState.FAILED, TargetState.TIMED_OUT):
        yield "its live status shows the hash after all", _offered(0), _seen(_NEW)


def _of_planned() -> Iterable[Case]:
    yield "reachable, its turn, under the pace", {}, _seen(_OLD)
    yield "has the version already", {}, _seen(_NEW)
    yield "the document is not for it", {}, replace(_seen(_OLD), incapable=("channels",))
    yield "revoked", {}, replace(_seen(_OLD), revoked=True)
    yield "its live status shows the hash", _offered(0), _seen(_NEW)


def _of_open(state: TargetState) -> Iterable[Case]:
    now = _offered(1_000)
    if state is TargetState.HELD:
        now |= {"held_since_ms": _NOW_MS - 500, "reason": "session"}
        yield "session (charging, user) over", now, _seen(_OLD, _said(Outcome.RECEIVED))
    else:
        yield "device: received", now, replace(_seen(_OLD, _said(Outcome.RECEIVED)), status=None)
        yield "live status: held", now, _seen(_OLD, _said(Outcome.RECEIVED), held="session")
    yield "device: done", now, replace(_seen(_OLD, _said(Outcome.DONE)), status=None)
    yield "its live status shows the hash", now, _seen(_NEW, _said(Outcome.RECEIVED))
    yield "shows the hash inside the session of the offer", now | {"session": "S"}, _seen(_NEW, session="S")
    if state is not TargetState.CLAIMED:
        yield "device: refused", now, _seen(_OLD, _said(Outcome.REFUSED, "limits"))
    yield "shows another hash after it said done", now | _LAST, _seen(_ODD, _said(Outcome.DONE))
    if state is TargetState.HELD:
        over = replace(_said(Outcome.RECEIVED), expires_ms=_NOW_MS - 1)
        yield "held till the offer was over", now | _LAST, _seen(_OLD, over, held="session")
    else:
        late = _offered(_DEADLINE_MS + 1_000)
        yield "silent past the deadline", late | _LAST, replace(_seen(_OLD), status=None)
        yield "so too, but an attempt is left", late, replace(_seen(_OLD), status=None)
    if state is TargetState.OFFERED:
        yield "its hour is over, and it never left the server", late | _LAST, _seen(_OLD, _never_left())
    forgotten = replace(_said(Outcome.DONE), command=_TAKEN)
    back = now | {"withdrawal": _TAKEN}
    yield "taken back, device: done", back, replace(_seen(_OLD), withdrawal=forgotten)
    yield "revoked", now, replace(_seen(_OLD), revoked=True)


_LAST: Final = {"attempts": 2}


def _offered(ago_ms: int) -> dict[str, Any]:
    return {"offered_ms": _NOW_MS - ago_ms - 1_000, "command": _OFFER, "attempts": 1, "offers": 1}


def _said(outcome: Outcome, why: str = "") -> Answer:
    sent_ms = _NOW_MS - 2_000
    return Answer(_OFFER, sent_ms, sent_ms + _HOUR_MS, sent_ms, outcome, why, 1, _NOW_MS - 500)


def _never_left() -> Answer:
    return Answer(_OFFER, _NOW_MS - _HOUR_MS, _NOW_MS)


def _seen(
    sha256: str, offer: Answer | None = None, *, session: str | None = None, held: str | None = None
) -> Evidence:
    status = Status(
        1, _NOW_MS - 100, _NOW_MS - 100, {"id": "p", "version": 1, "sha256": sha256}, session, held
    )
    return Evidence(Link.ONLINE, status, offer=offer)


# --- a rollout ---


def _of_rollout() -> str:
    lines = [
        "stateDiagram-v2",
        f"    [*] --> {RolloutState.DRAFT}: somebody writes it",
        f"    {RolloutState.DRAFT} --> {RolloutState.SUBMITTED}: submit",
        f"    {RolloutState.SUBMITTED} --> {RolloutState.APPROVED}: approve, by somebody else",
        f"    {RolloutState.SUBMITTED} --> {RolloutState.DRAFT}: reject",
    ]
    for state in RolloutState:
        said: dict[RolloutState, list[str]] = {}
        for words, move in _moves(state):
            after = move(_scene(state))
            if after is not state:
                said.setdefault(after, []).append(words)
        lines += [f"    {state} --> {after}: {'<br/>'.join(words)}" for after, words in said.items()]
    return "\n".join(lines)


Move = Callable[[State], RolloutState]


def _moves(state: RolloutState) -> Iterable[tuple[str, Move]]:
    for verb in Verb:
        if state in FROM[verb]:
            yield verb.value, _asking(verb)
    if state is RolloutState.APPROVED:
        yield "start, for later", _asking(Verb.START, start_ms=_NOW_MS + 1)
    yield "its time has come", _ticking()
    yield "the version is withdrawn", _ticking(barred={_NEW: policy.VERSION_WITHDRAWN})
    if state is RolloutState.RUNNING:
        yield "a wave beyond a threshold", _ticking(states=(TargetState.FAILED, TargetState.PLANNED))
        yield "the last wave is over, and good", _ticking(states=(TargetState.VERIFIED,) * 2, wave=2)
    if state is RolloutState.ROLLING_BACK:
        yield "nobody is left who can be reached", _ticking(states=(TargetState.VERIFIED,) * 2, back=True)


def _scene(state: RolloutState) -> State:
    targets = {
        "D": Target("D", 1, 1, _NEW, 0, state=TargetState.VERIFIED, changed=True, before=_PROTOCOL),
        "E": Target("E", 2, 2, _NEW, 0),
    }
    begun = state not in (RolloutState.APPROVED, RolloutState.SCHEDULED)
    waves = (Wave(1, opened_ms=0), Wave(2)) if begun else (Wave(1), Wave(2))
    return State(_ROLLOUT, _PLAN, _NEW, state, targets, waves, wave=int(begun))


_PROTOCOL: Final = {"id": "p", "version": 1, "sha256": _OLD}


def _asking(verb: Verb, **other: Any) -> Move:
    def move(scene: State) -> RolloutState:
        answer = asked(replace(scene, plan=replace(scene.plan, **other)), verb, _NOW_MS)
        return answer.state.state if isinstance(answer, Step) else scene.state

    return move


def _ticking(
    states: tuple[TargetState, ...] = (), *, wave: int = 1, back: bool = False, barred: Any = NOTHING
) -> Move:
    def move(scene: State) -> RolloutState:
        rows = list(scene.targets.values())
        for place, target_state in enumerate(states):
            direction = Direction.BACK if back else Direction.OUT
            rows[place] = replace(rows[place], state=target_state, direction=direction, changed=False)
        targets = {row.serial: row for row in rows}
        opened = tuple(replace(one, opened_ms=0) if one.number <= wave else one for one in scene.waves)
        due = scene.state not in (RolloutState.APPROVED, RolloutState.SCHEDULED)
        moved = replace(scene, targets=targets, barred=barred)
        if due:
            moved = replace(moved, waves=opened, wave=wave)
        return policy.next_step(moved, _NOW_MS).state.state

    return move
