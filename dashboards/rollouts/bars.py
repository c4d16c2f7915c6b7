"""How many devices stand where, as bars.  Pure but for the words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from dashboards.words.rollouts import PARTS, UNREACHABLE, Text

WIDTH = 1000  # of a bar, in the units of its picture


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a bar; `left` and `width` in thousandths of it."""

    key: str
    label: Text
    n: int
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, and what it says in words."""

    parts: tuple[Part, ...]
    total: int

    @property
    def words(self) -> str:
        return ", ".join(f"{part.n} {part.label}" for part in self.parts) or "–"

    def n(self, key: str) -> int:
        return next((part.n for part in self.parts if part.key == key), 0)


def bar(counts: Mapping[str, int], *, unreachable: int = 0) -> Bar:
    """Return the bar of these counts by target state; those out of reach are a part of their own."""
    sums = [(key, label, sum(counts.get(state, 0) for state in states)) for key, label, states in PARTS]
    return of_parts(Part(key, label, n, 0, 0) for key, label, n in _apart(sums, unreachable) if n)


def of_parts(parts: Iterable[Part]) -> Bar:
    """Return a bar of these parts, each in its place.

    What is left out takes no place in the bar: it is in no share.
    """
    known = list(parts)
    total = sum(part.n for part in known if part.key != "out")
    placed, left = [], 0.0
    for part in known:
        width = 0.0 if part.key == "out" or not total else part.n * WIDTH / total
        placed.append(replace(part, left=round(left, 1), width=round(width, 1)))
        left += width
    return Bar(tuple(placed), total)


def _apart(known: list[tuple[str, Text, int]], unreachable: int) -> list[tuple[str, Text, int]]:
    apart = []
    for key, label, n in known:
        if key != "planned":
            apart.append((key, label, n))
            continue
        away = min(n, unreachable)
        apart += [("planned", label, n - away), ("away", UNREACHABLE, away)]
    return apart
