"""The server itself: a part of it that is silent is an alert of every site.

Each part is watched by another: the worker watches ingest, dispatch, courier and broker; ingest watches the worker,
and the others while it stands in for it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from devices.models import Pulse
from devices.moments import to_ms
from fleet.safety import service
from fleet.safety.models import Alert
from fleet.safety.rules import RULES
from fleet.safety.signals import Fall, Key, News, Rise
from fleet.safety.words import TRUE

BACK: Final = timedelta(seconds=5)
"""A pulse under this age ends the alert."""
_JUMP: Final = timedelta(seconds=5)


class Watch:
    """One process's look at the others.

    It says nothing of parts before it has run for a while itself: after a start of everything, or a sleep of the
    whole machine, every pulse is old.
    """

    def __init__(self, parts: Iterable[str]) -> None:
        self.parts = tuple(parts)
        self._from: datetime | None = None
        self._last: datetime | None = None
        self._cut_since: dict[str, datetime] = {}  # since when ingest or dispatch has been without the broker

    def look(self, now: datetime) -> frozenset[str]:
        """Raise what is silent by now, and clear what is not; return which parts are silent."""
        limit = timedelta(seconds=settings.ALERT_PART_SILENT_SECONDS)
        if self._from is None or self._last is None or now - self._last > _JUMP or now < self._last:
            self._from = now
        self._last = now
        pulses = {pulse.part: pulse for pulse in Pulse.objects.all()}
        silent = {part: self._silent_since(part, pulses, now, limit) for part in self.parts}
        if now - self._from < limit:
            silent = {part: since for part, since in silent.items() if since is False}
        service.take(list(_news(silent, now)), now)
        return frozenset(part for part, since in silent.items() if isinstance(since, datetime))

    def _silent_since(
        self, part: str, pulses: Mapping[str, Pulse], now: datetime, limit: timedelta
    ) -> datetime | bool | None:
        """Return since when a part is silent, False if it is not, None where that is not known."""
        pulse = pulses.get("ingest" if part == "broker" else part)
        if pulse is None:
            return None  # it never ran here
        is_back, is_silent = now - pulse.at <= BACK, now - pulse.at > limit
        if part != "broker" and (is_silent or not is_back):
            return pulse.at if is_silent else None
        if part not in ("broker", "dispatch"):
            return False
        if not is_back:
            return None  # the broker is seen through ingest
        return self._cut(part, pulses, now, limit)

    def _cut(
        self, part: str, pulses: Mapping[str, Pulse], now: datetime, limit: timedelta
    ) -> datetime | bool | None:
        """Since when the broker is away; or dispatch from it, while it is there for ingest: one cause is one alert."""
        ingest = pulses.get("ingest")
        is_there = ingest is not None and bool(ingest.detail.get("broker"))
        is_joined = pulses["dispatch"].detail.get("broker") is not False if part == "dispatch" else is_there
        if is_joined:
            self._cut_since.pop(part, None)
            return False
        since = self._cut_since.setdefault(part, now)
        if part == "dispatch" and not is_there:
            return None
        return since if now - since >= limit else None


def _news(silent: Mapping[str, datetime | bool | None], now: datetime) -> Iterable[News]:
    rules = {f"{part}_silent": since for part, since in silent.items() if since is not None}
    true = set(Alert.objects.filter(rule__in=rules, state__in=TRUE, site=None).values_list("rule", flat=True))
    for rule, since in rules.items():
        if isinstance(since, datetime) and rule not in true:
            yield risen(rule, to_ms(since), now)
        elif since is False and rule in true:
            yield Fall(Key(rule), to_ms(now))


def risen(rule: str, last_ms: int, now: datetime) -> Rise:
    """Return the news that a part is silent.

    Args:
        last_ms: When it was last heard of.
    """
    about = RULES[rule]
    return Rise(
        Key(rule), to_ms(now), about.priorities[0], about.duty, {"last_ms": last_ms}, latched=about.latched
    )
