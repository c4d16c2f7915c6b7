"""Search: any device, site, session, person or page, as far as the reader may see it; and the help page."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.template import Context, Template, TemplateSyntaxError
from django.test import Client

from dashboards.words import glossary
from devices.models import Device, Session
from tests.dashboards.api.ward import Ward


def find(client: Client, text: str) -> list[dict[str, Any]]:
    answer = client.get("/search/", {"q": text})
    assert answer.status_code == 200
    return list(answer.json()["items"])


def labels(client: Client, text: str, kind: str) -> list[str]:
    return [one["label"] for one in find(client, text) if one["kind"] == kind]


def as_(client: Client, name: str) -> Client:
    client.force_login(User.objects.get(username=name))
    return client


def test_a_whole_serial_number_comes_first_and_is_exact(nurse: Client, ward: Ward) -> None:
    Device.objects.create(serial="EMS-00010", site=ward.north, name="A")
    Session.objects.create(device=ward.running, session="EMS-0001", boot=1, last_at=ward.now, last_up_ms=1)
    first = find(nurse, "ems-0001")[0]
    assert (first["kind"], first["url"], first["exact"]) == ("device", "/devices/EMS-0001/", True)
    assert first["label"] == "Bed 1"
    assert first["detail"] == "EMS-0001 · Room 3 · North"
    assert (first["tone"], first["state"]) == ("on", "On")


def test_a_label_that_holds_an_address_opens_the_device_in_it(nurse: Client) -> None:
    first = find(nurse, "https://fleet.example/devices/EMS-0002/")[0]
    assert (first["url"], first["exact"]) == ("/devices/EMS-0002/", True)


@pytest.mark.parametrize("text", ["bed 2", "2 BED", "room 4", "north bed 2"])
def test_a_device_is_found_by_the_words_of_its_name_room_and_site(nurse: Client, text: str) -> None:
    assert "Bed 2" in labels(nurse, text, "device")


def test_many_devices_lead_on_to_the_list(nurse: Client, ward: Ward) -> None:
    Device.objects.bulk_create(Device(serial=f"X-{n}", site=ward.north, name=f"Bed {n}") for n in range(20))
    last = find(nurse, "bed")[-1]
    assert (last["kind"], last["url"]) == ("list", "/devices/?q=bed")


def test_a_session_is_found_by_its_whole_number(nurse: Client, ward: Ward) -> None:
    for device in (ward.running, ward.foreign):
        Session.objects.create(
            device=device, session="01JD2M6Q0S", boot=1, last_at=ward.now - timedelta(hours=1), last_up_ms=1
        )
    [found] = [one for one in find(nurse, "01JD2M6Q0S") if one["kind"] == "session"]
    assert found["url"] == "/sessions/EMS-0001/01JD2M6Q0S/"


def test_sites_and_pages_are_found_by_name(nurse: Client) -> None:
    assert labels(nurse, "nor", "site") == ["North"]
    assert labels(nurse, "sess", "page") == ["Sessions"]
    assert "Devices" in labels(nurse, "", "page")


def test_a_stranger_finds_nothing_of_another_site(stranger: Client, ward: Ward) -> None:
    Session.objects.create(device=ward.running, session="S-1", boot=1, last_at=ward.now, last_up_ms=1)
    for text in ("EMS-0001", "bed", "north", "Room 3", "S-1", "nurse", "RX"):
        assert not find(stranger, text), text
    assert labels(stranger, "EMS", "device") == ["EMS-0100"]


def test_people_are_found_by_those_who_manage_them_and_their_pages_too(client: Client, ward: Ward) -> None:
    assert not labels(as_(client, "nurse"), "engineer", "person")
    assert not labels(client, "people", "page")
    assert labels(as_(client, "admin"), "engineer", "person") == ["engineer"]
    assert not labels(client, "stranger", "person")
    assert labels(client, "people", "page") == ["People"]


def test_a_device_out_of_service_is_found_by_its_whole_serial_number_only(nurse: Client, ward: Ward) -> None:
    Device.objects.filter(pk=ward.running.pk).update(revoked_at=ward.now)
    [found] = [one for one in find(nurse, "EMS-0001") if one["kind"] == "device"]
    assert found["state"] == "revoked"
    assert "Bed 1" not in labels(nurse, "bed", "device")


@pytest.mark.parametrize("text", ["\0", "%", "'; --", "x" * 5000, "a b c d e f g h i j"])
def test_nothing_that_is_typed_breaks_the_search(nurse: Client, text: str) -> None:
    find(nurse, text)


def test_who_is_not_logged_in_finds_nothing(client: Client, ward: Ward) -> None:
    assert client.get("/search/?q=EMS")["Location"].startswith("/login/")


@pytest.mark.in_time
def test_ten_thousand_devices_are_searched_in_a_moment(nurse: Client, ward: Ward) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO devices_device (serial, site_id, name, room, uplink, model, tags, risk_class)"
            " SELECT 'RX-' || n, %s, 'Bed ' || n, 'Room ' || n / 4, '', '', '{}', ''"
            " FROM generate_series(1, 10000) AS n",
            [ward.north.pk],
        )
    find(nurse, "bed")
    took = []
    for text in ("RX-4711", "bed 4711", "nothing like it"):
        began = time.perf_counter()
        find(nurse, text)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.25, took  # 0.04 s where nothing else runs


# --- Help ---


def test_help_explains_every_word_mark_and_the_products_role(nurse: Client) -> None:
    page = nurse.get("/help/").content.decode()
    assert "This is a second pair of eyes." in page
    for key in glossary.WORDS:
        assert f'id="word-{key}"' in page, key
    for tone in (
        "silent",
        "conflict",
        "fault",
        "on",
        "ramping",
        "paused",
        "ready",
        "idle",
        "charging",
        "lost",
        "never",
    ):
        assert f'data-tone="{tone}"' in page, tone


def test_every_page_leads_to_search_and_help(nurse: Client) -> None:
    page = nurse.get("/").content.decode()
    assert 'id="search" href="/devices/"' in page
    assert 'href="/help/"' in page


def test_a_word_is_explained_where_it_stands() -> None:
    html = Template('{% load words %}{% word "phase-width" %}').render(Context())
    assert "Phase width" in html
    assert '<details class="help">' in html
    with pytest.raises(TemplateSyntaxError, match=r"no word of dashboards.words.glossary"):
        Template('{% load words %}{% word "nonsense" %}').render(Context())
