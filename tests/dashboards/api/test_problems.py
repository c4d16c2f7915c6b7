"""Every error is a problem that says what was seen and what was expected."""

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client

from dashboards.api import devices
from tests.dashboards.api.ward import Get, Ward


def _is_problem(response, status: int) -> dict:
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


@pytest.mark.parametrize("path", ["nothing", "", "devices/", "devices/EMS-0001/nothing", "v2"])
def test_a_path_that_does_not_exist_is_a_problem(get: Get, path: str) -> None:
    _is_problem(get(path), 404)


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v2/devices"])
def test_so_is_another_version(ward: Ward, path: str) -> None:
    _is_problem(Client().get(path), 404)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_a_method_that_is_not_possible_is_a_problem_that_names_those_that_are(
    ward: Ward, method: str
) -> None:
    response = getattr(Client(), method)("/api/v1/devices")
    _is_problem(response, 405)
    assert "GET" in response["Allow"]


@pytest.mark.parametrize(
    "path,name,seen",
    [
        ("devices", "limit", "0"),
        ("devices", "limit", "1001"),
        ("devices", "limit", "many"),
        ("devices", "link", "gone"),
        ("devices", "state", "asleep"),
        ("devices", "q", "\0"),
        ("devices", "site", "\0"),
        ("devices", "q", "x" * 201),
        ("devices", "cursor", "nonsense"),
        ("devices", "cursor", "é"),
        ("devices", "cursor", "WzFd"),  # [1]: a cursor of another list
        ("sessions", "cursor", "WyJub3ciLDFd"),  # ["now",1]
        ("sessions", "subject", "\0"),
        ("rejects", "reason", "\0"),
        ("devices/EMS-0001/records", "boot", "-1"),
        ("devices/EMS-0001/records", "boot", str(2**53)),
        ("devices/EMS-0001/records", "after_seq", "99"),  # of which boot?
        ("devices/EMS-0001/records", "cursor", "WzcsLTFd"),  # [7,-1]
        ("devices/EMS-0001/ledger", "cursor", "WyI3Il0"),  # ["7"]
        ("devices/EMS-0001/trace", "from", "yesterday"),
        ("devices/EMS-0001/trace", "from", "1763788000"),
        ("devices/EMS-0001/trace", "to", "2026-11-22T07:40:00 02:00"),  # a + that was not escaped
        ("devices/EMS-0001/trace", "to", "0001-01-01T00:00:00+14:00"),
        ("devices/EMS-0001/trace", "from", "2999-01-01T00:00:00Z"),
        ("devices/EMS-0001/trace", "from", "1999-01-01T00:00:00Z"),
        ("devices/EMS-0001/trace", "points", "0"),
        ("devices/EMS-0001/trace", "points", "10001"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_was_seen(get: Get, path: str, name: str, seen: str) -> None:
    body = _is_problem(get(path, **{name: seen}), 422)
    [error] = body["errors"]
    assert error["parameter"] == name
    assert name in body["detail"]
    year = {"2999-01-01T00:00:00Z": "2999", "1999-01-01T00:00:00Z": "1999"}.get(seen)
    assert (year or repr(seen).strip("'")[:50]) in error["seen"]


def test_an_empty_value_asks_for_nothing(get: Get) -> None:
    response = get("devices", site="", room="", tag="", link="", state="", q="", cursor="", limit="")
    assert len(response.json()["items"]) == 3


@pytest.mark.parametrize("serial", ["EMS-0001%00", "..", "-x", "x" * 300, "a b", "%E2%82%AC"])
def test_a_serial_that_cannot_be_one_is_404(get: Get, serial: str) -> None:
    _is_problem(get(f"devices/{serial}"), 404)


@pytest.mark.parametrize("id_", ["nothing", "%00", "x" * 300])
def test_a_session_that_does_not_exist_is_404(get: Get, id_: str) -> None:
    _is_problem(get(f"sessions/{id_}"), 404)


def test_what_nobody_foresaw_is_a_problem_without_a_traceback(
    get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices.queries, "device_objects", lambda *_: 1 / 0)
    body = _is_problem(get("devices"), 500)
    assert "ZeroDivision" not in str(body)


def test_a_dead_database_is_503_with_when_to_try_again(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    def dead(*_: object) -> None:
        raise OperationalError("connection refused to db.internal")

    monkeypatch.setattr(devices.queries, "device_objects", dead)
    response = get("devices")
    assert "db.internal" not in str(_is_problem(response, 503))
    assert response["Retry-After"]


def test_answers_are_not_kept_by_caches(get: Get) -> None:
    assert get("devices")["Cache-Control"] == get("devices/EMS-0100")["Cache-Control"] == "no-store"


def test_head_is_answered_like_get(ward: Ward) -> None:
    response = Client().head("/api/v1/devices", headers={"Authorization": "Bearer token of nurse"})
    assert response.status_code == 200


def test_a_cookie_without_its_csrf_token_does_nothing(ward: Ward) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username="engineer"))
    path = f"/api/v1/devices/{ward.running.serial}/end-conflict"
    answer = client.post(path, {"reason": "it is over"}, content_type="application/json")
    assert "CSRF" in _is_problem(answer, 403)["detail"]


def test_who_sends_neither_token_nor_cookie_is_not_logged_in_whatever_they_ask(ward: Ward) -> None:
    stranger = Client(enforce_csrf_checks=True)
    for path in (f"devices/{ward.running.serial}/commands", "sites/north/stop"):
        answer = stranger.post(f"/api/v1/{path}", {"verb": "stop"}, content_type="application/json")
        assert "Log in" in _is_problem(answer, 401)["detail"]
