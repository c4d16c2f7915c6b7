"""Answers that are no success: a page in the product's look, or, below /api/, a problem (RFC 9457).

The pages stand on `dashboards/error.html`, which needs no session and no database: what is away then is often the
very thing that went wrong.
"""

import logging
import secrets
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.utils.translation import gettext as _

from dashboards.api import problems
from dashboards.presses import is_press, not_known
from fleet.access.errors import Denied, NotVisible

RETRY_S = 5  # after which a page, or a client, tries a database again that was away

_AWAY = (OperationalError, InterfaceError)
_SAFE = ("GET", "HEAD")
_log = logging.getLogger(__name__)


# --- Django's handlers (fleet/urls.py, CSRF_FAILURE_VIEW) ---


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, or 413: the request was given up before any view saw it, such as one for a host that is not ours."""
    status = 413 if isinstance(exception, RequestDataTooBig) else 400
    if _is_api(request):
        return problems.of_unusable(request, status, exception)
    return page(request, status)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: somebody sees it, and their role does not allow it."""
    why = str(exception) if isinstance(exception, Denied) else ""
    if _is_api(request):
        return problems.answer(request, 403, why or _("You may see this, but not do it."))
    return page(request, 403, why=why)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form, or the cookie's owner, did not send the CSRF token."""
    if _is_api(request):
        return problems.answer(request, 403, _("CSRF: %(reason)s") % {"reason": reason})
    return page(request, 403, "403_csrf.html")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: there is none, or it is not for whoever asks."""
    if _is_api(request):
        return problems.no_such_path(request)
    return page(request, 404)


def too_many(request: HttpRequest, exception: Exception | None = None, *, wait_s: int = 60) -> HttpResponse:
    """429: asked too often; `wait_s` says when again."""
    if _is_api(request):
        response = problems.answer(request, 429, _("Too many requests: wait %(s)d s.") % {"s": wait_s})
    else:
        response = _for_screens(request, page(request, 429, wait_s=wait_s), wait_s)
    response["Retry-After"] = str(wait_s)
    return response


def unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    """503: the database does not answer.  A page tries again by itself, and comes back where it was."""
    if _is_api(request):
        return problems.of_exception(request, error)
    _log.error("the database did not answer %s: %s", request.path, error)
    press = not_known() if is_press(request.method, request.path) else ""
    response = page(request, 503, safe=request.method in _SAFE, press=press, retry_s=RETRY_S)
    response["Retry-After"] = str(RETRY_S)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500 with an id that is in the log beside the traceback; 503 if a middleware met a dead database."""
    error = sys.exc_info()[1]  # Django calls this inside `except`
    if isinstance(error, _AWAY):
        return unavailable(request, error)
    if _is_api(request):
        return problems.of_exception(request, error if isinstance(error, Exception) else RuntimeError())
    fault = secrets.token_hex(4)
    _log.error("fault %s at %s: %r", fault, request.path, error)
    return _for_screens(request, page(request, 500, fault=fault), RETRY_S)


def _for_screens(request: HttpRequest, response: HttpResponse, after_s: int) -> HttpResponse:
    """Nobody stands at a screen on the wall to try again: it does so by itself."""
    if request.path.startswith("/display/") or request.GET.get("kiosk") == "1":
        response["Refresh"] = str(after_s)
    return response


# --- Inside the middleware chain ---


class Answers:
    """Gives what views raise, or leave empty, the product's look.  Stands innermost but one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or response.content or _is_api(request):
            return response
        told = page(request, 405)
        told["Allow"] = response.get("Allow", "")
        return told

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, _AWAY):
            return unavailable(request, error)
        if isinstance(error, NotVisible):
            return not_found(request, error)
        return None


def page(request: HttpRequest, status: int, template: str = "", **context: Any) -> HttpResponse:
    """Return an error page, made without a session, a user or a database."""
    theme = request.COOKIES.get("theme", "")
    context |= {"theme": theme if theme in ("light", "dark") else "", "address": request.get_full_path()}
    try:
        text = get_template(template or f"{status}.html").render(context)
    except Exception:
        _log.exception("the page for %d cannot be shown", status)
        text = f"<!doctype html><title>{status}</title><h1>{status} {HTTPStatus(status).phrase}</h1>"
    response = HttpResponse(text, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _is_api(request: HttpRequest) -> bool:
    return f"{request.path_info}/".startswith("/api/")
