"""What a screen on the wall opens: the kiosk wall of one site, by a secret in the address instead of a login."""

from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe

from dashboards.views import wall
from fleet.access import displays
from fleet.access.clients import address_of

GUESSES_A_MINUTE = 20  # from one address; a secret has 256 bits, so this only keeps the database at peace


@require_safe
@never_cache
@sensitive_variables("secret")
def display(request: HttpRequest, secret: str) -> HttpResponse:
    """The wall for whoever has the link; nobody is logged in here, whatever cookies came along.

    Raises Http404 for a secret that is none; a link that was ended says so (410).
    """
    request.user = AnonymousUser()
    link = displays.link_of(secret)
    if link is None:
        if _guesses_too_often(request):
            return _closed(render(request, "429.html", status=429))
        raise Http404
    if link.revoked_at is not None:
        return _closed(render(request, "dashboards/display_over.html", {"name": link.name}, status=410))
    displays.note_seen(link, timezone.now())
    return _closed(wall.wall_page(request, link.site, kiosk=True, display=secret))


def _closed(response: HttpResponse) -> HttpResponse:
    """The address is the secret: it goes nowhere, and is kept by nobody on the way."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _guesses_too_often(request: HttpRequest) -> bool:
    key = f"display-guesses:{address_of(request)}"
    try:
        cache.add(key, 0, timeout=60)
        return int(cache.incr(key)) > GUESSES_A_MINUTE
    except ValueError:  # the minute ended between the two lines
        return False
