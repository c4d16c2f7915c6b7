"""When whom to tell by what, until somebody has it.  Pure; moments are UTC, quiet hours are the site's.

A telling goes through the steps of its plan one by one.  The gap between two steps is the difference of their
`after_s`; a step that reaches nobody is followed by the next at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from fleet.paging.rota import moment
from fleet.safety.words import Priority


class Whom(StrEnum):
    """Who is told by a step."""

    DUTY = "duty"  # whoever is on duty at the alert's site
    PERSON = "person"
    SITE = "site"  # whoever is on duty at another site
    ANYONE = "anyone"  # everybody at the site who may take this duty


class Channel(StrEnum):
    """By what somebody is told."""

    CONSOLE = "console"
    PUSH = "push"
    EMAIL = "email"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class StepPlan:
    """Whom to tell, by what, once nobody has acknowledged for so long."""

    after_s: int
    whom: Whom
    channels: tuple[Channel, ...]
    person_id: int | None = None
    site_id: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How alerts of one priority are told at a site."""

    steps: tuple[StepPlan, ...]
    repeat_after_s: int | None = None  # begin again so long after the last step; None: never
    repeats: int = 0  # at most
    quiet_from: time | None = None  # the wall clock of the site; both or neither
    quiet_to: time | None = None


_ALL: Final = (Channel.CONSOLE, Channel.PUSH, Channel.EMAIL, Channel.WEBHOOK)
_AWAY: Final = (Channel.PUSH, Channel.EMAIL)

DEFAULT: Final[dict[Priority, Plan]] = {
    Priority.HIGH: Plan(
        steps=(
            StepPlan(0, Whom.DUTY, _ALL),
            StepPlan(60, Whom.ANYONE, _AWAY),
        ),
        repeat_after_s=300,
        repeats=3,
    ),
    Priority.MEDIUM: Plan(
        steps=(
            StepPlan(0, Whom.DUTY, (Channel.CONSOLE, Channel.PUSH, Channel.WEBHOOK)),
            StepPlan(600, Whom.DUTY, _AWAY),
        )
    ),
    Priority.LOW: Plan(steps=(StepPlan(0, Whom.DUTY, (Channel.CONSOLE,)),)),
    Priority.INFO: Plan(steps=(StepPlan(0, Whom.DUTY, (Channel.CONSOLE,)),)),
}
"""What holds where a site has written no policy of its own."""


@dataclass(frozen=True, slots=True)
class Next:
    """The step that comes next; `number` counts from 1, `round` from 0."""

    number: int
    round: int
    wait_s: int  # after the step before it


def next_step(plan: Plan, *, taken: int, round_: int, rounds_left: int) -> Next | None:
    """Return what follows the step `taken` (0: none yet); None: everything was told.

    Args:
        rounds_left: How often the plan may still begin again.
    """
    steps: Sequence[StepPlan] = plan.steps
    if taken < len(steps):
        before_s = steps[taken - 1].after_s if taken else 0
        return Next(taken + 1, round_, max(0, steps[taken].after_s - before_s))
    if plan.repeat_after_s is not None and rounds_left > 0 and steps:
        return Next(1, round_ + 1, plan.repeat_after_s)
    return None


def quiet_until(
    plan: Plan, zone: ZoneInfo, now: datetime, *, priority: Priority, in_session: bool
) -> datetime | None:
    """Return until when this must not be told, by the site's quiet hours; None: it may be told now.

    A high alert while somebody may have current in them is never quiet.
    """
    begin, end = plan.quiet_from, plan.quiet_to
    if begin is None or end is None or begin == end or (priority == Priority.HIGH and in_session):
        return None
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        since = moment(day, begin, zone)
        until = moment(day if end > begin else day + timedelta(days=1), end, zone)
        if since <= now < until:
            return until
    return None
