"""The way in: allauth's login with our form and our words, and the answer to whoever tried too often."""

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm as AllauthLoginForm
from axes.attempts import get_cool_off_threshold
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboards.api import problems
from fleet.access.clients import address_of, name_to_count


class LoginForm(AllauthLoginForm):
    """Its fields are called `username` and `password` in the page, as programs that log in expect."""

    def add_prefix(self, field_name: str) -> str:
        return str(super().add_prefix("username" if field_name == "login" else field_name))


class Door(DefaultAccountAdapter):
    """allauth with what is ours: no sign-up, no mail, addresses as everywhere, failures counted by axes."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _(
            "This user name and password do not belong together. Both distinguish capital letters."
        ),
        "incorrect_password": _("This is not your password. It distinguishes capital letters."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """axes counts failures: in the database, so that a dead Redis keeps nobody out."""

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Pages say themselves what was done; "signed in as" on each login is noise."""

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """No mail leaves the house; the audit has it."""


def locked_out(
    request: HttpRequest, _original: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """429: too many failed logins under this name from this address; says when to try again."""
    cool_off = get_cool_off(request) or timedelta()
    AxesProxyHandler.update_request(request)
    last = (
        AccessAttempt.objects.filter(
            username=name_to_count(request, credentials), ip_address=address_of(request)
        )
        .filter(attempt_time__gt=get_cool_off_threshold(request))
        .order_by("-attempt_time")
        .first()
    )
    until = (last.attempt_time if last else timezone.now()) + cool_off
    wait_s = max(1, int((until - timezone.now()).total_seconds()) + 1)
    if request.path_info.startswith("/api/"):
        response = problems.answer(request, 429, str(_("Too many failed logins; try again later.")))
    else:
        response = render(
            request, "dashboards/locked.html", {"until": until, "minutes": -(-wait_s // 60)}, status=429
        )
    response["Retry-After"] = str(wait_s)
    response["Cache-Control"] = "no-store"
    return response
