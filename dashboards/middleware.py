"""What every request passes: response headers, the client's address, the second factor."""

import contextlib
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from dashboards.api import problems
from fleet.access import mfa
from fleet.access.clients import known_address

Answer = Callable[[HttpRequest], HttpResponse]

_NOT_OURS: Final = (
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), midi=(), "
    "display-capture=(), publickey-credentials-get=(), browsing-topics=()"
)
# Of the account only what sets a second factor up: its other pages make tokens, which need none.
_WITHOUT_SECOND_FACTOR: Final = (
    "/account/mfa/",
    "/account/confirm/",
    "/login/",
    "/logout/",
    "/static/",
    "/display/",
    "/healthz",
)


class ContentSecurityPolicy:
    """Only our own files run and style a page; nothing written into a page does."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        sockets = ""
        with contextlib.suppress(DisallowedHost):  # a static file is sent whatever the host is said to be
            # Older browsers do not count our own WebSocket as 'self'.
            sockets = f" {'wss' if request.is_secure() else 'ws'}://{request.get_host()}"
        response.headers.setdefault(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
            f"connect-src 'self'{sockets}; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'",
        )
        response.headers.setdefault("Permissions-Policy", _NOT_OURS)
        return response


class Bounded:
    """A body that is longer than any of ours is refused by its length, files too: nobody begins to read it."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        length = request.headers.get("Content-Length", "")
        if most is not None and length.isascii() and length.isdigit() and int(length) > most:
            raise RequestDataTooBig(length)
        return self.get_response(request)


class KnownClient:
    """Whatever is put on record while a request is answered carries the client's address."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with known_address(request):
            return self.get_response(request)


class SecondFactor:
    """Whoever has a role of MFA_REQUIRED_ROLES sets up a second factor before anything else.

    For logins only: a bearer token is a secret that no password opens.  Pages know no tokens, so there a header that
    looks like one, beside the cookie of a login, changes nothing.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.MFA_REQUIRED_ROLES or not self._is_held(request):
            return self.get_response(request)
        if request.path_info.startswith("/api/"):
            return problems.answer(request, 403, _("Set up a second factor first, at /account/mfa/."))
        return redirect("mfa_activate_totp")

    def _is_held(self, request: HttpRequest) -> bool:
        is_bearer = request.headers.get("Authorization", "").lower().startswith("bearer ")
        is_token = is_bearer and request.path_info.startswith("/api/")
        if request.path_info.startswith(_WITHOUT_SECOND_FACTOR) or is_token:
            return False
        return isinstance(request.user, User) and mfa.must_set_up(request.user)
