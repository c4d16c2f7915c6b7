"""A page that stays open: where its socket ends, it comes back, as the wall's own script does."""

import time
from types import TracebackType
from typing import Any

from tests.flows.wall import Wall
from tests.harness import House, wait_for


class Watcher:
    """What one page holds over all its connections.  A context manager; it is looked after when it is asked."""

    def __init__(self, house: House, site: str) -> None:
        self._house, self._site = house, site
        self._earlier: list[float] = []  # pulses of connections that ended
        self._wall = Wall(house, site)

    def __enter__(self) -> "Watcher":
        self._wall.__enter__()
        self.wait_pulse(within_s=20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._wall.closed:
            self._wall.__exit__(kind, error, trace)

    @property
    def wall(self) -> Wall:
        """The connection of now; one that ended is replaced if the server lets us in again."""
        if self._wall.closed:
            fresh = Wall(self._house, self._site)
            try:
                fresh.__enter__()
            except OSError:
                return self._wall
            self._earlier += self._wall.pulses
            self._wall = fresh
        return self._wall

    @property
    def devices(self) -> dict[str, dict[str, Any]]:
        return self.wall.devices

    @property
    def pulses(self) -> list[float]:
        """When each pulse came, monotonic s."""
        return self._earlier + self.wall.pulses

    def silent_s(self) -> float:
        """How long ago the last pulse came; the page greys out at 5 s."""
        return time.monotonic() - max(self.pulses, default=float("-inf"))

    def wait_pulse(self, *, within_s: float) -> None:
        """Wait for the next pulse."""
        before = len(self.pulses)
        wait_for(lambda: len(self.pulses) > before, within_s=within_s, why="no pulse came to the wall")
