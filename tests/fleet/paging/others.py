"""The other side of each channel, real and on loopback: a mail server, a web server, a browser's push service."""

import asyncio
import json
import ssl
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fleet.paging.channels import sealing


class _Silent(asyncio.Protocol):
    """Takes a connection and says nothing."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.end = transport.close


class Mailbox:
    """A mail server that keeps what it takes.  `refuse` answers RCPT so; `hold` keeps it from greeting anybody."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, from_the_start: bool = False) -> None:
        self._tls, self._from_the_start = tls, from_the_start
        self.letters: list[EmailMessage] = []
        self.recipients: list[list[str]] = []  # of each letter
        self.refuse: str = ""
        self.hold = False
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._held: list[_Silent] = []

    def __enter__(self) -> "Mailbox":
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(60)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> asyncio.Server:
        tls = self._tls if self._from_the_start else None
        return await self._loop.create_server(self._conversation, "127.0.0.1", 0, ssl=tls)

    def _conversation(self) -> asyncio.Protocol:
        if self.hold:
            self._held.append(_Silent())
            return self._held[-1]
        later = None if self._from_the_start else self._tls
        return SMTP(self, loop=self._loop, tls_context=later, require_starttls=later is not None)

    def let_go(self) -> None:
        """End what was kept waiting."""
        self.hold = False
        for one in self._held:
            self._loop.call_soon_threadsafe(one.end)

    async def _end(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}:
            task.cancel()
        await asyncio.sleep(0)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        letter = message_from_bytes(envelope.content, policy=policy.default)
        with self._changed:
            self.letters.append(letter)
            self.recipients.append(sorted(envelope.rcpt_tos))
            self._changed.notify_all()
        return "250 taken"

    def wait_for(self, count: int, within_s: float = 60) -> list[EmailMessage]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.letters) >= count, within_s), self.letters
            return list(self.letters)


@dataclass
class Post:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """A web server that keeps what is posted to it, and answers `answers` in turn, then 204."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.posts: list[Post] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.hold = threading.Event()  # while it is set nobody is answered
        self._changed = threading.Condition()
        mine = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                mine._take(Post(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                while mine.hold.is_set() and not mine._over.wait(0.05):
                    pass
                status, headers = mine.answers.pop(0) if mine.answers else (204, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Whoever was killed does not hear our answer."""

        self._over = threading.Event()
        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(poll_interval=0.05))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/alerts"

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _take(self, post: Post) -> None:
        with self._changed:
            self.posts.append(post)
            self._changed.notify_all()

    def wait_for(self, count: int, within_s: float = 60) -> list[Post]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.posts) >= count, within_s), self.posts
            return list(self.posts)


@dataclass
class Browser:
    """What a browser keeps to itself: its key pair and secret; it opens what was sealed for it."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"sixteen bytes!!!"

    @property
    def p256dh(self) -> bytes:
        return sealing.public_bytes(self.key)

    def open(self, body: bytes) -> bytes:
        """Decrypt as RFC 8291, section 3.4, and RFC 8188, section 2, say; written from the receiver's side."""
        salt, length = body[:16], body[20]
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        shared = self.key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(self.key.curve, theirs)
        )
        material = _hkdf(self.auth, shared, b"WebPush: info\x00" + self.p256dh + theirs, 32)
        key = _hkdf(salt, material, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = _hkdf(salt, material, b"Content-Encoding: nonce\x00", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None)
        return padded.rstrip(b"\x00")[:-1]


def _hkdf(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(material)
