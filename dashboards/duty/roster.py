"""What the page Duty shows of each site: who is on duty, who comes next, and what the reader may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User

from dashboards.duty import words
from fleet.access import queries as access
from fleet.access.models import Site
from fleet.access.people import called
from fleet.paging import duty as duties
from fleet.paging import rota, service
from fleet.paging.directory import Directory
from fleet.paging.duty import OnDuty
from fleet.paging.models import Shift
from fleet.paging.policies import Channel, Plan, Whom
from fleet.safety.models import Alert
from fleet.safety.words import Duty, Priority

_AHEAD: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Following:
    """What the rota says comes next.

    `until`: when whoever is on duty no longer is, None: not within 24 h, or nobody is.  `who` then has it from
    `since`; both None: the rota names nobody within 24 h.  Between `until` and `since` nobody is on duty.
    """

    until: datetime | None = None
    who: str | None = None
    since: datetime | None = None

    @property
    def is_gap(self) -> bool:
        """Whether nobody will be on duty for a while after those who are."""
        return self.until is not None and self.since != self.until


@dataclass(frozen=True, slots=True)
class Post:
    """One duty of one site, now.  `mine`: the reader took it over; `nobody`: what becomes of alerts meanwhile."""

    site: Site
    duty: Duty
    held: tuple[OnDuty, ...]
    following: Following
    may_take: bool
    mine: OnDuty | None
    nobody: str

    @property
    def title(self) -> str:
        return str(words.DUTIES[self.duty])

    @property
    def for_what(self) -> str:
        return str(words.FOR_WHAT[self.duty])


def posts(reader: User, sites: Sequence[Site], now: datetime) -> list[tuple[Site, list[Post]]]:
    """Return each site with its two posts."""
    held = duties.on_duty(sites, now)
    lines: dict[tuple[int, str], list[rota.Line]] = {}
    names: dict[int, str] = {}
    for shift in Shift.objects.filter(site__in=sites).select_related("user"):
        lines.setdefault((shift.site_id, shift.duty), []).append(duties.line_of(shift))
        names[shift.user_id] = called(shift.user)
    found = []
    for site in sites:
        two = []
        for duty in Duty:
            mine = [one for one in held[site.pk, duty] if one.taken and one.user.pk == reader.pk]
            coming = rota.spells(
                lines.get((site.pk, duty.value), []), ZoneInfo(site.time_zone), now, now + _AHEAD
            )
            two.append(
                Post(
                    site,
                    duty,
                    held[site.pk, duty],
                    follows(held[site.pk, duty], coming, names, now),
                    access.may(reader, duties.VERB[duty], site),
                    mine[0] if mine else None,
                    "" if held[site.pk, duty] else _while_nobody(site, duty, now),
                )
            )
        found.append((site, two))
    return found


def follows(
    held: Sequence[OnDuty], coming: Sequence[rota.Spell], names: dict[int, str], now: datetime
) -> Following:
    """Return what follows; a shift that its holder's next one continues is one.

    Args:
        coming: The rota's spells of the next 24 h, the earliest first.
    """
    if not held:
        later = [one for one in coming if one.since > now]
        return Following(None, names[later[0].user_id], later[0].since) if later else Following()
    ends = [one.until for one in held if one.until is not None]
    if not ends:
        return Following()
    until, mine = max(ends), {one.user.pk for one in held}
    for one in coming:  # the same person's next shift begins as this one ends
        if one.user_id in mine and one.since <= until and one.until is not None:
            until = max(until, one.until)
    if until >= now + _AHEAD:
        return Following()
    others = [one for one in coming if one.until is None or one.until > until]
    if not others:
        return Following(until)
    return Following(until, names[others[0].user_id], max(others[0].since, until))


def _while_nobody(site: Site, duty: Duty, now: datetime) -> str:
    """Return what becomes of a high alert now, asked of the very code that tells it."""
    plan, directory = service.plan_of(site, Priority.HIGH), Directory(now)
    asked = Alert(site=site, duty=duty.value)
    reaches = [(step, directory.reach(asked, step)) for step in plan.steps]
    reached = [
        (step, reach)
        for step, reach in reaches
        if step.whom != Whom.DUTY and {way.channel for way in reach.ways} - {Channel.CONSOLE}
    ]
    return words.nobody(reached[0] if reached else None, *known_of(plan))


def known_of(plan: Plan) -> tuple[dict[int, str], dict[int, str]]:
    """Return the people and the sites that the steps of a plan name, by key."""
    people = [one.person_id for one in plan.steps if one.person_id is not None]
    sites = [one.site_id for one in plan.steps if one.site_id is not None]
    return (
        {user.pk: called(user) for user in User.objects.filter(pk__in=people)},
        dict(Site.objects.filter(pk__in=sites).values_list("pk", "name")),
    )
