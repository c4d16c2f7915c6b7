"""Slow spells: when work took too long, and where the time of its worst round went.  Pure.

A round is what a process does between two waits: for ingest one batch with the work of time after it, for the web
one request.  Steps are timed at their borders, a dozen times a round and never per message.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

OVER_AFTER_S = 5.0
"""A spell is over when no round was slow for so long."""


class Stopwatch:
    """Where the time of one round went.

    `lap("copy")` books the time since the last lap on that step; a step that comes again adds up.
    """

    __slots__ = ("_at_s", "_clock", "laps")

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self.laps: dict[str, float] = {}  # s
        self._at_s = clock()

    def start(self) -> None:
        """Begin a round."""
        self.laps = {}
        self._at_s = self._clock()

    def lap(self, step: str) -> None:
        now_s = self._clock()
        self.laps[step] = self.laps.get(step, 0.0) + now_s - self._at_s
        self._at_s = now_s


@dataclass(slots=True)
class Round:
    """One round, as the spell keeps its worst."""

    steps_ms: dict[str, int]
    waited_ms: int = 0  # how old the oldest message was before the work on it began
    messages: int = 0
    backlog: int = 0  # messages that waited meanwhile
    what: str = ""  # the route of a request

    @property
    def worked_ms(self) -> int:
        return sum(self.steps_ms.values())

    @property
    def took_ms(self) -> int:
        return self.waited_ms + self.worked_ms


@dataclass(slots=True)
class Spell:
    """A stretch of slow rounds; times are Unix ms."""

    began_ms: int
    last_ms: int
    worst: Round
    worst_at_ms: int
    rounds: int = 1
    row: int | None = field(default=None, compare=False)  # its row, once it has one


class Watch:
    """Puts slow rounds together to spells.

    Args:
        slow_ms: From how long on a round is slow.
    """

    def __init__(self, slow_ms: float) -> None:
        self.slow_ms = slow_ms
        self.spell: Spell | None = None
        self.rounds = 0  # slow ones, ever
        self._is_fresh = False

    def note(self, one: Round, now_ms: int) -> None:
        """Take in a round that has just ended."""
        if one.took_ms < self.slow_ms:
            return
        self._is_fresh = True
        self.rounds += 1
        spell = self.spell
        if spell is None or now_ms - one.took_ms - spell.last_ms > OVER_AFTER_S * 1000:
            self.spell = Spell(now_ms - one.took_ms, now_ms, one, now_ms)
            return
        spell.last_ms = now_ms
        spell.rounds += 1
        if self._weight(one) > self._weight(spell.worst):
            spell.worst, spell.worst_at_ms = one, now_ms

    def _weight(self, one: Round) -> tuple[bool, int]:
        """A round that worked slowly outweighs those that only waited behind it: it shows the cause."""
        return one.worked_ms >= self.slow_ms, one.took_ms

    def news(self) -> Spell | None:
        """Return the spell if there is something of it to write down since this was last asked."""
        if not self._is_fresh:
            return None
        self._is_fresh = False
        return self.spell


def in_ms(laps: dict[str, float]) -> dict[str, int]:
    """Return steps in whole ms, without those that took none."""
    return {step: ms for step, s in laps.items() if (ms := round(s * 1000)) > 0}
