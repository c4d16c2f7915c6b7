"""What devices say to the dispatcher: answers, births and statuses; one transaction a batch."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from devices.batch.desk import Refused
from devices.mqtt.client import Message
from devices.store import ledgers, rejects
from devices.store.directory import Directory
from devices.wire import codec, topics
from devices.wire.errors import WireError
from devices.wire.messages import Ack, Status
from fleet.control import lifecycle, outbox, proofs, wishes
from fleet.control.births import Births
from fleet.control.outbox import Outgoing
from fleet.control.placing import Clocks
from fleet.control.proof import Answered, Evidence, Point, Said
from fleet.control.watch import Watch


@dataclass(slots=True)
class Heard:
    """What a batch of messages came to, once committed."""

    again: list[Outgoing] = field(default_factory=list)
    """What devices missed, leased, to be published again."""
    changed: list[UUID] = field(default_factory=list)
    settled: list[UUID] = field(default_factory=list)
    """What needs no proof in time any more."""
    is_alarming: bool = False
    has_asked: bool = False
    """Whether a fresh command was written that is to be published."""
    counts: Counter[str] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)


@dataclass(slots=True)
class _Batch:
    births: dict[int, Status] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    pieces: list[tuple[int, "Answered | _Unplaced"]] = field(default_factory=list)
    """Answers, and statuses of watched devices, in the order they came."""


class _Unplaced(NamedTuple):
    status: Status
    arrival_ms: int


class Hearing:
    """`watch` says whose statuses count; `clocks` place them."""

    def __init__(self, watch: Watch, clocks: Clocks) -> None:
        self._directory = Directory()
        self._births = Births()
        self._watch, self._clocks = watch, clocks

    def take_in(self, messages: Sequence[Message], now: datetime, *, flying: Collection[UUID]) -> Heard:
        """Write down what was said, in one transaction; what a device missed is leased to be published again."""
        heard, batch = Heard(), _Batch()
        for message in messages:
            self._read(message, batch, heard)
        if not (batch.pieces or batch.births or batch.refused):
            return heard
        try:
            with transaction.atomic():
                self._write(batch, heard, now, flying)
        except Exception:
            self._births.forget(batch.births)  # they will be read again
            raise
        heard.refused = batch.refused
        return heard

    # --- one message ---

    def _read(self, message: Message, batch: _Batch, heard: Heard) -> None:
        """Sort one message; what is no device's, or no good status, is ingest's to judge.

        A retained ack is old news: its command was answered when it was new.
        """
        try:
            topic = topics.parse(message.topic.decode())
        except (WireError, UnicodeDecodeError):
            return
        device_id = self._directory.device_of(topic.serial)
        if device_id is None:
            heard.counts["messages_of_unknown_serials"] += 1
            return
        try:
            said = codec.decode(topic.kind, message.payload)
        except WireError as error:
            if topic.kind == "ack":
                batch.refused.append(_refused(message, topic.serial, device_id, error))
            return
        if isinstance(said, Ack) and not message.retained:
            resent = self._clocks.may_have_waited(message.arrival_ms)
            batch.pieces.append((device_id, Answered(said, message.arrival_ms, resent)))
        elif isinstance(said, Status) and said.state != "offline":
            self._status(device_id, said, message, batch)

    def _status(self, device_id: int, said: Status, message: Message, batch: _Batch) -> None:
        if self._births.hear(device_id, said, retained=message.retained):
            batch.births[device_id] = said
        if message.retained:
            return
        self._clocks.hear(device_id, Point(said.boot, said.up_ms), message.arrival_ms)
        if self._watch.is_watched(device_id):
            batch.pieces.append((device_id, _Unplaced(said, message.arrival_ms)))

    # --- the transaction ---

    def _write(self, batch: _Batch, heard: Heard, now: datetime, flying: Collection[UUID]) -> None:
        pieces = self._placed(batch)
        moved = proofs.weigh(pieces, now)
        heard.changed = [command.pk for command, _case in moved]
        heard.settled = [command.pk for command, case in moved if case.state not in lifecycle.WAITING]
        heard.is_alarming = proofs.is_alarming(moved)
        births = [(id_, one.boot, one.conn) for id_, one in batch.births.items()]
        heard.changed += outbox.record_births(births, now)
        self._wishes(pieces, batch, heard, now)
        rejects.write(batch.refused)
        if batch.births:
            heard.again = outbox.lease_again(list(batch.births), now, flying=flying)
        self._count(batch, moved, heard.counts)

    def _wishes(
        self, pieces: Sequence[tuple[int, Evidence]], batch: _Batch, heard: Heard, now: datetime
    ) -> None:
        """What a lock's wish needs: read back first, so that a device that was born locked is not asked again."""
        if not self._watch.wishes:
            return
        newest = {id_: one for id_, one in pieces if isinstance(one, Said) and id_ in self._watch.wishes}
        if newest:
            disputed = proofs.in_conflict(newest)
            wishes.read_back({id_: one for id_, one in newest.items() if id_ not in disputed}, now)
        asked = wishes.ask_again([id_ for id_ in batch.births if id_ in self._watch.wishes], now)
        heard.changed += [one.pk for one in asked]
        heard.has_asked = bool(asked)

    def _placed(self, batch: _Batch) -> list[tuple[int, Evidence]]:
        """Place the statuses among the pieces, by what ingest knows where we have only what may have waited."""
        unknown = self._clocks.unknown(
            (id_, one.status.boot) for id_, one in batch.pieces if isinstance(one, _Unplaced)
        )
        for book in ledgers.load_boots(unknown) if unknown else ():
            if book.placed_by == "live" and book.offset is not None and book.first_heard_ms is not None:
                offset = book.offset
                self._clocks.learn(
                    book.device_id, book.boot, offset.offset_ms, book.first_heard_ms, offset.at_ms
                )
        return [
            (id_, self._said(id_, one) if isinstance(one, _Unplaced) else one) for id_, one in batch.pieces
        ]

    def _said(self, device_id: int, one: _Unplaced) -> Said:
        point = Point(one.status.boot, one.status.up_ms)
        placed_ms, is_live, is_sure = self._clocks.place(device_id, point, one.arrival_ms)
        return Said(one.status, placed_ms, one.arrival_ms, is_live=is_live, is_sure=is_sure)

    @staticmethod
    def _count(batch: _Batch, moved: Sequence[tuple[object, object]], counts: Counter[str]) -> None:
        answers = sum(isinstance(one, Answered) for _id, one in batch.pieces)
        counts["acks"] += answers
        counts["acks_without_effect"] += max(0, answers - len(moved))
        counts["births"] += len(batch.births)


def _refused(message: Message, serial: str, device_id: int, error: WireError) -> Refused:
    return Refused(
        serial,
        device_id,
        message.topic.decode(errors="replace"),
        error.reason,
        error.detail.replace("\0", "�"),
        message.payload[:200],
        message.arrival_ms,
    )
