"""The picture of an alert's life, made by living it: every step is taken from every state.  Pure.

`manage.py lifecycle --write` puts it into docs/safety/lifecycle.md; a test holds it current.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from fleet.safety import lifecycle
from fleet.safety.life import USUAL, Life, Step
from fleet.safety.signals import Fall, Key, Rise, Weigh
from fleet.safety.words import Disposition, Priority, State

_KEY: Final = Key("electrode_off", device_id=1, channel=2)
_DAY_MS: Final = 86_400_000

Move = Callable[[Life], Step | None]


def mermaid() -> str:
    """Return the picture as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", *_births()]
    for before in (State.RAISED, State.ACKNOWLEDGED, State.CLEARED):
        said: dict[State, list[str]] = {}
        for words, move, variant in _MOVES:
            after = _after(before, move, variant)
            if after is not None and words not in said.get(after, ()):
                said.setdefault(after, []).append(words)
        lines += [f"    {before.value} --> {after.value}: {'<br/>'.join(said[after])}" for after in said]
    return "\n".join([*lines, f"    {State.CLOSED.value} --> [*]"])


def _births() -> list[str]:
    live = lifecycle.born(_rise(), 0).life.state
    late = lifecycle.born(replace(_rise(), late=True), 0).life.state
    return [f"    [*] --> {live.value}: becomes true", f"    [*] --> {late.value}: a late record tells of it"]


def _after(before: State, move: Move, variant: dict[str, object]) -> State | None:
    """Return the state that the move leads to; None if it leads nowhere else."""
    step = move(replace(_LIVES[before], **variant))  # type: ignore[arg-type]
    return None if step is None or step.life.state is before else step.life.state


def _rise() -> Rise:
    return Rise(_KEY, _DAY_MS, Priority.MEDIUM, session="s", in_session=True)


def _comes_back(life: Life) -> Step | None:
    return lifecycle.take(life, _rise(), _DAY_MS) if life.state is State.CLEARED else None


def _worsens(life: Life) -> Step | None:
    return lifecycle.take(life, Weigh(_KEY, _DAY_MS, Priority.HIGH), _DAY_MS)


def _falls(life: Life) -> Step | None:
    return lifecycle.take(life, Fall(_KEY, _DAY_MS), _DAY_MS)


def _acknowledged(life: Life) -> Step:
    return lifecycle.acknowledge(life, by=1, now_ms=_DAY_MS)


def _closed(life: Life) -> Step:
    return lifecycle.close(life, disposition=Disposition.ACTIONABLE, note="", by=1, now_ms=_DAY_MS)


def _waits(life: Life) -> Step:
    return lifecycle.pass_time(life, _DAY_MS)


_RAISED: Final = Life(
    priority=Priority.MEDIUM,
    state=State.RAISED,
    raised_ms=0,
    risen_ms=0,
    peak=Priority.MEDIUM,
    session="s",
    in_session=True,
)
_LIVES: Final = {
    State.RAISED: _RAISED,
    State.ACKNOWLEDGED: replace(_RAISED, state=State.ACKNOWLEDGED, acknowledged_ms=1, acknowledged_by=1),
    State.CLEARED: replace(_RAISED, state=State.CLEARED, cleared_ms=1, close_ms=USUAL.close_ms),
}
_HAD: Final[dict[str, object]] = {"acknowledged_ms": 1, "acknowledged_by": 1}
_MOVES: Final[tuple[tuple[str, Move, dict[str, object]], ...]] = (
    ("somebody acknowledges", _acknowledged, {}),
    ("true no longer", _falls, {}),
    ("worse than was seen", _worsens, {}),
    ("comes back", _comes_back, {}),
    ("comes back while it chatters, and somebody has it", _comes_back, {"chattering": True} | _HAD),
    ("ten minutes pass: low or medium, not latched", _waits, {}),
    ("somebody closes it", _closed, {}),
)
