"""Steps down: what “− 5 mA” or “half” comes to.  Pure; the twin of `js/lowering.js`.

A page offers only steps from what the device last said was set, and sends what it showed as “at most”: the device
takes the smaller of that and what is set by then, so that a value which grew old on the page cannot raise anything.
Currents are counted in tenths of a milliampere and rounded down, so that no step comes to nothing by rounding.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

STEPS: Final = ("-1", "-2", "-5", "-10%", "half")
"""In the order that a page offers them: mA, a share of what is set, and half of it."""


class Target(NamedTuple):
    """What a channel is to be set to at most, from what it was set to, mA; channels count from 1."""

    channel: int
    from_ma: float
    to_ma: float


def lowered(set_ma: float, step: str) -> float:
    """Return what a step makes of a set current, mA: less, and at least 0.

    Raises:
        ValueError: There is no such step.
    """
    tenths = max(0, math.floor(set_ma * 10 + 1e-6))
    if step not in STEPS:
        raise ValueError(f"{step[:20]!r} is no step; there are: {', '.join(STEPS)}")
    if step == "half":
        return tenths // 2 / 10
    if step == "-10%":
        return tenths * 9 // 10 / 10
    return max(0, tenths - 10 * int(step.removeprefix("-"))) / 10


def targets(channels: Iterable[Mapping[str, Any]], channel: int | None, step: str) -> list[Target]:
    """Return what a step comes to, for one channel or for all (None); those set to nothing are left out.

    Args:
        channels: As the API's device object has them: `n`, and `set_ma` or None where it is not known.
    """
    return [
        Target(one["n"], one["set_ma"], lowered(one["set_ma"], step))
        for one in channels
        if one["set_ma"] and channel in (None, one["n"])
    ]
