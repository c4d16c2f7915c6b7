"""Duties, steps and answers in words."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from fleet.paging.directory import Reach
from fleet.paging.models import Delivery
from fleet.paging.policies import Channel, Plan, StepPlan, Whom
from fleet.safety.words import Duty, Priority

DUTIES: Final[dict[Duty, Promise]] = {
    Duty.CARE: gettext_lazy("Care"),
    Duty.TECHNICAL: gettext_lazy("Technical"),
}
FOR_WHAT: Final[dict[Duty, Promise]] = {
    Duty.CARE: gettext_lazy("people being treated"),
    Duty.TECHNICAL: gettext_lazy("machines, connections and rules"),
}
PRIORITIES: Final[dict[Priority, Promise]] = {
    Priority.HIGH: gettext_lazy("High"),
    Priority.MEDIUM: gettext_lazy("Medium"),
    Priority.LOW: gettext_lazy("Low"),
    Priority.INFO: gettext_lazy("Info"),
}
WEEKDAYS: Final = (
    gettext_lazy("Mon"),
    gettext_lazy("Tue"),
    gettext_lazy("Wed"),
    gettext_lazy("Thu"),
    gettext_lazy("Fri"),
    gettext_lazy("Sat"),
    gettext_lazy("Sun"),
)
CHANNELS: Final[dict[Channel, Promise]] = {
    Channel.CONSOLE: gettext_lazy("open pages, with sound"),
    Channel.PUSH: gettext_lazy("push"),
    Channel.EMAIL: gettext_lazy("e-mail"),
    Channel.WEBHOOK: gettext_lazy("the site's webhooks"),
}
STATES: Final[dict[str, Promise]] = {
    "planned": gettext_lazy("waits to be sent"),
    "sending": gettext_lazy("is being sent"),
    "sent": gettext_lazy("sent"),
    "failed": gettext_lazy("failed"),
    "dropped": gettext_lazy("not sent any more"),
}


def days(weekdays: Sequence[int]) -> str:
    """Return days of the week (0: Monday) in words, in their order."""
    if len(set(weekdays)) == len(WEEKDAYS):
        return _("Every day")
    if sorted(set(weekdays)) == [0, 1, 2, 3, 4]:
        return _("Mon to Fri")
    return listed([str(WEEKDAYS[day]) for day in sorted(set(weekdays))])


def after(seconds: int) -> str:
    """Return when a step comes, in words that begin a sentence."""
    if seconds == 0:
        return _("At once")
    if seconds % 60:
        return _("After %(n)d s") % {"n": seconds}
    minutes = seconds // 60
    return ngettext("After %(n)d minute", "After %(n)d minutes", minutes) % {"n": minutes}


def whom(step: StepPlan, people: Mapping[int, str], sites: Mapping[int, str]) -> str:
    """Return whom a step tells; `people` and `sites` by key, for those that the reader may know."""
    if step.whom == Whom.PERSON:
        return people.get(step.person_id or 0, _("somebody who left"))
    if step.whom == Whom.SITE:
        return _("whoever is on duty at %(site)s") % {"site": sites.get(step.site_id or 0, _("another site"))}
    if step.whom == Whom.ANYONE:
        return _("everybody who may take this duty")
    return _("whoever is on duty")


def by(step: StepPlan) -> str:
    """Return the channels of a step, as a list in words."""
    return listed([str(CHANNELS[one]) for one in step.channels])


def listed(words: list[str]) -> str:
    """Return several words as one: “a, b and c”."""
    if len(words) < 2:
        return "".join(words)
    return _("%(many)s and %(last)s") % {"many": ", ".join(words[:-1]), "last": words[-1]}


def repeat(plan: Plan) -> str:
    """Return when the plan begins again, as a sentence; nothing if it never does."""
    if plan.repeat_after_s is None or not plan.repeats:
        return ""
    minutes = max(1, round(plan.repeat_after_s / 60))
    times = ngettext("once", "up to %(n)d times", plan.repeats) % {"n": plan.repeats}
    return ngettext(
        "%(minutes)d minute after the last step it begins again, %(times)s.",
        "%(minutes)d minutes after the last step it begins again, %(times)s.",
        minutes,
    ) % {"minutes": minutes, "times": times}


def nobody(
    reached: tuple[StepPlan, Reach] | None, people: Mapping[int, str], sites: Mapping[int, str]
) -> str:
    """Return what becomes of a high alert while nobody is on duty, as a sentence.

    Args:
        reached: The first step that reaches somebody away from the pages as things are now; None: no step does.
    """
    if reached is None:
        return _("High alerts stand on open pages, and reach nobody away from them.")
    step, reach = reached
    ways = {way.channel for way in reach.ways} - {Channel.CONSOLE}
    told = {"by": listed([str(CHANNELS[one]) for one in Channel if one in ways])}
    if not reach.people:  # webhooks alone
        return _("High alerts reach no person away from open pages; they are told by %(by)s.") % told
    return _("High alerts go to %(whom)s at once, by %(by)s.") % (told | {"whom": whom(step, people, sites)})


def recipient(delivery: Delivery) -> str:
    """Return to whom a delivery goes."""
    if delivery.webhook is not None:
        return delivery.webhook.name
    if delivery.user is not None:
        return delivery.user.get_full_name() or delivery.user.get_username()
    return _("every open page")
