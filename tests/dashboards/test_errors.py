"""Error pages in the product's look; below /api/ the same errors are problems."""

import json
import logging
import re
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from pytest_django import Settings

from dashboards import errors
from fleet.access.errors import Denied
from fleet.access.roles import MAY
from fleet.access.verbs import WORDS
from tests.dashboards.api.ward import Ward

FOOT = "The device&#x27;s own alarm and stop come first"


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """No cursor can be had: the database is away for sessions, users and everything else."""

    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("connection refused to db.internal")

    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.cursor", refuse)


def words_of(response: HttpResponse, status: int) -> str:
    """Return the page's words; it must be one in the product's look."""
    assert response.status_code == status, response.content
    page = response.content.decode()
    assert "css/base.css" in page
    assert FOOT in page or FOOT.replace("&#x27;", "'") in page
    assert re.search(r'<a[^>]* href="/"', page)
    assert "noindex" in page
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.mark.parametrize("path", ["/nothing/", "/devices/nothing/at/all", "/sites/far/"])
def test_what_is_not_there_or_not_mine_is_404_with_whom_to_ask(nurse: Client, path: str) -> None:
    assert "ask an administrator of the site" in words_of(nurse.get(path), 404)


def test_a_refusal_says_what_ones_role_does_not_allow() -> None:
    request = RequestFactory().get("/people/")
    said = words_of(errors.forbidden(request, Denied("manage_people", "North")), 403)
    assert "Your role at North does not allow managing people" in said
    assert "on record" in said
    assert "on record" not in words_of(errors.forbidden(request, PermissionDenied()), 403), "it is not"


def test_every_verb_has_words_for_whoever_may_not_do_it() -> None:
    assert set(WORDS) == set(MAY)


def test_a_form_without_its_token_is_told_in_words_and_over_the_api_as_a_problem(ward: Ward) -> None:
    client = Client(enforce_csrf_checks=True)
    assert "open for too long" in words_of(client.post("/logout/"), 403)
    request = RequestFactory().post("/api/v1/devices")
    assert errors.csrf_failure(request, "no cookie")["Content-Type"] == "application/problem+json"


def test_a_page_that_only_a_button_reaches_says_so(nurse: Client) -> None:
    response = nurse.get("/logout/")
    assert "reached by a button" in words_of(response, 405)
    assert "POST" in response["Allow"]


def test_asked_too_often_says_how_long_to_wait() -> None:
    response = errors.too_many(RequestFactory().get("/devices/"), wait_s=7)
    assert "Wait 7 seconds" in words_of(response, 429)
    assert response["Retry-After"] == "7"


def test_a_host_that_is_not_ours_is_400(client: Client) -> None:
    words_of(client.get("/login/", headers={"Host": "evil.example"}), 400)
    answer = client.get("/api/v1/devices", headers={"Host": "evil.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_a_fault_shows_an_id_that_the_log_knows(
    nurse: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("dashboards.views.home.render", lambda *_: 1 / 0)
    nurse.raise_request_exception = False
    with caplog.at_level(logging.ERROR):
        said = words_of(nurse.get("/"), 500)
    found = re.search(r"fault ([0-9a-f]{8})", said)
    assert found
    assert found[1] in caplog.text
    assert "ZeroDivision" not in said


# --- The database is away ---


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("path", ["/", "/sites/north/", "/devices/?q=a", "/nothing-but-a-session/"])
def test_without_a_database_a_page_is_503_says_where_to_look_and_comes_back(path: str) -> None:
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "x" * 32
    response = client.get(path)
    if response.status_code == 404:  # it asked nobody
        return
    said = words_of(response, 503)
    assert "Look at the devices themselves" in said
    assert "db.internal" not in said
    assert response["Retry-After"] == "5"
    page = response.content.decode()
    assert '<meta http-equiv="refresh" content="5">' in page
    assert "retry.js" in page
    assert f'href="{path}"' in page


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("path", ["/", "/api/v1/devices"])
def test_a_middleware_that_meets_a_dead_database_says_the_same_also_in_an_async_server(
    settings: Settings, path: str
) -> None:
    settings.MFA_REQUIRED_ROLES = ["nurse"]  # the check of it asks for the user before any view does
    client = AsyncClient(raise_request_exception=False)
    client.cookies["sessionid"] = "x" * 32
    response = async_to_sync(client.get)(path)
    assert response.status_code == 503
    kind = "application/problem+json" if path.startswith("/api/") else "text/html; charset=utf-8"
    assert response["Content-Type"] == kind


@pytest.mark.usefixtures("away")
def test_what_was_sent_while_the_database_is_away_is_not_sent_again_by_itself() -> None:
    response = Client(raise_request_exception=False).post("/login/", {"username": "nurse", "password": "x"})
    assert "may not have been kept" in words_of(response, 503)
    assert "refresh" not in response.content.decode()


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("headers", [{"Authorization": "Bearer x"}, {"Cookie": f"sessionid={'x' * 32}"}])
def test_without_a_database_the_api_answers_503_as_a_problem(headers: dict[str, str]) -> None:
    response = Client(raise_request_exception=False).get("/api/v1/devices", headers=headers)
    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert response["Retry-After"] == "5"
    assert "db.internal" not in json.dumps(response.json())


def test_a_page_that_cannot_be_rendered_leaves_an_answer_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> None:
        raise ValueError("no manifest")

    monkeypatch.setattr(errors, "get_template", broken)
    assert b"500 Internal Server Error" in errors.server_error(RequestFactory().get("/")).content


def test_the_colours_that_somebody_chose_hold_on_error_pages(settings: Settings) -> None:
    request = RequestFactory().get("/nothing/")
    request.COOKIES["theme"] = "dark"
    assert b'data-theme="dark"' in errors.not_found(request).content
    request.COOKIES["theme"] = '"><script>'
    assert b"<script>" not in errors.not_found(request).content
