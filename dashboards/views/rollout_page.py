"""One rollout: how far it is, why each device waits, what happens next, and what can be done."""

from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboards.access.guards import page as guarded
from dashboards.access.people import member
from dashboards.rollouts import foreseen, log, next_steps, offered, plan_words, shown
from dashboards.rollouts.bars import bar
from dashboards.rollouts.listing import unreachable
from dashboards.rollouts.picture import picture
from dashboards.words.rollouts import rollout_words
from fleet.access import queries as access
from fleet.access.models import Site
from fleet.protocols import queries as protocols
from fleet.protocols import texts as protocol_texts
from fleet.rollouts import queries, rights
from fleet.rollouts.models import Rollout, Target
from fleet.rollouts.states import RolloutState

DECISIONS_SHOWN: Final = 12
_REVIEWED: Final = (RolloutState.DRAFT, RolloutState.SUBMITTED, RolloutState.APPROVED)


def seen_rollout(request: HttpRequest, number: UUID) -> Rollout:
    """Return a rollout of which one site is the reader's.  Raises Http404 if there is none."""
    found = queries.visible(access.sites_of(member(request))).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


@require_safe
@guarded
def rollout(request: HttpRequest, number: UUID) -> HttpResponse:
    """The page; `?part=view` answers what changes alone, which the page asks for every two seconds."""
    found = seen_rollout(request, number)
    context, part = page(request, found), request.GET.get("part") == "view"
    if context["is_reviewed"] and not part:
        seen = [site.pk for site in context["sites"]]
        context["foreseen"] = foreseen.as_it_stands(found, seen, context["now"])
    return render(request, f"dashboards/rollouts/{'view' if part else 'rollout'}.html", context)


@require_safe
@guarded
def decisions(request: HttpRequest, number: UUID) -> HttpResponse:
    """Everything that was decided, by people and by the clock, the newest first."""
    found = seen_rollout(request, number)
    context = frame(request, found)
    lines = log.page(request, found, [site.pk for site in context["sites"]])
    return render(request, "dashboards/rollouts/decisions.html", context | lines)


def frame(request: HttpRequest, found: Rollout) -> dict[str, Any]:
    """Return what the head of each page of a rollout needs."""
    sites = {site.pk: site for site in access.sites_of(member(request))}
    mine = [site for site in found.sites.all() if site.pk in sites]
    return {
        "rollout": found,
        "version": found.version,
        "name": found.title or f"{found.version.protocol_id} {found.version.number}",
        "said": rollout_words(found.state, found.reason),
        "sites": mine,
        "zone": _zone(mine),
        "now": timezone.now(),
    }


def page(request: HttpRequest, found: Rollout, **more: Any) -> dict[str, Any]:
    """Return what the page of a rollout shows; `more`: such as what was wrong with what was pressed."""
    context = frame(request, found)
    seen = [site.pk for site in context["sites"]]
    counted = queries.counts([found.pk])[found.pk]
    told = queries.rollout_object(found, counted, seen)
    targets = Target.objects.filter(rollout=found)
    known = offered.numbers(counted, targets.filter(changed=True).count())
    total, mine = sum(counted.values()), targets.filter(device__site__in=seen).count()
    whole = bar(told["counts"], unreachable=unreachable(told))
    return {
        **context,
        "told": told,
        "bar": whole,
        "bar_picture": picture(whole),
        "success_words": plan_words.percent(found.success_threshold),
        "may_edit": found.state == RolloutState.DRAFT and rights.may(member(request), "edit", found),
        "total": shown.total_words(total, total - mine),
        "waves": shown.waves(found, told),
        "groups": shown.groups(found, counted),
        "reason": shown.why(found),
        "next": next_steps.next_step(found, context["now"]),
        "whom": plan_words.whom(found.targets_spec, {site.slug: site.name for site in context["sites"]}),
        "others": told["other_sites"],
        "plan": plan_words.rows(found, context["zone"]),
        "deeds": offered.deeds(member(request), found, told, known),
        "wrote": offered.wrote(member(request), found),
        "who": shown.who(found),
        "newest": log.newest(found, seen, DECISIONS_SHOWN),
        **_review(found),
        **more,
    }


def _review(found: Rollout) -> dict[str, Any]:
    """Return what an approver has to see of the version: how it differs from the one approved before."""
    if found.state not in _REVIEWED:
        return {"is_reviewed": False}
    before = protocols.approved_before(found.version)
    changes = protocols.changes(before, found.version) if before else []
    return {
        "is_reviewed": True,
        "before": before,
        "changes": [(one.direction, protocol_texts.change(one)) for one in changes],
    }


def _zone(sites: list[Site]) -> str:
    zones = {site.time_zone for site in sites}
    return zones.pop() if len(zones) == 1 else str(settings.DISPLAY_TIME_ZONE)
