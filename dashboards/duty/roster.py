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
from fleet.paging.duty import OnDuty
from fleet.paging.models import Shift
from fleet.safety.words import Duty, Priority

_AHEAD: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Post:
    """One duty of one site, now.  `mine`: the reader took it over; `next`: whose shift begins next, and when."""

    site: Site
    duty: Duty
    held: tuple[OnDuty, ...]
    next: tuple[str, datetime] | None
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
    shifts = Shift.objects.filter(site__in=sites).select_related("user")
    lines: dict[tuple[int, str], list[rota.Line]] = {}
    names: dict[int, str] = {}
    for shift in shifts:
        lines.setdefault((shift.site_id, shift.duty), []).append(duties.line_of(shift))
        names[shift.user_id] = called(shift.user)
    return [
        (site, [_post(reader, site, duty, held[site.pk, duty], lines, names, now) for duty in Duty])
        for site in sites
    ]


def _post(
    reader: User,
    site: Site,
    duty: Duty,
    held: tuple[OnDuty, ...],
    lines: dict[tuple[int, str], list[rota.Line]],
    names: dict[int, str],
    now: datetime,
) -> Post:
    mine = [one for one in held if one.taken and one.user.pk == reader.pk]
    coming = rota.spells(lines.get((site.pk, duty.value), []), ZoneInfo(site.time_zone), now, now + _AHEAD)
    following = [(names[one.user_id], one.since) for one in coming if one.since > now]
    return Post(
        site,
        duty,
        held,
        following[0] if following else None,
        access.may(reader, duties.VERB[duty], site),
        mine[0] if mine else None,
        "" if held else _while_nobody(site),
    )


def _while_nobody(site: Site) -> str:
    plan = service.plan_of(site, Priority.HIGH)
    people = {user.pk: called(user) for user in User.objects.filter(pk__in=_people(plan))}
    sites = dict(Site.objects.filter(pk__in=_sites(plan)).values_list("pk", "name"))
    return words.nobody(plan, people, sites)


def _people(plan: service.Plan) -> list[int]:
    return [step.person_id for step in plan.steps if step.person_id is not None]


def _sites(plan: service.Plan) -> list[int]:
    return [step.site_id for step in plan.steps if step.site_id is not None]
