"""Whom a rollout would reach as its devices are now: by what would become of each, and by wave."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboards.rollouts import plan_words
from dashboards.rollouts.bars import Bar, Part, of_parts
from dashboards.rollouts.picture import picture
from fleet.rollouts import preview as foreseeing

NAMED: Final = 200
"""Devices of one outcome that are named; beyond, only how many."""

_WORDS: Final[dict[str, tuple[str, Promise]]] = {
    "offered": ("open", _("get an offer when their wave is open")),
    "in_session": ("held", _("are in a session now: held by the device, taken over after it")),
    "window": ("planned", _("wait for their hours")),
    "unreachable": ("away", _("cannot be reached now: an offer when they return")),
    "conflict": ("away", _("two devices under one serial: nothing until that is settled")),
    "other_rollout": ("planned", _("have an offer of another rollout: they wait")),
    "already_current": ("good", _("have it already: nothing is offered")),
    "incapable": ("out", _("left out: they cannot have this protocol")),
    "revoked": ("out", _("left out: revoked")),
}


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
    told = foreseeing.preview(actor=writer, given=given, now=now)
    waves = tuple(
        WaveForeseen(
            one["wave"],
            plan_words.reach(given["waves"][one["wave"] - 1]),
            one["devices"],
            of_parts(_parts(one["counts"])),
        )
        for one in told["waves"]
    )
    return Foreseen(told["devices"], told["reached"], waves, _outcomes(told), now)


def _outcomes(told: Mapping[str, Any]) -> tuple[Outcome, ...]:
    found = []
    for key, n in told["counts"].items():
        mark, words = _WORDS.get(key, ("planned", key))
        items = tuple(one for one in told["items"] if one["outcome"] == key)[:NAMED]
        found.append(Outcome(key, mark, words, n, items))
    return tuple(found)


def _parts(counts: Mapping[str, int]) -> list[Part]:
    known = ((key, *_WORDS.get(key, ("planned", key))) for key in counts)
    return [Part(mark, words, counts[key], 0, 0) for key, mark, words in known]
