"""The record, for people: in plain words, filtered, whole or not, and to take away."""

import json

import pytest
from django.contrib.auth.models import User

from dashboards.words import deeds
from fleet.access import service
from fleet.access.models import AuditEntry, Role, Site
from tests.dashboards.access.conftest import Enter
from tests.dashboards.access.test_people import text


@pytest.fixture
def happened(ada: User, alice: User, charlie: User, both: User, north: Site, south: Site) -> None:
    service.grant(actor=ada, user=alice, site=north, role=Role.COACH)
    service.record(alice, "login", subject="alice", address="10.0.0.1")
    service.record(charlie, "login", subject="charlie")
    service.record(both, "login", subject="bo")
    service.record(None, "site.changed", site=south, subject="south")


@pytest.mark.usefixtures("happened")
def test_entries_read_as_sentences_about_my_sites_and_my_people(enter: Enter) -> None:
    page = text(enter("ada").get("/audit/"))
    assert "Ada Berg made Alice Lind Coach instead of Nurse at North clinic" in page
    assert "Alice Lind logged in" in page
    assert "10.0.0.1" in page
    for words in ("charlie", "South clinic", "Bo Both logged in"):
        assert words not in page


@pytest.mark.usefixtures("happened")
@pytest.mark.parametrize(
    "asked,count",
    [
        ("action=membership", 1), ("action=login", 2), ("actor=Berg", 2), ("actor=alice", 1),
        ("subject=Lind", 2), ("site=north", 1), ("from=2999-01-01", 0), ("to=2020-01-01", 0),
    ],
)  # fmt: skip
def test_filters_narrow_the_record(enter: Enter, asked: str, count: int) -> None:
    page = text(enter("ada").get(f"/audit/?{asked}"))
    assert page.count('<details class="raw">') == count  # opening the page is ada's own login


@pytest.mark.usefixtures("happened")
def test_the_record_is_taken_away_as_csv_and_as_json_lines_on_record(enter: Enter) -> None:
    ada = enter("ada")
    lines = b"".join(ada.get("/audit.csv?action=membership")).decode("utf-8-sig").splitlines()  # type: ignore[call-overload]
    assert len(lines) == 2
    assert "Ada Berg made Alice Lind Coach" in lines[1]
    told = [json.loads(line) for line in b"".join(ada.get("/audit.jsonl")).splitlines()]  # type: ignore[call-overload]
    assert [one["action"] for one in told[:2]] == ["membership.granted", "login"]
    assert told[0]["detail"]["role"] == "coach"
    exports = AuditEntry.objects.filter(action="audit.exported").order_by("id")
    assert [one.detail["form"] for one in exports] == ["csv", "jsonl"]
    assert exports[0].detail["filters"] == {"action": "membership"}


def test_names_cannot_write_markup_into_the_record(enter: Enter, north: Site) -> None:
    service.record(None, "conflict.ended", site=north, subject="</pre><script>alert(1)</script>")
    assert "<script>alert" not in text(enter("ada").get("/audit/"))


def test_an_action_without_a_sentence_is_shown_by_its_name(ada: User, north: Site) -> None:
    service.record(ada, "something.new", site=north, subject="EMS-1")
    assert deeds.sentence(AuditEntry.objects.latest("id"), {}) == "ada: something.new · EMS-1"


@pytest.mark.parametrize("action", deeds.SENTENCES)
def test_every_sentence_can_be_said(action: str, ada: User) -> None:
    entry = AuditEntry(actor_name="ada", action=action, subject="x", detail={"before": None})
    assert "%(" not in deeds.sentence(entry, {"ada": "Ada Berg"})


@pytest.mark.django_db(transaction=True)
def test_the_page_says_whether_the_record_is_whole(enter: Enter) -> None:
    ada = enter("ada")
    page = text(ada.post("/audit/check/", follow=True))
    assert "The record is whole." in page
    assert f"Unbroken up to entry {AuditEntry.objects.count()}" in page
    assert enter("alice").post("/audit/check/").status_code == 403


def test_what_happened_at_several_sites_reads_in_its_order_by_one_named_clock(
    enter: Enter, north: Site, south: Site
) -> None:
    """Berlin's entries an hour ahead of London's would look as if the record had been shuffled."""
    root = enter("root")
    for site in (north, south, north, south):
        service.record(None, "site.changed", site=site, subject=site.slug)
    page = text(root.get("/audit/"))
    assert "times in UTC" in page
    assert "shown in Europe/Berlin" not in page
    page = text(root.get("/audit/?site=north"))
    assert "times in Europe/Berlin" in page
    assert "shown in UTC" not in page
