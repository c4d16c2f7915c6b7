"""Everybody who works at the sites whose people I manage; and somebody new."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat, Lower, NullIf, Trim
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dashboards.access import once, shown
from dashboards.access.forms import NewPersonForm, role_words
from dashboards.access.guards import page, require_anywhere
from dashboards.access.people import member
from dashboards.lists import exports
from dashboards.lists.scope import Scope, scope_of
from dashboards.lists.table import Asked, Column, Field, Filter, Listing, Option
from dashboards.templatetags.moments import moment
from fleet.access import people, recovery, roster
from fleet.access import queries as access
from fleet.access.errors import Refused
from fleet.access.models import Membership, Role

_SITES: Final = 6  # that the page leads to; of more, the first page leads to each


@dataclass(frozen=True, slots=True)
class Colleague:
    """One person as the reader may know them."""

    user: User
    roles: list[Membership]
    second_factor: bool
    locked: bool
    zone: str

    @property
    def state(self) -> tuple[str, str]:
        """Return a key for the mark, and the words."""
        if not self.user.is_active:
            return "ended", _("login ended")
        if self.locked:
            return "locked", _("locked: too many failed logins")
        if not self.user.has_usable_password():
            return "invited", _("has no password yet")
        return "works", _("may log in")


@require_safe
@page
def people_list(request: HttpRequest, *, as_csv: bool = False) -> HttpResponseBase:
    require_anywhere(request, roster.MANAGE)
    scope = scope_of(request, roster.MANAGE)
    asked = _listing(scope, scope.time_zone).ask(request.GET)
    here = scope.narrowed(asked.value("site"))
    listing = _listing(scope, here.time_zone)
    rows = _rows(request, here, asked)
    now = timezone.now()
    if as_csv:
        return exports.answer(request, listing, asked, rows, place=here.place, today=here.today(now))
    shown_list = listing.page(asked, rows, now=now, time_zone=here.time_zone, is_one_zone=True)
    return render(
        request, "dashboards/access/people.html", {"list": shown_list, "sites": scope.sites[:_SITES]}
    )


def _rows(request: HttpRequest, here: Scope, asked: Asked) -> QuerySet[User]:
    full_name = NullIf(Trim(Concat("first_name", Value(" "), "last_name")), Value(""))
    rows = roster.people_of(member(request)).annotate(
        shown_name=Lower(Coalesce(full_name, F("username"))),
        second_factor=Exists(Authenticator.objects.filter(user=OuterRef("pk"), type="totp")),
    )
    memberships = Membership.objects.filter(user=OuterRef("pk"), site__in=here.ids)
    if asked.value("site") is not None or asked.value("role") is not None:
        role = asked.value("role")
        rows = rows.filter(Exists(memberships.filter(role=role) if role else memberships))
    text = asked.value("q")
    if text is not None:
        rows = rows.filter(Q(shown_name__contains=text.lower()) | Q(username__icontains=text))
    if asked.value("factor") is not None:
        rows = rows.filter(second_factor=asked.value("factor") == "on")
    return _in_state(rows, asked.value("state"))


def _in_state(rows: QuerySet[User], state: str | None) -> QuerySet[User]:
    if state == "ended":
        return rows.filter(is_active=False)
    if state == "locked":
        return rows.filter(username__in=recovery.locked_names(timezone.now()))
    if state == "never":
        return rows.filter(last_login=None)
    return rows


def _listing(scope: Scope, zone: str) -> Listing[User, Colleague]:
    def prepare(rows: Sequence[User]) -> list[Colleague]:
        locked = recovery.locked_names(timezone.now())
        return [
            Colleague(
                user, user.here, user.second_factor, user.username in locked, zone  # type: ignore[attr-defined]
            )
            for user in rows
        ]  # fmt: skip

    return Listing(
        name="people",
        title=_("People"),
        columns=_columns(),
        filters=_filters(scope),
        sort="name",
        prepare=prepare,
        key=lambda one: str(one.user.pk),
        nothing=_("Nobody works at your sites yet. Add the first person."),
        fields=_fields(),
        url=reverse("dashboards:people"),
        csv_url=reverse("dashboards:people-csv"),
    )


def _filters(scope: Scope) -> tuple[Filter, ...]:
    return (
        Filter("q", _("Name"), hint=_("name or user name")),
        scope.filter(),
        Filter("role", _("Role"), "choice", tuple(Option(role.value, role.label) for role in Role)),
        Filter(
            "factor",
            _("Second factor"),
            "choice",
            (Option("on", _("set up")), Option("off", _("not set up"))),
        ),
        Filter(
            "state",
            _("Login"),
            "choice",
            (
                Option("locked", _("locked")),
                Option("ended", _("ended")),
                Option("never", _("never logged in")),
            ),
        ),
    )


def _columns() -> tuple[Column[Colleague], ...]:
    return (
        Column("name", _("Name"), _name, ("shown_name",)),
        Column("roles", _("Roles"), _roles),
        Column("login", _("Login"), _state),
        Column(
            "factor", _("Second factor"), lambda one: _("set up") if one.second_factor else _("not set up")
        ),
        Column("seen", _("Last login"), _last_login, (F("last_login"),), first="descending"),
    )


def _name(one: Colleague) -> str:
    return format_html(
        '<a href="{}">{}</a><span class="under">{}</span>',
        reverse("dashboards:person", args=[one.user.pk]), people.called(one.user), one.user.get_username(),
    )  # fmt: skip


def _roles(one: Colleague) -> str:
    roles = [(held.site.name, held.get_role_display()) for held in one.roles]
    if one.user.is_superuser:
        roles.insert(0, (_("every site"), _("Superuser")))
    return format_html_join("", '<span class="role"><b>{1}</b> · {0}</span>', roles)


def _state(one: Colleague) -> str:
    key, words = one.state
    return format_html('<span class="login-state" data-login="{}">{}</span>', key, words)


def _last_login(one: Colleague) -> str:
    if one.user.last_login is None:
        return _("never")
    return moment(one.user.last_login, one.zone, "minute")


def _fields() -> tuple[Field[Colleague], ...]:
    return (
        Field(_("User name"), lambda one: one.user.get_username()),
        Field(_("Full name"), lambda one: one.user.get_full_name()),
        Field(_("Roles"), lambda one: "; ".join(f"{held.site.slug}: {held.role}" for held in one.roles)),
        Field(_("Login"), lambda one: one.state[1]),
        Field(_("Second factor"), lambda one: one.second_factor),
        *exports.moment_fields(_("Last login"), lambda one: one.user.last_login, lambda one: one.zone),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page
def new_person(request: HttpRequest) -> HttpResponse:
    """Add somebody: a new user with a link to choose their password, or somebody who works elsewhere already."""
    require_anywhere(request, roster.MANAGE)
    known = access.sites_where(member(request), roster.MANAGE)
    if request.method != "POST":
        asked = {"site": request.GET.get("site", "")}
        return _new_page(request, NewPersonForm(sites=known, initial=asked))
    again = once.repeated(request)
    if again is not None:
        return again
    form = NewPersonForm(request.POST, sites=known)
    if form.is_valid():
        return _add(request, form)
    return _new_page(request, form, status=422)


def _add(request: HttpRequest, form: NewPersonForm) -> HttpResponse:
    given: dict[str, Any] = dict(form.cleaned_data)  # an error takes its field out of the form's
    where = {"actor": member(request), "site": given["site"], "username": given["username"]}
    role = Role(given["role"])
    try:
        if "existing" in request.POST:
            person = people.add_person(**where, role=role)
            said = _("%(person)s is added, with the login that they have.")
            messages.success(request, said % {"person": people.called(person)})
            return once.done(request, reverse("dashboards:person", args=[person.pk]))
        person, path = people.make_person(**where, full_name=given["full_name"], role=role)
    except people.Taken as taken:
        form.add_error("username", str(taken))
        return _new_page(request, form, status=422, taken=given["username"])
    except Refused as refused:
        form.add_error("username", str(refused))
        return _new_page(request, form, status=422)
    secret = shown.Secret("link", people.called(person), path, member(request).pk)
    return shown.hand_over(once.done(request, reverse("dashboards:person", args=[person.pk])), secret)


def _new_page(
    request: HttpRequest, form: NewPersonForm, *, status: int = 200, taken: str = ""
) -> HttpResponse:
    context = {
        "form": form,
        "taken": taken,
        "once": request.POST.get(once.FIELD) or once.word(),
        "roles": role_words(),
        "has_site": access.sites_where(member(request), roster.MANAGE).exists(),
    }
    return render(request, "dashboards/access/new_person.html", context, status=status)
