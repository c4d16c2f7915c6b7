"""Giving out permits: to whoever may stop devices at a site, by the login that they use now."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone

from fleet.access import queries as access
from fleet.access.models import Site
from fleet.control import permits
from fleet.control.permits import Permit


def permit_of(request: HttpRequest, user: User, site: Site) -> Permit | None:
    """Return a fresh permit; None: they may not stop anything there, or show no login that could end it.

    A screen that hangs on a wall gets none: nobody is logged in there.
    """
    login = _login(request)
    if not login or not access.may(user, "stop", site):
        return None
    return Permit(user.pk, user.get_username(), site.pk, site.slug, login, timezone.now())


def text_of(request: HttpRequest, user: User, site: Site) -> str | None:
    """Return `permit_of` as pages hold it."""
    permit = permit_of(request, user, site)
    return None if permit is None else permits.signed(permit)


def _login(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return permits.by_token(access.digest_of(token.strip()))
    key = request.session.session_key
    return permits.by_session(key) if key else ""
