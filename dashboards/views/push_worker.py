"""The script that shows what is pushed while no page is open; it stands at the root, because its place is its reach."""

from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

import dashboards

_SCRIPT = Path(dashboards.__file__).parent / "static" / "dashboards" / "push-worker.js"


@require_safe
def push_worker(request: HttpRequest) -> HttpResponse:
    """Return the script; browsers ask for it again by themselves, so that a new release reaches them."""
    response = HttpResponse(_script(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@cache
def _script() -> bytes:
    return _SCRIPT.read_bytes()
