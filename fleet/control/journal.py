"""The journal of the direct path: what was asked for is on disk before it is published.  Pure but for its file.

One JSON object a line.  `asked` is flushed to the disk before anything is published; `sent` and `booked` say what
became of it, and if a power cut takes those, the stop is booked (or published) again under the same ids, which
changes nothing.  The file is written anew when it is opened, and whenever everything in it has been booked.
"""

import errno
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

_LONGEST_BYTES: Final = 1_000_000  # beyond, it is written anew as soon as nothing in it waits


class Ordered(msgspec.Struct, frozen=True):
    """One device that is to be stopped."""

    id: UUID
    """Of the command."""
    device_id: int
    serial: str


class Entry(msgspec.Struct, frozen=True):
    """One press: a device, a room or a site is to be stopped."""

    id: UUID
    """Of the command, if one device was named; else of the stop of a room or site."""
    device: str | None
    room: str | None
    site_id: int
    user_id: int
    username: str
    address: str
    """The client's, as the web saw it."""
    asked_ms: int
    """Unix time, ms."""
    orders: tuple[Ordered, ...]


class _Asked(msgspec.Struct, tag="asked"):
    entry: Entry


class _Sent(msgspec.Struct, tag="sent"):
    command: UUID
    at_ms: int


class _Booked(msgspec.Struct, tag="booked"):
    id: UUID


_LINE: Final = msgspec.json.Decoder(_Asked | _Sent | _Booked)


class Journal:
    """What was asked for and is not booked yet.  Safe to be used by any thread.

    Args:
        path: The file; made, readable by its owner only, if it is not there.

    Raises:
        OSError: The file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._entries: dict[UUID, Entry] = {}
        self._orders: set[UUID] = set()
        self._sent_ms: dict[UUID, int] = {}
        self._file = -1
        self._is_torn = False
        self.skipped = 0
        """Lines that could not be read, such as the torn last one of a power cut."""
        self.failed = 0
        """Lines that could not be written."""
        self._read()
        self._write_anew()

    def close(self) -> None:
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def add(self, entry: Entry) -> None:
        """Write the entry down, on the disk itself.

        It is known here, and will be booked, even if that raises OSError (a full disk): a stop is published anyway.
        """
        with self._lock:
            self._know(entry)
            self._append(_Asked(entry))
            os.fsync(self._file)

    def note_sent(self, command: UUID, at_ms: int) -> None:
        """The broker has it."""
        with self._lock:
            if command in self._orders:
                self._sent_ms.setdefault(command, at_ms)
                self._try_to_append(_Sent(command, at_ms))

    def note_booked(self, entry_id: UUID) -> None:
        """It stands in the database."""
        with self._lock:
            if not self._forget(entry_id):
                return
            self._try_to_append(_Booked(entry_id))
            if not self._entries and os.fstat(self._file).st_size > _LONGEST_BYTES:
                self._write_anew()

    def get(self, entry_id: UUID) -> Entry | None:
        with self._lock:
            return self._entries.get(entry_id)

    def waiting(self) -> list[Entry]:
        """Return what is not booked yet, in the order it was asked for."""
        with self._lock:
            return list(self._entries.values())

    def sent_ms(self, command: UUID) -> int | None:
        """Return when the broker took this command; None: not that we know."""
        with self._lock:
            return self._sent_ms.get(command)

    def __len__(self) -> int:
        return len(self._entries)

    def _know(self, entry: Entry) -> None:
        self._entries[entry.id] = entry
        self._orders.update(order.id for order in entry.orders)

    def _forget(self, entry_id: UUID) -> bool:
        entry = self._entries.pop(entry_id, None)
        for order in entry.orders if entry is not None else ():
            self._orders.discard(order.id)
            self._sent_ms.pop(order.id, None)
        return entry is not None

    def _append(self, line: msgspec.Struct) -> None:
        """Add a line; behind one that a full disk cut off, on a line of its own."""
        text = (b"\n" if self._is_torn else b"") + msgspec.json.encode(line) + b"\n"
        self._is_torn = True
        if os.write(self._file, text) < len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        self._is_torn = False

    def _try_to_append(self, line: msgspec.Struct) -> None:
        """Add a line that is not missed: without it the same is booked or published again under its id."""
        try:
            self._append(line)
        except OSError:
            self.failed += 1

    def _read(self) -> None:
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return
        for text in filter(None, lines):
            try:
                line = _LINE.decode(text)
            except msgspec.DecodeError:
                self.skipped += 1
                continue
            match line:
                case _Asked(entry=entry):
                    self._know(entry)
                case _Sent(command=command, at_ms=at_ms):
                    self._sent_ms.setdefault(command, at_ms)
                case _Booked(id=entry_id):
                    self._forget(entry_id)

    def _write_anew(self) -> None:
        """Keep only what waits, by a file that takes the old one's place at once or not at all."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        os.fchmod(file, 0o600)
        old, self._file = self._file, file
        for entry in self._entries.values():
            self._append(_Asked(entry))
            self._append_sent(entry.orders)
        os.fsync(file)
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        if old >= 0:
            os.close(old)

    def _append_sent(self, orders: Iterable[Ordered]) -> None:
        for order in orders:
            at_ms = self._sent_ms.get(order.id)
            if at_ms is not None:
                self._append(_Sent(order.id, at_ms))
