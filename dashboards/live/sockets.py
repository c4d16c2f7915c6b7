"""Who is at the other end of a WebSocket: same-origin check and credentials, before any consumer runs."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, WebSocketScope
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, parse_cookie
from django.http.request import validate_host
from django.utils import timezone
from django.utils.module_loading import import_string

from fleet.access import displays, mfa
from fleet.access import queries as access

NOT_ALLOWED, NOT_FOUND = 4403, 4404
"""Close codes: whose login, token or display link is over; whoever does not see that site."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a connection showed to prove who it is; a display link wins over a token, a token over a cookie."""

    token: str = field(default="", repr=False)
    session_key: str = field(default="", repr=False)
    display: str = field(default="", repr=False)

    def user(self) -> User | None:
        """Return the active user these stand for *now*; asked again while the connection lasts.

        Reads the database: not to be called from the event loop.
        """
        if self.token:
            return access.authenticate_token(self.token)
        if not self.session_key:
            return None
        request = HttpRequest()
        request.session = _session_store()(self.session_key)
        user = auth.get_user(request)
        if not isinstance(user, User) or not user.is_active or mfa.must_set_up(user):
            return None
        return user


@dataclass(frozen=True, slots=True)
class Seat:
    """Who looks at what: their site, and the channel group that hears when they may no longer."""

    ear: str
    site_id: int


def find_seat(credentials: Credentials, slug: str) -> Seat | int:
    """Return the seat, or the close code that says why there is none."""
    if "\0" in slug:  # PostgreSQL knows no such text
        return NOT_FOUND
    if credentials.display:
        return _display_seat(credentials.display, slug)
    user = credentials.user()
    if user is None:
        return NOT_ALLOWED
    site = access.sites_of(user).filter(slug=slug).first()
    return NOT_FOUND if site is None else Seat(access.ear_of(user), site.pk)


def _display_seat(secret: str, slug: str) -> Seat | int:
    """A display link opens the one site it was made for, whoever else is logged in on that screen."""
    link = displays.link_of(secret)
    if link is None or link.revoked_at is not None:
        return NOT_ALLOWED
    if link.site.slug != slug:
        return NOT_FOUND
    displays.note_seen(link, timezone.now())
    return Seat(displays.group_of(link.pk), link.site_id)


def _session_store() -> type[SessionBase]:
    return import_string(f"{settings.SESSION_ENGINE}.SessionStore")


def credentials_of(scope: Any) -> Credentials:
    """Read `?display=`, the token (`?token=` or a bearer header) and the session cookie of a handshake."""
    headers = _headers(scope)
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    if display := asked.get("display", [""])[0]:
        return Credentials(display=display)
    token = asked.get("token", [""])[0]
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    if not token and scheme.lower() == "bearer":
        token = bearer.strip()
    cookies = parse_cookie(headers.get("cookie", ""))
    return Credentials(token, "" if token else cookies.get(settings.SESSION_COOKIE_NAME, ""))


def is_same_origin(scope: Any) -> bool:
    """Whether the page that opened the socket is ours; without an `Origin` no browser opened it.

    A cookie is sent by the browser whoever wrote the page, so its word alone is not the user's wish.
    """
    headers = _headers(scope)
    host, origin = headers.get("host", ""), headers.get("origin")
    if not validate_host(_without_port(host), settings.ALLOWED_HOSTS):
        return False
    if origin is None or origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    return urlsplit(origin).netloc.lower() == host.lower()


class Doorkeeper:
    """ASGI middleware: refuses foreign pages, and leaves the credentials in `scope["credentials"]`."""

    def __init__(self, inner: ASGI3Application) -> None:
        self.inner = inner

    async def __call__(
        self, scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        credentials = credentials_of(scope)
        if not credentials.token and not is_same_origin(scope):
            await receive()
            await send({"type": "websocket.close", "code": 4403, "reason": "another origin"})
            return
        known: Any = {**scope, "credentials": credentials}
        await self.inner(known, receive, send)


def _headers(scope: Any) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope.get("headers", [])
    }


def _without_port(host: str) -> str:
    return host.lower() if host.endswith("]") else host.lower().rsplit(":", 1)[0]
