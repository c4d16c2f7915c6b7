"""Who is at the other end of the line: the client's address, for the record and for counting failed logins."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest

_LONGEST = 45  # characters of an IPv6 address with an IPv4 one inside

_address: ContextVar[str] = ContextVar("address of the client", default="")


def address_of(request: HttpRequest) -> str:
    """Return the client's address; a proxy's word for it is taken only behind a proxy of ours.

    The proxy adds the address it saw at the right: what stands left of it, anybody may have written.
    """
    told = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    return (told.rpartition(",")[2].strip() or str(request.META.get("REMOTE_ADDR") or ""))[:_LONGEST]


def address_of_scope(scope: Any) -> str:
    """Return the client's address of an ASGI connection, by the same rule."""
    told = b""
    if settings.BEHIND_PROXY:
        told = b",".join(value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for")
    seen = (scope.get("client") or [""])[0]
    return (told.decode("latin-1").rpartition(",")[2].strip() or str(seen))[:_LONGEST]


@contextmanager
def known_address(request: HttpRequest) -> Iterator[None]:
    """What is recorded within the block was asked for from this request's address."""
    mark = _address.set(address_of(request))
    try:
        yield
    finally:
        _address.reset(mark)


def current_address() -> str:
    """Return the address of the request that is being answered, or nothing."""
    return _address.get()


def name_to_count(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """Return under which name failed logins are counted (django-axes).

    What is nobody's name may be a password typed into the wrong box: it is counted under a keyed digest.
    """
    typed = str((credentials or request.POST).get("username") or "").strip()
    if "\0" not in typed and User.objects.filter(username=typed).exists():
        return typed
    digest = hmac.digest(settings.SECRET_KEY.encode(), typed.encode(errors="replace"), hashlib.sha256)
    return f"?{digest.hex()[:32]}"
