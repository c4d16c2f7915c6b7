"""Between a client and the broker: passes every byte on, and notes what the client acknowledges, and when."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple

from devices.mqtt import packets
from fleet.embedded import ports


class Receipt(NamedTuple):
    """A PUBACK of the client: for which message, and when (Unix ms)."""

    at_ms: float
    topic: bytes
    payload: bytes


Open = dict[int, packets.Published]
"""Messages on their way to the client, or with it, by packet id."""
Note = Callable[[packets.Packet, Open], None]


class Wiretap:
    """A listener on `port` that leads to the broker.  A context manager."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._listener = socket.create_server((ports.HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self.receipts: list[Receipt] = []
        self.stray = 0  # receipts for what is not open: another message may get that number meanwhile
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Wiretap":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._listener, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._sockets.append(client)
                try:
                    broker = socket.create_connection((ports.HOST, self._broker_port))
                except OSError:
                    client.close()
                    continue
                self._sockets.append(broker)
                open_messages: Open = {}
                for source, target, note in (
                    (broker, client, self._note_message),
                    (client, broker, self._note_receipt),
                ):
                    threading.Thread(
                        target=self._pass_on, args=(source, target, note, open_messages), daemon=True
                    ).start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket, note: Note, open_messages: Open) -> None:
        reader = packets.Reader()
        with suppress(OSError):
            while data := source.recv(65_536):
                for packet in reader.feed(data):
                    note(packet, open_messages)
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _note_message(self, packet: packets.Packet, open_messages: Open) -> None:
        if packet.type == packets.PUBLISH:
            message = packets.read_published(packet)
            if message.qos:
                open_messages[message.id] = message

    def _note_receipt(self, packet: packets.Packet, open_messages: Open) -> None:
        if packet.type == packets.PUBACK:
            message = open_messages.pop(packet.id, None)
            if message is None:
                self.stray += 1
            else:
                self.receipts.append(Receipt(time.time() * 1000, message.topic, message.payload))
