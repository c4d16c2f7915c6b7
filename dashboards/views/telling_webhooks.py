"""Other systems that a site tells of its alerts: making one, trying it, ending it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dashboards.access import once, shown
from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.duty.forms import WebhookForm
from dashboards.views import telling
from fleet.access import queries as access
from fleet.access import service as access_service
from fleet.access.errors import Refused
from fleet.access.models import Site
from fleet.paging import service
from fleet.paging.models import Webhook


@require_POST
@page
def make(request: HttpRequest, slug: str) -> HttpResponse:
    me, site = member(request), _site(request, slug)
    again = once.repeated(request)
    if again is not None:
        return again
    form = WebhookForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            hook, secret = service.make_webhook(
                actor=me, site=site, name=given["name"], url=given["url"], now=timezone.now()
            )
        except Refused as refused:
            form.add_error("url", str(refused))
        else:
            waiting = shown.Secret("webhook", hook.name, secret, me.pk)
            return shown.hand_over(once.done(request, _back(site)), waiting)
    return telling.show(request, site, status=422, webhook_form=form)


@require_POST
@page
def test(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Send a message that is marked as a test, and say what came back."""
    site = _site(request, slug)
    hook = _hook(site, number)
    if hook.revoked_at is not None:
        messages.error(request, _("The webhook “%(name)s” is ended.") % {"name": hook.name})
        return HttpResponseRedirect(_back(site) + "#webhooks")
    tried = service.try_webhook(actor=member(request), webhook=hook, now=timezone.now())
    told = {"name": hook.name, "answer": tried.answer}
    if tried.taken:
        messages.success(request, _("“%(name)s” took the test message: %(answer)s") % told)
    else:
        messages.error(request, _("“%(name)s” did not take the test message: %(answer)s") % told)
    return HttpResponseRedirect(_back(site) + "#webhooks")


@require_http_methods(["GET", "HEAD", "POST"])
@page
def revoke(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    me, site = member(request), _site(request, slug)
    hook = _hook(site, number)
    if request.method == "POST" or hook.revoked_at is not None:
        if request.method == "POST":
            service.revoke_webhook(actor=me, webhook=hook, now=timezone.now())
        messages.success(request, _("“%(name)s” is told nothing any more.") % {"name": hook.name})
        return HttpResponseRedirect(_back(site) + "#webhooks")
    asked = {
        "title": _("End the webhook “%(name)s”?") % {"name": hook.name},
        "why": [
            _("That system is told of no alert of %(site)s any more.") % {"site": site.name},
            _("It cannot be brought back: a new webhook has a new secret."),
        ],
        "button": _("End the webhook"),
        "harmful": True,
        "back": _back(site) + "#webhooks",
    }
    return render(request, "dashboards/access/confirm.html", asked)


def _site(request: HttpRequest, slug: str) -> Site:
    site = access.site_for(member(request), slug)
    access_service.require(member(request), telling.VERB, site, subject=slug)
    return site


def _hook(site: Site, number: int) -> Webhook:
    hook = Webhook.objects.filter(site=site, pk=number).select_related("site").first()
    if hook is None:
        raise Http404
    return hook


def _back(site: Site) -> str:
    return reverse("dashboards:telling", args=[site.slug])
