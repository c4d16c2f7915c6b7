"""What was offered is asked back: by an abort, a rollback, a retry, or because the version was withdrawn."""

from datetime import timedelta

import pytest

from fleet.control import outbox
from fleet.control.models import Command
from fleet.protocols import service as protocols
from fleet.rollouts import texts
from tests.fleet.rollouts import fleetlet

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward():
    return fleetlet.furnish("EMS-1", "EMS-2", "EMS-3")


def test_a_withdrawn_version_stops_its_rollout_and_is_asked_back(ward):
    row = ward.started(waves=[{"count": 2}, {"percent": 100}])
    ward.tick()
    assert ward.publish() == ["apply_protocol"] * 2
    protocols.withdraw(actor=ward.clinic.ada, version=ward.version, reason="burns", now=ward.now)
    ward.tick()
    row.refresh_from_db()
    assert (row.state, row.reason) == ("paused", "version_withdrawn")
    assert ward.publish() == ["withdraw"] * 2
    ward.tick(120)
    assert ward.offers() == ["EMS-1", "EMS-2"]


def test_a_withdrawn_version_goes_to_nobody_even_while_no_clock_runs(ward):
    ward.started(waves=[{"count": 2}, {"percent": 100}])
    ward.tick()
    ward.publish()
    Command.objects.filter(device__serial="EMS-2").update(state="requested", published_at=None, attempts=0)
    protocols.withdraw(actor=ward.clinic.ada, version=ward.version, reason="burns", now=ward.now)
    assert ward.publish() == []
    assert ward.born("EMS-1") == []
    ward.tick()
    assert ward.publish() == ["withdraw"]


def test_an_offer_that_never_left_is_cancelled_without_a_command(ward):
    row = ward.started()
    ward.tick()
    ward.ask(row, "abort")
    ward.tick()
    assert ward.publish() == []
    assert set(ward.states(row).values()) == {"withdrawn aborted"}


def test_an_offer_that_was_taken_back_never_goes_out_again(ward):
    """A device that missed both, and is born within the hour, is told the withdrawal alone."""
    row = ward.started(failure_threshold=1.0, deadline_s=10, retries=0)
    ward.tick()
    ward.publish()
    ward.applies("EMS-2", "EMS-3")
    first = ward.target("EMS-1").command
    ward.tick(11)
    assert ward.states(row)["EMS-1"] == "timed_out silence"
    assert ward.publish() == ["withdraw"]
    assert ward.born("EMS-1") == ["withdraw"]
    ward.answers("EMS-1", "done", to=first)  # it had taken it over in the last moment
    assert Command.objects.get(pk=first).state == "done"


def test_an_offer_whose_answer_was_lost_is_over_once_the_version_was_read_back(ward):
    """Else it would be published again at the next birth, perhaps over what a later rollout has brought."""
    row = ward.started(waves=[{"count": 1}, {"percent": 100}])
    ward.tick()
    ward.publish()
    ward.now += timedelta(seconds=1)
    ward.says("EMS-1", sha256=ward.version.sha256)
    ward.tick()
    assert ward.states(row)["EMS-1"] == "verified"
    assert ward.born("EMS-1") == []


def test_aborting_ends_what_is_out_before_the_device_has_answered(ward):
    row = ward.started()
    ward.tick()
    ward.publish()
    ward.ask(row, "abort")
    assert ward.states(row)["EMS-1"].startswith("offered")
    assert ward.publish() == ["withdraw"] * 3
    assert ward.born("EMS-1") == ["withdraw"]


def test_what_was_withdrawn_since_is_given_back_to_nobody_and_asked_back_where_it_is_held(ward):
    row = ward.started()
    ward.tick()
    ward.publish()
    ward.now += timedelta(seconds=1)
    ward.applies("EMS-1", "EMS-2", "EMS-3")
    ward.tick()
    ward.ask(row, "rollback")
    ward.tick()
    ward.publish()
    protocols.withdraw(actor=ward.clinic.ada, version=ward.before, reason="burns", now=ward.now)
    ward.tick()
    assert ward.publish() == ["withdraw"] * 3
    ward.now += timedelta(seconds=1)
    for serial in ("EMS-1", "EMS-2", "EMS-3"):
        ward.says(serial, sha256=ward.version.sha256)
        ward.answers(serial, "done", to=ward.target(serial).withdrawal)
    ward.tick()
    assert set(ward.states(row).values()) == {"withdrawn before_withdrawn"}
    row.refresh_from_db()
    assert row.state == "rolled_back"
    assert texts.rollout(row.reason, row.facts).startswith("3 devices were not rolled back:")


def test_an_offer_that_was_taken_back_on_its_way_waits_for_no_dispatch(ward):
    """Dispatch had taken it up, and died: whether it left nobody knows."""
    row = ward.started(deadline_s=60)
    ward.tick()
    outbox.lease(ward.now, most=1)
    mine = Command.objects.get(attempts=1).device.serial
    ward.ask(row, "abort")
    outbox.release()
    assert ward.publish() == ["withdraw"]
    ward.tick(61)
    ward.tick(61)
    assert ward.states(row)[mine] == "timed_out silence"
