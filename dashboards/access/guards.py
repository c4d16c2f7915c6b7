"""What stands before a page that belongs to no single site."""

from typing import Any, Final, TypeVar

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from dashboards.access.people import member
from fleet.access import service

View = TypeVar("View", bound=Any)

_WORDS: Final[dict[str, Promise]] = {
    "manage_people": _("managing people"),
    "see_audit": _("reading the audit"),
}


def page(view: View) -> View:
    """A page that changes with who reads it: for people who are logged in, and kept by no cache."""
    return never_cache(login_required(view))


def require_anywhere(request: HttpRequest, verb: str) -> None:
    """Let whoever may do this at some site pass.  Raises Denied otherwise; the attempt is on record."""
    service.require_anywhere(member(request), verb, to=str(_WORDS[verb]))
