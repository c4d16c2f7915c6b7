"""How I am told of alerts away from the pages: my e-mail address, the browsers that take push, a test of the sound."""

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.duty import mail
from dashboards.duty.forms import AddressForm
from dashboards.lists.scope import scope_of
from fleet.access import email as addresses
from fleet.access.errors import Refused
from fleet.access.models import EmailWish
from fleet.paging import queries, service
from fleet.paging.channels import push
from fleet.paging.models import PushAddress

_LONGEST_BODY = 4_000  # bytes: what a browser gives for push is under 1,000


@require_safe
@page
def telling(request: HttpRequest) -> HttpResponse:
    return show(request)


def show(request: HttpRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    """Return the page; `forms` are those that could not be used, with what was typed."""
    me = member(request)
    context = {
        "me": me,
        "zone": scope_of(request).time_zone,
        "now": timezone.now(),
        "wish": EmailWish.objects.filter(user=me).first(),
        "lasts_days": addresses.LASTS.days,
        "sends_mail": mail.can_send(),
        "address_form": AddressForm(initial={"address": me.email}),
        "browsers": list(queries.browsers_of(me)),
        "push_key": push.public_key(),
        "is_secure": request.is_secure(),
    }
    return render(request, "dashboards/duty/account.html", context | forms, status=status)


@require_POST
@page
@sensitive_variables("secret")
def email(request: HttpRequest) -> HttpResponse:
    """Ask for an address: a mail with a link goes there, and it counts once the link is opened."""
    me, form, now = member(request), AddressForm(request.POST), timezone.now()
    if form.is_valid():
        try:
            wish, secret = addresses.ask(actor=me, person=me, address=form.cleaned_data["address"], now=now)
        except Refused as refused:
            form.add_error("address", str(refused))
        else:
            tell(request, mail.ask_to_confirm(request, wish, secret))
            return _back()
    return show(request, status=422, address_form=form)


def tell(request: HttpRequest, sent: mail.Sent) -> None:
    """Say on the next page what became of a mail."""
    if sent.taken:
        messages.success(request, sent.words)
    else:
        messages.error(request, sent.words)


@require_POST
@page
def forget(request: HttpRequest) -> HttpResponse:
    me = member(request)
    if addresses.forget(actor=me, person=me):
        messages.success(request, _("Your address is removed. You get no mail about alerts any more."))
    return _back()


@require_POST
@page
def test_email(request: HttpRequest) -> HttpResponse:
    try:
        tried = service.try_email(actor=member(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return _back()
    if tried.taken:
        messages.success(
            request,
            _("The mail server took the test message: %(answer)s. Look for it.") % {"answer": tried.answer},
        )
    else:
        messages.error(request, _("The test message was not sent: %(answer)s") % {"answer": tried.answer})
    return _back()


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_variables("secret")
def confirm(request: HttpRequest, secret: str) -> HttpResponse:
    """The page behind the link of a mail: its reader need not be logged in.  410: used, over or replaced."""
    now = timezone.now()
    wish = addresses.wish_of(secret, now)
    if wish is None:
        return _closed(render(request, "dashboards/duty/email_over.html", status=410))
    if request.method != "POST":
        context = {"wish": wish, "person": wish.user}
        return _closed(render(request, "dashboards/duty/email_confirm.html", context))
    try:
        person = addresses.confirm(secret=secret, now=now)
    except Refused:
        return _closed(render(request, "dashboards/duty/email_over.html", status=410))
    return _closed(render(request, "dashboards/duty/email_confirm.html", {"person": person, "done": True}))


@require_POST
@page
def keep(request: HttpRequest) -> HttpResponse:
    """Take what the browser's push service gave: `{endpoint, keys: {p256dh, auth}, name}`.  422 with why not."""
    try:
        given = json.loads(request.body[:_LONGEST_BODY])
        endpoint, keys, name = given["endpoint"], given["keys"], given.get("name", "")
        p256dh, auth = keys["p256dh"], keys["auth"]
        if not all(isinstance(one, str) for one in (endpoint, p256dh, auth, name)):
            raise TypeError
        kept = service.keep_browser(
            actor=member(request),
            endpoint=endpoint,
            p256dh=p256dh,
            auth=auth,
            name=name[:80],
            now=timezone.now(),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = str(error) if isinstance(error, Refused) else _("What the browser gave is no push address.")
        return JsonResponse({"error": why}, status=422)
    return JsonResponse({"id": kept.pk, "name": kept.name}, status=201)


@require_POST
@page
def forget_browser(request: HttpRequest, number: int) -> HttpResponse:
    kept = _browser(request, number)
    if kept is not None:
        service.forget_browser(actor=member(request), address=kept, now=timezone.now())
    messages.success(request, _("That browser gets no push any more."))
    return _back()


@require_POST
@page
def test_browser(request: HttpRequest, number: int) -> HttpResponse:
    kept = _browser(request, number)
    if kept is None:
        raise Http404
    tried = service.try_browser(actor=member(request), address=kept, now=timezone.now())
    told = {"name": kept.name or _("that browser"), "answer": tried.answer}
    if tried.taken:
        messages.success(
            request, _("The push service took the test message for %(name)s. Look for it.") % told
        )
    else:
        messages.error(request, _("The test message for %(name)s was not taken: %(answer)s") % told)
    return _back()


def _browser(request: HttpRequest, number: int) -> PushAddress | None:
    return queries.browsers_of(member(request)).filter(pk=number).first()


def _back() -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("dashboards:account-telling"))


def _closed(response: HttpResponse) -> HttpResponse:
    """The address is a secret: nobody else is told it."""
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    return response
