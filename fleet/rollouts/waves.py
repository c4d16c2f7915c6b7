"""Which target is in which wave, and how the waves go on.  Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fleet.rollouts.deeds import Desk
from fleet.rollouts.judge import Tally, Verdict, beyond, fallen_short
from fleet.rollouts.plan import ORDER, Advance, Count, Fault, OfClass, Percent, Reach
from fleet.rollouts.planned import IDLE
from fleet.rollouts.scene import Action, Candidate, Kind, Target
from fleet.rollouts.states import OPEN, RolloutState, TargetState


class Placed(NamedTuple):
    """A device in its wave; `place` is its turn within the rollout, from 1."""

    candidate: Candidate
    wave: int
    place: int


def arrange(reaches: Sequence[Reach], devices: Iterable[Candidate]) -> list[Placed]:
    """Return each device with its wave, by risk class and serial.  Who is beyond the last wave is not there."""
    ordered = sorted(devices, key=lambda one: (ORDER.index(one.risk_class), one.serial))
    placed: list[Placed] = []
    for number, reach in enumerate(reaches, start=1):
        upto = _upto(reach, ordered, len(placed))
        placed += [
            Placed(one, number, place)
            for place, one in enumerate(ordered[len(placed) : upto], start=len(placed) + 1)
        ]
    return placed


def unreached(reaches: Sequence[Reach], devices: Sequence[Candidate]) -> Fault | None:
    """Return what is wrong with waves that leave somebody out; None: they reach everybody."""
    left = len(devices) - len(arrange(reaches, devices))
    return Fault("waves", "not_everybody", {"left_out": left, "devices": len(devices)}) if left else None


def _upto(reach: Reach, ordered: Sequence[Candidate], before: int) -> int:
    """How many of all, in order, this wave and those before it have."""
    match reach:
        case Count(count):
            upto = before + count
        case Percent(percent):
            upto = -(-len(ordered) * round(percent * 1_000) // 100_000)  # rounded up: 5 % of 4 is one
        case OfClass(risk_class):
            upto = sum(ORDER.index(one.risk_class) <= ORDER.index(risk_class) for one in ordered)
    return min(len(ordered), max(before, upto))


def tallies(desk: Desk) -> dict[int, Tally]:
    """Return how the waves stand, by number; all of them."""
    found = {number: Tally(number, Counter()) for number in desk.waves}
    for row in desk.targets.values():
        tally = found[row.wave]
        tally.states[row.state] += 1
        if row.state is TargetState.PLANNED:
            away = row.reason in IDLE
        elif row.state in OPEN:
            away = is_away(desk, row)
        else:
            continue
        if away:
            tally.unreachable += 1
        else:
            tally.waiting += 1
    return found


def is_away(desk: Desk, row: Target) -> bool:
    """Whether it holds the offer and cannot be reached: no wave waits for it."""
    seen = desk.given.seen.get(row.serial)
    return row.state is TargetState.HELD and seen is not None and not seen.reachable


def verdict(desk: Desk, tally: Tally) -> Verdict | None:
    """Return why this wave stops the rollout; None: it is good as far as it is, or somebody waived it."""
    wave = desk.waves[tally.number]
    if wave.opened_ms is None or wave.waived_ms is not None or not tally.targets:
        return None
    return beyond(tally, desk.plan) or (fallen_short(tally, desk.plan) if not tally.waiting else None)


def first_bad(desk: Desk, found: dict[int, Tally]) -> Verdict | None:
    """Return why the first wave that is not good stops the rollout."""
    return next((bad for number in sorted(found) if (bad := verdict(desk, found[number]))), None)


def mark_over(desk: Desk, found: dict[int, Tally]) -> None:
    """Write down which waves are over, and which are not any more because somebody came back."""
    for number, wave in sorted(desk.waves.items()):
        if wave.opened_ms is None:
            continue
        if found[number].waiting and wave.over_ms is not None:
            desk.do(Action(Kind.WAVE_REOPENED, wave=number))
        elif not found[number].waiting and wave.over_ms is None:
            desk.do(
                Action(
                    Kind.WAVE_OVER, wave=number, reason=waits_for(desk, number), facts=found[number].facts()
                )
            )


def waits_for(desk: Desk, number: int) -> str:
    """Return what a wave that is over waits for: `gate`, `soak`, or nothing."""
    if number != desk.wave or number == len(desk.plan.waves):
        return ""
    if desk.plan.advance is Advance.MANUAL:
        return "gate"
    return "soak" if desk.plan.soak_ms else ""


def open_next(desk: Desk, found: dict[int, Tally]) -> bool:
    """Open the next wave, past those that have no targets; whether there was one."""
    while desk.wave < len(desk.plan.waves):
        if desk.wave:
            empty = not found[desk.wave].targets
            desk.do(Action(Kind.WAVE_PASSED, wave=desk.wave, reason="no_targets" if empty else ""))
        number = desk.wave + 1
        targets = found[number].targets
        desk.do(Action(Kind.WAVE_OPENED, wave=number, facts={"targets": targets}))
        if targets:
            return True
    return False


def may_go_on(desk: Desk) -> bool:
    """Whether the clock may open the next wave: the one that is open is over, soaked, and needs nobody's word."""
    if not desk.wave:
        return True
    over_ms = desk.waves[desk.wave].over_ms
    if over_ms is None or desk.plan.advance is Advance.MANUAL:
        return False
    return desk.at_ms >= over_ms + desk.plan.soak_ms


def is_done(desk: Desk, found: dict[int, Tally]) -> bool:
    """Whether nothing is left to wait for: the last wave is open, and no offer is out anywhere."""
    last = desk.wave == len(desk.plan.waves)
    open_ones = any(tally.of(OPEN) for tally in found.values())
    return last and not open_ones and not any(tally.waiting for tally in found.values())


def complete(desk: Desk) -> None:
    """The rollout is over; who could not be reached is counted."""
    left = Counter(row.reason for row in desk.targets.values() if row.state is TargetState.PLANNED)
    away = left["unreachable"] + left["conflict"]
    facts = {"unreachable": away, "other_rollout": left["other_rollout"]}
    reason = "unreachable" if away else "other_rollout" if left["other_rollout"] else ""
    back = desk.state is RolloutState.ROLLING_BACK
    if back:
        facts["left"] = sum(row.changed for row in desk.targets.values())
        reason = "some_left" if facts["left"] > away else reason
    else:
        desk.do(Action(Kind.WAVE_PASSED, wave=desk.wave))
    kind = Kind.ROLLED_BACK if back else Kind.COMPLETED
    desk.do(Action(kind, to=kind.value, reason=reason, facts=facts))
