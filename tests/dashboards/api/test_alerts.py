"""Alerts over the API: what is seen, what people may do, and what each deed answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jsonschema
import pytest
from django.http import HttpResponse
from django.test import Client

from devices.moments import to_ms
from fleet.access.models import AuditEntry
from fleet.safety import service
from fleet.safety.models import Alert
from fleet.safety.signals import Fall, Key, Rise
from fleet.safety.words import Duty, Priority
from tests.dashboards.api.ward import Get, Ward

SHAPE = (
    "id device site rule rule_version priority channel text state raised_at acknowledged_at acknowledged_by"
    " cleared_at closed_at shelved_until late cause count"
)


def post(path: str, body: dict[str, Any] | None = None, who: str = "nurse") -> HttpResponse:
    headers = {"Authorization": f"Bearer token of {who}"}
    client = Client(raise_request_exception=False)
    return client.post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)


@pytest.fixture
def alerts(ward: Ward) -> list[Alert]:
    """At north: a medium one, a low one that is over; of the server itself; at far."""
    at_ms = to_ms(ward.now)
    off, low = Key("electrode_off", ward.running.pk, 2), Key("battery_low", ward.silent.pk)
    news = [
        Rise(off, at_ms - 4000, Priority.MEDIUM, facts={"ma": 34.0}, session="s", in_session=True),
        Rise(low, at_ms - 3000, Priority.LOW, Duty.TECHNICAL, {"soc": 12.0}),
        Rise(Key("broker_silent", subject="broker"), at_ms - 2000, Priority.HIGH, Duty.TECHNICAL),
        Rise(Key("electrode_off", ward.foreign.pk, 1), at_ms - 1000, Priority.MEDIUM),
        Fall(low, at_ms),
    ]
    service.take(news, ward.now)
    return list(Alert.objects.order_by("raised_at"))


def test_alerts_have_the_fields_that_others_build_on(get: Get, alerts: list[Alert]) -> None:
    answer = get(f"alerts/{alerts[0].pk}").json()
    assert set(SHAPE.split()) <= set(answer)
    assert (answer["device"], answer["channel"], answer["state"], answer["cause"]) == (
        "EMS-0001",
        2,
        "raised",
        None,
    )
    assert answer["text"].startswith("Channel 2:")
    assert [one["kind"] for one in answer["journal"]] == ["raised"]


@pytest.mark.parametrize(
    "asked, expected",
    [
        ({}, ["broker_silent", "battery_low", "electrode_off"]),
        ({"state": "open"}, ["broker_silent", "battery_low", "electrode_off"]),
        ({"state": "raised"}, ["broker_silent", "electrode_off"]),
        ({"state": "cleared"}, ["battery_low"]),
        ({"state": "closed"}, []),
        ({"site": "north"}, ["battery_low", "electrode_off"]),
        ({"device": "EMS-0002"}, ["battery_low"]),
        ({"priority": "high"}, ["broker_silent"]),
        ({"duty": "technical", "state": "open", "site": "north"}, ["battery_low"]),
    ],
)
def test_filters_and_the_newest_come_first(
    get: Get, alerts: list[Alert], asked: dict[str, str], expected: list[str]
) -> None:
    assert [one["rule"] for one in get("alerts", **asked).json()["items"]] == expected


def test_pages_hold_every_alert_once(get: Get, alerts: list[Alert]) -> None:
    first = get("alerts", limit=2).json()
    rest = get("alerts", limit=2, cursor=first["next"]).json()
    assert [one["id"] for one in (*first["items"], *rest["items"])] == [
        alerts[2].pk,
        alerts[1].pk,
        alerts[0].pk,
    ]
    assert rest["next"] is None


def test_to_a_stranger_an_alert_of_another_site_is_absent(get: Get, alerts: list[Alert]) -> None:
    [far, server] = get("alerts", "stranger").json()["items"]
    assert (far["site"], server["site"]) == ("far", None)
    assert get(f"alerts/{alerts[0].pk}", "stranger").status_code == 404
    assert get("alerts", "stranger", device="EMS-0001").status_code == 404
    for deed, body in (("acknowledge", None), ("shelve", {"minutes": 5, "reason": "x"}), ("unshelve", None)):
        assert post(f"alerts/{alerts[0].pk}/{deed}", body, "stranger").status_code == 404
    assert post("alerts/acknowledge", {"ids": [one.pk for one in alerts]}, "stranger").status_code == 404
    assert not Alert.objects.exclude(acknowledged_at=None).exists()


def test_acknowledging_is_one_request_and_keeps_whoever_was_first(alerts: list[Alert]) -> None:
    answer = post(f"alerts/{alerts[0].pk}/acknowledge")
    assert answer.status_code == 200, answer.content
    assert (answer.json()["state"], answer.json()["acknowledged_by"]) == ("acknowledged", "nurse")
    assert post(f"alerts/{alerts[0].pk}/acknowledge", who="engineer").json()["acknowledged_by"] == "nurse"
    entry = AuditEntry.objects.get(action="alert.acknowledged")
    assert (entry.subject, entry.detail["rule"]) == ("EMS-0001", "electrode_off")


def test_several_are_acknowledged_at_once_or_none(alerts: list[Alert]) -> None:
    mine = [alerts[0].pk, alerts[1].pk]
    assert post("alerts/acknowledge", {"ids": [*mine, alerts[3].pk]}).status_code == 404
    answer = post("alerts/acknowledge", {"ids": mine}).json()
    assert [(one["id"], one["acknowledged_by"]) for one in answer["items"]] == [(pk, "nurse") for pk in mine]


def test_a_shelf_has_a_reason_an_end_and_a_shift_at_most(alerts: list[Alert], ward: Ward) -> None:
    path = f"alerts/{alerts[0].pk}/shelve"
    assert post(path, {"minutes": 30, "reason": "  "}).status_code == 422
    assert post(path, {"minutes": 0, "reason": "why"}).status_code == 422
    [wrong] = post(path, {"minutes": "soon", "reason": "x"}).json()["errors"]
    assert (wrong["parameter"], wrong["seen"]) == ("minutes", "'soon'")
    shelved = post(path, {"minutes": 30, "reason": "new electrode on its way"}).json()
    assert shelved["shelved_by"] == "nurse"
    assert shelved["shelved_until"] > (ward.now + timedelta(minutes=29)).isoformat()[:19]
    assert post(path, {"minutes": 481, "reason": "the night"}).status_code == 403
    assert AuditEntry.objects.filter(action="denied.shelve_beyond_shift").count() == 1
    assert post(path, {"minutes": 481, "reason": "the night"}, "engineer").status_code == 200
    assert post(f"alerts/{alerts[0].pk}/unshelve").json()["shelved_until"] is None
    assert post(f"alerts/{alerts[0].pk}/unshelve").status_code == 409


def test_the_disposition_is_asked_at_close(get: Get, alerts: list[Alert]) -> None:
    path = f"alerts/{alerts[1].pk}"
    assert post(f"{path}/close", {}).status_code == 422
    assert post(f"{path}/close", {"disposition": "nonsense"}).status_code == 422
    assert post(f"{path}/close", {"disposition": "expected"}, "admin").status_code == 403
    closed = post(f"{path}/close", {"disposition": "expected", "note": "charged"}).json()
    assert (closed["state"], closed["disposition"], closed["closed_by"]) == ("closed", "expected", "nurse")
    for deed, body in (
        ("close", {"disposition": "expected"}),
        ("acknowledge", None),
        ("shelve", {"minutes": 5, "reason": "why"}),
        ("assign", {"to": None}),
    ):
        assert post(f"{path}/{deed}", body).status_code == 409, deed
    assert post(f"{path}/comment", {"text": "the charger was loose"}).status_code == 200
    kinds = [one["kind"] for one in get(path).json()["journal"]]
    assert kinds == ["raised", "cleared", "closed", "comment"]


def test_an_alert_is_given_to_somebody_who_sees_it(alerts: list[Alert]) -> None:
    path = f"alerts/{alerts[0].pk}/assign"
    assert post(path, {"to": "engineer"}).json()["assignee"] == "engineer"
    refused = [post(path, {"to": name}) for name in ("stranger", "ghost")]
    assert [one.status_code for one in refused] == [422, 422]
    somebody, nobody = (one.content.decode() for one in refused)
    assert somebody.replace("stranger", "ghost") == nobody, "who works elsewhere is not told"
    assert post(path, {"to": None}).json()["assignee"] is None


def test_the_servers_own_alerts_are_everybodys(get: Get, alerts: list[Alert]) -> None:
    assert get(f"alerts/{alerts[2].pk}", "stranger").status_code == 200
    assert post(f"alerts/{alerts[2].pk}/acknowledge", who="stranger").status_code == 200


def test_metrics_are_by_operator_position(get: Get, alerts: list[Alert]) -> None:
    answer = get("alerts/metrics", site="north")
    assert answer.status_code == 200, answer.content
    assert {(one["site"], one["duty"]) for one in answer.json()["items"]} == {
        ("north", "care"),
        ("north", "technical"),
    }
    assert get("alerts/metrics", site="far").status_code == 404
    assert get("alerts/metrics", from_="2026-01-02T00:00:00Z", to="2026-01-01T00:00:00Z").status_code == 422


@pytest.mark.parametrize("path", ["alerts", "alerts/{id}", "alerts/metrics"])
def test_answers_are_what_the_openapi_document_says(get: Get, alerts: list[Alert], path: str) -> None:
    document = get("openapi.json", None).json()
    described = document["paths"][f"/api/v1/{path.replace('{id}', '{alert_id}')}"]["get"]["responses"]["200"]
    schema = described["content"]["application/json"]["schema"]
    answer = get(path.replace("{id}", str(alerts[0].pk))).json()
    jsonschema.validate(answer, schema | {"components": document["components"]})
