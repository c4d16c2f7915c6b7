"""What went past the house stands in it afterwards: once, under its ids, with who asked and when."""

import threading
from datetime import timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from devices.models import Device, Link, State
from devices.moments import from_ms, to_ms
from devices.state import may_be_on
from fleet.access.models import AuditEntry, Membership, Role, Site
from fleet.control import booking, ids, proofs, queries, roll, service
from fleet.control.direct import Asked, Denial
from fleet.control.journal import Entry, Ordered
from fleet.control.models import Command, Stop
from fleet.control.permits import Permit, by_session
from tests.devices import history

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(db):
    return Site.objects.create(slug="north", name="North")


@pytest.fixture
def devices(site):
    return [Device.objects.create(serial=f"EMS-{n}", site=site, room="Gym") for n in (1, 2, 3)]


@pytest.fixture
def nurse(site):
    user = User.objects.create(username="nurse")
    Membership.objects.create(user=user, site=site, role=Role.NURSE)
    return user


def press(site, user, devices, *, ago_s=40, id=None, room=None, one=False):
    """Return what the journal holds of a press."""
    id = id or uuid4()
    orders = [
        Ordered(id if one else ids.of_stop(id, device.serial), device.pk, device.serial) for device in devices
    ]
    asked_ms = to_ms(timezone.now() - timedelta(seconds=ago_s))
    serial = devices[0].serial if one else None
    return Entry(id, serial, room, site.pk, user.pk, user.username, "10.0.0.7", asked_ms, tuple(orders))


def never_sent(_: UUID) -> int | None:
    return None


def test_a_stop_of_one_device_is_a_row_and_an_entry_of_the_audit(site, nurse, devices):
    entry = press(site, nurse, devices[:1], one=True)
    booking.book(entry, lambda _: entry.asked_ms + 12)
    row = Command.objects.get()
    assert (row.pk, row.verb, row.via, row.state) == (entry.id, "stop", "direct", "published")
    assert (row.actor, row.actor_name, row.site, row.device) == (nurse, "nurse", site, devices[0])
    assert (row.requested_at, row.published_at) == (from_ms(entry.asked_ms), from_ms(entry.asked_ms + 12))
    assert row.proof_due_at == row.requested_at + timedelta(seconds=3)
    audit = AuditEntry.objects.get()
    assert (audit.action, audit.subject, audit.actor_name) == ("command.stop", "EMS-1", "nurse")
    assert audit.detail["via"] == "direct"
    assert audit.detail["command"] == str(entry.id)
    assert audit.detail["address"] == "10.0.0.7"
    assert audit.detail["asked_at"].endswith("Z")


def test_a_room_is_one_stop_with_its_commands_and_one_entry_that_names_every_device(site, nurse, devices):
    entry = press(site, nurse, devices, room="Gym")
    told = booking.book(entry, never_sent)
    stop = Stop.objects.get()
    assert (stop.pk, stop.room, stop.via, stop.actor_name) == (entry.id, "Gym", "direct", "nurse")
    assert {one.stop_id for one in told} == {stop.pk}
    assert {one.state for one in told} == {"requested"}, (
        "what the broker does not have is still to be published"
    )
    (audit,) = AuditEntry.objects.all()
    assert (audit.action, audit.subject) == ("site.stop", "Gym")
    assert audit.detail["devices"] == ["EMS-1", "EMS-2", "EMS-3"]


def test_a_press_that_found_nobody_on_is_on_record_too(site, nurse):
    booking.book(press(site, nurse, []), never_sent)
    assert AuditEntry.objects.get().detail["devices"] == []
    assert Stop.objects.get().commands.count() == 0


