"""Protocols as files and on paper: what goes in is looked at first, what goes out is what is hashed."""

import hashlib
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.http.multipartparser import MultiPartParser
from django.test import Client
from django.utils import timezone

from dashboards.api.protocol_examples import DOCUMENT
from fleet.access.models import Membership, Role
from fleet.protocols import service
from fleet.protocols.models import Protocol, Version
from tests.dashboards.api.ward import Ward

IMPORT = "/protocols/import/"


@pytest.fixture
def ada(ward: Ward) -> User:
    user = User.objects.create(username="ada", first_name="Ada", last_name="Lind")
    Membership.objects.create(user=user, site=ward.north, role=Role.CLINICIAN)
    return user


@pytest.fixture
def ben(ward: Ward) -> User:
    user = User.objects.create(username="ben")
    Membership.objects.create(user=user, site=ward.north, role=Role.CLINICIAN)
    return user


@pytest.fixture
def clinician(ada: User, client: Client) -> Client:
    client.force_login(ada)
    return client


def send(client: Client, content: bytes, **fields: str) -> HttpResponse:
    return client.post(IMPORT, {"file": SimpleUploadedFile("p.json", content), **fields})


def written(ada: User, **changes: Any) -> Version:
    return service.create(actor=ada, document=DOCUMENT | changes, now=timezone.now())


def approved(ada: User, ben: User, **changes: Any) -> Version:
    version = service.submit(actor=ada, version=written(ada, **changes), now=timezone.now())
    return service.approve(actor=ben, version=version, reason="Read against the trial", now=timezone.now())


# --- In ---


@pytest.mark.parametrize(
    "content, named",
    [
        (b"", "0 bytes"),
        (b"{", "json"),
        (b"[]", "expected an object"),
        (b'{"id":"a","id":"b"}', "stands twice"),
        (b'\xff{"id":"a"}', "utf8"),
        (b'{"id":"a","title":"' + b"x" * 70_000 + b'"}', "a protocol has at most 65536"),
        (b'{"title":"no id"}', "needs an id"),
        (b'{"id":"a","burst_hz":3}', "burst_hz"),
        (b'{"id":"a","limits":{"max_session_s":"long"}}', "Longest session"),
        (b'{"id":"a","steps":[{"phase_us":-1}]}', "Step 1"),
        (b'{"id":"import"}', "choose another id"),
    ],
)
def test_a_bad_file_is_named_and_nothing_is_kept(clinician: Client, content: bytes, named: str) -> None:
    for deed in ("", "keep"):
        answer = send(clinician, content, deed=deed)
        assert answer.status_code == 422
        assert named in answer.content.decode()
        assert "Nothing was kept" in answer.content.decode()
    assert not Protocol.objects.exists()


def test_a_file_that_no_document_can_be_is_refused_by_its_length_before_it_is_read(
    clinician: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MultiPartParser, "parse", lambda _self: pytest.fail("it was read"))
    answer = send(clinician, b"x" * 2_700_000)
    assert answer.status_code == 413
    assert "What was sent is too large" in answer.content.decode()
    told = clinician.post("/api/v1/protocols", b"x" * 2_700_000, content_type="application/json")
    assert (told.status_code, told.json()["detail"]) == (413, "At most 2621440 bytes may be sent.")
    assert not Protocol.objects.exists()


def test_a_file_is_looked_at_first_and_kept_as_a_draft_then(clinician: Client) -> None:
    looked = send(clinician, json.dumps(DOCUMENT).encode())
    assert "It would be the new protocol quad-strength" in looked.content.decode()
    assert not Protocol.objects.exists()
    form = {"deed": "keep", "id": "quad-strength", "document": json.dumps(DOCUMENT), "once": "one-press"}
    clinician.post(IMPORT, form)
    clinician.post(IMPORT, form)  # a double click
    [draft] = Version.objects.all()
    assert (draft.number, draft.state, draft.decided_by) == (1, "draft", "")


