"""Ending an identity conflict: an engineer's act, on record, and the device is suspect until it is heard."""

import pytest
from django.http import HttpResponse
from django.test import Client

from devices.models import Change, State
from fleet.access.models import AuditEntry
from tests.dashboards.api.ward import Ward

REASON = "the second unit is switched off"


def end(serial: str, who: str, reason: str = REASON) -> HttpResponse:
    return Client().post(
        f"/api/v1/devices/{serial}/end-conflict",
        {"reason": reason},
        content_type="application/json",
        headers={"Authorization": f"Bearer token of {who}"},
    )


@pytest.fixture
def in_conflict(ward: Ward) -> str:
    State.objects.filter(device=ward.running).update(
        link="conflict", lives=[[7, 1, 5, 5, "on", None, "idle"]]
    )
    return ward.running.serial


def test_an_engineer_ends_a_conflict_and_the_device_is_suspect_until_it_is_heard(in_conflict: str) -> None:
    before = State.objects.get(device__serial=in_conflict).rev
    answer = end(in_conflict, "engineer")
    assert answer.status_code == 200, answer.content
    assert answer.json()["link"] == "suspect"
    after = State.objects.get(device__serial=in_conflict)
    assert (after.rev, after.lives) == (before + 1, [])  # ingest sees that another was there, and reads anew
    assert Change.objects.filter(device__serial=in_conflict, why="conflict ended").count() == 1
    entry = AuditEntry.objects.get(action="conflict.ended")
    assert (entry.actor_name, entry.subject, entry.detail["reason"]) == ("engineer", in_conflict, REASON)


def test_a_nurse_may_see_a_conflict_but_not_end_it(in_conflict: str) -> None:
    assert end(in_conflict, "nurse").status_code == 403
    assert State.objects.get(device__serial=in_conflict).link == "conflict"


def test_to_a_stranger_the_device_is_absent(in_conflict: str) -> None:
    assert end(in_conflict, "stranger").status_code == 404


def test_a_device_in_no_conflict_is_left_as_it_is(ward: Ward) -> None:
    answer = end(ward.running.serial, "engineer")
    assert answer.status_code == 409
    assert "is in no identity conflict" in answer.json()["detail"]


def test_a_reason_is_asked_for(in_conflict: str) -> None:
    assert end(in_conflict, "engineer", "").status_code == 422
