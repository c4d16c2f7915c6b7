"""Logins on record.

Django's own login, logout and authentication views say what happened only by signal, so these three are heard
here.  They carry no business meaning: nothing but the audit depends on them.
"""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from fleet.access.service import record


@receiver(user_logged_in, dispatch_uid="access.login")
def logged_in(request: HttpRequest | None, user: User, **_kwargs: Any) -> None:
    record(user, "login", subject=user.get_username(), address=_address(request))


@receiver(user_logged_out, dispatch_uid="access.logout")
def logged_out(request: HttpRequest | None, user: User | None, **_kwargs: Any) -> None:
    if user is not None:
        record(user, "logout", subject=user.get_username(), address=_address(request))


@receiver(user_login_failed, dispatch_uid="access.login_failed")
def login_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_kwargs: Any) -> None:
    """Names only users that exist: what else is typed there is, now and then, a password."""
    typed = str(credentials.get("username", ""))
    known = "\0" not in typed and User.objects.filter(username=typed).exists()
    subject = typed if known else "(unknown user)"
    record(AnonymousUser(), "login.failed", subject=subject, address=_address(request))


def _address(request: HttpRequest | None) -> str:
    return str(request.META.get("REMOTE_ADDR", "")) if request is not None else ""
