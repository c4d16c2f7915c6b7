"""When a status was said, for proof: dispatch has a clock of each device's boot, as ingest has.  Pure.

What waited in the broker while we were away comes as if it were new.  So a boot is placed by what is known of it from
before, or by what came when nothing can have waited; else by its own arrival, which proves nothing where the order of
things counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from devices.batch.clock import Offset, is_late
from fleet.control.proof import Point

BACKLOG_MS: Final = 5_000
"""So long after a connect the broker may still be handing out what waited, unless it falls silent before."""
_LEAST_MS: Final = 1_000
_MOST_BOOTS: Final = 4  # of one device; two devices under one serial have two


@dataclass(slots=True)
class _Boot:
    offset: Offset
    is_sure: bool


class Clocks:
    """The clock of each boot that was heard lately; times are Unix ms of the server.

    Args:
        window_ms: For so long the quickest message says how long the way is.
    """

    def __init__(self, window_ms: int = 600_000) -> None:
        self._window_ms = window_ms
        self._boots: dict[int, dict[int, _Boot]] = {}
        self._connected_ms = self._prompt_from_ms = 0

    def connected(self, at_ms: int) -> None:
        """A connection begins: what waited comes first."""
        self._connected_ms, self._prompt_from_ms = at_ms, at_ms + BACKLOG_MS

    def quiet(self, at_ms: int) -> None:
        """For a moment nothing came: what waited has come."""
        if self._connected_ms + _LEAST_MS <= at_ms < self._prompt_from_ms:
            self._prompt_from_ms = at_ms

    def may_have_waited(self, arrival_ms: int) -> bool:
        return arrival_ms < self._prompt_from_ms

    def unknown(self, points: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
        """Return which of these (device, boot) are not placed by more than what may have waited."""
        return {
            (device_id, boot)
            for device_id, boot in points
            if (known := self._boots.get(device_id, {}).get(boot)) is None or not known.is_sure
        }

    def learn(self, device_id: int, boot: int, offset_ms: int, first_heard_ms: int, now_ms: int) -> None:
        """Ingest placed this boot so; that counts where it heard it before anything can have waited for us."""
        known = self._boots.get(device_id, {}).get(boot)
        if first_heard_ms >= self._connected_ms:
            return
        if known is not None:
            offset_ms = min(offset_ms, known.offset.offset_ms)
        self._keep(device_id, boot, _Boot(Offset.stored(offset_ms, now_ms), is_sure=True))

    def hear(self, device_id: int, point: Point, arrival_ms: int) -> None:
        """Take in a status as evidence of when its boot began; of a batch first all, then place."""
        is_prompt = not self.may_have_waited(arrival_ms)
        boot = self._boots.get(device_id, {}).get(point.boot)
        if boot is None:
            self._keep(device_id, point.boot, _Boot(Offset.first(arrival_ms, point.up_ms), is_sure=is_prompt))
        else:
            boot.offset.hear(arrival_ms, point.up_ms, self._window_ms)
            boot.is_sure = boot.is_sure or is_prompt

    def place(self, device_id: int, point: Point, arrival_ms: int) -> tuple[int, bool, bool]:
        """Return (when it was said, whether it took under five seconds to come, whether that is sure)."""
        boot = self._boots.get(device_id, {}).get(point.boot)
        if boot is None:  # of many boots at once, the oldest are not kept
            return arrival_ms, True, False
        placed_ms = boot.offset.place(point.up_ms, arrival_ms)
        return placed_ms, not is_late(placed_ms, arrival_ms, flagged=False), boot.is_sure

    def _keep(self, device_id: int, number: int, boot: _Boot) -> None:
        boots = self._boots.setdefault(device_id, {})
        boots[number] = boot
        while len(boots) > _MOST_BOOTS:
            del boots[min(boots)]
