"""The lists of sessions and of rejects: found, exported, in each site's own zone; nothing of other sites."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from dashboards.words.reasons import END_REASONS, REJECTS
from devices.models import Device, Reject, Session
from devices.wire.errors import REASONS
from devices.wire.words import EndReason
from tests.dashboards.api.ward import Ward

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
Begin = Callable[..., Session]


@pytest.fixture
def begin(ward: Ward) -> Begin:
    """A factory of sessions: twenty minutes at noon, whole and completed, unless said otherwise."""

    def made(device: Device, name: str, **other: Any) -> Session:
        start = other.pop("started_at", NOON)
        end = None if start is None else start + timedelta(minutes=20)
        known: dict[str, Any] = {
            "boot": 7, "subject": "P-17", "protocol_id": "quad-strength", "protocol_version": 3,
            "planned_ms": 1_200_000, "started_at": start, "started_up_ms": 0, "last_at": end or NOON,
            "last_up_ms": 1_200_000, "ended_at": end, "end_reason": "completed", "elapsed_ms": 1_200_000,
            "contractions": 15, "charge_uc": [184_000.0, 190_000.0], "messages": 1200,
        }  # fmt: skip
        return Session.objects.create(device=device, session=name, **(known | other))

    return made


def rows(client: Client, path: str = "/sessions/", **asked: str) -> dict[str, str]:
    """Return the words of each row, by its key."""
    answer = client.get(path, asked)
    assert answer.status_code == 200
    found = re.findall(r'<tr data-key="([^"]+)">(.*?)</tr>', answer.content.decode(), re.S)
    return {key: re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "|", row)) for key, row in found}


def exported(client: Client, path: str = "/sessions.csv", **asked: str) -> list[dict[str, str]]:
    text = b"".join(client.get(path, asked)).decode("utf-8-sig")  # type: ignore[arg-type]
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_says_what_was_planned_and_what_came_of_it(nurse: Client, ward: Ward, begin: Begin) -> None:
    ward.north.time_zone = "Europe/Berlin"
    ward.north.save()
    begin(ward.running, "S-1")
    words = rows(nurse)["EMS-0001/S-1"]
    for expected in ("20 Nov 2026", "13:00:00", "Bed 1", "EMS-0001", "P-17", "quad-strength", "version 3"):
        assert expected in words, expected
    for expected in ("20:00 of 20:00", "15", "374.0 mC", "completed", "none"):
        assert expected in words, expected
    assert 'href="/sessions/EMS-0001/S-1/"' in nurse.get("/sessions/").content.decode()


def test_a_session_that_missed_data_says_how_much(nurse: Client, ward: Ward, begin: Begin) -> None:
    begin(ward.running, "S-1", messages=600, disputed=True)
    words = rows(nurse)["EMS-0001/S-1"]
    assert "disputed · 1 gap" in words
    assert "20 min missing" in words


def test_a_session_in_progress_is_told_from_one_whose_end_was_never_heard(
    nurse: Client, ward: Ward, begin: Begin
) -> None:
    still = {"ended_at": None, "end_reason": None, "elapsed_ms": None, "contractions": None}
    begin(ward.running, "01JD2", **still)
    begin(ward.running, "before", **still)
    begin(ward.fresh, "forgotten", started_at=None, **(still | {"started_up_ms": None}))
    begin(ward.silent, "over")
    assert set(rows(nurse, ended="open")) == {"EMS-0001/01JD2"}
    assert set(rows(nurse, ended="unknown")) == {"EMS-0001/before", "EMS-0003/forgotten"}
    assert set(rows(nurse, ended="ended")) == {"EMS-0002/over"}
    assert "in progress" in rows(nurse)["EMS-0001/01JD2"]
    assert "its start was not heard" in rows(nurse)["EMS-0003/forgotten"]


def test_days_are_those_of_the_sites_own_zone(nurse: Client, ward: Ward, begin: Begin) -> None:
    ward.north.time_zone = "Pacific/Auckland"  # thirteen hours ahead: noon UTC is the next day there
    ward.north.save()
    begin(ward.running, "S-1")
    assert not rows(nurse, **{"from": "2026-11-20", "to": "2026-11-20"})
    assert set(rows(nurse, **{"from": "2026-11-21", "to": "2026-11-21"})) == {"EMS-0001/S-1"}
    assert exported(nurse)[0]["Start (site's time)"] == "2026-11-21 01:00:00"
    assert exported(nurse)[0]["Start (UTC)"] == "2026-11-20T12:00:00.000Z"


@pytest.mark.parametrize(
    "asked, expected",
    [
        ({"device": "EMS-0001"}, {"EMS-0001/S-1"}),
        ({"device": "bed"}, {"EMS-0001/S-1", "EMS-0002/S-2"}),
        ({"subject": "P-18"}, {"EMS-0002/S-2"}),
        ({"protocol": "QUAD"}, {"EMS-0001/S-1"}),
        ({"reason": "patient_stop"}, {"EMS-0002/S-2"}),
        ({"site": "north", "device": "none"}, set()),
    ],
)
def test_a_filter_leaves_what_it_names(
    nurse: Client, ward: Ward, begin: Begin, asked: dict[str, str], expected: set[str]
) -> None:
    begin(ward.running, "S-1")
    begin(ward.silent, "S-2", subject="P-18", protocol_id=None, end_reason="patient_stop")
    assert set(rows(nurse, **asked)) == expected
    assert {f"{one['Serial number']}/{one['Session']}" for one in exported(nurse, **asked)} == expected


@pytest.mark.parametrize("order", ["start", "device", "site", "subject", "protocol", "duration", "end"])
def test_every_order_holds_both_ways(nurse: Client, ward: Ward, begin: Begin, order: str) -> None:
    begin(ward.running, "S-1")
    begin(ward.silent, "S-2", started_at=NOON + timedelta(hours=1), subject="P-18", protocol_version=4,
          elapsed_ms=1_300_000, end_reason="fault")  # fmt: skip
    keys = ["EMS-0001/S-1", "EMS-0002/S-2"]
    if order == "end":
        assert list(rows(nurse, sort=order)) == keys
    assert sorted(rows(nurse, sort=order)) == sorted(rows(nurse, sort=f"-{order}")) == keys


def test_a_stranger_finds_no_session_of_another_site(stranger: Client, ward: Ward, begin: Begin) -> None:
    begin(ward.running, "S-1")
    begin(ward.foreign, "S-9")
    for asked in ({}, {"device": "EMS-0001"}, {"subject": "P-17"}, {"site": "north"}):
        assert not {key for key in rows(stranger, **asked) if "EMS-0100" not in key}, asked
        assert not [one for one in exported(stranger, **asked) if one["Site"] != "far"], asked
    assert "Bed 1" not in stranger.get("/sessions/", {"device": "EMS-0001"}).content.decode()


def test_the_csv_is_in_the_order_of_the_page_and_has_every_row(
    nurse: Client, ward: Ward, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.lists.exports._CHUNK", 7)
    for n in range(60):
        begin(ward.running, f"S-{n:02}", started_at=NOON + timedelta(minutes=n))
    names = [one["Session"] for one in exported(nurse, sort="start")]
    assert names == [f"S-{n:02}" for n in range(60)]
    assert len(rows(nurse)) == 50


# --- Rejects ---


@pytest.fixture
def refused(ward: Ward) -> None:
    def one(device: Device | None, serial: str, reason: str, excerpt: bytes) -> None:
        Reject.objects.create(
            at=NOON, hour=NOON, serial=serial, device=device, topic=f"ems/v1/{serial}/telemetry", reason=reason,
            detail="`ohm`: expected array", excerpt=excerpt, count=3,
        )  # fmt: skip

    one(ward.running, "EMS-0001", "schema", b'{"v":1,"ohm":"\xff<b>"}')
    one(ward.foreign, "EMS-0100", "json", b"=cmd")
    one(None, "EMS-9999", "unknown_serial", b"{}")


@pytest.mark.usefixtures("refused")
def test_a_reject_says_why_in_words_and_what_to_do(nurse: Client) -> None:
    [words] = rows(nurse, "/rejects/").values()
    assert "A field is missing or has a value that is not allowed" in words
    assert "Tell the maker of its firmware" in words
    assert "&lt;b&gt;" in words
    assert r"\xff" in words


@pytest.mark.usefixtures("refused")
def test_unknown_serials_are_seen_by_administrators_only(client: Client, ward: Ward) -> None:
    from django.contrib.auth.models import User

    seen = {}
    for name in ("nurse", "engineer", "admin", "stranger"):
        client.force_login(User.objects.get(username=name))
        seen[name] = {one["Serial number"] for one in exported(client, "/rejects.csv")}
    assert seen["nurse"] == seen["engineer"] == {"EMS-0001"}
    assert seen["admin"] == {"EMS-0001", "EMS-9999"}
    assert seen["stranger"] == {"EMS-0100"}
    client.force_login(User.objects.get(username="admin"))
    assert {one["Serial number"] for one in exported(client, "/rejects.csv", serial="unknown")} == {
        "EMS-9999"
    }
    client.force_login(User.objects.get(username="nurse"))
    assert "no filter “serial”" in client.get("/rejects/?serial=unknown").content.decode()


@pytest.mark.usefixtures("refused")
def test_refused_bytes_cannot_become_a_formula(stranger: Client) -> None:
    [row] = exported(stranger, "/rejects.csv")
    assert row["Excerpt"] == "'=cmd"


def test_every_reason_of_the_wire_has_its_words() -> None:
    assert set(REJECTS) == set(REASONS)
    assert set(END_REASONS) == {str(one) for one in EndReason}
