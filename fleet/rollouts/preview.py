"""Whom a rollout would reach, and whom not and why, as the devices are now.  Nothing is kept."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User

from devices.moments import to_ms
from fleet.access.models import Site
from fleet.rollouts import clock, drafting, looking, pace, texts
from fleet.rollouts.drafting import Draft
from fleet.rollouts.sight import Standing
from fleet.rollouts.waves import arrange

OUTCOMES: Final = (
    "offered",
    "in_session",
    "already_current",
    "window",
    "unreachable",
    "conflict",
    "other_rollout",
    "incapable",
    "revoked",
)
"""What would become of a device; the first two are offered the version at once, when their wave is open."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One device: its wave (0: left out), its turn, and what would become of it."""

    device: Standing
    wave: int
    place: int
    outcome: str
    facts: Mapping[str, Any]

    @property
    def text(self) -> str:
        return texts.foreseen(self.outcome, self.facts)


def preview(*, actor: User, given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the API's object of a preview.

    Raises:
        Unusable: As `service.create`.
    """
    draft = drafting.read(actor, given)
    return told(draft, foresee(draft, now))


def told(draft: Draft, devices: list[Foreseen]) -> dict[str, Any]:
    """Return the API's object of what is foreseen."""
    slugs = {one.pk: one.slug for one in draft.sites}
    numbers = Counter(one.outcome for one in devices)
    return {
        "protocol": draft.version.protocol_id,
        "version": draft.version.number,
        "sha256": draft.version.sha256,
        "sites": sorted(slugs.values()),
        "devices": len(devices),
        "reached": numbers["offered"] + numbers["in_session"],
        "counts": {word: numbers[word] for word in OUTCOMES if numbers[word]},
        "waves": _waves(devices, len(draft.plan.waves)),
        "items": [
            {
                "serial": one.device.serial,
                "name": one.device.name,
                "room": one.device.room,
                "site": slugs[one.device.site_id],
                "risk_class": one.device.risk_class or None,
                "wave": one.wave or None,
                "outcome": one.outcome,
                "facts": dict(one.facts),
                "text": one.text,
            }
            for one in devices
        ],
    }


def foresee(draft: Draft, now: datetime) -> list[Foreseen]:
    """Return what would become of each device, in the order of their turns.

    Who is left out at the start is in a wave, too, and counts in it as long as it may still change: shares are of all.
    """
    zones = {one.pk: one.time_zone for one in draft.sites}
    by_serial = {one.serial: one for one in draft.found}
    elsewhere = looking.elsewhere(None, [one.id for one in draft.found])
    capable = looking.Capable()
    is_open = _windows(draft, draft.sites, now)
    out = []
    for placed in arrange(draft.plan.waves, clock.candidates(draft.found, zones)):
        device = by_serial[placed.candidate.serial]
        why_not = capable.why_not(draft.version.sha256, device)
        outcome, facts = _outcome(draft, device, why_not, elsewhere.get(device.id))
        if outcome in ("offered", "in_session") and not is_open[device.site_id]:
            outcome = "window"
        out.append(Foreseen(device, placed.wave, placed.place, outcome, facts))
    return out


def _outcome(
    draft: Draft, device: Standing, why_not: tuple[str, ...], elsewhere: str | None
) -> tuple[str, dict[str, Any]]:
    if device.is_revoked:
        return "revoked", {}
    if why_not:
        return "incapable", {"why": list(why_not)}
    if device.link == "conflict":
        return "conflict", {}
    status = looking.status_of(device)
    if not device.is_reachable or status is None:
        return "unreachable", {"link": device.link}
    if status.sha256 == draft.version.sha256:
        return "already_current", {}
    if elsewhere is not None:
        return "other_rollout", {"rollout": elsewhere}
    before = dict(status.protocol) if status.protocol else None
    return ("in_session" if status.session else "offered"), {"before": before}


def _windows(draft: Draft, sites: Iterable[Site], now: datetime) -> dict[int, bool]:
    """Whether each site's devices may be offered something now, or when it is to begin."""
    at_ms = max(to_ms(now), draft.plan.start_ms or 0)
    window = draft.plan.window
    return {one.pk: pace.is_open(window, ZoneInfo(one.time_zone), at_ms) for one in sites}


def _waves(devices: list[Foreseen], number: int) -> list[dict[str, Any]]:
    by_wave: dict[int, Counter[str]] = {at: Counter() for at in range(1, number + 1)}
    for one in devices:
        by_wave[one.wave][one.outcome] += 1
    return [
        {
            "wave": at,
            "devices": counted.total(),
            "reached": counted["offered"] + counted["in_session"],
            "counts": {word: counted[word] for word in OUTCOMES if counted[word]},
        }
        for at, counted in by_wave.items()
    ]
