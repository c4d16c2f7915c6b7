"""News, deeds and time on real rows: one open alert a key whoever writes, and a tile that never says less."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from devices.models import Device, State
from devices.moments import to_ms
from fleet.access.errors import Denied, NotVisible, Refused
from fleet.access.models import AuditEntry, Membership, Role, Site
from fleet.live import voice
from fleet.safety import queries, service
from fleet.safety.models import Alert, Condition, Entry, OutOfService
from fleet.safety.signals import Fall, Key, Rise, Weigh
from fleet.safety.words import OPEN, Disposition, Duty, Priority

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WRITERS = 100


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def furnish() -> Device:
    site = Site.objects.create(slug="ward", name="Ward")
    device = Device.objects.create(serial="EMS-1", site=site, room="3")
    State.objects.create(device=device)
    return device


@pytest.fixture
def device(db: None) -> Device:
    return furnish()


@pytest.fixture
def nurse(device: Device) -> User:
    return member("nurse", Role.NURSE, device.site)


def member(name: str, role: Role, site: Site) -> User:
    user = User.objects.create_user(name)
    Membership.objects.create(user=user, site=site, role=role)
    return user


def key(device: Device, rule: str = "electrode_off", channel: int | None = 2) -> Key:
    return Key(rule, device.pk, channel)


def rise(device: Device, after_s: float = 0, *, rule: str = "electrode_off", **more: Any) -> Rise:
    fields = {"priority": Priority.MEDIUM, "in_session": True, "session": "s1"} | more
    return Rise(key(device, rule, fields.pop("channel", 2)), to_ms(later(after_s)), **fields)


def fall(device: Device, after_s: float, rule: str = "electrode_off") -> Fall:
    return Fall(key(device, rule), to_ms(later(after_s)))


def raised(device: Device, **more: Any) -> Alert:
    [alert] = service.take([rise(device, **more)], NOON).alerts
    return alert


def worst(device: Device) -> dict[str, Any] | None:
    return State.objects.get(device=device).worst_alert


# --- news ---


def test_a_rising_is_an_alert_where_its_device_stands_and_the_worst_of_it(device: Device):
    alert = raised(device)
    assert (alert.state, alert.site, alert.raised_at, alert.noted_at) == ("raised", device.site, NOON, NOON)
    assert worst(device) == {
        "id": alert.pk,
        "priority": "medium",
        "state": "raised",
        "rule": "electrode_off",
        "channel": 2,
        "text": queries.alert_object(alert)["text"],
        "raised_at": "2026-11-22T12:00:00.000Z",
        "risen_at": "2026-11-22T12:00:00.000Z",
        "late": False,
        "shelved_until": None,
    }


def test_what_rises_and_falls_and_rises_in_one_batch_is_one_alert(device: Device):
    service.take([rise(device), fall(device, 1), rise(device, 2)], later(3))
    alert = Alert.objects.get()
    assert (alert.state, alert.count, alert.chattering) == ("raised", 2, True)
    assert [one.kind for one in alert.entries.order_by("pk")] == ["raised", "cleared", "returned", "chatters"]


def test_a_batch_that_is_taken_again_changes_nothing(device: Device):
    news = [rise(device), Weigh(key(device), to_ms(later(1)), Priority.LOW)]
    service.take(news[:1], NOON)
    rev = Alert.objects.get().rev
    assert service.take(news[:1], NOON).alerts == []
    assert (Alert.objects.get().rev, Entry.objects.count()) == (rev, 1)


def test_each_change_raises_the_rev_of_the_alert_and_of_its_device(device: Device):
    raised(device)
    before = Alert.objects.get().rev, State.objects.get(device=device).rev
    service.take([fall(device, 5)], later(5))
    assert Alert.objects.get().rev > before[0]
    assert State.objects.get(device=device).rev > before[1]


@pytest.mark.django_db(transaction=True)
def test_news_are_taken_in_inside_a_transaction_only():
    with pytest.raises(RuntimeError, match="inside a transaction"):
        service.apply([Rise(Key("broker_silent"), to_ms(NOON), Priority.HIGH)], NOON)


def test_an_alert_of_a_device_that_was_removed_meanwhile_is_none(device: Device):
    news = rise(device)
    device.delete()
    assert service.take([news], NOON).alerts == []
    assert not Alert.objects.exists()


def test_an_alert_of_the_server_itself_has_neither_device_nor_site(db: None):
    service.take([Rise(Key("broker_silent", subject="broker"), to_ms(NOON), Priority.HIGH)], NOON)
    alert = Alert.objects.get()
    assert (alert.device, alert.site, alert.subject) == (None, None, "broker")


@pytest.mark.django_db(transaction=True)
def test_a_hundred_concurrent_writers_raise_one_alert():
    """Half of them clear one of two at once: of each key one alert is open, and nothing that rose is lost."""
    device = furnish()
    barrier = threading.Barrier(WRITERS)
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=60)
            news = [rise(device, number, channel=channel) for channel in (2, 3)]
            service.take([*news, fall(device, number)] if number % 2 else news, later(number))
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert Alert.objects.filter(state__in=OPEN).count() == 2
    assert set(Alert.objects.values_list("channel", flat=True)) == {2, 3}
    shown = worst(device)
    assert shown is not None
    assert shown["state"] == Alert.objects.get(pk=shown["id"]).state


# --- the worst alert of a device ---


def test_what_is_true_comes_before_what_is_over_but_a_high_one_before_a_low_one(device: Device):
    service.take([rise(device, priority=Priority.HIGH, channel=1)], NOON)
    high = Alert.objects.get()
    service.take([rise(device, 1, priority=Priority.LOW, channel=3)], NOON)
    service.take([Fall(key(device, channel=1), to_ms(later(2)))], later(2))
    assert worst(device)["id"] == high.pk
    assert worst(device)["state"] == "cleared"
    service.take([rise(device, 3, priority=Priority.MEDIUM, channel=4)], later(3))
    assert (worst(device)["priority"], worst(device)["state"]) == ("medium", "raised")


def test_a_shelf_takes_an_alert_off_the_tile_but_not_one_that_is_high_and_true(device: Device, nurse: User):
    alert = raised(device)
    service.shelve(actor=nurse, alert=alert, minutes=10, reason="why", now=NOON)
    assert worst(device) is None
    high = raised(device, rule="over_current", priority=Priority.HIGH)
    service.shelve(actor=nurse, alert=high, minutes=10, reason="why", now=NOON)
    assert worst(device)["id"] == high.pk
    assert worst(device)["shelved_until"] == "2026-11-22T12:10:00.000Z"
    assert queries.counts([device.site]) == {"high": 1, "medium": 0, "low": 0, "info": 0, "shelved": 2}


def test_what_another_alert_explains_is_not_on_the_tile_nor_counted_twice(device: Device):
    cause = service.take([Rise(Key("site_silent", site_id=device.site_id), to_ms(NOON), Priority.HIGH)], NOON)
    alert = raised(device)
    service.explain([alert.pk], cause_id=cause.alerts[0].pk, now=NOON)
    assert worst(device) is None
    assert queries.counts([device.site])["medium"] == 0
    service.surface(cause.alerts[0].pk, now=NOON)
    assert worst(device)["id"] == alert.pk
    assert Alert.objects.get(pk=alert.pk).episode == 2


# --- deeds ---


def test_a_deed_is_on_record_in_the_audit_and_in_the_journal(device: Device, nurse: User):
    alert = raised(device)
    service.acknowledge(actor=nurse, alerts=[alert], now=later(3))
    service.comment(actor=nurse, alert=alert, text="on my way", now=later(4))
    service.close(actor=nurse, alert=alert, disposition=Disposition.ACTIONABLE, note="done", now=later(5))
    entries = AuditEntry.objects.filter(action__startswith="alert.").order_by("pk")
    assert [(one.action, one.subject, one.site) for one in entries] == [
        ("alert.acknowledged", "EMS-1", device.site),
        ("alert.commented", "EMS-1", device.site),
        ("alert.closed", "EMS-1", device.site),
    ]
    journal = alert.entries.order_by("pk").values_list("kind", "by__username", "text")
    assert list(journal) == [
        ("raised", None, ""),
        ("acknowledged", "nurse", ""),
        ("comment", "nurse", "on my way"),
        ("closed", "nurse", "done"),
    ]


def test_who_may_not_changes_nothing_and_the_attempt_is_on_record(device: Device):
    alert = raised(device)
    admin = member("admin", Role.ADMIN, device.site)
    stranger = member("stranger", Role.NURSE, Site.objects.create(slug="far", name="Far"))
    with pytest.raises(Denied):
        service.close(actor=admin, alert=alert, disposition=Disposition.EXPECTED, note="", now=NOON)
    assert AuditEntry.objects.get(action="denied.close_alert").subject == "EMS-1"
    with pytest.raises(NotVisible):
        service.acknowledge(actor=stranger, alerts=[alert], now=NOON)
    assert Alert.objects.get().state == "raised"


def test_shelving_beyond_a_shift_is_for_engineers(device: Device, nurse: User):
    alert = raised(device)
    with pytest.raises(Denied):
        service.shelve(actor=nurse, alert=alert, minutes=481, reason="why", now=NOON)
    engineer = member("engineer", Role.ENGINEER, device.site)
    shelved = service.shelve(actor=engineer, alert=alert, minutes=481, reason="why", now=NOON)
    assert shelved.shelved_until == NOON + timedelta(minutes=481)


@pytest.mark.parametrize("minutes, reason", [(10, "  "), (0, "why"), (43_201, "why"), (10, "x" * 201)])
def test_a_shelf_needs_a_reason_and_an_end(device: Device, nurse: User, minutes: int, reason: str):
    with pytest.raises(Refused):
        service.shelve(actor=nurse, alert=raised(device), minutes=minutes, reason=reason, now=NOON)


def test_what_is_closed_while_it_is_true_is_told_again_if_it_still_holds(device: Device, nurse: User):
    """Rules forget that they told of it; silence is news again only once the device was heard."""
    for rule, channel in (("electrode_off", 2), ("link_lost", 0)):
        Condition.objects.create(
            device=device, rule=rule, channel=channel, is_true=True, told=True, since=NOON, seen_at=NOON,
            priority="medium",
        )  # fmt: skip
    rev = State.objects.get(device=device).rev
    for alert in (raised(device), raised(device, rule="link_lost", channel=None)):
        service.close(actor=nurse, alert=alert, disposition=Disposition.EXPECTED, note="", now=NOON)
    assert dict(Condition.objects.values_list("rule", "told")) == {"electrode_off": False, "link_lost": True}
    assert State.objects.get(device=device).rev > rev  # so ingest reads its memory again


# --- time ---


def test_time_closes_what_is_over_and_ends_shelves(device: Device, nurse: User):
    first = raised(device)
    second = raised(device, rule="battery_low", channel=None, duty=Duty.TECHNICAL)
    service.shelve(actor=nurse, alert=second, minutes=5, reason="charging", now=NOON)
    service.take([fall(device, 5)], later(5))
    assert service.pass_time(later(299)) == 0
    assert service.pass_time(later(300)) == 1
    assert Alert.objects.get(pk=second.pk).shelved_until is None
    assert service.pass_time(later(605)) == 1
    over = Alert.objects.get(pk=first.pk)
    assert (over.state, over.disposition, over.closed_by) == ("closed", "undetermined", None)
    assert service.pass_time(later(606)) == 0


def test_an_alert_goes_with_its_device_to_another_site(device: Device):
    alert = raised(device)
    device.site = Site.objects.create(slug="far", name="Far")
    device.save()
    service.pass_time(later(1))
    moved = Alert.objects.get()
    assert (moved.pk, moved.site, moved.episode) == (alert.pk, device.site, 2)


def test_a_revoked_device_leaves_no_alert_that_is_true_for_ever(device: Device):
    raised(device)
    raised(device, rule="over_current", priority=Priority.HIGH)
    Device.objects.update(revoked_at=later(5))
    assert service.pass_time(later(6)) == 2
    assert service.pass_time(later(606)) == 1
    states = dict(Alert.objects.values_list("rule", "state"))
    assert states == {"electrode_off": "closed", "over_current": "cleared"}


def test_what_is_true_when_a_session_begins_is_about_whoever_is_in_it(device: Device, nurse: User):
    idle = {"in_session": False, "session": None}
    care = raised(device, rule="protocol_unknown", **idle)
    machine = raised(device, rule="over_temperature", duty=Duty.TECHNICAL, **idle)
    over = raised(device, rule="battery_low", **idle)
    service.take([fall(device, 1, "battery_low")], later(1))
    for alert in (care, machine):
        service.shelve(actor=nurse, alert=alert, minutes=60, reason="nobody uses it", now=later(2))
    assert service.pass_time(later(3)) == 0
    State.objects.filter(device=device).update(session="s9", link="online")
    assert service.pass_time(later(4)) == 2
    care, machine, over = (Alert.objects.get(pk=alert.pk) for alert in (care, machine, over))
    assert [one.in_session for one in (care, machine, over)] == [True, True, False]
    assert (care.shelved_until, care.episode) == (None, 2)
    assert machine.shelved_until is not None
    assert service.pass_time(later(5)) == 0


def test_a_device_out_of_service_is_back_by_itself_and_what_is_true_of_it_is_told(
    device: Device, nurse: User
):
    service.out_of_service(actor=nurse, device=device, reason="new plug", until=later(60), now=NOON)
    with pytest.raises(Refused, match="out of service already"):
        service.out_of_service(actor=nurse, device=device, reason="again", until=None, now=NOON)
    raised(device)
    raised(device, rule="over_current", priority=Priority.HIGH)
    service.pass_time(later(59))
    assert OutOfService.objects.get().ended_at is None
    service.pass_time(later(60))
    assert OutOfService.objects.get().ended_at == later(60)
    episodes = dict(Alert.objects.values_list("rule", "episode"))
    assert episodes == {"electrode_off": 2, "over_current": 1}  # the high one in session was never kept back
    with pytest.raises(Refused, match="in service"):
        service.back_in_service(actor=nurse, device=device, now=later(61))


# --- telling browsers ---


def test_alerts_are_announced_whole_once_they_are_committed_with_their_devices(
    device: Device, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
):
    told: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(voice.of_this_process, "say", lambda group, keyed: told.append((group, dict(keyed))))
    with django_capture_on_commit_callbacks(execute=True):
        alert = raised(device)
        assert told == []
    (alerts, of_alerts), (site, of_devices) = told
    assert (alerts, site) == (f"alerts.{device.site_id}", f"site.{device.site_id}")
    assert of_alerts == {f"alert:{alert.pk}": {"kind": "alert", **queries.alert_object(alert)}}
    event = of_devices["device:EMS-1"]
    live = State.objects.get(device=device)
    assert (event["since"], event["rev"], event["worst_alert"]) == (live.rev - 1, live.rev, live.worst_alert)


def test_metrics_tell_how_many_are_open_and_how_long_people_let_them_wait(device: Device, nurse: User):
    raised(device)
    high = raised(device, rule="over_current", priority=Priority.HIGH)
    service.acknowledge(actor=nurse, alerts=[high], now=NOON)
    figures = queries.figures(later(90))
    assert (figures.open["medium", "raised"], figures.open["high", "acknowledged"]) == (1, 1)
    assert figures.waiting_s == {"high": 0, "medium": 90, "low": 0, "info": 0}
