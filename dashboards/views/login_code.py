"""The second step of logging in: the code of an authenticator app, or a recovery code."""

from allauth.mfa.base import views as mfa
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _


def login_code(request: HttpRequest) -> HttpResponseBase:
    """allauth's page; whoever waits there while their second factor is taken away starts over.

    Left to allauth, its two pages would send such a browser back and forth until the waiting login is over.
    """
    answer: HttpResponseBase = mfa.authenticate(request)
    if answer.status_code == 302 and answer.headers.get("Location") == reverse("account_login"):
        request.session.flush()
        messages.info(request, _("Log in again with your user name and password."))
    return answer
