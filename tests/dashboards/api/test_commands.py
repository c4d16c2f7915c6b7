"""Asking devices over HTTP: what is accepted, from whom, and what the answers look like."""

from typing import Any
from uuid import uuid4

import jsonschema
import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from dashboards import limits
from fleet.access.models import AuditEntry
from fleet.control import ids
from fleet.control.models import Command, Stop
from fleet.live import voice
from tests.dashboards.api.ward import Get, Ward

FIELDS = {
    "command": "id state device verb args actor reason requested_at published_at received_at done_at confirmed_at"
    " unconfirmed_at refused_at expired_at proof_due_at stop rev",
    "stop": "id site room actor requested_at reason asked confirmed unconfirmed waiting rooms commands",
    "room": "room asked confirmed go_to",
    "go_to": "device name state command why",
}


def post(path: str, body: Any, who: str | None = "nurse") -> HttpResponse:
    """POST below /api/v1 as one of the people, by token."""
    return Client(raise_request_exception=False).post(
        f"/api/v1/{path}",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer token of {who}"} if who else {},
    )


def stop(who: str = "nurse", **body: Any) -> Any:
    answer = post("devices/EMS-0001/commands", {"verb": "stop", **body}, who)
    assert answer.status_code == 202, answer.content
    return answer.json()


# --- what is asked ---


def test_a_stop_is_accepted_and_is_a_row_that_dispatch_publishes(ward: Ward, get: Get) -> None:
    answer = stop()
    row = Command.objects.get()
    assert (row.verb, row.state, row.actor_name, row.device) == ("stop", "requested", "nurse", ward.running)
    assert (row.proof_due_at - row.requested_at).total_seconds() == 3
    assert (answer["id"], answer["state"]) == (str(row.pk), "requested")
    assert get(f"commands/{row.pk}").json()["text"] == "Stop asked for; not sent yet."


@pytest.mark.parametrize(
    "body",
    [
        {"args": {"to_ma": 90}}, {"args": None}, {"reason": "x" * 5000}, {"args": {"start": True}},
        {"reason": None}, {"reason": "a\0b\ud800"}, {"id": None}, {"device": 1},
    ],
)  # fmt: skip
def test_nothing_that_comes_with_a_stop_holds_it_up(ward: Ward, body: dict[str, Any]) -> None:
    assert stop(**body)["args"] == {}


