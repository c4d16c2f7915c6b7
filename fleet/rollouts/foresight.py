"""What happens next in a rollout, and when.  Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from fleet.rollouts import pace, waves
from fleet.rollouts.deeds import Desk
from fleet.rollouts.judge import Tally
from fleet.rollouts.plan import Advance
from fleet.rollouts.planned import IDLE
from fleet.rollouts.scene import NOTHING, State, Target
from fleet.rollouts.states import OPEN, RolloutState, TargetState
from fleet.rollouts.weighing import deadline_ms


@dataclass(frozen=True, slots=True)
class Next:
    """What happens next: a word, when (Unix ms; None: it is not the clock that decides), and what it is made of."""

    what: str
    at_ms: int | None = None
    facts: Mapping[str, Any] = NOTHING


def what_next(state: State, now_ms: int) -> Next:
    """Return what the rollout waits for.

    `submit`, `decide`, `start`: somebody has to.  `begin`: its time.  `offers`: the pace.  `window`: the earliest
    opening of a site's hours.  `answers`: devices, at the latest at the first deadline.  `held`: devices that hold
    their offer; no time is known.  `hearing`: ingest, without which nothing is offered.  `soak`, `gate`: the next
    wave.  `complete`: the next tick.  `person`: it is paused.  `nothing`: it is over.
    """
    desk = Desk(state, now_ms)
    match state.state:
        case RolloutState.DRAFT:
            return Next("submit")
        case RolloutState.SUBMITTED:
            return Next("decide")
        case RolloutState.APPROVED:
            return Next("start")
        case RolloutState.SCHEDULED:
            return Next("begin", state.plan.start_ms)
        case RolloutState.PAUSED:
            return Next("person", None, {"reason": state.reason, **_open(desk)})
        case RolloutState.RUNNING | RolloutState.ROLLING_BACK if not state.hears:
            return Next("hearing", None, _open(desk))
        case RolloutState.RUNNING:
            return _running(desk, now_ms)
        case RolloutState.ABORTED | RolloutState.ROLLING_BACK:
            return _work(desk, now_ms, list(desk.targets.values())) or Next("nothing")
        case _:
            return Next("nothing")


def _running(desk: Desk, now_ms: int) -> Next:
    found = waves.tallies(desk)
    if not desk.wave:
        return Next("wave", now_ms, {"wave": 1})
    here = found[desk.wave]
    last = desk.wave == len(desk.plan.waves)
    over_ms = desk.waves[desk.wave].over_ms
    if last or (here.waiting and over_ms is None):  # one that holds an offer and is away keeps no wave open
        mine = [row for row in desk.targets.values() if row.wave <= desk.wave]
        return _work(desk, now_ms, mine) or Next("complete", now_ms)
    over_ms = over_ms or now_ms
    facts = {"wave": desk.wave + 1, "targets": _targets(found, desk.wave + 1)}
    if desk.plan.advance is Advance.MANUAL:
        return Next("gate", None, facts)
    return Next("soak", over_ms + desk.plan.soak_ms, facts)


def _targets(found: Mapping[int, Tally], number: int) -> int:
    return found[number].targets if number in found else 0


def _work(desk: Desk, now_ms: int, rows: list[Target]) -> Next | None:
    """What devices have to do before anything else can be."""
    able = [row for row in rows if row.state is TargetState.PLANNED and row.reason not in IDLE]
    ready = [row for row in able if row.reason != "window"]
    if ready:
        at_ms = pace.next_ms(desk.recent_ms, desk.plan.pace_per_minute, now_ms)
        return Next("offers", at_ms, {"devices": len(ready), **_open(desk)})
    due = [due for row in rows if row.state in OPEN and (due := deadline_ms(row, desk.plan)) is not None]
    if due:
        return Next("answers", max(now_ms, min(due)), _open(desk))
    if any(row.state in OPEN for row in rows):
        return Next("held", None, _open(desk))
    if able and desk.plan.window is not None:
        zones = {row.zone for row in able}
        opens = min(pace.opens_ms(desk.plan.window, ZoneInfo(zone), now_ms) for zone in zones)
        return Next("window", opens, {"devices": len(able)})
    return None


def _open(desk: Desk) -> dict[str, int]:
    """How many offers are out, and how many of them devices hold."""
    out = [row for row in desk.targets.values() if row.state in OPEN]
    return {"open": len(out), "held": sum(row.state is TargetState.HELD for row in out)}
