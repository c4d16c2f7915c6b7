"""Display links of a site: for screens on the wall, which nobody logs in at."""

from datetime import datetime
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboards.access import once, shown
from dashboards.access.forms import DisplayForm
from dashboards.access.guards import page
from dashboards.access.people import member
from fleet.access import displays, service
from fleet.access import queries as access
from fleet.access.errors import Refused
from fleet.access.models import DisplayLink, Site

VERB = "manage_displays"
_SHOWING: Final = 2 * displays.SEEN_EVERY  # a screen is noted that often while its wall is open


@require_http_methods(["GET", "HEAD", "POST"])
@page
def display_links(request: HttpRequest, slug: str) -> HttpResponse:
    me = member(request)
    site = access.site_for(me, slug)
    service.require(me, VERB, site, subject=slug)
    form = DisplayForm(request.POST or None)
    if request.method == "POST":
        again = once.repeated(request)
        if again is not None:
            return again
        if form.is_valid():
            try:
                link, secret = displays.make_link(
                    actor=me, site=site, name=form.cleaned_data["name"], now=timezone.now()
                )
            except Refused as refused:
                form.add_error("name", str(refused))
            else:
                waiting = shown.Secret("display", link.name, secret, me.pk)
                return shown.hand_over(once.done(request, request.path), waiting)
    return _page(request, site, form)


def _page(request: HttpRequest, site: Site, form: DisplayForm) -> HttpResponse:
    now = timezone.now()
    links = site.displays.select_related("created_by").order_by("-created_at")
    context = {
        "site": site,
        "open": [(link, *_state(link, now)) for link in links if link.revoked_at is None],
        "over": [link for link in links if link.revoked_at is not None],
        "form": form,
        "now": now,
        "once": request.POST.get(once.FIELD) or once.word(),
    }
    context |= shown.to_show(request, "display")
    answer = render(request, "dashboards/access/displays.html", context, status=422 if form.is_bound else 200)
    return shown.forget(answer)


def _state(link: DisplayLink, now: datetime) -> tuple[str, str]:
    """Return a key for the mark, and whether the screen shows the wall at the moment, in words."""
    if link.seen_at is None:
        return "invited", _("not opened yet")
    if now - link.seen_at < _SHOWING:
        return "works", _("shows the wall")
    return "ended", _("not showing it")


@require_http_methods(["GET", "HEAD", "POST"])
@page
def revoke(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    me = member(request)
    site = access.site_for(me, slug)
    service.require(me, VERB, site, subject=slug)
    link = DisplayLink.objects.filter(site=site, pk=number).select_related("site").first()
    if link is None:
        raise Http404
    back = reverse("dashboards:displays", args=[site.slug])
    if request.method == "POST" or link.revoked_at is not None:
        if request.method == "POST":
            displays.revoke_link(actor=me, link=link, now=timezone.now())
        said = _(
            "The link “%(name)s” is revoked; its screen goes dark within seconds. To undo this, make a new one."
        )
        messages.success(request, said % {"name": link.name})
        return HttpResponseRedirect(back)
    asked = {
        "title": _("Revoke the link of the screen “%(name)s”?") % {"name": link.name},
        "why": [
            _("The screen shows no wall any more within seconds, and nobody can open the link again."),
            _("It cannot be brought back: a screen that still hangs there needs a new link, opened by hand."),
        ],
        "button": _("Revoke the link"),
        "harmful": True,
        "back": back,
    }
    return render(request, "dashboards/access/confirm.html", asked)