def test_booked_twice_is_booked_once(site, nurse, devices):
    entry = press(site, nurse, devices)
    for _ in range(2):
        booking.book(entry, never_sent)
    assert (Command.objects.count(), Stop.objects.count(), AuditEntry.objects.count()) == (3, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_what_also_came_through_the_house_is_one_command_with_one_entry_and_is_known_as_sent(
    site, nurse, devices
):
    id = uuid4()
    service.ask(actor=nurse, device=devices[0], verb="stop", args={}, id=id, now=timezone.now())
    entry = press(site, nurse, devices[:1], id=id, one=True, ago_s=0)
    booking.book(entry, lambda _: entry.asked_ms + 3)
    row = Command.objects.get()
    assert (row.via, row.state, row.rev) == ("direct", "published", 2), "that way the broker had it"
    assert row.published_at == from_ms(entry.asked_ms + 3)
    assert AuditEntry.objects.count() == 1
    again = service.ask(actor=nurse, device=devices[0], verb="stop", args={}, id=id, now=timezone.now())
    assert again.pk == id


@pytest.mark.django_db(transaction=True)
def test_what_the_house_writes_at_the_same_moment_is_one_command_with_one_entry(
    site, nurse, devices, monkeypatch
):
    """As after a database that hung: both come through when it goes on."""
    entry = press(site, nurse, devices[:1], one=True, ago_s=0)
    written, go_on = threading.Event(), threading.Event()

    def hold(_commands):
        written.set()
        go_on.wait(60)

    def through_the_house():
        service.ask(actor=nurse, device=devices[0], verb="stop", args={}, id=entry.id, now=timezone.now())
        connection.close()

    monkeypatch.setattr(service, "send", hold)

    house = threading.Thread(target=through_the_house)
    house.start()
    assert written.wait(60)
    threading.Timer(0.2, go_on.set).start()  # by then the booking waits for the row
    booking.book(entry, lambda _: entry.asked_ms + 3)
    house.join()
    row = Command.objects.get()
    assert (row.via, row.state, row.published_at) == ("direct", "published", from_ms(entry.asked_ms + 3))
    assert AuditEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_was_given_up_before_it_was_booked_is_known_as_sent_all_the_same(site, nurse, devices):
    id, now = uuid4(), timezone.now()
    service.ask(actor=nurse, device=devices[0], verb="stop", args={}, id=id, now=now)
    proofs.overdue(now + timedelta(seconds=3))
    entry = press(site, nurse, devices[:1], id=id, one=True, ago_s=0)
    booking.book(entry, lambda _: entry.asked_ms + 3)
    row = Command.objects.get()
    assert (row.state, row.published_at) == ("unconfirmed", from_ms(entry.asked_ms + 3))


@pytest.mark.django_db(transaction=True)
def test_the_house_finds_what_went_past_it(site, nurse, devices):
    entry = press(site, nurse, devices, ago_s=0)
    booking.book(entry, never_sent)
    stop = service.stop_site(actor=nurse, site=site, id=entry.id, now=timezone.now())
    assert stop.pk == entry.id
    assert (Command.objects.count(), AuditEntry.objects.count()) == (3, 1)


def test_a_stop_under_an_id_of_somebody_elses_is_no_row_of_theirs_and_is_on_record(site, nurse, devices):
    coach = User.objects.create(username="coach")
    first = press(site, coach, devices[:1], one=True)
    booking.book(first, never_sent)
    booking.book(press(site, nurse, devices[1:2], id=first.id, one=True), lambda _: first.asked_ms)
    row = Command.objects.get()
    assert (row.actor, row.state, row.published_at) == (coach, "requested", None)
    audit = AuditEntry.objects.order_by("id").last()
    assert (audit.actor_name, audit.subject, audit.detail["ids_taken"]) == ("nurse", "EMS-2", True)


def test_a_stop_under_an_old_id_or_one_of_another_wish_of_ones_own_is_on_record(site, nurse, devices):
    asked_at = timezone.now() - timedelta(seconds=40)
    other = service.ask(actor=None, device=devices[0], verb="identify", args={"seconds": 5}, now=asked_at)
    Command.objects.update(actor=nurse)
    old = press(site, nurse, devices[1:2], one=True)
    booking.book(old, never_sent)
    entries = AuditEntry.objects.count()
    booking.book(press(site, nurse, devices[:1], id=other.pk, one=True), never_sent)
    booking.book(press(site, nurse, devices[1:2], id=old.id, one=True, ago_s=10), never_sent)
    news = AuditEntry.objects.order_by("id")[entries:]
    assert [(one.action, one.detail.get("ids_taken")) for one in news] == [("command.stop", True)] * 2
    assert set(Command.objects.values_list("verb", "published_at")) == {("identify", None), ("stop", None)}


def test_who_was_turned_away_is_on_record(site, nurse):
    permit = Permit(nurse.pk, "nurse", site.pk, "north", by_session("ended"), timezone.now())
    booking.record_denial(Denial(permit, Asked("myp_secret", uuid4(), "EMS-1", None, "10.0.0.7"), 3))
    audit = AuditEntry.objects.get()
    assert (audit.action, audit.actor, audit.site, audit.subject) == ("denied.stop", nurse, site, "EMS-1")
    assert audit.detail == {"via": "direct", "attempts": 3, "address": "10.0.0.7"}


def test_whoever_asked_is_named_though_their_account_is_gone(site, nurse, devices):
    entry = press(site, nurse, devices[:1], one=True)
    nurse.delete()
    booking.book(entry, never_sent)
    assert (Command.objects.get().actor, Command.objects.get().actor_name) == (None, "nurse")
    assert AuditEntry.objects.get().actor_name == "nurse"


# --- the copy ---


def test_the_copy_knows_who_may_stop_where_by_which_login_and_who_may_be_on(
    site, nurse, devices, client, django_assert_max_num_queries
):
    far = Site.objects.create(slug="far", name="Far")
    root = User.objects.create(username="root", is_superuser=True)
    gone = User.objects.create(username="gone", is_active=False)
    Membership.objects.create(user=gone, site=site, role=Role.NURSE)
    now = timezone.now()
    history.say(devices[0], now, output="on")
    history.say(devices[1], now, output="off", state="idle", session=None)
    client.force_login(nurse)
    with django_assert_max_num_queries(6):
        copy, sight = roll.read(now)
    key = client.session.session_key
    assert sight.maybe_on == {devices[0].pk}
    assert [one.was_heard for one in copy.devices] == [True, True, False]

    def allows(user, where, login=key):
        before = now - timedelta(minutes=1)
        return copy.allows(Permit(user.pk, user.username, where.pk, where.slug, by_session(login), before))

    assert allows(nurse, site)
    assert not allows(nurse, far)
    assert allows(root, far)
    assert not allows(gone, site)
    assert not allows(nurse, site, login="another")


def test_house_and_copy_take_the_same_devices_to_be_possibly_on(site, nurse):
    now = timezone.now()
    every = list(product((*Link.values,), (None, "off", "ramping", "on")))
    for n, (link, output) in enumerate(every):
        one = Device.objects.create(serial=f"EMS-1{n:03}", site=site)
        State.objects.create(device=one, link=link, output=output)
    Device.objects.create(serial="EMS-1999", site=site)  # it has no live state yet
    wanted = {f"EMS-1{n:03}" for n, case in enumerate(every) if may_be_on(*case)}
    copy, sight = roll.read(now)
    assert {one.serial for one in queries.may_be_on(site, None, now)} == wanted
    assert {one.serial for one in copy.devices if one.id in sight.maybe_on} == wanted


def test_a_device_that_was_revoked_while_it_was_on_is_stopped_for_a_day_on_either_way(site, devices):
    now = timezone.now()
    for one, output, hours in zip(devices, ("on", "on", "off"), (23, 25, 1), strict=True):
        history.say(one, now, output=output, link="offline")
        one.revoked_at = now - timedelta(hours=hours)
        one.save()
    copy, sight = roll.read(now)
    assert list(queries.may_be_on(site, None, now)) == devices[:1]
    assert [one.id for one in copy.devices if one.id in sight.maybe_on] == [devices[0].pk]
