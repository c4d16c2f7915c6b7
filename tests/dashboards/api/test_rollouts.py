"""Rollouts over HTTP: written, decided, started and read; by whom, and what the answers look like."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboards.words import deeds
from fleet.access.models import AuditEntry, Membership, Role, Token
from fleet.access.queries import digest_of
from fleet.rollouts.models import Rollout, Target
from tests.fleet.rollouts import fleetlet
from tests.fleet.rollouts.fleetlet import Fleetlet

pytestmark = pytest.mark.django_db

FIELDS = "serial wave state reason attempts offered_at verified_at"
PEOPLE = ("engineer", "ada", "ben", "nurse", "admin", "stranger")


@pytest.fixture
def fleet() -> Fleetlet:
    """Three devices at one site, one of a stranger at another; whoever asks, asks by token."""
    fleet = fleetlet.furnish("EMS-1", "EMS-2", "EMS-3")
    fleet.now = timezone.now()
    fleet.device("EMS-9", far=True)
    for serial in fleet.devices:
        fleet.says(serial)
    for name in PEOPLE:
        Token.objects.create(
            user=fleet.clinic.people[name],
            name="test",
            digest=digest_of(f"token of {name}"),
            expires_at=fleet.now + timedelta(days=1),
        )
    return fleet


def ask(method: str, path: str, body: Any = None, who: str = "engineer") -> HttpResponse:
    client = Client(raise_request_exception=False)
    return client.generic(
        method,
        f"/api/v1/{path}",
        "" if body is None else json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer token of {who}"},
    )


def wanted(fleet: Fleetlet, **changes: Any) -> dict[str, Any]:
    version = fleet.version
    told = {"protocol": version.protocol_id, "version": version.number, "targets": {"site": "north"}}
    return {**told, **fleetlet.PLAN, **changes}


def write(fleet: Fleetlet, **changes: Any) -> Any:
    answer = ask("POST", "rollouts", wanted(fleet, **changes))
    assert answer.status_code == 201, answer.content
    return answer.json()


def act(id_: str, verb: str, who: str = "engineer", **said: Any) -> HttpResponse:
    return ask("POST", f"rollouts/{id_}/{verb}", said, who)


def started(fleet: Fleetlet, **changes: Any) -> str:
    id_ = str(write(fleet, **changes)["id"])
    assert act(id_, "submit").status_code == 200
    assert act(id_, "approve", "ben", reason="staged and small").status_code == 200
    assert act(id_, "start").status_code == 200
    return id_


# --- from a draft to the end ---


def test_a_rollout_is_written_submitted_approved_and_started(fleet: Fleetlet) -> None:
    told = write(fleet, title="softer ramps")
    assert (told["state"], told["sites"], told["targets"]) == ("draft", ["north"], {"site": "north"})
    assert told["next"]["what"] == "submit"
    id_ = told["id"]
    assert act(id_, "submit").json()["state"] == "submitted"
    assert act(id_, "approve", "ben", reason="staged and small").json()["decided_by"] == "ben"
    told = act(id_, "start").json()
    assert (told["state"], told["started_by"], told["devices"]) == ("running", "engineer", 3)


def test_its_devices_and_decisions_are_read_with_their_reasons(fleet: Fleetlet) -> None:
    fleet.link("EMS-2", "offline")
    id_ = started(fleet)
    fleet.now = timezone.now()
    fleet.tick(0)
    fleet.publish()
    items = ask("GET", f"rollouts/{id_}/targets").json()["items"]
    assert set(FIELDS.split()) <= set(items[0])
    assert [(one["serial"], one["state"], one["reason"]) for one in items] == [
        ("EMS-1", "offered", None),
        ("EMS-2", "planned", "unreachable"),
        ("EMS-3", "offered", None),
    ]
    assert items[1]["text"] == "Not reached: it gets its offer when it is online again."
    told = ask("GET", f"rollouts/{id_}").json()
    assert told["counts"] == {"offered": 2, "planned": 1}
    assert told["progress"][0]["unreachable"] == 1
    decisions = ask("GET", f"rollouts/{id_}/decisions").json()["items"]
    assert [one["number"] for one in decisions] == list(range(told["decisions"], 0, -1))
    assert {one["kind"] for one in decisions if one["serial"] == "EMS-1"} == {"offered"}
    assert items[1]["reports"]["heard"] is False
    [again] = ask("GET", f"rollouts/{id_}/targets?reason=unreachable").json()["items"]
    assert again | {"reports": None} == items[1] | {"reports": None}  # whose age moves


def test_a_draft_is_written_anew_unless_somebody_else_did_so_meanwhile(fleet: Fleetlet) -> None:
    told = write(fleet)
    path = f"rollouts/{told['id']}"
    anew = ask("PUT", path, wanted(fleet, soak_s=60, rev=told["rev"])).json()
    assert (anew["soak_s"], anew["rev"] > told["rev"]) == (60, True)
    assert ask("PUT", path, wanted(fleet, soak_s=90, rev=told["rev"])).status_code == 409
    act(told["id"], "submit")
    assert ask("PUT", path, wanted(fleet)).status_code == 409
    assert Rollout.objects.get().soak_s == 60


def test_what_is_sent_twice_under_one_id_is_one_rollout(fleet: Fleetlet) -> None:
    id_ = str(uuid4())
    assert write(fleet, id=id_)["id"] == write(fleet, id=id_)["id"] == id_
    assert ask("POST", "rollouts", wanted(fleet, id=id_, soak_s=60)).status_code == 409
    assert Rollout.objects.count() == 1


def test_advancing_twice_opens_one_wave(fleet: Fleetlet) -> None:
    id_ = started(fleet, waves=[{"count": 1}, {"percent": 100}], advance="manual")
    for _ in range(2):
        fleet.now = timezone.now()
        fleet.tick(0)
        fleet.publish()
        if Target.objects.get(device__serial="EMS-1").state == "offered":
            fleet.applies("EMS-1")
    fleet.now = timezone.now()
    fleet.tick(0)
    assert ask("GET", f"rollouts/{id_}").json()["next"]["what"] == "gate"
    assert act(id_, "advance", wave=1).json()["wave"] == 2
    assert act(id_, "advance", wave=1).status_code == 409
    assert Rollout.objects.get().wave == 2


def test_a_preview_says_who_is_reached_and_who_not_and_why_and_keeps_nothing(fleet: Fleetlet) -> None:
    fleet.says("EMS-1", session="S-1")
    fleet.link("EMS-2", "offline")
    fleet.says("EMS-3", sha256=fleet.version.sha256)
    told = ask("POST", "rollouts/preview", wanted(fleet)).json()
    assert {one["serial"]: one["outcome"] for one in told["items"]} == {
        "EMS-1": "in_session",
        "EMS-2": "unreachable",
        "EMS-3": "already_current",
    }
    assert (told["devices"], told["reached"]) == (3, 1)
    assert not Rollout.objects.exists()
    document = ask("GET", "openapi.json").json()
    described = document["paths"]["/api/v1/rollouts/preview"]["post"]["responses"]["200"]
    schema = described["content"]["application/json"]["schema"]
    jsonschema.validate(told, schema | {"components": document["components"]})
    assert ask("POST", "rollouts/preview", wanted(fleet), "nurse").status_code == 403


# --- what is no plan ---


MALFORMED: tuple[tuple[str, Any], ...] = (
        ("success_threshold", "0.95"), ("success_threshold", 0), ("success_threshold", 1.2),
        ("success_threshold", None), ("success_threshold", True), ("failure_threshold", "half"),
        ("waves", []), ("waves", [{"percent": "50"}]), ("waves", [{"count": 1, "percent": 5}]),
        ("targets", {}), ("targets", {"serials": []}), ("targets", {"serials": ["EMS-9"]}),
        ("targets", {"site": "far"}), ("version", "1"), ("version", 99), ("protocol", "other"),
        ("deadline_s", 0), ("pace_per_minute", 0), ("retries", -1), ("advance", "sometimes"),
        ("start_at", "soon"), ("window", {"from": "25:00", "to": "06:00"}), ("unheard", 1), ("id", 7),
    )  # fmt: skip


def test_what_is_malformed_is_refused_by_name(fleet: Fleetlet) -> None:
    for field, value in MALFORMED:
        for path in ("rollouts", "rollouts/preview"):
            answer = ask("POST", path, wanted(fleet, **{field: value}))
            if (path, field) != ("rollouts/preview", "id"):
                assert answer.status_code == 422, (field, value, answer.content)
                named = [one["parameter"] for one in answer.json()["errors"]]
                assert any(one.startswith(field) for one in named), (field, value, named)
    assert not Rollout.objects.exists()


def test_a_rollout_without_any_threshold_of_failure_is_refused(fleet: Fleetlet) -> None:
    asked = wanted(fleet, failure_threshold=None, failure_count=None)
    assert ask("POST", "rollouts", asked).status_code == 422
    del asked["success_threshold"]
    assert ask("POST", "rollouts", asked).status_code == 422


def test_a_number_that_is_none_is_refused(fleet: Fleetlet) -> None:
    body = json.dumps(wanted(fleet)).replace("0.95", "NaN")
    answer = Client(raise_request_exception=False).post(
        "/api/v1/rollouts",
        body,
        content_type="application/json",
        headers={"Authorization": "Bearer token of engineer"},
    )
    assert answer.status_code in (400, 422), answer.content


# --- who may ---


def test_nobody_approves_what_they_wrote_whatever_they_are_and_the_attempt_is_on_record(
    fleet: Fleetlet,
) -> None:
    engineer = fleet.engineer
    Membership.objects.filter(user=engineer).update(role=Role.CLINICIAN)
    id_ = str(fleet_written_by(fleet, engineer).pk)
    answer = act(id_, "approve", reason="fine by me")
    assert answer.status_code == 403
    assert AuditEntry.objects.filter(action__startswith="denied.approve", subject=id_).exists()
    assert Rollout.objects.get().state == "submitted"


def fleet_written_by(fleet: Fleetlet, author: Any) -> Rollout:
    row = Rollout.objects.create(
        version=fleet.version, targets_spec={"site": "north"}, waves_spec=[{"percent": 100}],
        success_threshold=0.95, failure_count=2, deadline_s=60, pace_per_minute=60, state="submitted",
        created_at=fleet.now, created_by=author.username,
    )  # fmt: skip
    row.sites.add(fleet.clinic.north)
    row.authors.add(author)
    return row


@pytest.mark.parametrize(
    "verb, allowed",
    [
        ("submit", {"engineer"}), ("approve", {"ada", "ben"}), ("reject", {"ada", "ben"}),
        ("start", {"engineer"}), ("pause", {"engineer", "ada", "ben"}), ("resume", {"engineer"}),
        ("advance", {"engineer"}), ("abort", {"engineer", "ada", "ben"}),
        ("rollback", {"engineer", "ada", "ben"}), ("retry", {"engineer"}),
    ],
)  # fmt: skip
def test_each_verb_is_for_those_whose_it_is(fleet: Fleetlet, verb: str, allowed: set[str]) -> None:
    """403 for whoever sees it; 404 for whoever does not; whoever may is answered, if only that it is too early."""
    id_ = write(fleet)["id"]
    codes = {who: act(id_, verb, who, reason="why").status_code for who in PEOPLE}
    assert codes.pop("stranger") == 404
    assert {who for who, code in codes.items() if code != 403} == allowed
    assert {code for who, code in codes.items() if who in allowed} <= {200, 409}


def test_others_see_no_rollout_of_ours(fleet: Fleetlet) -> None:
    id_ = write(fleet)["id"]
    assert ask("GET", "rollouts", who="stranger").json()["items"] == []
    for path in (f"rollouts/{id_}", f"rollouts/{id_}/targets", f"rollouts/{id_}/decisions"):
        assert ask("GET", path, who="stranger").status_code == 404
    assert [one["id"] for one in ask("GET", "rollouts", who="nurse").json()["items"]] == [id_]


def test_of_a_rollout_over_two_sites_each_sees_their_own_devices(fleet: Fleetlet) -> None:
    fleet.member("engineer", Role.ENGINEER, far=True)
    id_ = write(fleet, targets={"serials": ["EMS-1", "EMS-9"]})["id"]
    told = ask("GET", f"rollouts/{id_}", who="nurse").json()
    assert (told["sites"], told["other_sites"], "EMS-9" in repr(told)) == (["north"], 1, False)
    assert told["targets"] == {"serials": ["EMS-1"]}
    assert act(id_, "approve", "ben", reason="of one site only").status_code == 403


def test_each_deed_is_on_record_in_plain_words(fleet: Fleetlet) -> None:
    id_ = started(fleet)
    act(id_, "pause")
    act(id_, "resume")
    act(id_, "abort", "ben", reason="pads came off")
    said = [deeds.sentence(one, {}) for one in AuditEntry.objects.filter(subject=id_).order_by("pk")]
    assert said == [
        f"engineer wrote the rollout {id_} of {fleet.version}",
        f"engineer submitted the rollout {id_} for approval",
        f"ben approved the rollout {id_}: staged and small",
        f"engineer started the rollout {id_}",
        f"engineer paused the rollout {id_}",
        f"engineer resumed the rollout {id_}",
        f"ben aborted the rollout {id_}: pads came off",
    ]


# --- as described ---


def test_answers_are_what_the_openapi_document_says(fleet: Fleetlet) -> None:
    id_ = started(fleet)
    fleet.now = timezone.now()
    fleet.tick(0)
    document = ask("GET", "openapi.json").json()
    for path in ("rollouts", f"rollouts/{id_}", f"rollouts/{id_}/targets", f"rollouts/{id_}/decisions"):
        described = document["paths"]["/api/v1/" + path.replace(id_, "{rollout_id}")]["get"]["responses"][
            "200"
        ]
        schema = described["content"]["application/json"]["schema"]
        answer = ask("GET", path).json()
        jsonschema.validate(answer, schema | {"components": document["components"]})
    made = document["paths"]["/api/v1/rollouts"]["post"]
    schema = made["requestBody"]["content"]["application/json"]["schema"] | {
        "components": document["components"]
    }
    jsonschema.validate(wanted(fleet), schema)
    assert set(made["responses"]) >= {"201", "403", "404", "409", "422"}
