"""Who asks: a bearer token, or the session cookie of somebody logged in (with CSRF for unsafe methods)."""

from typing import cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from ninja.errors import AuthenticationError
from ninja.security import HttpBearer
from ninja.security.session import SessionAuth as CookieAuth

from dashboards.api.problems import not_found
from devices.models import Device
from devices.wire import topics
from fleet.access import queries as access
from fleet.access import service
from fleet.access.models import Site


class TokenAuth(HttpBearer):
    """A token that is no good ends here: whoever sends one does not mean their cookie."""

    def authenticate(self, request: HttpRequest, token: str) -> User:
        user = access.authenticate_token(token.strip())
        if user is None:
            raise AuthenticationError
        return user


class SessionAuth(CookieAuth):
    """The cookie of a login.  Who sends none is not logged in: 401, before anything is said of CSRF."""

    def _get_key(self, request: HttpRequest) -> str | None:
        return super()._get_key(request) if self.param_name in request.COOKIES else None


CREDENTIALS = (TokenAuth(), SessionAuth())


def asker(request: HttpRequest) -> User:
    """Return who was authenticated."""
    return cast(User, request.auth)  # type: ignore[attr-defined]


def visible_sites(request: HttpRequest) -> QuerySet[Site]:
    return access.sites_of(asker(request))


def visible_devices(request: HttpRequest) -> QuerySet[Device]:
    """Return the devices of the sites that the asker sees, also those out of service."""
    return Device.objects.filter(site__in=visible_sites(request))


def visible_site(request: HttpRequest, slug: str) -> Site:
    """Raises Problem 404 if there is none that the asker sees."""
    site = visible_sites(request).filter(slug=slug).first()
    if site is None:
        raise not_found(f"site {slug!r}")
    return site


def visible_device(request: HttpRequest, serial: str, *, verb: str = "see") -> Device:
    """Return the device, for somebody who may do `verb` at its site.

    Raises:
        Problem: 404, if there is none that the asker sees.
        Denied: They see it, but may not do this.
    """
    device = None
    if topics.is_serial(serial):
        device = visible_devices(request).select_related("site", "live").filter(serial=serial).first()
    if device is None:
        raise not_found(f"device {serial[:64]!r}")
    if verb != "see":
        service.require(asker(request), verb, device.site, subject=device.serial)
    return device
