"""A press is always answered in time, and always carried on with.

Whoever has pressed "stop" must know within a second whether the server can do it.  A request waits in many places
for a database that hangs (a connection of the pool, the session, the row), so one clock stands in front of them all.
"""

import asyncio
import io
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from dashboards import errors
from dashboards.api import problems
from dashboards.middleware import ContentSecurityPolicy
from dashboards.presses import PRESSED_AT, is_press, not_known

ANSWERS_S: Final = 0.9

App = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]
log = structlog.get_logger(__name__)


class InTime:
    """ASGI middleware: a press is answered within `ANSWERS_S`, and carried on with though its page went away."""

    def __init__(self, inner: App) -> None:
        self.inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not is_press(scope["method"], scope["path"]):
            await self.inner(scope, receive, send)
            return
        gate = _Gate(send)
        noted = {**scope, PRESSED_AT: timezone.now()}
        task = asyncio.create_task(self.inner(noted, _patient(receive), gate.send))
        begun = asyncio.create_task(gate.begun.wait())
        try:
            await asyncio.wait({task, begun}, timeout=ANSWERS_S, return_when=asyncio.FIRST_COMPLETED)
            if gate.begun.is_set() or task.done():
                await task
                return
            gate.close()
            log.error("a press was not written down in time", path=scope["path"])
            await _answer(scope, send)
            await self._carry_on(task)
        finally:
            begun.cancel()
            task.cancel()  # no more than a word if it is over; else the server ends, and its threads with it

    async def _carry_on(self, task: "asyncio.Task[None]") -> None:
        """It may still be written down.  Whoever asked is answered, so what it meets is told here."""
        try:
            await task
        except Exception as error:
            log.error("a press that was given up ended", error=repr(error))


class _Gate:
    """Lets one answer out: the application's if it begins in time, else ours."""

    def __init__(self, send: Any) -> None:
        self.begun = asyncio.Event()
        self._send = send
        self._closed = False

    def close(self) -> None:
        self._closed = True

    async def send(self, message: Any) -> None:
        if not self._closed:
            self.begun.set()
            await self._send(message)


def _patient(receive: Any) -> Any:
    """Return a `receive` that does not tell of a page that went away: what it asked for is asked for."""

    async def heard() -> Any:
        message = await receive()
        if message["type"] == "http.disconnect":
            await asyncio.Event().wait()  # whoever listens for this is cancelled when the answer is there
        return message

    return heard


async def _answer(scope: Any, send: Any) -> None:
    request = ASGIRequest(scope, io.BytesIO())
    response = ContentSecurityPolicy(_given_up)(request)
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


def _given_up(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problems.answer(request, 503, not_known())
    response = errors.page(request, 503, press=not_known(), retry_s=errors.RETRY_S)
    response["Retry-After"] = str(errors.RETRY_S)
    return response
