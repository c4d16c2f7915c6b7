"""Logins, second factors and passwords on record.

Django, django-allauth and django-axes say what happened only by signal, so their signals are heard here.  They
carry no business meaning: but for logins that end with their password, nothing but the audit depends on them.
"""

from typing import Any

from allauth.account.signals import password_changed as password_changed_on_page
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from axes.signals import user_locked_out
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from fleet.access.clients import address_of, current_address
from fleet.access.service import end_sessions, record

_NOBODYS_NAME = "(unknown user)"


@receiver(user_logged_in, dispatch_uid="access.login")
def logged_in(request: HttpRequest | None, user: User, **_kwargs: Any) -> None:
    record(user, "login", subject=user.get_username(), address=_address(request))


@receiver(user_logged_out, dispatch_uid="access.logout")
def logged_out(request: HttpRequest | None, user: User | None, **_kwargs: Any) -> None:
    if user is not None:
        record(user, "logout", subject=user.get_username(), address=_address(request))


@receiver(user_login_failed, dispatch_uid="access.login_failed")
def login_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_kwargs: Any) -> None:
    asked_again = getattr(request, "user", None)
    if isinstance(asked_again, User) and asked_again.is_authenticated:
        name = asked_again.get_username()
        record(asked_again, "password.wrong", subject=name, address=_address(request))
        return
    record(
        AnonymousUser(),
        "login.failed",
        subject=_name(credentials.get("username")),
        address=_address(request),
    )


@receiver(user_locked_out, dispatch_uid="access.locked_out")
def locked_out(request: HttpRequest, username: str | None = None, **_kwargs: Any) -> None:
    record(AnonymousUser(), "login.locked_out", subject=_name(username), address=_address(request))


@receiver(mfa.authentication_failed, dispatch_uid="access.mfa_failed")
def code_failed(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """The password was right, so this one is worth a look."""
    record(AnonymousUser(), "login.code_failed", subject=user.get_username(), address=_address(request))


@receiver(mfa.authenticator_added, dispatch_uid="access.mfa_added")
def factor_added(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    record(user, "mfa.added", subject=user.get_username(), type=authenticator.type)


@receiver(mfa.authenticator_removed, dispatch_uid="access.mfa_removed")
def factor_removed(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    record(user, "mfa.removed", subject=user.get_username(), type=authenticator.type)


@receiver(mfa.authenticator_reset, dispatch_uid="access.mfa_reset")
def factor_reset(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    record(user, "mfa.reset", subject=user.get_username(), type=authenticator.type)


@receiver(password_changed_on_page, dispatch_uid="access.password_changed")
def password_changed(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    record(user, "password.changed", subject=user.get_username())
    end_sessions(user, but=request.session.session_key)


@receiver(post_save, sender=User, dispatch_uid="access.user_saved")
def saved(instance: User, created: bool, **_kwargs: Any) -> None:
    """Django's own commands (`createsuperuser`, `changepassword`) know nothing of a record; pages keep theirs."""
    if current_address():
        return
    if created and instance.is_superuser:
        record(None, "superuser.made", subject=instance.get_username())
    elif not created and getattr(instance, "_password", None) is not None:
        record(None, "password.changed", subject=instance.get_username())
        end_sessions(instance)


def _name(typed: object) -> str:
    """Name only users that exist: what else is typed there is, now and then, a password."""
    name = str(typed or "")
    known = "\0" not in name and User.objects.filter(username=name).exists()
    return name if known else _NOBODYS_NAME


def _address(request: HttpRequest | None) -> str:
    return address_of(request) if request is not None else ""
