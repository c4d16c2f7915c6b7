"""Every error of the API as RFC 9457 `application/problem+json`: what happened, what was seen, what to do."""

import functools
import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser

from dashboards.presses import is_press, not_known
from fleet.access.errors import NotVisible, Refused

MEDIA_TYPE = "application/problem+json"
_LONGEST_QUOTE = 100  # of what was seen

_log = logging.getLogger(__name__)


class Problem(Exception):
    """An answer that is no success.  `detail` is for people; `errors` names parameters."""

    def __init__(self, status: int, detail: str, errors: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, errors


def not_found(what: str) -> Problem:
    """404: there is none, or whoever asks may not see it; the answer is the same for both."""
    return Problem(404, _("There is no %(what)s that you may see.") % {"what": what})


def wrong_parameter(name: str, expected: str, seen: object) -> Problem:
    """422: one parameter cannot be used; says which, what was expected and what was seen."""
    error = _error(name, expected, seen)
    return Problem(422, error["detail"], [error])


def answer(
    request: HttpRequest, status: int, detail: str, errors: Sequence[Mapping[str, str]] = ()
) -> HttpResponse:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.path,
    }
    if errors:
        body["errors"] = errors
    response = HttpResponse(msgspec.json.encode(body), status=status, content_type=MEDIA_TYPE)
    response["Cache-Control"] = "no-store"
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="myofleet"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = "5"
    return response


def of_exception(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """Return the problem that an exception of a view stands for; what nobody foresaw is logged."""
    match error:
        case Problem():
            return answer(request, error.status, error.detail, error.errors)
        case AuthenticationError():
            detail = _("Log in, or send `Authorization: Bearer <token>` with a token that is still good.")
            return answer(request, 401, detail)
        case ValidationError():
            return _unusable(request, error)
        case HttpError(__cause__=Problem() as problem):  # of the body: ninja wraps whatever its parser raises
            return of_exception(request, problem)
        case HttpError():
            return answer(request, error.status_code, error.message)
        case RequestDataTooBig():
            return answer(request, 413, _too_large())
        case SuspiciousOperation():
            return of_unusable(request, 400, error)
        case NotVisible() | Http404():
            return answer(request, 404, _("There is nothing here that you may see."))
        case PermissionDenied():
            return answer(request, 403, str(error) or _("You may see this, but not do it."))
        case Refused():
            return answer(request, 422, str(error))
        case OperationalError() | InterfaceError():
            _log.error("the database did not answer %s: %s", request.path, error)
            return answer(request, 503, _away(request))
        case _:
            fault = secrets.token_hex(4)
            _log.error(
                "fault %s at %s",
                fault,
                request.path,
                exc_info=error if isinstance(error, Exception) else True,
            )
            return answer(request, 500, _("Unforeseen; the server's log knows it as %(id)s.") % {"id": fault})


def _away(request: HttpRequest) -> str:
    if is_press(request.method, request.path):
        return not_known()
    return _("The database does not answer at the moment; try again.")


def _unusable(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = []
    for one in error.errors:
        name = _parameter(one)
        seen = _in_body(request, one["loc"]) if one["loc"][:1] == ("body",) else request.GET.get(name)
        errors.append(_error(name, str(one["msg"]).removeprefix("Value error, "), seen))
    return answer(request, 422, "; ".join(one["detail"] for one in errors), errors)


def _in_body(request: HttpRequest, loc: Sequence[str | int]) -> Any:
    """Return what the body holds at pydantic's path, which begins with "body" and the view's own word for it."""
    try:
        seen = json.loads(request.body)
        for part in loc[2:]:
            seen = seen[part]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    return seen


def _parameter(error: Mapping[str, Any]) -> str:
    """Return the name that the caller knows: the last word of pydantic's path."""
    names = [part for part in error["loc"] if isinstance(part, str)]
    return names[-1] if names else "body"


def _error(name: str, expected: str, seen: object) -> dict[str, str]:
    quoted = repr(seen)
    if len(quoted) > _LONGEST_QUOTE:
        quoted = quoted[:_LONGEST_QUOTE] + "…"
    return {
        "parameter": name,
        "seen": quoted,
        "detail": _("%(name)s: %(expected)s; seen: %(seen)s")
        % {"name": name, "expected": expected, "seen": quoted},
    }


@csrf_exempt
def no_such_path(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    """404 for whatever lies below /api/ and is no path of ours."""
    return answer(request, 404, _("There is no such path; /api/v1/openapi.json lists all."))


def of_unusable(request: HttpRequest, status: int, error: Exception | None) -> HttpResponse:
    """400 or 413 before any view is reached, such as a host that is not ours."""
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return answer(request, status, _too_large())
    why = type(error).__name__ if error else ""
    return answer(request, status, _("The request itself cannot be used: %(why)s") % {"why": why})


def _too_large() -> str:
    return _("At most %(n)d bytes may be sent.") % {"n": settings.DATA_UPLOAD_MAX_MEMORY_SIZE}


class JsonOnly(Parser):
    """Bodies are JSON, and say so: a browser's form of another site cannot."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise Problem(
                415,
                _("Content-Type: application/json expected; seen: %(seen)s")
                % {"seen": _content_type(request)},
            )
        try:
            body = super().parse_body(request)
        except (ValueError, RecursionError):
            raise Problem(400, _("The body is no JSON.")) from None
        if not isinstance(body, dict):  # whose every field may be left out, a list would pass for
            raise wrong_parameter("body", _("a JSON object expected"), body)
        return body


def _content_type(request: HttpRequest) -> str:
    return repr((request.content_type or "")[:_LONGEST_QUOTE])


class ProblemAPI(NinjaAPI):
    """A NinjaAPI whose errors, without exception, are problems."""

    def __init__(self, **options: Any) -> None:
        super().__init__(parser=JsonOnly(), **options)

    def set_default_exception_handlers(self) -> None:
        self.add_exception_handler(Exception, of_exception)

    def _get_urls(self) -> list[Any]:
        patterns: list[Any] = super()._get_urls()
        for pattern in patterns:
            pattern.callback = _with_problems(pattern.callback)
        return patterns


def _with_problems(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Turn what the framework itself answers (405, and 404 of the root) into problems; let HEAD be GET."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "HEAD":
            request.method = "GET"  # the server leaves out the body
        try:
            response = view(request, *args, **kwargs)
        except Exception as error:
            return of_exception(request, error)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = response["Allow"]
            response = answer(
                request,
                405,
                _("%(method)s is not possible here; possible: %(allowed)s")
                % {"method": request.method, "allowed": allowed},
            )
            response["Allow"] = allowed
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return wrapped
