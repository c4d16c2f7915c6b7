"""Protocols over HTTP: the way from a document to an approved version, and who may go it."""

import json
from datetime import timedelta
from typing import Any

import jsonschema
import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from dashboards.api.protocol_examples import DOCUMENT
from devices.models import Device
from devices.wire.messages import ProtocolRef
from fleet.access.models import Membership, Role, Token
from fleet.access.queries import digest_of
from tests.dashboards.api.ward import Get, Ward
from tests.devices import history

WAY = "/api/v1/protocols"


@pytest.fixture(autouse=True)
def clinicians(ward: Ward) -> None:
    for name in ("ada", "ben"):
        user = User.objects.create(username=name)
        Membership.objects.create(user=user, site=ward.north, role=Role.CLINICIAN)
        ends = ward.now + timedelta(days=1)
        Token.objects.create(user=user, name="t", digest=digest_of(f"token of {name}"), expires_at=ends)


def send(path: str, body: Any, who: str = "ada", method: str = "POST") -> HttpResponse:
    return Client(raise_request_exception=False).generic(
        method, f"{WAY}{path}", body if isinstance(body, str) else json.dumps(body),
        content_type="application/json", headers={"Authorization": f"Bearer token of {who}"},
    )  # fmt: skip


def done(answer: HttpResponse, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content
    return answer.json()


def post(who: str = "ada", **changes: Any) -> Any:
    return done(send("", DOCUMENT | changes, who), 201)


FIRST = "/quad-strength/versions/1"


def test_a_document_goes_from_draft_to_approved_by_two_people(get: Get) -> None:
    made = post()
    assert {"id", "version", "sha256", "state"} <= set(made)
    assert (made["version"], made["state"], made["document"]["version"]) == (1, "draft", 1)
    assert done(send(f"{FIRST}/submit", {}))["state"] == "submitted"
    own = send(f"{FIRST}/approve", {"reason": "mine is good"})
    assert own.status_code == 403
    assert "somebody else has to approve it" in own.json()["detail"]
    approved = done(send(f"{FIRST}/approve", {"reason": "read against the trial"}, "ben"))
    assert (approved["state"], approved["decided_by"]) == ("approved", "ben")
    assert approved["sha256"] == made["sha256"]
    [item] = get("protocols", "nurse").json()["items"]
    assert item["approved"] == {"version": 1, "state": "approved", "sha256": made["sha256"]}
    withdrawn = done(send(f"{FIRST}/withdraw", {"reason": "skin reddened"}))
    assert withdrawn["state"] == "withdrawn"
    assert get("protocols", "nurse").json()["items"][0]["approved"] is None


def test_submit_takes_no_body() -> None:
    post()
    token = {"Authorization": "Bearer token of ada"}
    assert Client().generic("POST", f"{WAY}{FIRST}/submit", content_type="", headers=token).status_code == 200


def test_a_second_post_is_the_next_version_and_they_can_be_compared(get: Get) -> None:
    post()
    step = DOCUMENT["steps"][0] | {"max_ma": [80, 100]}
    assert post(steps=[step])["version"] == 2
    told = get("protocols/quad-strength/versions/2/difference", "nurse", to=1).json()
    assert [(one["direction"], one["text"]) for one in told["changes"]] == [
        ("stronger", "Step 1 “work”, channel 2: highest current 100 mA (was 80 mA), +25 %")
    ]
    assert get("protocols/quad-strength/versions/2/difference", "nurse").json()["to"] is None
    whole = get("protocols/quad-strength", "nurse").json()
    assert [one["version"] for one in whole["items"]] == [2, 1]


@pytest.mark.parametrize("who", ["nurse", "engineer", "admin"])
def test_who_may_see_but_not_do_it_is_403(who: str) -> None:
    assert send("", DOCUMENT, who).status_code == 403
    post()
    assert send(f"{FIRST}/submit", {}, who).status_code == 403
    assert send(FIRST, {"document": DOCUMENT}, who, "PUT").status_code == 403
    for deed in ("approve", "reject", "withdraw"):
        assert send(f"{FIRST}/{deed}", {"reason": "x"}, who).status_code == 403


def test_to_a_stranger_a_protocol_is_as_absent_as_one_that_does_not_exist(get: Get) -> None:
    post()
    for path in ("", "/versions/1", "/versions/1/difference"):
        seen, absent = (get(f"protocols/{one}{path}", "stranger") for one in ("quad-strength", "nothing"))
        assert seen.status_code == absent.status_code == 404
        assert seen.json()["detail"].replace("quad-strength", "nothing") == absent.json()["detail"]
    assert get("protocols", "stranger").json()["items"] == []
    for deed in ("submit", "approve", "reject", "withdraw"):
        assert send(f"{FIRST}/{deed}", {"reason": "x"}, "stranger").status_code == 404


def test_an_id_taken_elsewhere_is_409_and_says_no_more(ward: Ward) -> None:
    post()
    assert send("", DOCUMENT, "stranger").status_code == 403, "whoever writes nowhere is told of no id"
    Membership.objects.filter(user__username="stranger").update(role=Role.CLINICIAN)
    answer = send("", DOCUMENT, "stranger")
    assert answer.status_code == 409
    assert answer.json()["detail"] == "This id is taken: choose another id."


@pytest.mark.parametrize(
    "body, parameter",
    [
        ({}, "id"), ({"id": "a b"}, "id"), ({"id": "library"}, None), ({"id": "x", "foo": 1}, "body"),
        ({"id": "x", "steps": [{"repeat": "many"}]}, "steps.0.repeat"),
        ({"id": "x", "channels_used": [1, 1]}, "channels_used"),
        (DOCUMENT | {"title": "a\u0000b"}, None), ('{"id":"x","id":"y"}', None), ("[1]", "body"),
        ('{"id":"x","limits":{"max_session_s":NaN}}', None),
    ],
)  # fmt: skip
def test_what_cannot_be_a_document_is_422_at_its_field_and_nothing_is_kept(
    get: Get, body: Any, parameter: str | None
) -> None:
    answer = send("", body)
    assert answer.status_code == 422, answer.content
    if parameter:
        assert parameter in [one["parameter"] for one in answer.json()["errors"]]
    assert get("protocols", "nurse").json()["items"] == []


def test_a_draft_may_be_incomplete_and_says_what_is_missing(get: Get) -> None:
    made = done(send("", {"id": "later"}), 201)
    assert made["sha256"] is None
    assert {"title", "steps", "limits"} <= {one["path"] for one in made["findings"]}
    refused = send("/later/versions/1/submit", {})
    assert refused.status_code == 422
    assert "title" in [one["parameter"] for one in refused.json()["errors"]]


def test_a_draft_is_edited_by_who_saw_it_as_it_is(get: Get) -> None:
    post()
    edited = done(send(FIRST, {"document": DOCUMENT | {"title": "Other"}, "rev": 1}, "ben", "PUT"))
    assert (edited["rev"], edited["title"], edited["authors"]) == (2, "Other", ["ada", "ben"])
    assert send(FIRST, {"document": DOCUMENT, "rev": 1}, method="PUT").status_code == 409
    assert send(f"{FIRST}/submit", {"rev": 1}).status_code == 409
    done(send(f"{FIRST}/submit", {"rev": 2}))
    assert send(FIRST, {"document": DOCUMENT}, method="PUT").status_code == 409


def test_nothing_is_decided_twice(get: Get) -> None:
    post()
    assert send(f"{FIRST}/approve", {"reason": "x"}, "ben").status_code == 409
    done(send(f"{FIRST}/submit", {}))
    assert send(f"{FIRST}/submit", {}).status_code == 409
    done(send(f"{FIRST}/reject", {"reason": "too strong"}, "ben"))
    assert send(f"{FIRST}/approve", {"reason": "x"}, "ben").status_code == 409
    assert send(f"{FIRST}/approve", {}, "ben").status_code == 422


def test_a_check_keeps_nothing_and_names_each_field(get: Get) -> None:
    step = DOCUMENT["steps"][0] | {"max_ma": [80, 160], "target_ma": [90, None]}
    told = done(send("/check", DOCUMENT | {"steps": [step]}, "nurse"))
    assert {(one["path"], one["severity"], one["field"]) for one in told["findings"]} == {
        ("steps.0.target_ma.0", "error", "Step 1, target current, entry 1"),
        ("steps.0.max_ma.1", "error", "Step 1, highest current, entry 2"),
        ("steps.0.max_ma.1", "warning", "Step 1, highest current, entry 2"),
    }
    assert told["complete"] is True
    assert get("protocols", "nurse").json()["items"] == []


def test_answers_are_what_the_openapi_document_says(get: Get) -> None:
    document = get("openapi.json", None).json()
    post()
    for path, name in {
        "protocols": "/protocols",
        "protocols/quad-strength": "/protocols/{protocol_id}",
        "protocols/quad-strength/versions/1": "/protocols/{protocol_id}/versions/{number}",
    }.items():
        described = document["paths"][f"/api/v1{name}"]["get"]["responses"]["200"]["content"]
        schema = described["application/json"]["schema"] | {"components": document["components"]}
        jsonschema.validate(get(path, "nurse").json(), schema)


def test_lists_are_filtered(get: Get) -> None:
    post()
    post(id="other", title="Shoulder")
    done(send("/other/versions/1/submit", {}))
    for asked, ids in {
        ("q", "should"): ["other"], ("state", "submitted"): ["other"], ("state", "draft"): ["quad-strength"],
        ("site", "north"): ["other", "quad-strength"],
    }.items():  # fmt: skip
        found = get("protocols", "nurse", **{asked[0]: asked[1]}).json()["items"]
        assert [one["id"] for one in found] == ids
    assert get("protocols", "nurse", site="far").status_code == 404


def test_who_has_a_version_is_who_says_its_hash_at_the_readers_sites_with_the_age_of_that_word(
    get: Get, ward: Ward
) -> None:
    made = post()
    ref = ProtocolRef(id="quad-strength", version=1, sha256=made["sha256"])
    near = Device.objects.create(serial="EMS-0009", site=ward.north, room="Room 9")
    far = Device.objects.create(serial="EMS-0110", site=ward.far)
    for device in (near, far):
        history.say(device, ward.now - timedelta(seconds=30), link="offline", protocol=ref)
    path = "protocols/quad-strength/versions/1/devices"
    [told] = get(path).json()["items"]
    assert (told["serial"], told["room"], told["link"], told["heard"]) == (
        "EMS-0009", "Room 9", "offline", False,
    )  # fmt: skip
    assert 30_000 <= told["age_ms"] < 90_000
    document = get("openapi.json", None).json()
    schema = {"$ref": "#/components/schemas/ProtocolDevice", "components": document["components"]}
    jsonschema.validate(told, schema)
    assert get(path, "stranger").status_code == 404
    assert get(path, site="far").status_code == 404
    assert get(path.replace("/1/", "/2/")).status_code == 404
