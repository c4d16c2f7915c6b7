"""One person: what they may do where, their login, their tokens; and every act on them, asked for first."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from dashboards.access import once, shown
from dashboards.access.forms import FullNameForm, RoleForm, TokenForm
from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.duty import mail
from dashboards.duty.forms import AddressForm
from dashboards.lists.scope import scope_of
from fleet.access import email as addresses
from fleet.access import mfa, people, recovery, roster, service
from fleet.access import queries as access
from fleet.access.errors import Refused
from fleet.access.models import EmailWish, Membership, Role, Site


@require_safe
@page
def person(request: HttpRequest, number: int) -> HttpResponse:
    return show(request, roster.person_for(member(request), number))


def show(request: HttpRequest, person: User, *, status: int = 200, **forms: Any) -> HttpResponse:
    """Return the person's page; `forms` are those that could not be used, with what was typed."""
    me, now = member(request), timezone.now()
    scope = scope_of(request, roster.MANAGE)
    mine = roster.answers_for(me, person)
    held = {membership.site_id for membership in person.here}  # type: ignore[attr-defined]
    context = {
        "person": person,
        "called": people.called(person),
        "is_me": person == me,
        "mine": mine and person != me,
        "elsewhere": not mine and not person.is_superuser,
        "other_sites": [site for site in scope.sites if site.pk not in held],
        "roles": Role.choices,
        "has_second_factor": mfa.has_second_factor(person),
        "is_locked": person.get_username() in recovery.locked_names(now),
        "logins": roster.logins_of(person) if mine else [],
        "zone": scope.time_zone,
        "now": now,
        "name_form": FullNameForm(initial={"full_name": person.get_full_name()}),
        "email_wish": EmailWish.objects.filter(user=person).first() if mine else None,
        "address_form": AddressForm(),
        "tokens": person.tokens.order_by("-created_at") if mine else [],
        "token_form": TokenForm(today=scope.today(now), person=person) if mine else None,
        "token_url": reverse("dashboards:person-tokens", args=[person.pk]),
        "once": once.word(),
    }
    context |= shown.to_show(request, "token", "link") | forms
    return shown.forget(render(request, "dashboards/access/person.html", context, status=status))


@require_POST
@page
def rename(request: HttpRequest, number: int) -> HttpResponse:
    person = roster.person_for(member(request), number)
    form = FullNameForm(request.POST)
    if form.is_valid():
        try:
            people.rename(actor=member(request), person=person, full_name=form.cleaned_data["full_name"])
        except Refused as refused:
            form.add_error("full_name", str(refused))
        else:
            messages.success(request, _("The name is saved."))
            return _back(person)
    return show(request, person, status=422, name_form=form)


@require_POST
@page
@sensitive_variables("secret")
def email(request: HttpRequest, number: int) -> HttpResponse:
    """Ask for another address of the person's, or take theirs away; it counts once they open the link in the mail."""
    me = member(request)
    person = roster.person_for(me, number)
    if "remove" in request.POST:
        if addresses.forget(actor=me, person=person):
            said = _("The e-mail address of %(person)s is removed.")
            messages.success(request, said % {"person": people.called(person)})
        return _back(person)
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            wish, secret = addresses.ask(
                actor=me, person=person, address=form.cleaned_data["address"], now=timezone.now()
            )
        except Refused as refused:
            form.add_error("address", str(refused))
        else:
            sent = mail.ask_to_confirm(request, wish, secret)
            messages.add_message(request, messages.SUCCESS if sent.taken else messages.ERROR, sent.words)
            return _back(person)
    return show(request, person, status=422, address_form=form)


@require_POST
@page
def role(request: HttpRequest, number: int) -> HttpResponse:
    """Give the person a role at a site that I administer, in place of the one that my page showed."""
    me = member(request)
    person = roster.person_for(me, number)
    form = RoleForm(request.POST)
    site = _site(me, form)
    if site is None or not form.cleaned_data["role"]:
        messages.error(request, _("Choose a site and a role, then send again."))
        return _back(person)
    held = Membership.objects.filter(user=person, site=site).values_list("role", flat=True).first()
    wanted = form.cleaned_data["role"]
    if held == wanted:  # sent twice, or by somebody else too
        messages.success(request, _role_is(person, site, wanted))
        return _back(person)
    if (held or "") != form.cleaned_data["seen"]:
        messages.error(request, _meanwhile(person, site, held))
        return _back(person)
    try:
        service.grant(actor=me, user=person, site=site, role=Role(wanted))
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _role_is(person, site, wanted))
    return _back(person)


def _site(me: User, form: RoleForm) -> Site | None:
    if not form.is_valid():
        return None
    return access.site_for(me, form.cleaned_data["site"])


def _role_is(person: User, site: Site, role: str) -> str:
    return _("%(person)s is %(role)s at %(site)s now.") % {
        "person": people.called(person),
        "role": Role(role).label,
        "site": site.name,
    }


def _meanwhile(person: User, site: Site, held: str | None) -> str:
    if held is None:
        return _("Nothing was changed: meanwhile somebody took the role of %(person)s at %(site)s away.") % {
            "person": people.called(person),
            "site": site.name,
        }
    return _(
        "Nothing was changed: meanwhile somebody made %(person)s %(role)s at %(site)s. Look again below."
    ) % {"person": people.called(person), "role": Role(held).label, "site": site.name}


def _back(person: User) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("dashboards:person", args=[person.pk]))
