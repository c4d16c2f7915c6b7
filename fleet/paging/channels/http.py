"""One POST to a pinned address: no redirects, no second try, no proxy, and one deadline for all of it."""

import http.client
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Final

from django.conf import settings

from fleet.paging.channels.answer import Answer, said
from fleet.paging.channels.deadline import Deadline
from fleet.paging.channels.doors import Door, NoDoor, find

_MOST_READ: Final = 300  # bytes of an answer: nobody fills our memory
_LONGEST_PAUSE_S: Final = 300.0
_GONE: Final = (404, 410)


class _Connection(http.client.HTTPSConnection):
    """To the address that was looked at; the certificate must be the name's."""

    def __init__(self, door: Door, deadline: Deadline) -> None:
        super().__init__(door.target.host, door.target.port, context=_trust())
        self._door, self._deadline = door, deadline

    def connect(self) -> None:
        sock: socket.socket = self._deadline.connect(self._door.address, self._door.target.port)
        if self._door.target.scheme == "https":
            sock = _trust().wrap_socket(sock, server_hostname=self._door.target.host)
        self.sock = sock


def post(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> Answer:
    """Send the body and return what came of it; nothing is raised for what another server does."""
    with Deadline(seconds) as deadline:
        try:
            door = find(url, private=settings.TELL_PRIVATE_NETWORKS)
            connection = _Connection(door, deadline)
            try:
                connection.request("POST", door.target.path, body, {**headers, "Connection": "close"})
                response = connection.getresponse()
                return _judge(response, response.read(_MOST_READ))
            finally:
                connection.close()
        except NoDoor as error:
            return Answer(taken=False, text=said(str(error)), final=True)
        except (OSError, http.client.HTTPException) as error:
            return Answer(taken=False, text=_reason(error, deadline))


def _judge(response: http.client.HTTPResponse, body: bytes) -> Answer:
    text = said(f"{response.status} {response.reason} {body.decode(errors='replace')}")
    if 200 <= response.status < 300:
        return Answer(taken=True, text=text)
    if 300 <= response.status < 400:
        return Answer(taken=False, text=said(f"{text} (redirects are not followed)"), final=True)
    if response.status in _GONE:
        return Answer(taken=False, text=text, gone=True)
    return Answer(taken=False, text=text, retry_after_s=_pause(response.getheader("Retry-After")))


def _pause(header: str | None) -> float | None:
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            at = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = (at.astimezone(UTC) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_PAUSE_S) if seconds == seconds else None


def _reason(error: Exception, deadline: Deadline) -> str:
    try:
        deadline.left_s()
    except TimeoutError:
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return said(f"its certificate is not trusted: {error.verify_message}")
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return said(str(error) or type(error).__name__)


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()
