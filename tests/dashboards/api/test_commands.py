"""Asking devices over HTTP: what is accepted, from whom, and what the answers look like."""

from typing import Any

from django.http import HttpResponse
from django.test import Client

from fleet.control import ids
from fleet.control.models import Command, Stop
from tests.dashboards.api.ward import Get, Ward


def post(path: str, body: Any, who: str = "nurse") -> HttpResponse:
    """POST below /api/v1 as one of the people, by token."""
    return Client(raise_request_exception=False).post(
        f"/api/v1/{path}",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer token of {who}"},
    )


def test_a_stop_is_accepted_and_is_a_row_that_dispatch_publishes(ward: Ward, get: Get) -> None:
    answer = post("devices/EMS-0001/commands", {"verb": "stop"})
    assert answer.status_code == 202, answer.content
    row = Command.objects.get()
    assert (row.verb, row.state, row.actor_name, row.device) == ("stop", "requested", "nurse", ward.running)
    assert (row.proof_due_at - row.requested_at).total_seconds() == 3
    assert answer.json()["id"] == str(row.pk)
    assert get(f"commands/{row.pk}").json()["text"] == "Stop asked for; not sent yet."


def test_a_site_stop_asks_every_device_that_is_on_or_may_be_on(ward: Ward, get: Get) -> None:
    answer = post("sites/north/stop", {})
    assert answer.status_code == 202, answer.content
    asked = {one["device"] for one in answer.json()["commands"]}
    assert asked == {"EMS-0001", "EMS-0002"}  # on; silent since nine minutes.  EMS-0003 never spoke
    stop = Stop.objects.get()
    assert {one.pk for one in stop.commands.all()} == {ids.of_stop(stop.pk, serial) for serial in asked}
    told = get(f"stops/{stop.pk}").json()
    assert (told["asked"], told["confirmed"], told["unconfirmed"], told["waiting"]) == (2, 0, 0, 2)