def test_a_stop_asks_nothing_of_redis(
    ward: Ward, settings: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """Neither to be counted, nor to be told to browsers before it is answered."""
    settings.API_REQUESTS_PER_MINUTE = 1
    said: list[Any] = []
    monkeypatch.setattr(limits, "buckets", lambda: pytest.fail("a stop was counted"))
    monkeypatch.setattr(voice.Voice, "_begin", lambda _self: said.append("handed to its own thread"))
    with django_capture_on_commit_callbacks(execute=True):
        assert stop()["state"] == "requested"
    assert said == ["handed to its own thread"]


def test_a_site_stop_asks_every_device_that_is_on_or_may_be_on(ward: Ward, get: Get) -> None:
    answer = post("sites/north/stop", {})
    assert answer.status_code == 202, answer.content
    asked = {one["device"] for one in answer.json()["commands"]}
    assert asked == {"EMS-0001", "EMS-0002"}  # on; silent since nine minutes.  EMS-0003 never spoke
    row = Stop.objects.get()
    assert {one.pk for one in row.commands.all()} == {ids.of_stop(row.pk, serial) for serial in asked}
    told = get(f"stops/{row.pk}").json()
    assert (told["asked"], told["confirmed"], told["unconfirmed"], told["waiting"]) == (2, 0, 0, 2)


def test_a_site_stop_needs_no_body(ward: Ward) -> None:
    path, token = "/api/v1/sites/north/stop", {"Authorization": "Bearer token of nurse"}
    bare = Client().generic("POST", path, content_type="", headers=token)
    assert bare.status_code == 202, bare.content
    assert len(bare.json()["commands"]) == 2


def test_a_room_stop_asks_that_room(ward: Ward) -> None:
    answer = post("sites/north/stop", {"room": "Room 4", "reason": None}).json()
    assert [one["device"] for one in answer["commands"]] == ["EMS-0002"]
    assert answer["room"] == "Room 4"


@pytest.mark.parametrize("deed", ["stop", "identify"])
def test_a_room_without_a_name_is_neither_taken_for_the_site_nor_dropped_in_silence(
    ward: Ward, deed: str
) -> None:
    answer = post(f"sites/north/{deed}", {"room": ""})
    assert answer.status_code == 422
    assert "leave it out, or null, for the whole site" in answer.json()["detail"]
    assert not Command.objects.exists()
    assert post(f"sites/north/{deed}", {"room": None}).status_code == 202


@pytest.mark.parametrize("deed", ["stop", "identify"])
@pytest.mark.parametrize("name", ["rooms", "Room", "device"])
def test_a_misspelt_room_is_named_and_not_taken_for_the_site(ward: Ward, deed: str, name: str) -> None:
    answer = post(f"sites/north/{deed}", {name: "Room 4"})
    assert answer.status_code == 422
    assert name in answer.json()["detail"]
    assert not Command.objects.exists()


def test_a_stop_is_not_held_up_by_what_nobody_knows(ward: Ward) -> None:
    assert post("sites/north/stop", {"room": None, "note": "fell", "confirm": True}).status_code == 202


def test_the_same_id_twice_is_the_same_and_somebody_elses_is_409(ward: Ward) -> None:
    one = str(uuid4())
    assert stop(id=one)["id"] == stop(id=one)["id"] == one
    assert post("devices/EMS-0001/commands", {"verb": "stop", "id": one}, "engineer").status_code == 409
    assert Command.objects.count() == 1
    room = {"room": "Room 3", "id": str(uuid4())}
    assert post("sites/north/stop", room).json()["id"] == post("sites/north/stop", room).json()["id"]
    assert post("sites/north/stop", room, "engineer").status_code == 409


def test_a_room_blinks(ward: Ward) -> None:
    answer = post("sites/north/identify", {"room": "Room 3", "seconds": 30})
    assert answer.status_code == 202
    assert [one["args"] for one in answer.json()["commands"]] == [{"seconds": 30}]
    assert answer.json()["left_out"] == []


def test_a_reason_is_added_once(ward: Ward) -> None:
    path = f"commands/{stop()['id']}/reason"
    assert post(path, {"reason": "pain"}).json()["reason"] == "pain"
    assert post(path, {"reason": "other"}).status_code == 409
    assert post(path, {"reason": " "}).status_code == 422
    path = f"stops/{post('sites/north/stop', {}).json()['id']}/reason"
    answer = post(path, {"reason": "fire drill"}).json()
    assert {one["reason"] for one in answer["commands"]} == {"fire drill"}


def test_who_wants_it_locked_stands_beside_what_the_device_says(ward: Ward, get: Get) -> None:
    wish = {"verb": "lock", "args": {"reason": "maintenance"}, "reason": "cable torn"}
    assert post("devices/EMS-0001/commands", wish).status_code == 202
    lock = get("devices/EMS-0001/lock").json()
    assert [lock[name] for name in ("wanted", "reason", "note", "by")] == [
        True, "maintenance", "cable torn", "nurse",
    ]  # fmt: skip
    assert (lock["read_back_at"], lock["says"]) == (None, None)
    assert lock["said_at"] is not None
    assert get("devices/EMS-0003/lock").json()["wanted"] is None
    assert get("devices/EMS-0001/lock", "stranger").status_code == 404


# --- what is not ---


@pytest.mark.parametrize("verb", ["start", "raise", "resume", "increase", "", "Stop", "unknown", "🛑"])
def test_a_verb_that_there_is_not_is_422_and_those_that_there_are_are_named(ward: Ward, verb: str) -> None:
    answer = post("devices/EMS-0001/commands", {"verb": verb})
    assert answer.status_code == 422
    assert "stop, pause, lower, identify" in answer.json()["detail"]
    assert not Command.objects.exists()


@pytest.mark.parametrize(
    "verb,args,words",
    [
        ("lower", {"to_ma": -1}, "to_ma"),
        ("lower", {"to_ma": 20, "channel": 9}, "no channel 9"),
        ("lower", {"by": 5}, "'by' is no argument of lower"),
        ("identify", {"seconds": 61}, "seconds"),
        ("lock", {}, "maintenance, recall, overdue, other"),
    ],
)
def test_arguments_that_no_device_could_follow_are_422_in_words(
    ward: Ward, verb: str, args: dict[str, Any], words: str
) -> None:
    answer = post("devices/EMS-0001/commands", {"verb": verb, "args": args})
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    "body", [{}, {"verb": None}, {"verb": "stop", "id": "7"}, {"verb": "stop", "args": [1]}, []]
)
def test_a_body_that_is_no_wish_is_422(ward: Ward, body: Any) -> None:
    assert post("devices/EMS-0001/commands", body).status_code == 422


@pytest.mark.parametrize("body", ["[]", "[null, null]", "null", "7", '"stop"', "true"])
@pytest.mark.parametrize("path", ["sites/north/stop", "sites/north/identify", "devices/EMS-0001/commands"])
def test_what_is_no_object_stops_no_site(ward: Ward, path: str, body: str) -> None:
    assert post(path, body).status_code == 422
    assert not Command.objects.exists()


@pytest.mark.parametrize("verb", ["apply_protocol", "withdraw"])
def test_protocols_go_through_rollouts_and_by_no_other_door(ward: Ward, verb: str) -> None:
    assert post("devices/EMS-0001/commands", {"verb": verb, "args": {}}, "engineer").status_code == 403
    assert AuditEntry.objects.get().action == f"denied.{verb}"


def test_a_device_that_cannot_follow_now_is_409_and_a_stop_goes_through(ward: Ward) -> None:
    ward.running.live.link = "conflict"
    ward.running.live.save()
    lock = post("devices/EMS-0001/commands", {"verb": "lock", "args": {"reason": "recall"}})
    assert lock.status_code == 409
    assert "Two devices speak as EMS-0001" in lock.json()["detail"]
    assert stop()


