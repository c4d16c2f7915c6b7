"""What the direct path takes, from whom, and what it says of it.  The broker is played; flows have a real one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from devices.moments import to_ms
from fleet.control import direct, ids, permits, roll
from fleet.control.direct import Asked, DirectPath, Refused
from fleet.control.heard import HOLDS_MS, Heard
from fleet.control.journal import Journal
from fleet.control.permits import Permit
from fleet.control.roll import Placed, Roll, Sight
from tests.devices.wire import goldens

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOON_MS = to_ms(NOON)
NURSE, NORTH, SOUTH = 3, 1, 2
LOGIN = permits.by_session("k" * 32)
PLACES = (
    Placed(1, "EMS-1", NORTH, "Gym", True),
    Placed(2, "EMS-2", NORTH, "Gym", True),
    Placed(3, "EMS-3", NORTH, "Hall", True),
    Placed(4, "EMS-4", NORTH, "Hall", False),
    Placed(9, "EMS-9", SOUTH, "Gym", True),
)
COPY = Roll(NOON_MS - 1_000, PLACES, frozenset({(NURSE, NORTH)}), frozenset(), frozenset({LOGIN}))


@dataclass
class Broker:
    """A line whose other end says yes at once, no, or nothing."""

    answers: bool | None = True
    is_up: bool = True
    epoch: int = 1
    heard: list[dict[str, Any]] = field(default_factory=list)

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def acknowledge(self, done: Iterable[Any]) -> None: ...

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        expiry_s: int | None = None,
        on_answer: Callable[[bool], None] | None = None,
    ) -> None:
        self.heard.append({"topic": topic, "expiry_s": expiry_s, **msgspec.json.decode(payload)})
        if self.answers is not None and on_answer is not None:
            on_answer(self.answers)


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def path(tmp_path: Path, broker: Broker, heard: Heard) -> DirectPath:
    path = DirectPath(Journal(tmp_path / "journal.jsonl"), broker, heard)
    path.learn(COPY, Sight(NOON_MS - 1_000, frozenset({1, 9})))
    return path


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "TAKES_S", 0.02)


def asked(
    *, device: str | None = None, room: str | None = None, id: UUID | None = None, **permit: Any
) -> Asked:
    whose: dict[str, Any] = {
        "user_id": NURSE, "username": "nurse", "site_id": NORTH, "site": "north", "login": LOGIN,
        "issued_at": NOON - timedelta(minutes=5), **permit,
    }  # fmt: skip
    return Asked(permits.signed(Permit(**whose)), id or uuid4(), device, room, "10.0.0.1")


def says(
    heard: Heard, serial: str, *, output: str, ago_ms: int, now_ms: int = NOON_MS, retained: bool = False
) -> None:
    status = goldens.fields("status.birth") | {
        "output": output,
        "state": "running" if output == "on" else "idle",
    }
    heard.hear(f"ems/v1/{serial}/status", msgspec.json.encode(status), now_ms - ago_ms, retained=retained)


# --- one device ---


def test_a_stop_is_written_down_and_published_under_the_id_that_the_page_chose(path, broker):
    wish = asked(device="EMS-1")
    answer = path.take(wish, NOON)
    assert (answer.id, answer.asked, answer.sent) == (wish.id, 1, 1)
    assert answer.commands == (direct.Part(wish.id, "EMS-1", True),)
    (command,) = broker.heard
    assert command == {
        "topic": "ems/v1/EMS-1/command", "expiry_s": 10,
        "v": 1, "id": str(wish.id), "verb": "stop", "args": {}, "issued": NOON_MS, "ttl_ms": 10_000,
    }  # fmt: skip
    (entry,) = path.journal.waiting()
    assert (entry.username, entry.device, entry.asked_ms, entry.address) == (
        "nurse",
        "EMS-1",
        NOON_MS,
        "10.0.0.1",
    )


def test_any_device_of_the_site_can_be_stopped_whatever_is_known_of_it(path):
    assert all(path.take(asked(device=f"EMS-{n}"), NOON).sent == 1 for n in (1, 2, 3, 4))


def test_the_journal_has_it_before_the_broker_does(path, broker, monkeypatch, impatient):
    waiting = []
    monkeypatch.setattr(broker, "publish", lambda *_args, **_options: waiting.append(len(path.journal)))
    path.take(asked(device="EMS-1"), NOON)
    assert waiting == [1]


def test_a_full_disk_stops_no_stop(path, broker, monkeypatch):
    monkeypatch.setattr("os.write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert path.take(asked(device="EMS-1"), NOON).sent == 1
    assert len(path.journal) == 1


def test_it_is_sent_only_when_the_broker_says_so(path, broker, impatient):
    for broker.answers in (None, False):
        assert path.take(asked(device="EMS-1"), NOON).sent == 0
    broker.is_up = False
    assert path.take(asked(device="EMS-1"), NOON).sent == 0
    assert len(path.journal) == 3


def test_the_same_press_again_is_the_same_stop_and_goes_out_once_a_connection(path, broker, impatient):
    wish = asked(device="EMS-1")
    broker.answers = None
    for _ in range(3):
        path.take(wish, NOON)
    assert len(broker.heard) == 1
    broker.epoch = 2  # whatever was on its way is lost
    broker.answers = True
    assert path.take(wish, NOON).sent == 1
    assert path.take(wish, NOON).sent == 1
    assert [one["id"] for one in broker.heard] == [str(wish.id)] * 2
    assert len(path.journal) == 1


@pytest.mark.parametrize("first", ["booked", "taken"])
def test_what_is_booked_while_the_page_waits_is_sent_all_the_same(path, broker, first):
    """Dispatch books at once when the database lives."""
    wish = asked(device="EMS-1")

    def publish(_topic: str, _payload: bytes, *, expiry_s: int, on_answer: Callable[[bool], None]) -> None:
        if first == "taken":
            on_answer(True)
        path.journal.note_booked(wish.id)
        if first == "booked":
            on_answer(True)

    broker.publish = publish
    assert path.take(wish, NOON).sent == 1


def test_what_the_broker_could_not_take_goes_out_while_its_time_lasts_and_never_after(
    path, broker, impatient
):
    broker.is_up = False
    path.take(asked(device="EMS-1"), NOON)
    broker.is_up = True
    path.publish_again(NOON + timedelta(seconds=9.6))
    assert broker.heard == []
    path.publish_again(NOON + timedelta(seconds=9.4))
    assert [one["expiry_s"] for one in broker.heard] == [1]


def test_what_was_pressed_while_dispatch_hung_has_the_time_since_then_and_none_once_that_is_over(
    path, broker
):
    wish = asked(device="EMS-1")
    path.take(msgspec.structs.replace(wish, pressed_ms=NOON_MS - 4_000), NOON)
    assert [(one["issued"], one["expiry_s"]) for one in broker.heard] == [(NOON_MS - 4_000, 6)]
    with pytest.raises(Refused) as refused:
        path.take(msgspec.structs.replace(asked(device="EMS-2"), pressed_ms=NOON_MS - 600_000), NOON)
    assert (refused.value.status, len(broker.heard)) == (503, 1)


def test_an_id_of_something_else_is_refused(path):
    wish = asked(device="EMS-1")
    path.take(wish, NOON)
    for other in (asked(device="EMS-2", id=wish.id), asked(id=wish.id)):
        with pytest.raises(Refused) as refused:
            path.take(other, NOON)
        assert refused.value.status == 409


# --- rooms and sites ---


def test_a_site_stops_what_is_or_may_be_on_under_the_ids_that_the_house_would_give(path):
    wish = asked()
    answer = path.take(wish, NOON)
    assert [(one.device, one.id) for one in answer.commands] == [("EMS-1", ids.of_stop(wish.id, "EMS-1"))]


def test_without_the_database_whoever_is_not_known_to_be_off_is_stopped(path, heard):
    later = NOON + timedelta(seconds=30)
    says(heard, "EMS-2", output="off", ago_ms=3_000, now_ms=to_ms(later))
    assert [one.device for one in path.take(asked(), later).commands] == ["EMS-1", "EMS-3"]


@pytest.mark.parametrize(
    "words,stopped",
    [
        ([("off", HOLDS_MS - 1)], False),
        ([("off", HOLDS_MS + 1)], True),
        ([("on", 1_000)], True),
        ([("off", 1_000), ("on", 3_000)], True),  # two speak under one name, or it has stopped just now
    ],
)
def test_old_words_and_contradicting_ones_are_no_proof_of_being_off(path, heard, words, stopped):
    later = NOON + timedelta(seconds=60)
    for output, ago_ms in words:
        says(heard, "EMS-3", output=output, ago_ms=ago_ms, now_ms=to_ms(later))
    assert ("EMS-3" in [one.device for one in path.take(asked(room="Hall"), later).commands]) == stopped


def test_a_device_that_first_spoke_after_the_copy_was_made_is_stopped_when_it_is_on(path, heard):
    says(heard, "EMS-4", output="on", ago_ms=500)
    assert [one.device for one in path.take(asked(room="Hall"), NOON).commands] == ["EMS-4"]


def test_an_old_copy_of_a_status_says_that_there_is_a_device_and_not_that_it_is_off(path, heard):
    later = NOON + timedelta(seconds=60)
    for serial in ("EMS-3", "EMS-4"):
        says(heard, serial, output="off", ago_ms=100, now_ms=to_ms(later), retained=True)
    assert [one.device for one in path.take(asked(room="Hall"), later).commands] == ["EMS-3", "EMS-4"]


def test_a_room_is_that_room_and_an_empty_name_is_neither_a_room_nor_the_site(path):
    assert [one.device for one in path.take(asked(room="Gym"), NOON).commands] == ["EMS-1"]
    with pytest.raises(Refused) as refused:
        path.take(asked(room=""), NOON)
    assert (refused.value.status, refused.value.why) == (422, "body")
    with pytest.raises(Refused) as refused:
        path.take(asked(room="Attic"), NOON)
    assert refused.value.status == 404


# --- who may ---


@pytest.mark.parametrize(
    "wish,status",
    [
        (lambda: asked(device="EMS-9"), 404),  # another site's
        (lambda: asked(device="EMS-77"), 404),
        (lambda: Asked("made:up:permit", uuid4(), "EMS-1"), 401),
        (lambda: asked(device="EMS-1", issued_at=NOON - timedelta(minutes=16)), 401),
        (lambda: asked(device="EMS-1", login=permits.by_session("logged out")), 401),
        (lambda: asked(device="EMS-1", user_id=4), 401),  # works there no longer
        (lambda: asked(device="EMS-9", site_id=SOUTH), 401),
    ],
)
def test_whoever_may_not_stops_nothing(path, broker, wish, status):
    with pytest.raises(Refused) as refused:
        path.take(wish(), NOON)
    assert refused.value.status == status
    assert (broker.heard, len(path.journal)) == ([], 0)


def test_who_may_no_longer_is_told_of_once_a_look_and_whoever_made_up_a_permit_never(path):
    for wish in (
        *(asked(device="EMS-1", user_id=4) for _ in range(3)),
        Asked("myp_made:up", uuid4(), "EMS-1"),
    ):
        with pytest.raises(Refused):
            path.take(wish, NOON)
    assert [(one.permit.user_id, one.asked.device, one.attempts) for one in path.denials()] == [
        (4, "EMS-1", 3)
    ]
    assert path.denials() == []


def test_a_permit_given_out_after_the_copy_was_made_is_good(path):
    fresh = asked(device="EMS-1", login=permits.by_session("new"), issued_at=NOON - timedelta(seconds=1))
    assert path.take(fresh, NOON).sent == 1


def test_who_oversees_all_sites_may_stop_there_and_nothing_is_taken_without_a_copy(path):
    path.learn(msgspec.structs.replace(COPY, overseers=frozenset({7})), Sight())
    assert path.take(asked(device="EMS-1", user_id=7), NOON).sent == 1
    path.learn(None, Sight())
    with pytest.raises(Refused) as refused:
        path.take(asked(device="EMS-1"), NOON)
    assert refused.value.status == 503
    assert not path.is_ready


def test_a_copy_outlives_the_process_and_one_that_cannot_be_read_is_none(tmp_path):
    kept = tmp_path / "roll.json"
    assert roll.load(kept) is None
    roll.save(COPY, kept)
    assert roll.load(kept) == COPY
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.write_bytes(kept.read_bytes()[:-5])
    assert roll.load(kept) is None
