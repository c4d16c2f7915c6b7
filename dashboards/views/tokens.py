"""Making and revoking API tokens, one's own and those of people one administers."""

from typing import Any
from zoneinfo import ZoneInfo

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dashboards.access import once, shown
from dashboards.access.forms import TokenForm
from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.lists.scope import scope_of
from dashboards.views import account, people_page
from fleet.access import people, roster, service
from fleet.access.errors import Refused
from fleet.access.models import Token


@require_POST
@page
def make_own(request: HttpRequest) -> HttpResponse:
    return _make(request, member(request), reverse("dashboards:account"))


@require_POST
@page
def make_for(request: HttpRequest, number: int) -> HttpResponse:
    person = roster.person_for(member(request), number)
    people.require_all_of(member(request), person, "manage_tokens")
    return _make(request, person, reverse("dashboards:person", args=[person.pk]))


@reauthentication_required
def _make(request: HttpRequest, person: User, back: str) -> HttpResponse:
    """Who has not just done so gives the password or a code again: a token outlives an unwatched browser."""
    again = once.repeated(request)
    if again is not None:
        return again
    now, scope = timezone.now(), scope_of(request)
    form = TokenForm(request.POST, today=scope.today(now), person=person)
    if form.is_valid():
        try:
            token, text = service.issue_token(
                actor=member(request),
                user=person,
                name=form.cleaned_data["name"],
                days=form.days,
                now=now,
                zone=ZoneInfo(scope.time_zone),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            secret = shown.Secret("token", token.name, text, member(request).pk)
            return shown.hand_over(once.done(request, back), secret)
    forms: dict[str, Any] = {"token_form": form}
    if person == member(request):
        return account.show(request, status=422, **forms)
    return people_page.show(request, person, status=422, **forms)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def revoke_own(request: HttpRequest, token: int) -> HttpResponse:
    return _revoke(request, member(request), token, reverse("dashboards:account"))


@require_http_methods(["GET", "HEAD", "POST"])
@page
def revoke_of(request: HttpRequest, number: int, token: int) -> HttpResponse:
    person = roster.person_for(member(request), number)
    people.require_all_of(member(request), person, "manage_tokens")
    return _revoke(request, person, token, reverse("dashboards:person", args=[person.pk]))


def _revoke(request: HttpRequest, person: User, number: int, back: str) -> HttpResponse:
    token = Token.objects.filter(user=person, pk=number).select_related("user").first()
    if token is None:
        raise Http404
    if request.method == "POST" or token.revoked_at is not None:
        if request.method == "POST":
            service.revoke_token(actor=member(request), token=token)
        messages.success(request, _("The token “%(name)s” is revoked.") % {"name": token.name})
        return HttpResponseRedirect(f"{back}#tokens")
    asked = {
        "title": _("Revoke the token “%(name)s”?") % {"name": token.name},
        "why": [
            _("Programs that use it are refused at once, and their open connections end within seconds."),
            _("It cannot be brought back. If a program still needs one, make another first."),
        ],
        "button": _("Revoke the token"),
        "harmful": True,
        "back": f"{back}#tokens",
    }
    return render(request, "dashboards/access/confirm.html", asked)
