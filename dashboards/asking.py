"""What a page needs to ask devices for something, as `asking.js` reads it from the page."""

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse

from dashboards import permits
from dashboards.access.people import member
from dashboards.words.commands import command_texts
from devices.wire.words import Verb
from fleet.access import queries as access
from fleet.access.models import Site

_VERBS: Final = (Verb.STOP, Verb.PAUSE, Verb.LOWER, Verb.IDENTIFY, Verb.LOCK, Verb.UNLOCK)


def asking_of(request: HttpRequest, site: Site) -> dict[str, Any]:
    """Return what `partials/asking.html` prints for whoever is logged in at this site.

    With it: a permit, by which the page can stop devices though the house's database is away.
    """
    person = member(request)
    return {
        "site": site.slug,
        "may": access.may_of(person, [verb.value for verb in _VERBS], site),
        "permit": permits.text_of(request, person, site),
        "permit_url": reverse("dashboards:permit", args=[site.slug]),
        "csrf": get_token(request),
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "texts": command_texts(),
    }


def watching_of(site: Site) -> dict[str, Any]:
    """Return the same for a screen on the wall, at which nobody is logged in: it shows, and asks for nothing."""
    nothing: dict[str, Any] = {"may": [], "permit": None, "permit_url": "", "csrf": "", "csrf_cookie": ""}
    return nothing | {"site": site.slug, "texts": command_texts()}
