"""Every device that is heard, each with its watch: a batch of facts goes in, news of alerts come out.  Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from devices.batch.desk import Facts, Refused
from fleet.safety.finders import status, telemetry
from fleet.safety.judging import OnBroken, Watch
from fleet.safety.signals import News

JUDGING: Final = "judging"
"""What is reported as broken where it was no single rule."""
RULES_HERE: Final = frozenset(
    {*telemetry.FINDERS, *status.FINDERS, "overrun", "records_dropped", "identity_conflict", "rejects"}
)
"""The rules whose memory is kept here; those of silence are time's."""
_EVENT, _TELEMETRY, _STATUS = range(3)  # of one instant, in the order a device says them

Item = tuple[int, int, int, Any]  # boot, up_ms, kind, what
Spoilt = dict[int, list[Refused]]


class Ward:
    """The watches by device.  Whoever fills it reads their memory; whoever takes the news writes it."""

    def __init__(self, on_broken: OnBroken) -> None:
        self.watches: dict[int, Watch] = {}
        self._on_broken = on_broken

    def hear(
        self, items: dict[int, list[Item]], spoilt: Spoilt, facts: Facts, now_ms: int
    ) -> tuple[list[News], list[Watch]]:
        """Judge what a batch says of devices that all have a watch; return the news, and who has changed."""
        news: list[News] = []
        changed: list[Watch] = []
        for device_id in {**facts.states, **items, **spoilt}:
            watch = self.watches[device_id]
            self._hear(watch, items.get(device_id, ()), facts, now_ms)
            if device_id in spoilt:
                watch.refused(len(spoilt[device_id]), now_ms, spoilt[device_id][-1].reason)
            if watch.news:
                news += watch.news
                watch.news = []
            if watch.touched:
                changed.append(watch)
        return news, changed

    def _hear(self, watch: Watch, items: Sequence[Item], facts: Facts, now_ms: int) -> None:
        """Judge what one device said, in the order it said it; what fails here is told, and stops no other."""
        pair = facts.states.get(watch.device_id)
        try:
            if pair is not None:
                live = pair[1]
                watch.planned = (live.planned_for, live.planned_ms)
                if live.link == "conflict" or watch.slots or watch.in_conflict:
                    watch.link(live.link, live.heard_ms or 0)
            for _boot, _up_ms, kind, what in items:
                if kind == _TELEMETRY:
                    row, message = what
                    watch.telemetry(message, row.placed_ms, late=row.late, disputed=row.disputed)
                elif kind == _STATUS:
                    watch.heard_status(what)
                else:
                    watch.happened(what, now_ms)
        except Exception as error:
            self._on_broken(JUDGING, error)


def by_device(facts: Facts) -> dict[int, list[Item]]:
    """Return what each device said, in the order it said it."""
    items: dict[int, list[Item]] = {}
    for row, (device_id, message, _placed_ms, _disputed) in zip(facts.telemetry, facts.sums, strict=True):
        items.setdefault(device_id, []).append((message.boot, message.up_ms, _TELEMETRY, (row, message)))
    for told in facts.statuses:
        items.setdefault(told.device_id, []).append((told.status.boot, told.status.up_ms, _STATUS, told))
    for one in facts.happened:
        items.setdefault(one.device_id, []).append((one.event.boot, one.event.up_ms, _EVENT, one))
    for some in items.values():
        if len(some) > 1:
            some.sort(key=lambda item: item[:3])
    return items


def spoilt_by_device(refused: Iterable[Refused]) -> Spoilt:
    """Return what of each device was refused."""
    spoilt: Spoilt = {}
    for one in refused:
        if one.device_id is not None:
            spoilt.setdefault(one.device_id, []).append(one)
    return spoilt
