"""The clock on a real PostgreSQL: from a draft to devices that show the new version, and what may go wrong."""

from datetime import timedelta

import pytest

from devices.models import ProtocolDocument
from fleet.control.models import Command
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
