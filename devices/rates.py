"""How fast counters rise: what a part of the server says beside its totals.  Pure."""

from collections import deque
from collections.abc import Mapping


class Rates:
    """Rises per second over the last seconds of samples, taken about once a second.

    Args:
        over_s: How far back the oldest sample lies; a counter that is new rises from 0.
    """

    def __init__(self, over_s: float = 10.0) -> None:
        self._over_s = over_s
        self._samples: deque[tuple[float, dict[str, float]]] = deque()

    def of(self, counters: Mapping[str, float], now_s: float) -> dict[str, float]:
        """Take one sample; return the rise of each counter per second, empty at the first one.

        Args:
            counters: Totals since the start of the process.
            now_s: A monotonic clock, s.
        """
        samples = self._samples
        while len(samples) > 1 and now_s - samples[1][0] >= self._over_s:
            samples.popleft()
        samples.append((now_s, dict(counters)))
        then_s, before = samples[0]
        if now_s <= then_s:
            return {}
        return {
            name: round((total - before.get(name, 0)) / (now_s - then_s), 2)
            for name, total in counters.items()
        }
