"""Every command that was asked for at one's sites: found, read, and taken along as CSV."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.commands.listing import listing, rows
from dashboards.lists import exports
from dashboards.lists.scope import scope_of


@require_safe
@never_cache
@login_required
def commands(request: HttpRequest, *, as_csv: bool = False) -> HttpResponseBase:
    scope, now = scope_of(request), timezone.now()
    here_is = listing(scope, now)
    asked = here_is.ask(request.GET)
    here = scope.narrowed(asked.value("site"))
    found = rows(scope, here, asked)
    if as_csv:
        return exports.answer(request, here_is, asked, found, place=here.place, today=here.today(now))
    page = here_is.page(asked, found, now=now, time_zone=here.time_zone)
    return render(request, "dashboards/commands/list.html", {"list": page})
