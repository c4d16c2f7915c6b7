"""Whether a session gave what its protocol planned.  Pure; the rule and its source are in docs/dose.md.

A planned contraction is *reached* on a channel if the current was at target (devices.plan.AT_TARGET) for HELD of
its planned `on` time.  The session goes by the channel that reached the fewest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from devices.dose import FOLLOWS_MS, Dose, Hole, Key
from devices.plan import Plan

HELD: Final = 0.8  # of a contraction's planned `on` time
VALID, PARTIAL = 0.8, 0.5  # of the planned contractions


class Finding(StrEnum):
    """What can be said of a session."""

    VALID = "valid"
    PARTIAL = "partial"
    TOO_LITTLE = "too_little"
    UNKNOWN = "unknown"  # too much of it was not seen
    OPEN = "open"  # not over
    UNPLANNED = "unplanned"  # nothing to judge against


@dataclass(frozen=True, slots=True)
class Reached:
    """Planned contractions that one channel reached; `unseen` more may have been, while nothing was heard."""

    channel: int
    reached: int
    unseen: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The finding, with its numbers; `least` is the channel it goes by."""

    finding: Finding
    planned: int | None = None
    channels: tuple[Reached, ...] = ()
    least: Reached | None = None


def verdict_of(
    plan: Plan | None, dose: Dose, *, elapsed_ms: int, is_open: bool, is_partly_gone: bool
) -> Verdict:
    """Judge a session.

    Args:
        plan: Of its protocol document; None: no document is kept.
        dose: Of its telemetry.
        elapsed_ms: How far it went, pauses excluded, as far as is known.
        is_open: Its end was not told.
        is_partly_gone: Telemetry of it was deleted by its age, so what is missing says nothing.
    """
    if plan is None or not plan.contractions:
        return Verdict(Finding.OPEN if is_open else Finding.UNPLANNED)
    starts, needed = _contractions(plan)
    hidden = _hidden(starts, dose, elapsed_ms=elapsed_ms, is_partly_gone=is_partly_gone)
    channels = tuple(_reached(channel, needed, dose, hidden) for channel in plan.channels)
    least = min(channels, key=lambda one: (one.reached, one.reached + one.unseen))
    total = plan.contractions
    if is_open:
        return Verdict(Finding.OPEN, total, channels, least)
    at_least = finding_of(least.reached, total)
    at_most = finding_of(min(one.reached + one.unseen for one in channels), total)
    return Verdict(at_least if at_least is at_most else Finding.UNKNOWN, total, channels, least)


def is_reached(at_target_ms: int, planned_on_ms: int) -> bool:
    """Whether a contraction was at target for long enough."""
    return at_target_ms >= HELD * planned_on_ms


def finding_of(reached: int, planned: int) -> Finding:
    """The rule: valid from 80 % of the planned contractions on, partial from 50 % on."""
    if reached >= VALID * planned:
        return Finding.VALID
    return Finding.PARTIAL if reached >= PARTIAL * planned else Finding.TOO_LITTLE


def _contractions(plan: Plan) -> tuple[dict[Key, int], dict[Key, int]]:
    """Return when each planned contraction begins and how long it is, ms, in the plan's order."""
    on = [one for one in plan.segments if one.phase == "on"]
    starts = {(one.step, one.cycle): one.start_ms for one in on}
    return starts, {(one.step, one.cycle): one.length_ms for one in on}


def _reached(channel: int, needed: Mapping[Key, int], dose: Dose, hidden: set[Key]) -> Reached:
    reached = unseen = 0
    for key, length_ms in needed.items():
        row = dose.at_target_ms.get(key, ())
        at_ms = row[channel - 1] if channel <= len(row) else 0
        if is_reached(at_ms, length_ms):
            reached += 1
        elif key in hidden:
            unseen += 1
    return Reached(channel, reached, unseen)


def _hidden(starts: Mapping[Key, int], dose: Dose, *, elapsed_ms: int, is_partly_gone: bool) -> set[Key]:
    """Return the contractions that may have happened while nothing was heard."""
    begun = [key for key, start_ms in starts.items() if start_ms < elapsed_ms]
    if is_partly_gone or not dose.messages:
        return set(begun)
    order = {key: at for at, key in enumerate(starts)}
    holes = list(dose.holes)
    if elapsed_ms - dose.last_elapsed_ms > FOLLOWS_MS and dose.at_target_ms:
        holes.append(Hole(max(dose.at_target_ms, key=lambda key: order.get(key, -1)), None))
    hidden: set[Key] = set()
    for hole in holes:
        low = 0 if hole.after is None else order.get(hole.after, 0)
        high = len(begun) - 1 if hole.before is None else order.get(hole.before, len(begun) - 1)
        hidden.update(key for key, at in order.items() if low <= at <= high)
    return hidden
