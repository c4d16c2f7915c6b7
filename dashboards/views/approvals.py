"""What waits for somebody's approval: protocols and rollouts that the reader may decide on."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.lists.scope import scope_of
from dashboards.protocols import shown
from fleet.protocols import queries
from fleet.rollouts import queries as rollouts
from fleet.rollouts import rights
from fleet.rollouts.states import RolloutState


@require_safe
@page
def approvals(request: HttpRequest) -> HttpResponse:
    """The oldest first; what the reader wrote is listed too, and says that somebody else decides."""
    me = member(request)
    scope = scope_of(request)
    waiting = [
        {
            "version": version,
            "wrote": wrote,
            "by": shown.called(version.submitted_by),
            "changes": len(queries.changes(before, version))
            if (before := queries.approved_before(version))
            else None,
            "before": before,
            "to_confirm": len(version.to_confirm),
        }
        for version, wrote in queries.waiting(me)
    ]
    found = rollouts.visible(scope.sites).filter(state=RolloutState.SUBMITTED).order_by("submitted_at")
    context = {
        "waiting": waiting,
        "rollouts": [
            {
                "row": one,
                "wrote": one.authors.filter(pk=me.pk).exists(),
                "by": shown.called(one.submitted_by),
                "sites": [site.name for site in one.sites.all() if site in scope.sites],
            }
            for one in found
            if rights.may(me, "approve", one)
        ],
        "may_approve": bool(
            scope_of(request, "approve_protocol").sites or scope_of(request, "approve_rollout").sites
        ),
        "zone": scope.time_zone,
        "now": timezone.now(),
    }
    return render(request, "dashboards/protocols/approvals.html", context)
