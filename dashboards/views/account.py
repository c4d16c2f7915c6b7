"""The reader's own account: name, roles, second factor, password, tokens; and the door of a password link."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboards.access import once, shown
from dashboards.access.forms import ChoosePasswordForm, FullNameForm, TokenForm
from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.lists.scope import scope_of
from fleet.access import mfa, people, roster
from fleet.access.errors import Refused
from fleet.access.models import Membership
from fleet.access.service import may


@require_safe
@page
def account(request: HttpRequest) -> HttpResponse:
    return show(request)


@require_POST
@page
def name(request: HttpRequest) -> HttpResponse:
    """Change what I am called."""
    form = FullNameForm(request.POST)
    if form.is_valid():
        try:
            people.rename(
                actor=member(request), person=member(request), full_name=form.cleaned_data["full_name"]
            )
        except Refused as refused:
            form.add_error("full_name", str(refused))
        else:
            messages.success(request, _("Your name is saved."))
            return HttpResponseRedirect(reverse("dashboards:account"))
    return show(request, status=422, name_form=form)


def show(request: HttpRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    """Return the account's page; `forms` are those that could not be used, with what was typed."""
    me, now = member(request), timezone.now()
    scope = scope_of(request)
    context = {
        "me": me,
        "memberships": Membership.objects.filter(user=me).select_related("site").order_by("site__name"),
        "zone": scope.time_zone,
        "now": now,
        "has_second_factor": mfa.has_second_factor(me),
        "logins": roster.logins_of(me),
        "name_form": FullNameForm(initial={"full_name": me.get_full_name()}),
        "tokens": me.tokens.order_by("-created_at"),
        "token_form": _token_form(request),
        "token_url": reverse("dashboards:account-tokens"),
        "once": once.word(),
    }
    context |= shown.to_show(request, "token") | forms
    return shown.forget(render(request, "dashboards/access/account.html", context, status=status))


def _token_form(request: HttpRequest) -> TokenForm | None:
    """Return the form for a new token, for whoever may make tokens at each of their sites."""
    me, scope = member(request), scope_of(request)
    if not me.is_superuser and not (scope.sites and all(may(me, "manage_tokens", s) for s in scope.sites)):
        return None
    return TokenForm(today=scope.today(timezone.now()), person=me)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("new_password", "again")
@sensitive_variables("token")
def welcome(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """Choose a password by a link.  410 for a link that is used, over or replaced."""
    person = people.person_of_link(number, token)
    if person is None:
        return _over(request)
    form = ChoosePasswordForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        logout(request)  # whoever hands over a link may have opened it in their own browser
        try:
            people.choose_password(person=person, password=form.cleaned_data["new_password"])
        except Refused:
            return _over(request)
        messages.success(
            request,
            _("Your password is saved. Log in with it as %(name)s.") % {"name": person.get_username()},
        )
        return HttpResponseRedirect(reverse("dashboards:login"))
    status = 422 if form.is_bound else 200
    return _closed(
        render(request, "dashboards/access/welcome.html", {"form": form, "person": person}, status=status)
    )


def _over(request: HttpRequest) -> HttpResponse:
    return _closed(render(request, "dashboards/access/link_over.html", status=410))


def _closed(response: HttpResponse) -> HttpResponse:
    """The address is a secret: nobody else is told it.

    Not `no-referrer`: browsers then send a form with `Origin: null`, which no CSRF check can let pass.
    """
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    return response
