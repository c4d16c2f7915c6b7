"""The way to the direct path: a port of its own, on which one line of JSON is asked and one is answered.

Only whoever holds the lock of the journal's folder opens it, so of two dispatchers on one machine one does.  It is
open from the start, whether the database lives or not, and whoever has its lock; while it lives, what the path must
know is copied every two seconds.
"""

import fcntl
import os
import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone

from devices.mqtt.client import Message
from fleet.control import booking, roll
from fleet.control.direct import Answer, Asked, DirectPath, Refused
from fleet.control.heard import Heard
from fleet.control.journal import Entry, Journal
from fleet.control.line import Line

log = structlog.get_logger(__name__)

LONGEST_BYTES: Final = 8_192
_AT_ONCE: Final = 64  # askers; a page asks once a press
_PATIENCE_S: Final = 1.0  # for the whole of what an asker has to say, and to read
_MAKES_WAY_S: Final = 0.05
_COPY_S: Final = 2.0
_LOOK_S: Final = 0.5
_AGAIN_S: Final = 60.0


class Listen(NamedTuple):
    host: str
    port: int


class DirectDoor:
    """Opens and closes the direct path, and books what went through it.

    Args:
        folder: Where the journal, the copy and the lock are; made if it is not there.
        connect: Makes the line to the broker (not started yet) for what takes its messages.
    """

    def __init__(
        self,
        *,
        folder: Path,
        listen: Listen,
        connect: Callable[[Callable[[list[Message]], None]], Line],
        now: Callable[[], datetime] = timezone.now,
    ) -> None:
        self._folder, self._listen, self._connect, self._now = folder, listen, connect, now
        self._stop = threading.Event()
        self._path: DirectPath | None = None
        self._line: Line | None = None
        self._lock = -1
        self._server: _Server | None = None
        self._heard = Heard()
        self._told = ""
        self._counters: Counter[str] = Counter()
        self._again_s: dict[UUID, float] = {}
        """When to try anew to book what cannot be."""
        self._threads = [
            threading.Thread(target=run, name=name, daemon=True)
            for name, run in (("direct", self._run), ("direct copy", self._run_copy))
        ]

    # --- any thread ---

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._threads[0].join(timeout=5)

    @property
    def is_ready(self) -> bool:
        return self._path is not None and self._path.is_ready

    @property
    def figures(self) -> dict[str, int]:
        """Counters, as every part tells them."""
        return dict(self._counters)

    @property
    def waiting(self) -> int:
        """How many presses are not booked yet."""
        return 0 if self._path is None else len(self._path.journal)

    def book(self) -> None:
        """Write down in the database what went past it.  For a thread with a connection; raises its errors."""
        path = self._path
        if path is None or not len(path.journal):
            return
        for entry in path.journal.waiting():
            if time.monotonic() >= self._again_s.get(entry.id, 0):
                self._book(path, entry)

    def _book(self, path: DirectPath, entry: Entry) -> None:
        try:
            booking.book(entry, path.journal.sent_ms)
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # one that cannot be booked must not keep the dispatcher from all others
            self._again_s[entry.id] = time.monotonic() + _AGAIN_S
            self._counters["direct_stops_not_bookable"] += 1
            log.exception("a stop that went past the house cannot be booked yet", stop=str(entry.id))
            return
        path.journal.note_booked(entry.id)
        self._again_s.pop(entry.id, None)
        self._counters["direct_stops_booked"] += 1
        log.warning("a stop that went past the house is booked", stop=str(entry.id), by=entry.username)

    # --- its own threads ---

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self._path is None:
                    self._open()
                else:
                    self._path.publish_again(self._now())
            except OSError as error:
                self._close()
                self._say(f"direct path not open: {error}")
            except Exception:  # without this thread, nothing would open it again
                self._close()
                log.exception("direct path given up for a moment")
            self._stop.wait(_LOOK_S)
        self._close()

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._lock_folder():
            self._say("another dispatcher holds the direct path of this machine; waiting for it to end")
            return
        self._server = _Server(self._listen, self._take)
        journal = Journal(self._folder / "journal.jsonl")
        if journal.skipped:
            log.warning("the journal of direct stops had lines that cannot be read", lines=journal.skipped)
        self._line = self._connect(self._hear)
        path = DirectPath(journal, self._line, self._heard)
        path.learn(roll.load(self._copy_file), roll.Sight())
        self._line.start()
        self._path = path
        threading.Thread(target=self._server.serve_forever, name="direct port", daemon=True).start()
        self._told = ""
        log.info("direct path open", host=self._listen.host, port=self._listen.port, waiting=len(journal))

    def _close(self) -> None:
        if self._server is not None:
            if self._path is not None:  # else nobody serves it yet, and the next line would wait for ever
                self._server.shutdown()
            self._server.server_close()
        if self._line is not None:
            self._line.stop()
        if self._path is not None:
            self._path.journal.close()
        if self._lock >= 0:
            os.close(self._lock)
        self._server, self._line, self._path, self._lock = None, None, None, -1

    def _lock_folder(self) -> bool:
        if self._lock < 0:
            self._lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _take(self, asked: Asked) -> Answer:
        path = self._path
        if path is None:
            raise Refused(503, "away")
        self._counters["direct_stops"] += 1
        return path.take(asked, self._now())

    def _hear(self, messages: list[Message]) -> None:
        """On the line's thread: what devices say of themselves, and no answers."""
        for message in messages:
            with suppress(UnicodeDecodeError):
                topic = message.topic.decode()
                self._heard.hear(topic, message.payload, message.arrival_ms, retained=message.retained)
        if self._line is not None:
            self._line.acknowledge(messages)

    def _run_copy(self) -> None:
        """A thread of its own: a database that hangs keeps only this waiting."""
        kept: roll.Roll | None = None
        while not self._stop.is_set():
            try:
                if (path := self._path) is not None:
                    kept = self._copy(path, kept)
            except (DatabaseError, InterfaceError) as error:
                log.debug("the copy of who may stop what grows old", error=str(error).strip())
            except OSError as error:
                log.error("the copy of who may stop what is not kept on disk", error=str(error))
            finally:
                connection.close()
            self._stop.wait(_COPY_S)

    def _copy(self, path: DirectPath, kept: roll.Roll | None) -> roll.Roll:
        new, sight = roll.read(self._now())
        path.learn(new, sight)
        for denial in path.denials():
            booking.record_denial(denial)
        if kept is None or msgspec.structs.replace(kept, taken_ms=new.taken_ms) != new:
            roll.save(new, self._copy_file)
            return new
        return kept

    @property
    def _copy_file(self) -> Path:
        return self._folder / "roll.json"

    def _say(self, what: str) -> None:
        if what != self._told:
            log.warning(what)
            self._told = what


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    block_on_close = True  # who is being answered is answered
    request_queue_size = _AT_ONCE

    def __init__(self, listen: Listen, take: Callable[[Asked], Answer]) -> None:
        self.take = take
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._waited_for: dict[socket.socket, None] = {}
        """Who has not said everything yet, the longest first."""
        super().__init__(listen, _Request)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take no more askers than there are places; one who keeps a place and says nothing makes way.

        The web says all it has to say with its first bytes, so no crowd of silent lines keeps a stop out.
        """
        if self._places.acquire(blocking=False) or self._make_way():
            self._waited_for[request] = None
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def has_spoken(self, request: socket.socket) -> None:
        self._waited_for.pop(request, None)

    def _make_way(self) -> bool:
        with suppress(StopIteration, RuntimeError, OSError):  # RuntimeError: somebody spoke at this moment
            longest = next(iter(self._waited_for))
            self.has_spoken(longest)
            longest.shutdown(socket.SHUT_RDWR)
        return self._places.acquire(timeout=_MAKES_WAY_S)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.has_spoken(request)
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.exception("a line on the direct path's port was not answered")


class _Request(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        try:
            line = self._line()
        except OSError:
            return
        self.server.has_spoken(self.request)
        if not line:
            return
        with suppress(OSError):
            self.connection.settimeout(_PATIENCE_S)
            self.wfile.write(msgspec.json.encode(self._answer(line)) + b"\n")

    def _line(self) -> bytes:
        """Return what is asked.  Raises OSError, if that takes too long, also byte by byte."""
        ends_s, line = time.monotonic() + _PATIENCE_S, b""
        while not line.endswith(b"\n") and len(line) < LONGEST_BYTES:
            self.connection.settimeout(max(0.001, ends_s - time.monotonic()))
            part = self.connection.recv(LONGEST_BYTES - len(line))
            if not part:
                break
            line += part
        return line

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = msgspec.json.decode(line, type=Asked)
            if not self._has_hung_up():  # then it is of this moment, whatever the web's clock says
                asked = msgspec.structs.replace(asked, pressed_ms=None)
            return {"status": 202, "answer": self.server.take(asked)}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return {"status": 422, "why": "body", "detail": str(error)}
        except Refused as refused:
            return {"status": refused.status, "why": refused.why}

    def _has_hung_up(self) -> bool:
        """Whether nobody waits for the answer any more: we hung, for who knows how long."""
        self.connection.setblocking(False)
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
