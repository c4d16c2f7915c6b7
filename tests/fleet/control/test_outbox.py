"""The outbox on a real PostgreSQL: who takes what, and what an answer changes."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection, transaction

from devices.models import Device
from devices.state import to_ms
from devices.wire import codec
from devices.wire.messages import Ack
from devices.wire.words import RefusalReason
from fleet.access.models import Site
from fleet.control import outbox, proofs, service
from fleet.control.mailbox import Mailbox
from fleet.control.models import Command
from fleet.control.proof import Answered

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def device(db):
    return Device.objects.create(serial="EMS-1", site=Site.objects.create(slug="north", name="North clinic"))


@pytest.fixture
def other(device):
    return Device.objects.create(serial="EMS-2", site=device.site)


@pytest.fixture
def wish(device):
    """Makes a command; `ago_s` before noon, with 10 s to live."""

    def make(verb="identify", *, ago_s=0.0, ttl_s=10.0, of=None, **fields):
        asked = NOON - timedelta(seconds=ago_s)
        fields = {
            "device": of or device,
            "requested_at": asked,
            "expires_at": asked + timedelta(seconds=ttl_s),
        } | fields
        return Command.objects.create(
            verb=verb, args='{"seconds":5}' if verb == "identify" else "{}", **fields
        )

    return make


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def answers(command, outcome, reason=None, *, device=None, at_s=1.0):
    ack = Ack(id=str(command.id), boot=7, up_ms=1, outcome=outcome, reason=reason, output="off")
    return take(device or command.device, ack, at_s=at_s)


def take(device, ack, *, at_s=1.0):
    """Take an answer in; return how many commands it moved."""
    with transaction.atomic():
        moved = proofs.weigh([(device.id, Answered(ack, to_ms(at(at_s))))], at(at_s))
    return sum(case.state != command.state for command, case in moved)


def state_of(command):
    command.refresh_from_db()
    return command.state


# --- taking ---


def test_stops_are_taken_first_and_the_rest_in_the_order_they_were_asked_for(wish):
    second, first = wish(ago_s=1), wish("rebirth", ago_s=2)
    stop = wish("stop")
    assert [one.id for one in outbox.lease(NOON, most=10)] == [stop.id, first.id, second.id]


def test_with_room_for_one_the_stop_is_taken(wish):
    wish(ago_s=5)
    stop = wish("stop")
    assert [one.id for one in outbox.lease(NOON, most=1)] == [stop.id]


def test_what_is_taken_is_not_taken_again_until_its_lease_is_over(wish):
    command = wish()
    assert len(outbox.lease(NOON, most=10)) == 1
    assert outbox.lease(at(4.9), most=10) == []
    assert [one.id for one in outbox.lease(at(5), most=10)] == [command.id]
    command.refresh_from_db()
    assert command.attempts == 2


def test_with_under_half_a_second_left_it_is_not_taken(wish):
    wish(ago_s=9.6)
    assert outbox.lease(NOON, most=10) == []


def test_the_next_dispatcher_takes_at_once_what_a_dead_one_had_leased(wish):
    command = wish()
    outbox.lease(NOON, most=10)
    outbox.release()
    assert [one.id for one in outbox.lease(at(0.1), most=10)] == [command.id]


def test_what_goes_on_the_wire_carries_id_verb_args_and_the_time_that_is_left(wish):
    command = wish(ago_s=3)
    (one,) = outbox.lease(NOON, most=10)
    said = codec.decode("command", one.payload())
    assert one.topic == "ems/v1/EMS-1/command"
    assert (said.id, said.verb.value, bytes(said.args)) == (str(command.id), "identify", b'{"seconds":5}')
    assert (said.issued, said.ttl_ms) == (to_ms(at(-3)), 10_000)


@pytest.mark.django_db(transaction=True)
def test_two_dispatchers_at_once_never_take_one_command_both(wish):
    ids = {wish(ago_s=n / 100).id for n in range(40)}
    taken, start = [], threading.Barrier(2)

    def take():
        try:
            start.wait(60)
            while batch := outbox.lease(NOON, most=3):
                taken.extend(one.id for one in batch)
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(taken) == sorted(ids)


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_else_is_writing_is_passed_over_and_not_waited_for(wish):
    locked, free = wish(ago_s=1), wish()
    with transaction.atomic():
        Command.objects.select_for_update().get(id=locked.id)
        found = []

        def take():
            found.extend(one.id for one in outbox.lease(NOON, most=10))
            connection.close()

        thread = threading.Thread(target=take)
        thread.start()
        thread.join(60)
        assert found == [free.id]


@pytest.mark.django_db(transaction=True)
def test_only_one_dispatcher_holds_the_lock_and_it_ends_with_its_connection():
    assert outbox.lock()
    results = []

    def try_it():
        results.append(outbox.lock())
        connection.close()

    for _ in range(2):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join(60)
        connection.close()  # ours ends after the first try
    assert results == [False, True]


# --- answers ---


def test_the_broker_has_it_then_the_device_then_it_is_done(wish):
    command = wish()
    outbox.lease(NOON, most=1)
    outbox.record_published({command.id: at(0.1)})
    assert state_of(command) == "published"
    answers(command, "received", at_s=0.2)
    assert state_of(command) == "received"
    answers(command, "done", at_s=0.3)
    assert state_of(command) == "done"
    assert (command.published_at, command.received_at, command.done_at) == (at(0.1), at(0.2), at(0.3))
    assert command.evidence["ack"]["outcome"] == "done"
    assert command.leased_until is None


def test_an_answer_quicker_than_the_brokers_is_not_undone_by_it(wish):
    command = wish()
    answers(command, "done", at_s=0.1)
    outbox.record_published({command.id: at(0.2)})
    assert state_of(command) == "done"
    assert command.published_at == at(0.2)


def test_a_command_is_with_the_broker_since_it_said_so_however_late_that_is_written_down(wish):
    """Otherwise a status of a device that does not answer could be too early to prove anything."""
    mailbox, command = Mailbox(), wish()
    mailbox.answered(command.id, at(0.1), taken=True)
    mailbox.answered(command.id, at(0.2), taken=True)
    assert outbox.record_published(mailbox.empty(0).taken) == [command.id]
    state_of(command)
    assert command.published_at == at(0.1)


def test_a_second_answer_changes_nothing(wish):
    command = wish()
    assert answers(command, "refused", RefusalReason.LOCKED, at_s=1) == 1
    assert answers(command, "done", at_s=2) == 0
    assert state_of(command) == "refused"
    assert command.evidence["ack"]["reason"] == "locked"
    assert (command.refused_at, command.done_at) == (at(1), None)


def test_a_repeat_tells_the_first_outcome(wish):
    command = wish()
    answers(command, "repeat", RefusalReason.DONE)
    assert state_of(command) == "done"


def test_a_device_answers_for_itself_only(wish, other):
    command = wish()
    assert answers(command, "done", device=other) == 0
    assert state_of(command) == "requested"


def test_an_answer_to_nothing_we_asked_is_without_effect(wish, device):
    ack = Ack(id=str(uuid4()), boot=7, up_ms=1, outcome="done", output="off")
    assert take(device, ack) == 0


def test_no_answer_in_time_is_expired_and_a_late_done_beats_that(wish):
    command = wish()
    outbox.record_published({command.id: at(0.1)})
    assert outbox.expire(at(9.999)) == []
    assert outbox.expire(at(10)) == [command.id]
    assert state_of(command) == "expired"
    answers(command, "done", at_s=10.5)
    assert state_of(command) == "done"
    assert (command.expired_at, command.done_at) == (at(10), at(10.5))


# --- births ---


def test_a_birth_takes_what_is_neither_answered_nor_expired_under_its_own_id(wish, other):
    unanswered, waiting, flying = wish("lock", ttl_s=60), wish("stop"), wish("lower")
    answered, over = wish("lock", ttl_s=60), wish(ago_s=9.8)
    wish("lock", of=other, ttl_s=60)
    outbox.record_published(dict.fromkeys((unanswered.id, answered.id, over.id), at(0.1)))
    answers(answered, "received")
    taken = outbox.lease_again([unanswered.device_id], at(1), flying=[flying.id])
    assert [one.id for one in taken] == [waiting.id, unanswered.id]


def test_a_birth_is_the_answer_to_a_rebirth(wish, other):
    asked, elsewhere, stop = wish("rebirth"), wish("rebirth", of=other), wish("stop")
    outbox.record_published({asked.id: at(0.1)})
    assert outbox.record_births([(asked.device_id, 7, 2)], at(1)) == [asked.id]
    assert (state_of(asked), state_of(elsewhere), state_of(stop)) == ("done", "requested", "requested")
    assert asked.evidence["status"] == {"boot": 7, "conn": 2, "at_ms": to_ms(at(1))}


def test_a_rebirth_that_is_over_is_not_fulfilled_by_a_birth_hours_later(wish):
    command = wish("rebirth")
    outbox.expire(at(10))
    assert outbox.record_births([(command.device_id, 7, 2)], at(7200)) == []
    assert state_of(command) == "expired"


# --- asking ---


def test_a_rebirth_is_asked_for_by_the_server_itself_with_ten_seconds_to_live(device):
    (command,) = service.request_rebirth([device.id], NOON)
    command.refresh_from_db()
    assert (command.verb, command.state, command.actor, command.args) == ("rebirth", "requested", None, "{}")
    assert (command.requested_at, command.expires_at) == (NOON, at(10))
    assert isinstance(command.id, UUID)


def test_a_device_that_is_being_asked_is_not_asked_again_until_that_is_over(device, other):
    service.request_rebirth([device.id], NOON)
    assert [one.device_id for one in service.request_rebirth([device.id, other.id], at(5))] == [other.id]
    assert len(service.request_rebirth([device.id], at(10))) == 1


def test_asking_nobody_costs_no_query(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert service.request_rebirth([], NOON) == []


@pytest.mark.django_db(transaction=True)
def test_the_dispatcher_is_woken_by_the_commit_and_not_before(device, settings):
    database = connection.get_connection_params()
    names = ("host", "port", "dbname", "user", "password")
    with psycopg.connect(
        **{name: database[name] for name in names if name in database}, autocommit=True
    ) as listener:
        listener.execute(f"LISTEN {outbox.CHANNEL}")
        with transaction.atomic():
            service.request_rebirth([device.id], NOON)
            assert list(listener.notifies(timeout=0.2)) == []
        assert len(list(listener.notifies(timeout=60, stop_after=1))) == 1
