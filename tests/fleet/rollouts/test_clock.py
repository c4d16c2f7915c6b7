"""The clock on a real PostgreSQL: from a draft to devices that show the new version, and what may go wrong."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection

from devices.models import ProtocolDocument, Pulse
from devices.moments import to_ms
from fleet.control.models import Command
from fleet.rollouts import decisions, replay, rows, service, texts
from fleet.rollouts.coming import coming
from fleet.rollouts.models import Decision, Rollout
from tests.fleet.rollouts import fleetlet

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward():
    return fleetlet.furnish("EMS-1", "EMS-2", "EMS-3")


def test_a_rollout_is_over_when_every_device_shows_the_version(ward):
    row = ward.started()
    ward.tick()
    assert ward.offers() == ["EMS-1", "EMS-2", "EMS-3"]
    assert ward.publish() == ["apply_protocol"] * 3
    ward.now += timedelta(seconds=1)
    ward.applies("EMS-1", "EMS-2", "EMS-3")
    ward.tick()
    assert set(ward.states(row).values()) == {"verified"}
    row.refresh_from_db()
    assert row.state == "completed"


def test_what_goes_out_are_the_very_bytes_that_were_approved(ward):
    ward.started()
    ward.tick()
    body = bytes(ProtocolDocument.objects.get(pk=ward.version.sha256).body).decode()
    args = Command.objects.first().args
    assert args == f'{{"protocol":{body},"sha256":"{ward.version.sha256}"}}'


def test_a_device_that_says_done_is_not_verified_before_it_shows_the_version(ward):
    row = ward.started()
    ward.tick()
    ward.publish()
    ward.answers("EMS-1", "done")
    ward.tick()
    assert ward.states(row)["EMS-1"] == "claimed"


def test_a_retained_copy_verifies_nothing(ward):
    row = ward.started()
    ward.tick()
    ward.publish()
    ward.now += timedelta(seconds=1)
    ward.says("EMS-1", sha256=ward.version.sha256, live=False)
    ward.tick()
    assert not ward.states(row)["EMS-1"].startswith("verified")


def test_every_decision_is_a_row_with_its_number(ward):
    row = ward.started()
    ward.tick()
    numbers = list(Decision.objects.filter(rollout=row).values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == Rollout.objects.get(pk=row.pk).decisions_made


# --- sessions ---


def test_a_device_in_session_holds_the_version_until_after_it(ward):
    ward.says("EMS-1", session="01J")
    row = ward.started(deadline_s=10)
    ward.tick()
    ward.publish()
    ward.now += timedelta(seconds=1)
    ward.says("EMS-1", session="01J", held="session")
    ward.answers("EMS-1", "received")
    ward.applies("EMS-2", "EMS-3")
    ward.tick()
    assert ward.states(row)["EMS-1"] == "held session"
    ward.tick(600)  # its deadline stands still
    assert ward.states(row)["EMS-1"] == "held session"
    ward.now += timedelta(seconds=1)
    ward.says("EMS-1", sha256=ward.version.sha256)
    ward.tick()
    assert ward.states(row)["EMS-1"] == "verified"
    assert ward.offers().count("EMS-1") == 1


# --- what goes wrong ---


def test_another_hash_after_the_devices_word_is_offered_once_more_and_then_failed(ward):
    row = ward.started(failure_threshold=1.0)
    for attempt in (1, 2):
        ward.tick()
        ward.publish()
        ward.now += timedelta(seconds=1)
        ward.answers("EMS-1", "done")
        ward.says("EMS-1")  # as before
        if attempt == 1:
            ward.applies("EMS-2", "EMS-3")
    ward.tick()
    assert ward.states(row)["EMS-1"] == "failed wrong_hash"
    assert ward.offers().count("EMS-1") == 2
    assert Command.objects.filter(verb="apply_protocol", device__serial="EMS-1").count() == 2
    offered = row.decisions.filter(kind="offered", target__device__serial="EMS-1")
    befores = [one.facts["before"]["sha256"] for one in offered]
    assert befores == [ward.before.sha256] * 2  # what a rollback goes to is no attempt's wreckage
    assert ward.target("EMS-1").before["sha256"] == ward.before.sha256


def test_a_silent_device_is_asked_back_and_offered_again_then_timed_out(ward):
    row = ward.started(failure_threshold=1.0, deadline_s=10)
    ward.tick()
    ward.publish()
    ward.applies("EMS-2", "EMS-3")
    first = ward.target("EMS-1").command
    ward.tick(11)
    sent = list(
        Command.objects.filter(device__serial="EMS-1").order_by("requested_at").values_list("verb", flat=True)
    )
    assert sent[:2] == ["apply_protocol", "withdraw"]
    back = Command.objects.get(verb="withdraw", device__serial="EMS-1")
    assert back.args == f'{{"id":"{first}"}}'
    ward.tick()
    assert ward.target("EMS-1").command != first
    ward.publish()
    ward.tick(11)
    assert ward.states(row)["EMS-1"] == "timed_out silence"
    assert ward.offers().count("EMS-1") == 2


def test_an_outage_of_ingest_is_no_silence_of_devices_nor_is_the_while_after_it(ward):
    row = ward.started(deadline_s=10, retries=0)
    ward.tick()
    ward.publish()
    pulse = Pulse.objects.create(part="ingest", at=ward.now, detail={"silence_counts_from_ms": 0})
    ward.tick(60)
    assert set(ward.states(row).values()) == {"offered"}
    assert coming(row, ward.now).what == "hearing"
    pulse.at, pulse.detail = ward.now, {"silence_counts_from_ms": to_ms(ward.now) + 3_000}
    pulse.save()
    ward.tick()
    assert set(ward.states(row).values()) == {"offered"}
    assert coming(row, ward.now).what == "answers"
    pulse.at = ward.now
    pulse.save()
    ward.tick()
    assert set(ward.states(row).values()) == {"timed_out silence"}


def test_a_refusal_is_never_asked_again(ward):
    row = ward.started(failure_threshold=1.0, retries=3)
    ward.tick()
    ward.publish()
    ward.answers("EMS-1", "refused", "limits")
    for _ in range(5):
        ward.tick()
    assert ward.states(row)["EMS-1"] == "rejected limits"
    assert ward.offers().count("EMS-1") == 1


def test_an_offline_device_is_offered_nothing_until_it_returns(ward):
    ward.link("EMS-1", "offline")
    row = ward.started()
    ward.tick()
    assert ward.states(row)["EMS-1"] == "planned unreachable"
    ward.publish()
    ward.now += timedelta(seconds=1)
    ward.applies("EMS-2", "EMS-3")
    ward.tick()
    row.refresh_from_db()
    assert (row.state, row.reason) == ("completed", "unreachable")
    ward.says("EMS-1")
    ward.ask(row, "retry")
    ward.tick()
    assert ward.offers().count("EMS-1") == 1


def test_too_many_failures_stop_it_by_name_and_somebody_may_go_on(ward):
    row = ward.started(waves=[{"count": 1}, {"percent": 100}], failure_threshold=None, failure_count=1)
    ward.tick()
    ward.publish()
    ward.answers("EMS-1", "refused", "limits")
    ward.tick()
    row.refresh_from_db()
    assert (row.state, row.reason) == ("paused", "failure_count")
    assert "on 1 device;" in texts.rollout(row.reason, row.facts)
    ward.tick()
    assert ward.offers() == ["EMS-1"]
    ward.ask(row, "advance", wave=1)
    ward.tick()
    assert sorted(ward.offers()) == ["EMS-1", "EMS-2", "EMS-3"]
    wave = row.waves.get(number=1)
    assert wave.waived_by == "engineer"


# --- a plan that cannot be read ---


def test_a_rollout_whose_plan_cannot_be_read_stops_and_can_still_be_ended(ward):
    row = ward.started()
    ward.tick()
    ward.publish()
    Rollout.objects.filter(pk=row.pk).update(success_threshold=7.0)
    ward.tick()
    row.refresh_from_db()
    assert (row.state, row.reason) == ("paused", "no_plan")
    with pytest.raises(service.NotNow):
        ward.ask(row, "advance")
    ward.ask(row, "abort")
    assert ward.publish() == ["withdraw"] * 3
    for serial in ward.devices:
        ward.answers(serial, "done", to=ward.target(serial).withdrawal)
    ward.tick()
    assert set(ward.states(row).values()) == {"withdrawn aborted"}


# --- rolling back ---


def test_rolling_back_gives_each_changed_device_what_it_had_before(ward):
    row = ward.started()
    ward.tick()
    ward.publish()
    ward.now += timedelta(seconds=1)
    ward.applies("EMS-1", "EMS-2")
    ward.tick()
    ward.ask(row, "rollback")
    ward.publish()
    ward.now += timedelta(seconds=1)
    ward.says("EMS-3")
    ward.answers("EMS-3", "done", to=ward.target("EMS-3").withdrawal)
    ward.tick()
    back = Command.objects.filter(verb="apply_protocol", args__contains=ward.before.sha256)
    assert sorted(back.values_list("device__serial", flat=True)) == ["EMS-1", "EMS-2"]
    ward.publish()
    ward.now += timedelta(seconds=1)
    for serial in ("EMS-1", "EMS-2"):
        ward.says(serial)
    ward.tick()
    row.refresh_from_db()
    assert row.state == "rolled_back", ward.states(row)


# --- pace, and who comes later ---


def test_no_more_offers_go_out_in_a_minute_than_the_pace_allows(ward):
    for number in range(4, 10):
        ward.device(f"EMS-{number}")
    ward.started(pace_per_minute=3)
    began = ward.now
    while ward.now < began + timedelta(seconds=130):
        ward.tick(5)
    times = sorted(Decision.objects.filter(kind="offered").values_list("at", flat=True))
    assert len(times) > 3
    for at in times:
        assert sum(at <= other < at + timedelta(seconds=60) for other in times) <= 3


def test_who_comes_to_match_the_filter_joins_the_last_wave(ward):
    row = ward.started(waves=[{"count": 1}, {"percent": 100}])
    ward.tick()
    ward.device("EMS-0", risk_class="bench")
    ward.tick(12)
    late = ward.target("EMS-0")
    assert (late.wave, late.state) == (2, "planned")
    assert row.targets.count() == 4


def test_a_device_of_a_list_that_is_moved_to_another_site_is_let_go_before_its_offer(ward):
    row = ward.started(targets={"serials": ["EMS-1", "EMS-2"]}, waves=[{"count": 1}, {"percent": 100}])
    moved = ward.devices["EMS-2"]
    moved.site = ward.clinic.far
    moved.save()
    ward.tick(12)
    assert ward.states(row) == {"EMS-1": "offered", "EMS-2": "withdrawn left"}


def test_a_device_that_is_moved_away_gets_no_second_offer_and_what_it_has_is_asked_back(ward):
    row = ward.started(retries=1, deadline_s=60, targets={"serials": ["EMS-1", "EMS-2", "EMS-3"]})
    ward.tick()
    ward.publish()
    ward.answers("EMS-1", "received")
    ward.says("EMS-1", session="S-1", held="session")
    ward.applies("EMS-3")
    ward.tick(61)
    assert ward.states(row)["EMS-2"] == "offered"  # the second one
    ward.publish()
    for serial in ("EMS-1", "EMS-2"):
        ward.devices[serial].site = ward.clinic.far
        ward.devices[serial].save()
    ward.tick(10)
    assert ward.publish() == ["withdraw"] * 2
    for serial in ("EMS-1", "EMS-2"):
        ward.says(serial)
        ward.answers(serial, "done", to=ward.target(serial).withdrawal)
    ward.tick()
    assert {ward.states(row)[one] for one in ("EMS-1", "EMS-2")} == {"withdrawn left"}
    assert not ward.target("EMS-1").changed
    ward.tick(600)
    assert len(ward.offers()) == 4


def test_what_never_left_the_server_is_offered_again_and_cancelled_behind_the_scenes(ward):
    row = ward.started(retries=0)
    ward.tick()
    first = ward.target("EMS-1").command
    assert row.state == "running"
    ward.now += timedelta(hours=1)
    for serial in ward.devices:
        ward.says(serial)
    ward.tick()
    target = ward.target("EMS-1")
    assert (target.state, target.attempts, target.offers) == ("offered", 1, 2)
    assert Command.objects.get(pk=first).state == "expired"
    assert ward.publish() == ["apply_protocol"] * 3
    ward.now += timedelta(seconds=1)
    ward.applies(*ward.devices)
    ward.tick()
    assert set(ward.states(row).values()) == {"verified"}


def test_two_rollouts_never_have_an_offer_out_to_one_device_at_a_time(ward):
    first, second = ward.started(), ward.started()
    ward.tick()
    states = sorted(ward.states(row)["EMS-1"] for row in (first, second))
    assert states == ["offered", "planned other_rollout"]


# --- dying in the middle, and two at once ---


def test_a_clock_that_dies_in_the_middle_has_done_nothing_and_the_next_sends_once(ward, monkeypatch):
    row = ward.started()
    with monkeypatch.context() as broken:
        broken.setattr("fleet.rollouts.sending.deliveries.offer", lambda *_args: 1 / 0)
        ward.tick()
    assert ward.offers() == []
    assert set(ward.states(row).values()) <= {"planned"}
    ward.tick()
    ward.tick()
    assert ward.offers() == ["EMS-1", "EMS-2", "EMS-3"]


@pytest.mark.django_db(transaction=True)
def test_a_rollout_that_somebody_has_in_hand_is_left_alone(ward):
    row = ward.started()
    with psycopg.connect(**_connection()) as other, other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM rollouts_rollout WHERE id = %s FOR UPDATE", [row.pk])
        assert ward.tick() == 0
    assert ward.tick() > 0


def _connection():
    told = connection.get_connection_params()
    return {name: told[name] for name in ("host", "port", "user", "password", "dbname") if name in told}


# --- replay ---


def test_playing_the_decisions_back_gives_the_rows(ward):
    ward.link("EMS-3", "offline")
    row = ward.started(waves=[{"count": 1}, {"percent": 100}], failure_threshold=1.0, success_threshold=0.1)
    ward.tick()
    ward.publish()
    ward.now += timedelta(seconds=1)
    ward.applies("EMS-1")
    ward.tick()
    ward.device("EMS-9")
    ward.tick(12)
    ward.publish()
    ward.now += timedelta(seconds=1)
    ward.applies("EMS-9")
    ward.ask(row, "pause")
    ward.tick()
    ward.ask(row, "resume")
    ward.tick()
    ward.ask(row, "abort")
    ward.publish()
    ward.answers("EMS-2", "done", to=ward.target("EMS-2").withdrawal)
    ward.tick()
    row = Rollout.objects.select_related("version").get(pk=row.pk)
    state = rows.load(row, ward.now).state
    decided = decisions.of(row)
    again = replay.replay(replay.pristine(state, [one for _at, one in decided]), decided)
    assert again.targets == state.targets
    assert (again.state, again.reason, again.wave) == (state.state, state.reason, state.wave)
    assert [one for one in again.waves if one.opened_ms] == [one for one in state.waves if one.opened_ms]
