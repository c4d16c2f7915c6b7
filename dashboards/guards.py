"""What stands before a page that belongs to no single site."""

from typing import Any, TypeVar

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from dashboards.people import member
from fleet.access import queries as access
from fleet.access.errors import Denied

View = TypeVar("View", bound=Any)


def page(view: View) -> View:
    """A page that changes with who reads it: for people who are logged in, and kept by no cache."""
    return never_cache(login_required(view))


def require_anywhere(request: HttpRequest, verb: str) -> None:
    """Let whoever may do this at some site pass.  Raises Denied otherwise."""
    if not access.may_anywhere(member(request), verb):
        raise Denied(verb.replace("_", " "), _("your sites"))
