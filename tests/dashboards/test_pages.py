"""The pages as the server renders them."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboards.live.reads import place
from devices.models import Device
from fleet.access.models import Membership, Role
from tests.dashboards.api.ward import Ward


def tile(page: str, serial: str) -> str:
    found = re.search(rf'<article class="tile"[^>]*data-serial="{serial}".*?</article>', page, re.S)
    assert found, f"no tile of {serial}"
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "|", found.group()))


def test_the_wall_shows_what_each_device_of_the_site_last_said(nurse: Client) -> None:
    page = nurse.get("/sites/north/").content.decode()
    running = tile(page, "EMS-0001")
    for words in ("Bed 1", "Room 3", "On", "for 1:00", "Electrode off, channel 2", "31.9", "32", "87 %"):
        assert words in running, words
    assert "online" in running
    assert "Never heard" in tile(page, "EMS-0003")


def test_a_device_silent_in_session_is_never_shown_as_off(nurse: Client, ward: Ward) -> None:
    ward.running.live.link = "offline"
    ward.running.live.save()
    page = tile(nurse.get("/sites/north/").content.decode(), "EMS-0001")
    assert "Was on, now unknown" in page
    assert "s ago" in page
    assert "off" not in page.replace("Electrode off", "")


def test_a_device_of_another_site_is_not_on_the_wall(nurse: Client) -> None:
    assert "EMS-0100" not in nurse.get("/sites/north/").content.decode()


@pytest.mark.parametrize("path", ["/sites/far/", "/sites/nowhere/"])
def test_the_wall_of_a_site_that_is_not_mine_does_not_exist(nurse: Client, path: str) -> None:
    answer = nurse.get(path)
    assert answer.status_code == 404
    assert "not yours" in answer.content.decode()


@pytest.mark.parametrize("path", ["/", "/sites/north/"])
def test_who_is_not_logged_in_is_asked_to(client: Client, ward: Ward, path: str) -> None:
    assert client.get(path)["Location"] == f"/login/?next={path}"


def test_a_wrong_password_is_told_in_words(client: Client, ward: Ward) -> None:
    answer = client.post("/login/", {"username": "nurse", "password": "wrong"})
    assert "do not belong together" in answer.content.decode()


def test_the_first_page_lists_my_sites_with_what_stands_in_them(nurse: Client) -> None:
    page = nurse.get("/").content.decode()
    assert "/sites/north/" in page
    assert "/sites/far/" not in page
    assert re.findall(r"<dd>(\d+)</dd>", page) == ["3", "1", "2", "1", "1"]


def test_who_has_no_site_is_told_whom_to_ask(nurse: Client) -> None:
    Membership.objects.all().delete()
    assert "Ask yours for access" in nurse.get("/").content.decode()


def test_an_empty_wall_shows_an_engineer_how_to_enrol(ward: Ward, client: Client) -> None:
    Device.objects.filter(site=ward.north).delete()
    client.force_login(User.objects.get(username="engineer"))
    page = client.get("/sites/north/").content.decode()
    assert re.search(r'id="empty">\s*<h2>No device is enrolled', page)
    assert "manage.py enrol EMS-0001 --site north" in page


def test_an_empty_wall_tells_a_nurse_whom_to_ask(nurse: Client, ward: Ward) -> None:
    Device.objects.filter(site=ward.north).delete()
    User.objects.filter(username="engineer").update(first_name="Emre", last_name="Aydın")
    page = nurse.get("/sites/north/").content.decode()
    assert "Ask an engineer of this site to enrol one: Emre Aydın." in page
    assert "manage.py" not in page


def test_an_empty_wall_of_a_site_without_an_engineer_says_so(stranger: Client, ward: Ward) -> None:
    ward.foreign.live.delete()
    ward.foreign.delete()
    assert "ask an administrator to add one" in stranger.get("/sites/far/").content.decode()
    Membership.objects.filter(user__username="stranger").update(role=Role.ADMIN)
    page = stranger.get("/sites/far/").content.decode()
    assert "ask an administrator" not in page
    assert 'href="/people/new/?site=far"' in page


def shown(page: str) -> list[str]:
    """The serials of the tiles that are not hidden, in their order."""
    return [
        found.group(1)
        for found in re.finditer(r'<article class="tile" data-serial="([^"]+)"([^>]*)>', page)
        if " hidden" not in found.group(2)
    ]


def test_the_worst_stands_first_unless_the_person_chose_places(nurse: Client, ward: Ward) -> None:
    ward.silent.live.link = "offline"
    ward.silent.live.session, ward.silent.live.output = "S-9", "on"
    ward.silent.live.save()
    assert shown(nurse.get("/sites/north/").content.decode()) == ["EMS-0002", "EMS-0001", "EMS-0003"]
    places = ["EMS-0001", "EMS-0002", "EMS-0003"]
    assert shown(nurse.get("/sites/north/?order=place").content.decode()) == places
    assert shown(nurse.get("/sites/north/?kiosk=1").content.decode()) == places
    nurse.cookies["wall_order"] = "place"
    assert shown(nurse.get("/sites/north/").content.decode()) == places


@pytest.mark.parametrize(
    "asked, expected",
    [
        ("room=Room+3", ["EMS-0001"]),
        ("state=in_session", ["EMS-0001"]),
        ("state=never", ["EMS-0003"]),
        ("q=bed", ["EMS-0001", "EMS-0002"]),
        ("q=room+4", ["EMS-0002"]),
        ("q=bed&room=Room+3&state=never", []),
    ],
)
def test_an_address_that_was_sent_on_shows_the_same_choice(
    nurse: Client, ward: Ward, asked: str, expected: list[str]
) -> None:
    page = nurse.get(f"/sites/north/?order=place&{asked}").content.decode()
    assert shown(page) == expected
    assert f"Showing {len(expected)} of 3" in page
    assert '<b id="count-all">3</b>' in page  # counts are of the whole site


def test_a_tile_says_what_to_do_next(nurse: Client, ward: Ward) -> None:
    page = nurse.get("/sites/north/").content.decode()
    assert "Channel 2: check the pad" in tile(page, "EMS-0001")
    assert "Switch on and connect" in tile(page, "EMS-0003")


def test_a_screen_on_the_wall_leads_nowhere_and_comes_back_by_itself(nurse: Client, ward: Ward) -> None:
    page = nurse.get("/sites/north/?kiosk=1").content.decode()
    assert "<nav" not in page
    assert 'http-equiv="refresh"' in page
    assert 'http-equiv="refresh"' not in nurse.get("/sites/north/").content.decode()
    assert "own alarm and stop come first" in page


@pytest.mark.parametrize("path, again", [("/sites/north/?kiosk=1", True), ("/sites/north/", False)])
def test_a_screen_on_the_wall_that_meets_a_fault_of_the_server_tries_again(
    nurse: Client, monkeypatch: pytest.MonkeyPatch, path: str, again: bool
) -> None:
    monkeypatch.setattr("dashboards.live.reads.devices_of", lambda *_: 1 / 0)
    nurse.raise_request_exception = False
    answer = nurse.get(path)
    assert answer.status_code == 500
    assert ("Refresh" in answer) == again


def test_logging_out_needs_a_form_and_ends_the_session(nurse: Client) -> None:
    assert nurse.get("/logout/").status_code == 405
    nurse.post("/logout/")
    assert nurse.get("/").status_code == 302


@pytest.mark.parametrize("path", ["/", "/login/", "/sites/north/", "/sites/nowhere/"])
def test_nothing_written_into_a_page_runs_or_styles_it(nurse: Client, path: str) -> None:
    answer = nurse.get(path, follow=path != "/login/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = answer.content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    scripts = re.findall(r"<script([^>]*)>", page)
    assert all("src=" in one or 'type="application/json"' in one for one in scripts)


def test_names_cannot_write_markup_into_the_wall(nurse: Client, ward: Ward) -> None:
    ward.running.name = "</script><script>alert(1)</script>"
    ward.running.save()
    assert "<script>alert" not in nurse.get("/sites/north/").content.decode()


def test_a_thousand_tiles_take_no_query_each(
    nurse: Client, ward: Ward, django_assert_max_num_queries: Any
) -> None:
    Device.objects.bulk_create(Device(serial=f"X{n}", site=ward.north) for n in range(1000))
    with django_assert_max_num_queries(12):
        nurse.get("/sites/north/")


def test_rooms_stand_in_the_order_people_count_them() -> None:
    rooms = ["Room 10", "Room 2", "", "Annex", "room 2b"]
    ordered = sorted(({"room": room, "name": "", "serial": "A"} for room in rooms), key=place)
    assert [one["room"] for one in ordered] == ["Annex", "Room 2", "room 2b", "Room 10", ""]
