"""A bar of time: stretches in tenths of a percent of its width.  Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from devices.links import Stretch

WIDTH = 1000
_LEAST = 1.5  # a short loss of contact stays visible


@dataclass(frozen=True, slots=True)
class Block:
    """One rectangle of the bar; `x` and `width` of WIDTH."""

    x: float
    width: float
    part: Stretch


def blocks(parts: Sequence[Stretch]) -> list[Block]:
    """Return one block a stretch; what was not online is never narrower than can be seen, and drawn on top."""
    if not parts:
        return []
    low, whole = parts[0].low, parts[-1].high - parts[0].low
    drawn = []
    for part in parts:
        x, width = (part.low - low) / whole * WIDTH, part.length / whole * WIDTH
        if part.link != "online" and width < _LEAST:
            x, width = max(0.0, min(x, WIDTH - _LEAST)), _LEAST
        drawn.append(Block(round(x, 2), round(width, 2), part))
    return sorted(drawn, key=lambda block: block.part.link != "online")
