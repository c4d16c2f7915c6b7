"""Whom a rollout would reach as its devices are now: by what would become of each, and by wave."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboards.rollouts import plan_words
from dashboards.rollouts.bars import Bar, Part, of_parts
from dashboards.rollouts.picture import picture
from fleet.rollouts import plan, rows, spec
from fleet.rollouts import preview as foreseeing
from fleet.rollouts.drafting import Draft
from fleet.rollouts.models import Rollout

NAMED: Final = 200
"""Devices of one outcome that are named; beyond, only how many."""

_WORDS: Final[dict[str, tuple[str, Promise, Promise]]] = {
    "offered": ("open", _("to be offered"), _("An offer when their wave is open")),
    "in_session": (
        "held",
        _("in a session"),
        _("In a session now: the device holds the offer, and applies it after"),
    ),
    "window": ("planned", _("outside their hours"), _("An offer when their hours begin")),
    "unreachable": ("away", _("out of reach"), _("Out of reach now: an offer when they return")),
    "conflict": ("away", _("in conflict"), _("Two devices under one serial: nothing until that is settled")),
    "other_rollout": (
        "planned",
        _("in another rollout"),
        _("An offer of another rollout is open: they wait"),
    ),
    "already_current": ("good", _("have it already"), _("Have it already: nothing is offered")),
    "incapable": ("out", _("left out"), _("Left out: they cannot have this protocol")),
    "revoked": ("out", _("revoked"), _("Left out: revoked")),
}
"""By outcome: the part of a bar, its word there, and what becomes of those devices."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Devices of which the same would become."""

    key: str
    mark: str
    words: Promise | str
    n: int
    items: tuple[Mapping[str, Any], ...]

    @property
    def more(self) -> int:
        return self.n - len(self.items)

    @property
    def is_why(self) -> bool:
        """Whether each device has a reason of its own worth reading."""
        return self.key in ("incapable", "other_rollout", "conflict")


@dataclass(frozen=True, slots=True)
class WaveForeseen:
    number: int
    reach: str
    devices: int
    bar: Bar

    @property
    def picture(self) -> str:
        return picture(self.bar)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A preview as the form shows it."""

    devices: int
    reached: int
    waves: tuple[WaveForeseen, ...]
    outcomes: tuple[Outcome, ...]
    at: datetime


def preview(writer: User, given: Mapping[str, Any], now: datetime) -> Foreseen:
    """Return whom it would reach.  Raises Unusable as the service does."""
    return _shown(foreseeing.preview(actor=writer, given=given, now=now), given["waves"], now)


def as_it_stands(rollout: Rollout, seen: Collection[int], now: datetime) -> Foreseen | None:
    """Return whom a rollout that was not started would reach; devices are named only where they stand at `seen`.

    None where its plan cannot be read, or nobody matches.
    """
    sites = list(rollout.sites.all())
    try:
        draft = Draft(
            version=rollout.version,
            sites=sites,
            found=spec.matching(rollout.targets_spec, [site.pk for site in sites]),
            plan=rows.plan_of(rollout),
            fields={},
        )
    except plan.Unusable:
        return None
    told = foreseeing.told(draft, foreseeing.foresee(draft, now)) if draft.found else None
    if told is None:
        return None
    slugs = {site.slug for site in sites if site.pk in seen}
    told["items"] = [one for one in told["items"] if one["site"] in slugs]
    return _shown(told, rollout.waves_spec, now)


def _shown(told: Mapping[str, Any], waves_spec: Sequence[Mapping[str, Any]], now: datetime) -> Foreseen:
    waves = tuple(
        WaveForeseen(
            one["wave"],
            plan_words.reach(waves_spec[one["wave"] - 1]),
            one["devices"],
            of_parts(_parts(one["counts"])),
        )
        for one in told["waves"]
    )
    return Foreseen(told["devices"], told["reached"], waves, _outcomes(told), now)


def _outcomes(told: Mapping[str, Any]) -> tuple[Outcome, ...]:
    found = []
    for key, n in told["counts"].items():
        mark, _short, words = _WORDS.get(key, ("planned", key, key))
        items = tuple(one for one in told["items"] if one["outcome"] == key)[:NAMED]
        found.append(Outcome(key, mark, words, n, items))
    return tuple(found)


def _parts(counts: Mapping[str, int]) -> list[Part]:
    known = ((key, *_WORDS.get(key, ("planned", key, key))) for key in counts)
    return [Part(mark, short, counts[key], 0, 0) for key, mark, short, _words in known]
