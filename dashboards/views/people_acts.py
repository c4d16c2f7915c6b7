"""What an administrator does to somebody's login or role, each asked for on a page of its own first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dashboards.access import once, shown
from dashboards.access.guards import page
from dashboards.access.people import member
from fleet.access import people, recovery, roster, service
from fleet.access import queries as access
from fleet.access.errors import Refused
from fleet.access.models import Membership

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Act:
    """One act on a person: how it is asked for, how it is done, what is said then."""

    title: Words
    why: tuple[Words, ...]
    button: Words
    said: Words
    do: Callable[[User, User], Any]
    harmful: bool = True


ACTS: dict[str, Act] = {
    "end-login": Act(
        gettext_lazy("End the login of %(person)s?"),
        (
            gettext_lazy("They are logged out everywhere within seconds, and their tokens stop working."),
            gettext_lazy("Their roles and what they did stay on record. You can let them log in again later."),
        ),
        gettext_lazy("End the login"),
        gettext_lazy("%(person)s cannot log in any more. To undo this, let them log in again below."),
        lambda actor, person: service.set_active(actor=actor, user=person, active=False),
    ),
    "restore-login": Act(
        gettext_lazy("Let %(person)s log in again?"),
        (gettext_lazy("With the password, the roles and the tokens that they had."),),
        gettext_lazy("Let them log in"),
        gettext_lazy("%(person)s may log in again."),
        lambda actor, person: service.set_active(actor=actor, user=person, active=True),
        harmful=False,
    ),
    "unlock": Act(
        gettext_lazy("Let %(person)s try to log in again now?"),
        (
            gettext_lazy("Somebody typed a wrong password under this name too often."),
            gettext_lazy("Ask first whether it was this person: if not, somebody may be guessing."),
        ),
        gettext_lazy("Let them try again"),
        gettext_lazy("%(person)s can try to log in again at once."),
        lambda actor, person: recovery.unlock(actor=actor, person=person),
        harmful=False,
    ),
    "reset-second-factor": Act(
        gettext_lazy("Take the second factor of %(person)s away?"),
        (
            gettext_lazy("Do this when their phone is lost, and only if you are sure that it is they who ask."),
            gettext_lazy("Until they set up a new one, their password alone opens their account."),
        ),
        gettext_lazy("Take the second factor away"),
        gettext_lazy("%(person)s has no second factor now; they can set up a new one on their account's page."),
        lambda actor, person: recovery.reset_second_factor(actor=actor, person=person),
    ),
}  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page
def act(request: HttpRequest, number: int, name: str) -> HttpResponse:
    person = roster.person_for(member(request), number)
    if name not in ACTS:
        raise Http404
    people.require_all_of(member(request), person)
    known, refused = ACTS[name], ""
    words = {"person": people.called(person)}
    if request.method == "POST":
        try:
            known.do(member(request), person)
        except Refused as error:
            refused = str(error)
        else:
            messages.success(request, str(known.said) % words)
            return _back(person)
    asked = {
        "title": str(known.title) % words,
        "why": known.why,
        "button": known.button,
        "harmful": known.harmful,
        "back": reverse("dashboards:person", args=[person.pk]),
        "refused": refused,
    }
    return render(request, "dashboards/access/confirm.html", asked, status=409 if refused else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def password_link(request: HttpRequest, number: int) -> HttpResponse:
    """Make a link by which the person chooses a new password."""
    me = member(request)
    person = roster.person_for(me, number)
    people.require_all_of(me, person)
    refused = ""
    if request.method == "POST":
        again = once.repeated(request)
        if again is not None:
            return again
        try:
            path = people.make_link(actor=me, person=person)
        except Refused as error:
            refused = str(error)
        else:
            secret = shown.Secret("link", people.called(person), path, me.pk)
            return shown.hand_over(once.done(request, _back(person).url), secret)
    asked = {
        "title": _("Make a link by which %(person)s chooses a password?") % {"person": people.called(person)},
        "why": [
            _("The password that they have now stops working at once, and they are logged out everywhere."),
            _("The link works once, for 7 days; a link made earlier stops working. You give it to them yourself."),
        ],
        "button": _("Make the link"),
        "harmful": person.has_usable_password(),
        "back": _back(person).url,
        "refused": refused,
        "once": once.word(),
    }  # fmt: skip
    return render(request, "dashboards/access/confirm.html", asked, status=409 if refused else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def withdraw(request: HttpRequest, number: int, slug: str) -> HttpResponse:
    """Take the person's role at one site of mine away."""
    me = member(request)
    person, site = roster.person_for(me, number), access.site_for(me, slug)
    held = Membership.objects.filter(user=person, site=site).first()
    if held is None:  # sent twice, or somebody else did it: what was wanted is so
        return _back(person) if roster.people_of(me).filter(pk=person.pk).exists() else _list()
    refused = ""
    if request.method == "POST":
        try:
            service.withdraw_membership(actor=me, user=person, site=site)
        except Refused as error:
            refused = str(error)
        else:
            said = _("%(person)s has no role at %(site)s any more. To undo this, add %(user)s to it again.")
            names = {"person": people.called(person), "site": site.name, "user": person.get_username()}
            messages.success(request, said % names)
            return _back(person) if roster.people_of(me).filter(pk=person.pk).exists() else _list()
    else:
        service.require(me, roster.MANAGE, site, subject=person.get_username())
    names = {"person": people.called(person), "role": held.get_role_display(), "site": site.name}
    asked = {
        "title": _("Take the role %(role)s of %(person)s at %(site)s away?") % names,
        "why": [_("Pages of this site that they have open end within seconds. Their login stays.")],
        "button": _("Take the role away"),
        "harmful": True,
        "back": _back(person).url,
        "refused": refused,
    }
    return render(request, "dashboards/access/confirm.html", asked, status=409 if refused else 200)


def _back(person: User) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("dashboards:person", args=[person.pk]))


def _list() -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("dashboards:people"))
