"""A rollout's decisions as lines: what was decided, by whom, why."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest
from django.utils.translation import gettext as _

from dashboards.rollouts.shown import called
from dashboards.words import rollout_decisions as words
from fleet.rollouts import queries
from fleet.rollouts.models import Decision, Rollout

PER_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One decision."""

    number: int
    at: datetime
    serial: str
    words: str
    who: str


def newest(rollout: Rollout, seen: Collection[int], most: int) -> list[Line]:
    """Return the last decisions about the rollout and its waves; of single devices, only what went wrong."""
    found = queries.decisions_of(rollout, seen).exclude(kind__in=words.ROUTINE)
    return _lines(found[:most])


def page(request: HttpRequest, rollout: Rollout, seen: Collection[int]) -> dict[str, Any]:
    """Return a page of all of them, the newest first; `?before=` a number: those before it."""
    text = request.GET.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    found = queries.decisions_of(rollout, seen)
    if before is not None:
        found = found.filter(number__lt=before)
    lines = _lines(found[: PER_PAGE + 1])
    older = f"?before={lines[PER_PAGE - 1].number}" if len(lines) > PER_PAGE else ""
    return {"lines": lines[:PER_PAGE], "older": older, "newer": "?" if before is not None else ""}


def _lines(found: Iterable[Decision]) -> list[Line]:
    found = list(found)
    names = called(one.actor_name for one in found if one.actor_name)
    return [
        Line(
            number=one.number,
            at=one.at,
            serial=one.target.device.serial if one.target else "",
            words=words.sentence(one),
            who=_("by %(name)s") % {"name": names[one.actor_name]} if one.actor_name else "",
        )
        for one in found
    ]