# --- who ---


def test_what_one_may_not_see_is_404_and_who_tried_is_on_record_where_it_stands(ward: Ward, get: Get) -> None:
    one, site = stop()["id"], post("sites/north/stop", {}).json()["id"]
    asked, known = Command.objects.count(), list(AuditEntry.objects.values_list("pk", flat=True))
    wishes: dict[str, Any] = {
        "devices/EMS-0001/commands": {"verb": "stop"}, "sites/north/stop": {}, "sites/north/identify": {},
        f"commands/{one}/reason": {"reason": "x"}, f"stops/{site}/reason": {"reason": "x"},
    }  # fmt: skip
    for path, body in wishes.items():
        assert post(path, body, "stranger").status_code == 404, path
        assert post(path, body, None).status_code == 401, path
    for path in (f"commands/{one}", f"stops/{site}", "commands/7", f"stops/{uuid4()}"):
        assert get(path, "stranger").status_code == 404, path
    for path in ("commands", "stops"):
        assert get(path, "stranger").json()["items"] == []
        assert get(path, "stranger", site="north").status_code == 404
    assert Command.objects.count() == asked
    tried = AuditEntry.objects.exclude(pk__in=known).order_by("pk")
    assert [(one.actor_name, one.action, one.subject) for one in tried] == [
        ("stranger", "denied.stop", "EMS-0001"),
        ("stranger", "denied.stop", "north"),
        ("stranger", "denied.identify", "north"),
    ]
    assert {one.site for one in tried} == {ward.north}


def test_what_is_nowhere_and_what_is_only_not_found_at_ones_own_site_is_no_denial(ward: Ward) -> None:
    for path in ("devices/EMS-9999/commands", "devices/a%00b/commands"):
        assert post(path, {"verb": "stop"}, "stranger").status_code == 404, path
    assert post("sites/nowhere/stop", {}, "stranger").status_code == 404
    assert post("devices/EMS-9999/commands", {"verb": "stop"}, None).status_code == 401
    assert not AuditEntry.objects.exists()


def test_who_tries_a_page_s_form_of_a_device_that_is_not_there_for_them_is_on_record_too(ward: Ward) -> None:
    stranger = Client()
    stranger.force_login(User.objects.get(username="stranger"))
    assert stranger.post("/devices/EMS-0001/ask/", {"verb": "lock"}).status_code == 404
    assert stranger.post("/sites/north/stop/").status_code == 404
    assert stranger.get("/devices/EMS-0001/").status_code == 404
    tried = AuditEntry.objects.filter(action__startswith="denied").order_by("pk")
    assert [(one.actor_name, one.action) for one in tried] == [
        ("stranger", "denied.lock"),
        ("stranger", "denied.stop"),
    ]


def test_a_form_of_another_site_cannot_press(ward: Ward) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ward.north.memberships.get(role="nurse").user)
    for path in ("devices/EMS-0001/commands", "sites/north/stop"):
        answer = browser.post(f"/api/v1/{path}", {"verb": "stop"}, content_type="application/json")
        assert answer.status_code == 403
    assert not Command.objects.exists()


# --- answers ---


def test_answers_have_the_fields_that_others_build_on_and_are_what_is_described(ward: Ward, get: Get) -> None:
    document = get("openapi.json", None).json()
    one, site = stop(), post("sites/north/stop", {}).json()
    Command.objects.filter(stop__isnull=False).update(state="unconfirmed")
    told = get(f"stops/{site['id']}").json()
    room = told["rooms"][0]
    seen = {"command": one, "stop": told, "room": room, "go_to": room["go_to"][0]}
    assert {name: set(FIELDS[name].split()) - set(answer) for name, answer in seen.items()} == {
        name: set() for name in FIELDS
    }
    answers = {
        "/commands": get("commands").json(),
        "/commands/{command_id}": get(f"commands/{one['id']}").json(),
        "/devices/{serial}/lock": get("devices/EMS-0001/lock").json(),
        "/stops": get("stops").json(),
        "/stops/{stop_id}": told,
    }
    for path, answer in answers.items():
        content = document["paths"][f"/api/v1{path}"]["get"]["responses"]["200"]["content"]
        schema = content["application/json"]["schema"] | {"components": document["components"]}
        jsonschema.validate(answer, schema)


def test_commands_are_listed_by_what_is_asked_for(ward: Ward, get: Get) -> None:
    stop()
    post("devices/EMS-0002/commands", {"verb": "pause"})
    site = post("sites/north/stop", {}).json()["id"]

    def count(**asked: str) -> int:
        return len(get("commands", **asked).json()["items"])

    assert count() == count(site="north") == 4
    assert count(device="EMS-0002") == 2
    assert count(verb="pause") == count(verb="pause", state="requested") == 1
    assert count(state="confirmed") == 0
    assert count(stop=site) == 2
    assert get("commands", verb="start").status_code == 422
    assert get("commands", stop="7").status_code == 422
    assert [one["id"] for one in get("stops", site="north").json()["items"]] == [site]
