"""Silence becomes alerts, and one cause is one alert: second by second, with the real database."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from devices.models import Change, Device, State
from devices.moments import to_ms
from fleet.access.models import Membership, Role, Site
from fleet.safety import service
from fleet.safety.models import Alert, Condition
from fleet.safety.signals import Key, Rise
from fleet.safety.sweep import Sweep
from fleet.safety.words import Disposition, Priority
from fleet.safety.words import State as Stands
from tests.fleet.safety.clinic import NOON, Clinic


@pytest.fixture
def clinic(db: None) -> Clinic:
    return Clinic(Site.objects.create(slug="ward", name="Ward"))


def rules(alerts: list[Alert]) -> list[str]:
    return [alert.rule for alert in alerts]


# --- one device ---


def test_a_device_in_session_is_told_seven_seconds_after_its_last_message_whatever_its_link_says(
    clinic: Clinic,
):
    [lost, *others] = clinic.devices(4)
    clinic.go_on(6, others)
    assert clinic.top_lines() == []
    assert State.objects.get(device=lost).link == "online"
    clinic.go_on(7, others)
    [alert] = clinic.top_lines()
    assert (alert.rule, alert.device, alert.priority, alert.in_session) == ("link_lost", lost, "high", True)
    assert alert.facts == {"heard_ms": to_ms(NOON), "output": "on"}
    assert alert.raised_at == NOON + timedelta(seconds=7)


def test_a_device_that_is_heard_again_clears_and_one_that_is_lost_again_is_the_same_alert(clinic: Clinic):
    [lost, *others] = clinic.devices(4)
    clinic.go_on(8, others)
    clinic.go_on(9, [lost, *others])
    [alert] = clinic.top_lines()
    assert alert.state == Stands.CLEARED
    clinic.go_on(17, others)
    [again] = clinic.top_lines()
    assert (again.pk, again.state, again.count) == (alert.pk, Stands.RAISED, 2)


def test_a_silence_that_a_person_closed_is_not_raised_again_before_the_device_was_heard(clinic: Clinic):
    nurse = User.objects.create_user("nurse")
    Membership.objects.create(user=nurse, site=clinic.site, role=Role.NURSE)
    [lost, *others] = clinic.devices(4)
    clinic.go_on(8, others)
    [alert] = clinic.top_lines()
    service.close(
        actor=nurse, alert=alert, disposition=Disposition.EXPECTED, note="switched off", now=clinic.now
    )
    clinic.sweep = Sweep()  # also after a restart
    clinic.go_on(20, others)
    assert clinic.top_lines() == []
    clinic.go_on(21, [lost, *others])
    clinic.go_on(28, others)
    assert rules(clinic.top_lines()) == ["link_lost"]


def test_an_idle_device_is_told_low_once_it_is_offline_and_not_if_it_said_goodbye(clinic: Clinic):
    gone, left = clinic.devices(2, session=False)
    others = clinic.devices(4)
    Change.objects.create(
        device=left, rev=1, placed_at=NOON, received_at=NOON, link="offline", why="link,goodbye"
    )
    State.objects.filter(device=left).update(link="offline")
    clinic.go_on(45, others)
    State.objects.filter(device=gone).update(link="offline")
    clinic.go_on(46, others)
    assert [(one.rule, one.device, one.priority) for one in clinic.top_lines()] == [
        ("offline_idle", gone, "low")
    ]
    clinic.go_on(47, [gone, *others])
    assert clinic.top_lines()[0].state == Stands.CLEARED


def test_a_device_that_is_heard_but_does_not_measure_is_told_medium(clinic: Clinic):
    [mute, *others] = clinic.devices(4)

    def status_only(until_s: float) -> None:
        """Every 5 s, as a device in session promises at least."""
        while clinic.at_s < until_s:
            clinic.go_on(clinic.at_s + 1, others)
            if round(clinic.at_s) % 5 == 0:
                State.objects.filter(device=mute).update(heard_at=clinic.now)

    status_only(10)
    assert [(one.rule, one.priority) for one in clinic.top_lines()] == [("no_measurements", "medium")]
    clinic.go_on(18, others)  # and now it is silent, too: that it does not measure is not known any more
    [lost] = clinic.top_lines()
    assert lost.rule == "link_lost"
    assert [(one.rule, one.state) for one in clinic.under(lost)] == [("no_measurements", Stands.RAISED)]
    clinic.go_on(20, [mute, *others])
    assert set(Alert.objects.values_list("state", flat=True)) == {Stands.CLEARED}


def test_a_device_whose_last_word_was_a_status_is_lost_and_nothing_else(clinic: Clinic):
    [lost, *others] = clinic.devices(4)
    State.objects.filter(device=lost).update(heard_at=clinic.now + timedelta(milliseconds=900))
    clinic.go_on(12, others)
    assert rules(Alert.objects.all()) == ["link_lost"]


def test_a_device_that_is_back_has_time_for_its_first_measurement(clinic: Clinic):
    """Its status is heard a moment before its telemetry, after a silence too short to be told."""
    [flapping, *others] = clinic.devices(4)
    clinic.go_on(5, others)
    State.objects.filter(device=flapping).update(heard_at=clinic.now + timedelta(seconds=1))
    clinic.go_on(6, others)
    clinic.go_on(8, [flapping, *others])
    assert not Alert.objects.exists()


def test_a_revoked_device_is_looked_for_no_longer(clinic: Clinic):
    [lost, *others] = clinic.devices(4)
    clinic.go_on(8, others)
    Device.objects.filter(pk=lost.pk).update(revoked_at=clinic.now)
    clinic.go_on(9, others)
    assert clinic.top_lines()[0].state == Stands.CLEARED
    assert not Condition.objects.exists()


def test_while_the_server_itself_was_away_no_device_is_told(clinic: Clinic):
    clinic.devices(4)
    clinic.at_s = 30
    clinic.look()  # the pulse of ingest is missing
    clinic.ingest_lives(silence_counts_from_s=31)
    clinic.look()  # it is back, and has heard nothing yet
    assert not Alert.objects.exists()
    clinic.at_s = 32
    clinic.look()
    assert rules(clinic.top_lines()) == ["group_silent"]


# --- bad days ---


def test_ten_that_flap_and_one_that_is_silent_for_good_are_exactly_one_high_alert(clinic: Clinic):
    """40 devices in session; ten lose their connection for 3 s again and again, and one goes silent at second 5."""
    devices = clinic.devices(40, uplink="ap-1")
    flapping, lost = set(devices[:10]), devices[10]

    def speaks(device: Device, at_s: float) -> bool:
        if device == lost:
            return at_s < 5
        return device not in flapping or (at_s + devices.index(device)) % 8 >= 3

    clinic.go_on(14, devices, speaks)
    assert [(one.rule, one.device, one.priority) for one in Alert.objects.all()] == [
        ("link_lost", lost, "high")
    ]
    assert Alert.objects.get().noted_at <= NOON + timedelta(seconds=4 + 10)
    clinic.go_on(40, devices, speaks)
    assert Alert.objects.count() == 1


def test_an_access_point_that_dies_is_one_line_with_sixty_devices_under_it_and_hides_no_needle(
    clinic: Clinic,
):
    """60 devices, 22 of them in session, and elsewhere one that reports over-current meanwhile."""
    treated = clinic.devices(22, uplink="Room 3")
    idle = clinic.devices(38, uplink="Room 3", session=False, every_s=15)
    elsewhere = clinic.devices(20, uplink="Room 1")
    clinic.go_on(6, elsewhere)
    needle = Rise(
        Key("over_current", elsewhere[0].pk, 1),
        to_ms(clinic.now),
        Priority.HIGH,
        facts={"ma": 130, "set_ma": 60},
    )
    service.take([needle], clinic.now)
    clinic.go_on(25, elsewhere)
    State.objects.filter(device__in=idle).update(link="offline")
    clinic.go_on(60, elsewhere)
    group, over = sorted(clinic.top_lines(), key=lambda one: one.rule)
    assert (group.rule, group.subject, group.priority) == ("group_silent", "Room 3", "high")
    assert group.noted_at <= NOON + timedelta(seconds=7)
    assert (group.facts["silent"], group.facts["in_session"]) == (60, 22)
    assert over.rule == "over_current"
    under = clinic.under(group)
    assert {one.device for one in under} == {*treated, *idle}
    assert all(one.cause_id == group.pk for one in under)


def test_who_is_still_silent_when_the_cause_ends_surfaces_and_the_others_do_not(clinic: Clinic):
    room = clinic.devices(8, uplink="Room 3")
    elsewhere = clinic.devices(4, uplink="Room 1")
    clinic.go_on(10, elsewhere)
    [group] = clinic.top_lines()
    lost = room[0]
    clinic.go_on(13, [*room[1:], *elsewhere])
    assert rules(clinic.top_lines()) == ["group_silent"]  # it has a moment to come back, too
    clinic.go_on(14, [*room[1:], *elsewhere])
    lines = {one.rule: one for one in clinic.top_lines()}
    assert lines.keys() == {"group_silent", "link_lost"}
    assert (lines["group_silent"].pk, lines["group_silent"].state) == (group.pk, Stands.CLEARED)
    assert (lines["link_lost"].device, lines["link_lost"].state) == (lost, Stands.RAISED)
    assert {one.state for one in clinic.under(group)} == {Stands.CLEARED}


def test_a_session_that_is_lost_long_after_its_cause_was_acknowledged_takes_that_back_once(clinic: Clinic):
    idle = clinic.devices(6, uplink="Room 3", session=False)
    [treated] = clinic.devices(1, uplink="Room 3")
    elsewhere = clinic.devices(4, uplink="Room 1")
    clinic.go_on(45, [treated, *elsewhere])
    State.objects.filter(device__in=[one.pk for one in idle]).update(link="offline")
    clinic.go_on(60, [treated, *elsewhere])
    [group] = clinic.top_lines()
    Alert.objects.filter(pk=group.pk).update(
        state=Stands.ACKNOWLEDGED, acknowledged_at=clinic.now, in_session=False
    )
    clinic.go_on(100, elsewhere)
    [again] = clinic.top_lines()
    assert (again.pk, again.state, again.acknowledged_at) == (group.pk, Stands.RAISED, None)
    assert again.episode == group.episode + 1
    assert again.in_session
    assert [one.rule for one in clinic.under(again) if one.device == treated] == ["link_lost"]


def test_devices_that_fall_silent_with_their_cause_are_told_once(clinic: Clinic):
    room = clinic.devices(30, uplink="Room 3")
    elsewhere = clinic.devices(4, uplink="Room 1")
    clinic.go_on(
        100, [*elsewhere, *room], lambda one, at_s: one in elsewhere or at_s < 10 + room.index(one) % 4
    )
    [group] = clinic.top_lines()
    assert group.episode == 1
    assert group.facts["in_session"] == 30


def test_an_alert_that_was_there_before_its_cause_is_listed_under_it(clinic: Clinic):
    [first, *room] = clinic.devices(5, uplink="Room 3")
    elsewhere = clinic.devices(4, uplink="Room 1")
    clinic.go_on(8, [*room, *elsewhere])
    assert [one.device for one in clinic.top_lines()] == [first]
    clinic.go_on(16, elsewhere)
    [group] = clinic.top_lines()
    assert group.rule == "group_silent"
    assert len(clinic.under(group)) == 5


def test_a_site_that_loses_its_network_is_one_line_and_its_groups_are_none(clinic: Clinic):
    for n in range(4):
        clinic.devices(4, uplink=f"ap-{n}")
    clinic.go_on(20)
    [site] = clinic.top_lines()
    assert (site.rule, site.facts) == ("site_silent", {"silent": 16, "in_session": 16})
    assert len(clinic.under(site)) == 16


def test_a_restart_of_the_worker_in_the_middle_changes_nothing(clinic: Clinic):
    clinic.devices(8, uplink="Room 3")
    elsewhere = clinic.devices(4, uplink="Room 1")
    clinic.go_on(10, elsewhere)
    before = set(Alert.objects.values_list("pk", "state", "cause", "count", "episode"))
    clinic.sweep = Sweep()
    clinic.go_on(100, elsewhere)
    assert set(Alert.objects.values_list("pk", "state", "cause", "count", "episode")) == before


def test_closing_a_cause_closes_what_it_explains_and_raises_nothing_again(clinic: Clinic):
    nurse = User.objects.create_user("nurse")
    Membership.objects.create(user=nurse, site=clinic.site, role=Role.NURSE)
    room = clinic.devices(5, uplink="Room 3")
    elsewhere = clinic.devices(4, uplink="Room 1")
    clinic.go_on(10, elsewhere)
    [group] = clinic.top_lines()
    service.close(
        actor=nurse, alert=group, disposition=Disposition.ACTIONABLE, note="new plug", now=clinic.now
    )
    clinic.go_on(12, elsewhere)
    clinic.sweep = Sweep()  # also after a restart
    clinic.go_on(20, elsewhere)
    assert clinic.top_lines() == []
    assert set(Alert.objects.values_list("state", "disposition", "closed_by")) == {
        (Stands.CLOSED, Disposition.ACTIONABLE, nurse.pk)
    }
    clinic.go_on(22, [*room, *elsewhere])
    clinic.go_on(30, elsewhere)
    assert rules(clinic.top_lines()) == ["group_silent"]
