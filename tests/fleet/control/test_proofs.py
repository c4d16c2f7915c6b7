"""Proofs, alerts and wishes of a lock on a real PostgreSQL."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from django.db import transaction

from devices.batch.desk import Facts, TelemetryRow
from devices.models import Device, State
from devices.state import to_ms
from devices.wire.messages import Ack
from devices.wire.words import Verb
from fleet.access.models import Site
from fleet.control import alarms, outbox, proofs, queries, react, tasks, wishes
from fleet.control.models import Command, LockWish
from fleet.control.proof import Answered, Said
from fleet.safety import texts
from fleet.safety.models import Alert
from tests.fleet.control.test_proof import sample, status

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def device(db):
    site = Site.objects.create(slug="north", name="North clinic")
    device = Device.objects.create(serial="EMS-1", site=site)
    State.objects.create(device=device, session="S", link="online")
    return device


@pytest.fixture
def asked(device):
    """A command that the broker has since 0.1 s after noon."""

    def make(verb="stop", *, args="{}", sent=True, **fields):
        due_s = 60 if verb in ("lock", "unlock") else 3
        fields = {
            "device": device,
            "site": device.site,
            "requested_at": NOON,
            "expires_at": at(60 if verb in ("lock", "unlock") else 10),
            "proof_due_at": at(due_s),
        } | fields
        command = Command.objects.create(verb=verb, args=args, **fields)
        if sent:
            assert command.pk in {one.id for one in outbox.lease(NOON, most=10)}
            outbox.record_published({command.pk: at(0.1)})
        command.refresh_from_db()
        return command

    return make


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def answer(command, outcome="done", *, up_ms=50_100):
    ack = Ack(id=str(command.pk), boot=7, up_ms=up_ms, outcome=outcome, reason=None, output="off")
    return command.device_id, Answered(ack, to_ms(at(0.2)))


def shown(command, up_ms=50_200, *, at_s=0.3, **said):
    one = status(up_ms, **said)
    return command.device_id, one._replace(placed_ms=to_ms(at(at_s)), at_ms=to_ms(at(at_s)))


def weigh(*pieces, at_s=0.3):
    with transaction.atomic():
        return proofs.weigh(pieces, at(at_s))


def again(command):
    command.refresh_from_db()
    return command


# --- rows ---


def test_an_answer_and_the_status_behind_it_confirm_and_each_write_raises_the_revision(asked):
    command = asked()
    weigh(answer(command))
    assert (again(command).state, command.rev) == ("done", 3)
    weigh(shown(command))
    again(command)
    assert (command.state, command.rev, command.acks) == ("confirmed", 4, 1)
    assert (command.done_at, command.confirmed_at) == (at(0.2), at(0.3))
    assert (command.ack_boot, command.ack_up_ms) == (7, 50_100)
    assert command.evidence["session"] == "S"
    assert command.evidence["proof"]["kind"] == "status"


def test_an_answer_and_its_status_in_one_batch_are_weighed_in_their_order(asked):
    command = asked()
    weigh(answer(command), shown(command))
    assert (again(command).state, command.rev) == ("confirmed", 3)


def test_one_status_proves_all_that_was_asked_before_it(asked):
    stop, pause = asked(), asked("pause")
    weigh(answer(stop), shown(stop))
    assert (again(stop).state, again(pause).state) == ("confirmed", "confirmed")


def test_while_two_devices_speak_under_the_serial_neither_proves_anything(asked, device):
    command = asked()
    State.objects.filter(device=device).update(link="conflict")
    weigh(answer(command), shown(command))
    assert again(command).state == "done"


def test_what_never_left_is_proved_by_nothing_and_looked_for_no_longer_once_it_is_over(asked, device):
    command = asked(sent=False)
    weigh(shown(command, at_s=5), at_s=5)
    assert again(command).state == "requested"
    (awaited,) = proofs.awaited(at(60))  # as after an hour in which nobody dispatched
    assert (awaited.id, awaited.due_at) == (command.pk, at(3)), "that it is unconfirmed is still to be said"
    proofs.overdue(at(5))
    assert [one.id for one in proofs.awaited(at(5))] == [command.pk]
    assert proofs.awaited(at(11)) == []


def test_without_proof_in_time_it_is_unconfirmed_and_never_expired_by_our_silence(asked):
    command = asked()
    weigh(answer(command))
    assert proofs.overdue(at(2.999)) == []
    assert proofs.overdue(at(3)) == [command.pk]
    assert (again(command).state, command.unconfirmed_at) == ("unconfirmed", at(3))
    assert outbox.expire(at(60)) == []
    weigh(shown(command, at_s=20), at_s=20)
    assert (again(command).state, command.unconfirmed_at, command.confirmed_at) == (
        "confirmed",
        at(3),
        at(20),
    )


def test_a_stop_that_could_not_leave_in_time_to_be_proved_still_leaves_while_it_may(asked):
    command = asked(sent=False)
    proofs.overdue(at(3))
    assert [one.id for one in outbox.lease(at(6), most=10)] == [command.pk]
    outbox.record_published({command.pk: at(6.1)})
    assert (again(command).state, command.published_at) == ("unconfirmed", at(6.1))
    assert outbox.lease(at(12), most=10) == []


def test_an_unconfirmed_stop_goes_out_again_after_a_birth_unless_the_device_has_answered(asked, device):
    command = asked()
    proofs.overdue(at(3))
    assert [one.id for one in outbox.lease_again([device.pk], at(4), flying=[])] == [command.pk]
    weigh(answer(command, "expired"), at_s=4)
    assert (again(command).state, command.expired_at) == ("unconfirmed", at(0.2))
    assert outbox.lease_again([device.pk], at(5), flying=[]) == []


# --- what ingest sees ---


def facts(command, one):
    message = one.telemetry
    row = TelemetryRow(
        command.device_id,
        message.boot,
        1,
        message.up_ms,
        to_ms(at(1)),
        "live",
        False,
        False,
        message.session,
        b"",
    )
    return Facts(telemetry=[row], sums=[(command.device_id, message, to_ms(at(1)), False)])


def test_current_after_a_stop_that_was_proved_is_told_to_the_pages_and_to_people(asked):
    command = asked()
    weigh(answer(command), shown(command))
    with transaction.atomic():
        ((site_id, event),) = react.react(facts(command, sample(52_000, 34.0)), at(2))
    assert (site_id, event["state"], event["id"]) == (command.site_id, "unconfirmed", str(command.pk))
    assert again(command).refuted_at == at(2)
    assert alarms.tell(at(2)) == 1


def test_lower_is_proved_by_a_live_sample_of_ingest(asked):
    command = asked("lower", args='{"channel":null,"to_ma":20}')
    weigh(answer(command))
    with transaction.atomic():
        ((_site, event),) = react.react(facts(command, sample(51_000, 20.0, set_ma=(20.0, 18.0))), at(1))
    assert event["state"] == "confirmed"


def test_a_batch_costs_one_look_where_nothing_is_to_be_proved(asked, django_assert_num_queries):
    command = asked()
    weigh(answer(command), shown(command))
    with transaction.atomic(), django_assert_num_queries(1):
        assert react.react(facts(command, sample(90_000, 34.0)), at(100)) == []
    with django_assert_num_queries(0):
        assert react.react(Facts(), at(2)) == []


# --- alerts ---


def alert():
    return Alert.objects.filter(rule="stop_unconfirmed").values_list("state", "priority", "count").last()


def test_what_was_not_proved_is_a_high_alert_once_however_often_it_is_told(asked):
    command = asked()
    proofs.overdue(at(3))
    assert alarms.tell(at(3)) == 1
    assert alert() == ("raised", "high", 1)
    assert alarms.tell(at(4)) == 0
    Command.objects.update(alerted_at=None)  # as after a crash between the alert and its mark
    alarms.tell(at(5))
    assert alert() == ("raised", "high", 1)
    assert Alert.objects.get().facts["verb"] == "stop"
    assert Alert.objects.get().device_id == command.device_id


def test_it_is_over_when_nothing_of_the_device_is_without_proof(asked):
    stop, pause = asked(), asked("pause", proof_due_at=at(4))
    weigh(answer(stop), answer(pause, up_ms=60_000))
    proofs.overdue(at(4))
    alarms.tell(at(4))
    weigh(shown(stop, 50_200, at_s=5), at_s=5)
    alarms.tell(at(5))
    assert (again(stop).state, again(pause).state, alert()[0]) == ("confirmed", "unconfirmed", "raised")
    weigh(shown(stop, 60_000, at_s=6), at_s=6)
    assert alarms.tell(at(6)) == 1
    assert "proved since" in texts.sentence(Alert.objects.get())
    assert (again(pause).state, alert()[0]) == ("confirmed", "cleared")
    assert alarms.tell(at(7)) == 0


def test_what_never_left_calls_nobody_any_more_when_the_device_has_shown_a_later_stop(asked):
    never_left = asked(sent=False)
    proofs.overdue(at(3))
    alarms.tell(at(3))
    times = {"requested_at": at(20), "published_at": at(20.1), "proof_due_at": at(23), "expires_at": at(30)}
    later = asked(sent=False, state="published", **times)
    assert {one.pk for one in queries.in_sight(later.site_id, at(21))} == {never_left.pk, later.pk}
    weigh(answer(later), shown(later, at_s=21), at_s=21)
    assert alarms.tell(at(21)) == 1
    assert (again(never_left).state, again(later).state, alert()[0]) == (
        "unconfirmed",
        "confirmed",
        "cleared",
    )
    assert {one.pk for one in queries.in_sight(later.site_id, at(70))} == {later.pk}
    assert alarms.tell(at(22)) == 0


def test_a_stop_that_is_refuted_after_its_proof_is_told_anew(asked):
    command = asked()
    weigh(answer(command))
    proofs.overdue(at(3))
    alarms.tell(at(3))
    weigh(shown(command, at_s=4), at_s=4)
    alarms.tell(at(4))
    assert alert()[0] == "cleared"
    weigh((command.device_id, sample(55_000, 34.0)), at_s=5)
    alarms.tell(at(5))
    assert alert()[:2] == ("raised", "high")
    assert Alert.objects.get().facts["ma"] == 34.0


@pytest.mark.parametrize(
    "verb, args", [("lower", '{"channel":null,"to_ma":20}'), ("lock", '{"reason":"recall"}')]
)
def test_of_what_takes_no_current_away_nobody_is_called(asked, verb, args):
    command = asked(verb, args=args)
    assert proofs.overdue(at(60)) == [command.pk]
    assert alarms.tell(at(60)) == 0
    assert alert() is None


def test_the_net_below_leaves_a_second_to_dispatch_and_then_does_its_work(asked, monkeypatch):
    command = asked()
    monkeypatch.setattr(tasks.timezone, "now", lambda: at(3.9))
    tasks.tick()
    assert (again(command).state, alert()) == ("published", None)
    monkeypatch.setattr(tasks.timezone, "now", lambda: at(4))
    tasks.tick()
    assert (again(command).state, alert()[0]) == ("unconfirmed", "raised")


# --- wishes of a lock ---


@pytest.fixture
def wish(device):
    return LockWish.objects.create(device=device, locked=True, word="recall", note="broken lead", since=NOON)


def said(device, *, at_s=1.0, **more):
    one = status(50_200, **more)
    return {device.pk: Said(one.status, to_ms(at(at_s)), to_ms(at(at_s)))}


def test_a_wish_is_asked_for_anew_after_each_birth_under_a_fresh_id_until_it_is_read_back(device, wish):
    (first,) = wishes.ask_again([device.pk], at(1))
    assert (first.verb, msgspec.json.decode(first.args), first.reason) == (
        Verb.LOCK,
        {"reason": "recall"},
        "broken lead",
    )
    assert wishes.ask_again([device.pk], at(2)) == []  # that one goes out again under its own id
    (second,) = wishes.ask_again([device.pk], at(62))
    assert second.pk != first.pk
    assert wishes.read_back(said(device, locked="recall"), at(63)) == [device.pk]
    assert wishes.open_devices() == frozenset()
    assert wishes.ask_again([device.pk], at(130)) == []


def test_a_wish_is_read_back_only_by_what_was_said_since_and_with_its_own_reason(device, wish):
    assert wishes.read_back(said(device, locked="recall", at_s=-1), at(1)) == []
    assert wishes.read_back(said(device, locked="maintenance"), at(1)) == []
    assert wishes.read_back(said(device, locked=None), at(1)) == []
    wish.locked = False
    wish.save()
    assert wishes.read_back(said(device, locked="recall"), at(1)) == []
    assert wishes.read_back(said(device, locked=None), at(1)) == [device.pk]
