"""Whose silence has one cause: an access point, a gateway, a room, or the network of a whole site.  Pure.

A device's group is its `uplink`, which defaults to its room.  When enough of a group are silent, and enough of those
that should have spoken within the last seconds, that is one alert, and theirs are listed under it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from fleet.safety.rules import Limits

WINDOW_MS: Final = 5_000
"""Who spoke within this time is in contact."""
QUIET_MS: Final = {True: 5_000, False: 20_000}
"""Who has not spoken for so long should have, by "in session": wire.md promises a message a second, or in 15 s."""
SITE: Final = ""
"""The subject of a site's own cause; a group always has a name."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What is known of the contact with one device of a site."""

    device_id: int
    group: str  # "": none is known
    in_session: bool
    age_ms: int  # since it was last heard
    is_own: bool = (
        False  # its silence is a story of its own: it said goodbye, or was told alone and stayed away
    )

    @property
    def is_quiet(self) -> bool:
        return not self.is_own and self.age_ms >= QUIET_MS[self.in_session]

    @property
    def has_spoken(self) -> bool:
        return self.age_ms < WINDOW_MS


@dataclass(frozen=True, slots=True)
class Need:
    """From how many silent devices on, and from which share of those that should have spoken, it is one cause."""

    at_least: int
    share: float  # 0…1

    @classmethod
    def of(cls, limits: Limits, rule: str) -> "Need":
        values = limits[rule]
        return cls(round(values["at_least"]), values["share_percent"] / 100)


@dataclass(slots=True)
class Cause:
    """Silence that has one cause.

    `calm_since_ms`: from when on too few of those that should speak are silent; it ends a while after, so that
    devices that come back one by one are not each told.
    """

    devices: frozenset[int]
    in_session: int
    calm_since_ms: int | None = None


@dataclass(slots=True)
class _Part:
    """A group, or a device without one."""

    silent: list[Contact] = field(default_factory=list)
    spoken: int = 0

    @property
    def should(self) -> int:
        return self.spoken + len(self.silent)

    def is_down(self, share: float) -> bool:
        return bool(self.silent) and len(self.silent) >= share * self.should

    def cause(self, calm_since_ms: int | None = None) -> Cause:
        devices = frozenset(one.device_id for one in self.silent)
        return Cause(devices, sum(one.in_session for one in self.silent), calm_since_ms)


def find(
    contacts: Iterable[Contact],
    limits: Limits,
    held: Mapping[str, int | None],
    now_ms: int,
    *,
    settle_ms: int,
    may_begin: bool = True,
    spoken: Mapping[str, int] | None = None,
) -> dict[str, Cause]:
    """Return the causes that hold at one site now, by subject: a group's name, or `SITE`.

    While the site's own cause holds, groups are still found, so that they take over when it ends.

    Args:
        held: Which causes hold already, each with its `calm_since_ms`.
        settle_ms: How long a cause outlasts the moment from which on most have come back.
        may_begin: Whether silence may be news: not while the server itself may be what was away.
        spoken: How many more are in contact, by group.
    """
    parts = _parts(contacts)
    for group, count in (spoken or {}).items():
        parts.setdefault(group, _Part()).spoken += count
    need = Need.of(limits, "group_silent")
    found: dict[str, Cause] = {}
    for name, part in parts.items():
        if isinstance(name, str) and name:
            holds = len(part.silent) >= need.at_least and part.is_down(need.share)
            cause = _go_on(part, need, holds, name, held, now_ms, settle_ms, may_begin)
            if cause is not None:
                found[name] = cause
    whole = _site(parts, limits, found, held, now_ms, settle_ms, may_begin)
    return found if whole is None else {**found, SITE: whole}


def _parts(contacts: Iterable[Contact]) -> dict[str | int, _Part]:
    parts: dict[str | int, _Part] = {}
    for one in contacts:
        if one.is_quiet:
            parts.setdefault(one.group or one.device_id, _Part()).silent.append(one)
        elif one.has_spoken:
            parts.setdefault(one.group or one.device_id, _Part()).spoken += 1
    return parts


def _joined(parts: Iterable[_Part]) -> _Part:
    joined = _Part()
    for part in parts:
        joined.silent.extend(part.silent)
        joined.spoken += part.spoken
    return joined


def _go_on(
    part: _Part,
    need: Need,
    holds: bool,
    subject: str,
    held: Mapping[str, int | None],
    now_ms: int,
    settle_ms: int,
    may_begin: bool,
) -> Cause | None:
    """Return the cause if it begins, holds, or has not been over for long enough."""
    if holds:
        return part.cause() if subject in held or may_begin else None
    if subject not in held or len(part.silent) < need.at_least:
        return None
    since_ms = held[subject]
    calm_since_ms = now_ms if since_ms is None else since_ms
    return part.cause(calm_since_ms) if now_ms - calm_since_ms < settle_ms else None


def _site(
    parts: Mapping[str | int, _Part],
    limits: Limits,
    groups: Mapping[str, Cause],
    held: Mapping[str, int | None],
    now_ms: int,
    settle_ms: int,
    may_begin: bool,
) -> Cause | None:
    """The site's own cause: most are silent, and most of the others, too, without the group that is hit most.

    One dead access point is never a dead site, however many of the site's devices hang on it.
    """
    need = Need.of(limits, "site_silent")
    worst = max(parts, key=lambda name: (len(parts[name].silent), -parts[name].spoken), default=None)
    whole, rest = _joined(parts.values()), _joined(part for name, part in parts.items() if name != worst)
    holds = len(whole.silent) >= need.at_least and whole.is_down(need.share) and rest.is_down(need.share)
    explained = {
        device for name, cause in groups.items() if cause.calm_since_ms is None for device in cause.devices
    }
    if not holds and sum(one.device_id not in explained for one in whole.silent) < need.at_least:
        return None  # what is left of it, its groups explain
    return _go_on(whole, need, holds, SITE, held, now_ms, settle_ms, may_begin)