def test_a_file_of_a_known_id_is_its_next_version_and_the_difference_is_shown(
    clinician: Client, ada: User
) -> None:
    written(ada)
    stronger = json.loads(json.dumps(DOCUMENT))
    stronger["steps"][0]["max_ma"] = [90, 80]
    page = send(clinician, json.dumps(stronger).encode()).content.decode()
    assert "It would be version 2 of quad-strength" in page
    assert "was 80 mA" in page
    assert "stronger" in page
    same = send(clinician, json.dumps(DOCUMENT).encode()).content.decode()
    assert "Nothing differs from version 1" in same


def test_an_id_of_people_elsewhere_is_taken_and_says_no_more(clinician: Client, ward: Ward) -> None:
    other = User.objects.create(username="eve")
    Membership.objects.create(user=other, site=ward.far, role=Role.CLINICIAN)
    written(other, title="Their secret")
    form = {"deed": "keep", "document": json.dumps(DOCUMENT)}
    answer = clinician.post(IMPORT, form)
    assert answer.status_code == 422
    assert "choose another id" in answer.content.decode()
    assert "Their secret" not in answer.content.decode()


def test_an_incomplete_draft_goes_out_and_comes_in_again(clinician: Client, ada: User) -> None:
    written(ada, waveform=None)
    content = clinician.get("/protocols/quad-strength/versions/1.json").content
    page = send(clinician, b"\xef\xbb\xbf" + content, id="another").content.decode()
    assert "It would be the new protocol another" in page
    assert "Waveform: Fill this in." in page


def test_only_clinicians_import(nurse: Client) -> None:
    assert nurse.get(IMPORT).status_code == 403


# --- Out ---


def test_the_file_of_a_version_is_byte_for_byte_what_is_hashed(clinician: Client, ada: User) -> None:
    version = written(ada)
    answer = clinician.get("/protocols/quad-strength/versions/1.json")
    assert hashlib.sha256(answer.content).hexdigest() == version.sha256
    assert 'filename="quad-strength-1-draft.json"' in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("path", ["1.json", "1/print/"])
def test_others_see_neither_file_nor_paper(ada: User, stranger: Client, path: str) -> None:
    written(ada)
    assert stranger.get(f"/protocols/quad-strength/versions/{path}").status_code == 404


# --- On paper ---


def paper(client: Client, number: int = 1) -> str:
    answer = client.get(f"/protocols/quad-strength/versions/{number}/print/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_paper_that_is_not_approved_says_on_every_page_that_it_is_not_for_use(
    clinician: Client, ada: User
) -> None:
    version = written(ada)
    assert "DRAFT. NOT FOR USE." in paper(clinician)
    service.submit(actor=ada, version=version, now=timezone.now())
    assert "WAITS FOR APPROVAL. NOT FOR USE." in paper(clinician)
    assert paper(clinician).count("NOT FOR USE") == 2  # in the verdict, and in the line that runs


def test_a_paper_says_who_approved_when_and_why_and_has_the_whole_hash(
    clinician: Client, ada: User, ben: User
) -> None:
    version = approved(ada, ben)
    page = paper(clinician)
    assert "APPROVED" in page
    assert "NOT FOR USE" not in page
    assert "Read against the trial" in page
    assert "Ada Lind" in page
    for at in range(0, 64, 8):
        assert version.sha256[at : at + 8] in page
    assert "No version before it was ever approved." in page


def test_a_paper_has_the_difference_to_the_version_approved_before_and_names_a_newer_one(
    clinician: Client, ada: User, ben: User
) -> None:
    approved(ada, ben)
    approved(ada, ben, limits=DOCUMENT["limits"] | {"max_sessions_per_day": 1})
    assert "A newer version is approved: 2." in paper(clinician, 1)
    page = paper(clinician, 2)
    assert "To version 1, the last one before it that was approved" in page
    assert "weaker" in page


def test_a_paper_of_a_withdrawn_version_says_so_first(clinician: Client, ada: User, ben: User) -> None:
    version = approved(ada, ben)
    service.withdraw(actor=ben, version=version, reason="Skin reddened", now=timezone.now())
    page = paper(clinician)
    assert "WITHDRAWN. NOT FOR USE." in page
    assert "Skin reddened" in page
