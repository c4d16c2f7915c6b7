"""How much of a body is taken in, on daphne's own classes and without a network."""

from typing import Any

import pytest
from daphne import http_protocol
from twisted.internet.address import IPv4Address
from twisted.internet.testing import StringTransport

from fleet.bounds import bounded

MOST = 1_000


class Server:
    """What daphne's requests ask of the server that they came to."""

    proxy_forwarded_address_header = None
    root_path = ""
    request_buffer_size = 300

    def __init__(self) -> None:
        self.scopes: list[dict[str, Any]] = []
        self.pieces: list[bytes] = []

    def protocol_connected(self, protocol: Any) -> None: ...

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        self.scopes.append(scope)
        return self

    def put_nowait(self, message: dict[str, Any]) -> None:
        self.pieces.append(message["body"])

    @property
    def length(self) -> str:
        return dict(self.scopes[0]["headers"]).get(b"content-length", b"").decode()


def send(raw: bytes) -> Server:
    server = Server()
    protocol = http_protocol.HTTPFactory(server).buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
    protocol.requestFactory = bounded(http_protocol.WebRequest, MOST)
    protocol.makeConnection(StringTransport(peerAddress=IPv4Address("TCP", "127.0.0.1", 1)))
    protocol.dataReceived(raw)
    return server


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[n : n + size] for n in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 999, 1_000])
def test_a_body_up_to_the_most_arrives_as_it_was_sent(size: int) -> None:
    body = bytes(range(256)) * 4
    body = body[:size]
    named = send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (size, body))
    pieces = send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 90))
    assert b"".join(named.pieces) == b"".join(pieces.pieces) == body
    assert named.length == pieces.length == str(size)


def test_of_a_longer_one_no_more_is_kept_and_its_length_is_said() -> None:
    body = b"x" * 50_000
    named = send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n" + body)
    pieces = send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 900))
    for one in (named, pieces):
        assert sum(map(len, one.pieces)) == MOST + 1
        assert one.length == "50000"


def test_a_request_without_a_body_names_no_length() -> None:
    assert send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").length == ""
