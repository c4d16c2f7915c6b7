"""`POST /direct/stop`: a stop that goes past Django, its threads, the database and Redis, to dispatch's own port.

ASGI, in front of everything else.  A permit is the credential, so no session is looked up; it stands in the body,
which no page of another origin can read or guess.  Whatever happens, the page has its answer within a second.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboards.api.problems import MEDIA_TYPE
from dashboards.live.sockets import is_same_origin
from devices.moments import to_ms
from fleet.access.clients import address_of_scope
from fleet.control import permits

log = structlog.get_logger(__name__)

PATH: Final = "/direct/stop"
ANSWERS_S: Final = 0.9
_LONGEST_BYTES: Final = 6_000

App = Callable[[Any, Any, Any], Awaitable[None]]

_WORDS: Final[dict[str, Promise]] = {
    "method": _("Only POST stops something."),
    "origin": _("Another page's script asked; only our own pages may."),
    "body": _(
        "The body is no such JSON: permit, id (a UUID), device or null, room or null (never empty). It was not sent."
    ),
    "permit": _("The permit of this page is over. It was not sent: go there and stop at the device."),
    "ended": _(
        "This login may stop devices there no longer. It was not sent: go there and stop at the device."
    ),
    "device": _("No such device is known at this site. It was not sent: go there and stop at the device."),
    "room": _("No such room is known at this site. It was not sent: go there and stop at the devices."),
    "id": _("This id is another stop's; choose a new one."),
    "roll": _("It is not known which devices there are. It was not sent: go there and stop at the device."),
    "away": _("No way to the devices is left. It was not sent: go there and stop at the device."),
    "unknown": _(
        "No answer came in time, so it is not known whether it was sent. Go there and stop at the device."
    ),
    "none": _("This server has no way past its database. It was not sent: go there and stop at the device."),
}


class _Said(msgspec.Struct, frozen=True):
    """What dispatch answers."""

    status: int
    why: str = ""
    answer: msgspec.Raw = msgspec.Raw(b"null")


class _Refused(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


class DirectStop:
    """ASGI middleware: answers this one path, and hands on all others."""

    def __init__(self, inner: App) -> None:
        self.inner = inner
        self._hosts: list[str] = []
        """Where dispatch was found the last time; empty: to be looked up."""
        # Names are looked up on a thread of their own: the loop's may all be waiting for a database.
        self._names = ThreadPoolExecutor(1, thread_name_prefix="direct name")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await self.inner(scope, receive, send)
            return
        handed_on = asyncio.Event()
        try:
            async with asyncio.timeout(ANSWERS_S):
                status, body = await self._answer(scope, receive, handed_on)
        except _Refused as refused:
            status, body = refused.status, _problem(refused)
        except Exception as error:  # whatever it is, somebody waits with a finger on a stop
            if not isinstance(error, TimeoutError | OSError):
                log.exception("a stop was not handed on")
            self._hosts = []
            status, body = 503, _problem(_Refused(503, "unknown" if handed_on.is_set() else "away"))
        await _send(send, status, body)

    async def _answer(self, scope: Any, receive: Any, handed_on: asyncio.Event) -> tuple[int, bytes]:
        if scope["method"] != "POST":
            raise _Refused(405, "method")
        if not is_same_origin(scope):
            raise _Refused(403, "origin")
        asked = _read(await _body(receive))
        asked["address"] = address_of_scope(scope)
        asked["pressed_ms"] = to_ms(timezone.now())
        said = await self._ask(msgspec.json.encode(asked), handed_on)
        if said.status == HTTPStatus.ACCEPTED:
            return 202, bytes(said.answer)
        if said.why not in _WORDS:
            raise ConnectionError  # that is no dispatch of this build
        raise _Refused(said.status, said.why)

    async def _ask(self, line: bytes, handed_on: asyncio.Event) -> _Said:
        """Ask dispatch.  Raises OSError, if it is not there or hangs up.

        `handed_on` is set when it may act, whether its answer comes or not: it may hang, and go on later.
        """
        reader, writer = await self._connect()
        try:
            handed_on.set()
            writer.write(line + b"\n")
            answer = await reader.read(-1)
        finally:
            writer.close()
        try:
            return msgspec.json.decode(answer, type=_Said)
        except msgspec.DecodeError as error:
            raise ConnectionError from error  # it hung up

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to dispatch, by the address that was good the last time.  Raises OSError, if it is at none."""
        if settings.DIRECT_URL is None:
            raise _Refused(503, "none")
        name, port = settings.DIRECT_URL
        if not self._hosts:
            look_up = partial(socket.getaddrinfo, name, port, type=socket.SOCK_STREAM)
            found = await asyncio.get_running_loop().run_in_executor(self._names, look_up)
            self._hosts = [str(address[0]) for *_, address in found]
        for host in self._hosts:  # such as ::1, and then 127.0.0.1
            try:
                connected = await asyncio.open_connection(host, port)
            except OSError:
                continue
            self._hosts = [host]
            return connected
        raise ConnectionRefusedError


def _read(body: bytes) -> dict[str, Any]:
    """Return what is asked, once its permit has been looked at: nothing else is handed on."""
    try:
        given = msgspec.json.decode(body)
        permits.read(given.get("permit"), timezone.now())
        asked = {name: given.get(name) for name in ("permit", "id", "device", "room")}
        if asked["device"] is None and asked["room"] is None:
            # The whole site is said with both as null: who forgot to say which device does not mean it.
            asked["device"], asked["room"] = given["device"], given["room"]
    except permits.NoPermit as error:
        raise _Refused(401, "permit") from error
    except (msgspec.DecodeError, ValueError, RecursionError, AttributeError, TypeError, KeyError) as error:
        raise _Refused(422, "body") from error
    return asked


async def _body(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError  # the page went away
        body += message.get("body", b"")
        if len(body) > _LONGEST_BYTES:
            raise _Refused(413, "body")
        more = message.get("more_body", False)
    return body


def _problem(refused: _Refused) -> bytes:
    return msgspec.json.encode(
        {
            "type": "about:blank",
            "title": HTTPStatus(refused.status).phrase,
            "status": refused.status,
            "detail": str(_WORDS[refused.why]),
            "instance": PATH,
        }
    )


async def _send(send: Any, status: int, body: bytes) -> None:
    headers = [
        (b"content-type", b"application/json" if status == HTTPStatus.ACCEPTED else MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append((b"allow", b"POST"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
