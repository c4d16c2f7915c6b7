"""Beside what became of a device in a rollout: what it reports now."""

from datetime import timedelta

import pytest

from dashboards.rollouts.target_list import Shown
from devices.moments import to_ms
from fleet.rollouts import queries, reports
from fleet.rollouts.models import Rollout
from fleet.rollouts.reports import Report
from fleet.rollouts.sight import Ref
from tests.fleet.rollouts import fleetlet
from tests.fleet.rollouts.fleetlet import Fleetlet

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> Fleetlet:
    return fleetlet.furnish("EMS-1", "EMS-2", "EMS-3")


@pytest.fixture
def ended(ward: Fleetlet) -> Rollout:
    """EMS-1 was timed out, the others have the version; the rollout is over."""
    row = ward.started(failure_threshold=1.0, success_threshold=0.5, deadline_s=10, retries=0)
    ward.tick()
    ward.publish()
    ward.now += timedelta(seconds=1)
    ward.applies("EMS-2", "EMS-3")
    ward.tick(11)
    ward.tick()
    row.refresh_from_db()
    assert row.state == "completed"
    assert ward.states(row)["EMS-1"] == "timed_out silence"
    return row


def told(ward: Fleetlet, serial: str) -> dict[str, object]:
    [one] = queries.target_objects([ward.target(serial)], ward.now)
    return one["reports"]


def words(ward: Fleetlet, row: Rollout, serial: str) -> tuple[str, str]:
    target = ward.target(serial)
    shown = Shown(target, row, reports.of([target]).get(target.pk), ward.now)
    return shown.reports, shown.reported


def test_a_device_that_was_timed_out_and_shows_the_version_later_is_seen_to_have_it(
    ward: Fleetlet, ended: Rollout
) -> None:
    ward.now += timedelta(hours=3)
    ward.says("EMS-1", sha256=ward.version.sha256)
    ward.now += timedelta(seconds=40)
    ward.tick()
    assert ward.states(ended)["EMS-1"] == "timed_out silence"
    seen = told(ward, "EMS-1")
    assert (seen["is_wanted"], seen["heard"], seen["age_ms"]) == (True, True, 42_000)
    assert seen["protocol"]["sha256"] == ward.version.sha256
    assert words(ward, ended, "EMS-1")[1] == "the one it was to have, 42 s ago"


def test_a_device_that_was_given_something_else_since_is_seen_to_have_that(
    ward: Fleetlet, ended: Rollout
) -> None:
    ward.says("EMS-2", sha256=ward.before.sha256)
    assert told(ward, "EMS-2")["is_wanted"] is False
    assert words(ward, ended, "EMS-2")[1] == "not the one it had then, 0 s ago"


def test_another_document_under_the_name_of_the_version_is_told_as_another(
    ward: Fleetlet, ended: Rollout
) -> None:
    version = ended.version
    odd = Ref(version.protocol_id, version.number, "ab" * 32)
    target = ward.target("EMS-1")
    shown = Shown(target, ended, Report(odd, to_ms(ward.now), is_heard=True, is_wanted=False), ward.now)
    assert shown.reports == f"another protocol, as {version.protocol_id} version {version.number}"


def test_of_a_device_that_is_not_heard_it_is_said_how_old_its_word_is(ward: Fleetlet, ended: Rollout) -> None:
    said_ms = to_ms(ward.now)
    ward.says("EMS-3", sha256=ward.version.sha256)
    ward.link("EMS-3", "offline")
    ward.now += timedelta(hours=5)
    seen = told(ward, "EMS-3")
    assert (seen["heard"], seen["is_wanted"], seen["age_ms"]) == (False, True, to_ms(ward.now) - said_ms)
    assert words(ward, ended, "EMS-3")[1] == "said 5 h ago; not heard now"
