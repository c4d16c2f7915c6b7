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
from django.utils.module_loading import import_string

from fleet.access import queries as access


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a connection showed to prove who it is; a token wins over a session cookie."""

    token: str = field(default="", repr=False)
    session_key: str = field(default="", repr=False)

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
        return user if isinstance(user, User) and user.is_active else None


def _session_store() -> type[SessionBase]:
    return import_string(f"{settings.SESSION_ENGINE}.SessionStore")


def credentials_of(scope: Any) -> Credentials:
    """Read the token (`?token=` or a bearer header) and the session cookie of a WebSocket handshake."""
    headers = _headers(scope)
    token = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
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
