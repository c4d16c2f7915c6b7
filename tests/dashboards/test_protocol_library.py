"""The library on its pages and in the API, and the drafts that are made of it."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from fleet.access.models import AuditEntry, Membership, Role
from fleet.protocols import library
from fleet.protocols.models import Protocol, Version
from tests.dashboards.api.ward import Ward
from tests.dashboards.api.ward import ask as get

ROW = "/protocols/library/25/"


@pytest.fixture
def clinician(ward: Ward, client: Client) -> Client:
    user = User.objects.create(username="ada")
    Membership.objects.create(user=user, site=ward.north, role=Role.CLINICIAN)
    client.force_login(user)
    return client


def read(client: Client, path: str, status: int = 200, **parameters: Any) -> str:
    answer = client.get(path, parameters)
    assert answer.status_code == status
    return answer.content.decode()


def test_the_library_shows_every_row_and_says_what_is_from_memory(nurse: Client) -> None:
    page = read(nurse, "/protocols/library/")
    for row in library.ROWS:
        assert f"/protocols/library/{row.number}/" in page
    assert '<span class="from-memory">10:10 → 15:10</span>' in page
    assert "33 of 33 rows" in page


def test_an_indication_leads_to_its_rows_and_says_what_there_is_not(nurse: Client) -> None:
    page = read(nurse, "/protocols/library/", indication="pain-sciatica")
    assert "2 of 33 rows" in page
    assert "No row is of sciatica" in page


def test_a_text_finds_rows_by_muscle_author_and_indication(nurse: Client) -> None:
    assert "1 of 33 rows" in read(nurse, "/protocols/library/", q="angelopoulos")
    assert "No row of the library is like that" in read(nurse, "/protocols/library/", q="angelopoulos gondin")
    assert "left out" in read(nurse, "/protocols/library/", indication="happiness")


def test_every_row_has_its_page(nurse: Client) -> None:
    for row in library.ROWS:
        page = read(nurse, f"/protocols/library/{row.number}/")
        assert row.is_reading == ("For reading" in page)
        assert "Clinicians make drafts of it" in page or row.is_reading


def test_there_is_no_34th_row(nurse: Client) -> None:
    read(nurse, "/protocols/library/34/", status=404)


def test_a_nurse_makes_no_draft_and_the_attempt_is_on_record(nurse: Client) -> None:
    assert nurse.post(ROW, {"id": "mine"}).status_code == 403
    assert not Protocol.objects.exists()
    assert AuditEntry.objects.filter(action__startswith="denied.").exists()


def test_a_draft_of_a_row_keeps_where_it_came_from_and_what_is_to_be_confirmed(clinician: Client) -> None:
    form = {"id": "gondin", "once": "one-press"}
    first = clinician.post(ROW, form)
    assert clinician.post(ROW, form).headers["Location"] == first.headers["Location"]  # a double click
    [draft] = Version.objects.select_related("protocol")
    assert (draft.protocol_id, draft.number, draft.state) == ("gondin", 1, "draft")
    assert (draft.library_row, draft.protocol.library_row) == (25, 25)
    assert draft.to_confirm == library.to_confirm(library.row(25))
    assert draft.sha256 == ""
    assert json.loads(draft.body)["steps"][0]["frequency_hz"] == 75
    assert "/protocols/gondin/" in read(clinician, ROW)


def test_the_form_of_a_draft_says_at_each_box_what_its_row_leaves_open(clinician: Client) -> None:
    clinician.post("/protocols/library/16/", {"id": "shoulder"})
    page = read(clinician, "/protocols/shoulder/versions/1/edit/")
    assert 'id="box-steps-0-frequency_hz-hint">Row 16: 10–36 Hz; most often 30 Hz<' in page
    assert 'id="box-steps-0-ramp_up_s-hint">Row 16, from memory: 2–3 s<' in page
    assert "box-steps-0-off_s-hint" not in page, "the row says it, so it stands in the box"


def test_a_draft_of_a_row_never_becomes_a_version_of_another_protocol(clinician: Client) -> None:
    clinician.post(ROW, {"id": "gondin"})
    again = clinician.post("/protocols/library/24/", {"id": "gondin"})
    assert again.status_code == 422
    assert "is a protocol already" in again.content.decode()
    assert Version.objects.count() == 1


@pytest.mark.parametrize("id", ["", "two words", "library", "x" * 65])
def test_an_id_that_cannot_be_is_named_and_nothing_is_made(clinician: Client, id: str) -> None:
    answer = clinician.post(ROW, {"id": id})
    assert answer.status_code == 422
    assert "No draft was made" in answer.content.decode()
    assert not Protocol.objects.exists()


def test_a_row_for_reading_makes_no_draft(clinician: Client) -> None:
    answer = clinician.post("/protocols/library/22/", {"id": "cycling"})
    assert answer.status_code == 422
    assert not Protocol.objects.exists()


def test_the_api_tells_the_same_library(ward: Ward) -> None:
    told = get("protocols/library", "nurse").json()
    assert [one["number"] for one in told["items"]] == list(range(1, 34))
    assert {key for one in told["items"] for part in one["source"] for key in part["sources"]} <= set(
        told["sources"]
    )
    [row] = get("protocols/library", "nurse", q="valdés").json()["items"]
    assert row["draft"] == library.document(library.row(6))
    assert [one["number"] for one in get("protocols/library", indication="warm-up").json()["items"]] == [
        12,
        15,
    ]


def test_the_api_makes_a_draft_of_a_row(clinician: Client, ward: Ward) -> None:
    def post(row: int, id: str) -> Any:
        return clinician.post(
            f"/api/v1/protocols/library/{row}", json.dumps({"id": id}), content_type="application/json"
        )

    made = post(25, "gondin")
    assert made.status_code == 201
    assert made.json()["to_confirm"] == library.to_confirm(library.row(25))
    assert made.json()["library_row"] == 25
    assert post(25, "gondin").status_code == 409
    assert post(22, "cycling").status_code == 409
    assert post(34, "nobody").status_code == 404
    assert post(24, "two words").status_code == 422
