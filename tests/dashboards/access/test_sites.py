"""A site's settings, its screens, and making a site."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from devices.models import Device
from fleet.access.models import AuditEntry, DisplayLink, Membership, Site
from tests.dashboards.access.conftest import Enter
from tests.dashboards.access.test_people import text

SETTINGS = "/sites/north/settings/"
SCREENS = "/sites/north/displays/"


def test_the_settings_show_rooms_people_and_screens(enter: Enter, north: Site) -> None:
    for serial, room in (("A-1", "Room 3"), ("A-2", "Room 3"), ("A-3", "")):
        Device.objects.create(serial=serial, site=north, room=room)
    page = text(enter("ada").get(SETTINGS))
    for words in ("Room 3", "2 devices", "no room", "1 device<", "Alice Lind", "No screen has a link"):
        assert words in page, words


def test_a_site_gets_another_name_and_clock(enter: Enter, north: Site) -> None:
    ada = enter("ada")
    seen = {"seen_name": "North clinic", "seen_zone": "Europe/Berlin"}
    page = text(ada.post(SETTINGS, {"name": "North", "time_zone": "America/New York"} | seen, follow=True))
    assert "The settings are saved" in page
    north.refresh_from_db()
    assert (north.name, north.time_zone) == ("North", "America/New_York")
    stale = text(ada.post(SETTINGS, {"name": "South", "time_zone": "UTC"} | seen, follow=True))
    assert "Meanwhile somebody changed these settings" in stale
    north.refresh_from_db()
    assert north.name == "North"


@pytest.mark.parametrize(
    "zone,words",
    [("Berlin", "Did you mean Europe/Berlin?"), ("Mars", "“Mars” is no time zone"), ("", "Choose")],
)
def test_a_time_zone_that_is_none_is_told_with_what_would_be_right(
    enter: Enter, zone: str, words: str
) -> None:
    answer = enter("ada").post(SETTINGS, {"name": "Renamed", "time_zone": zone})
    assert answer.status_code == 422
    assert words in text(answer)
    assert 'value="Renamed"' in text(answer)


# --- screens ---


def test_a_link_is_shown_once_as_text_and_as_a_code_and_opens_the_wall(enter: Enter) -> None:
    ada = enter("ada")
    page = text(ada.post(SCREENS, {"name": "Corridor", "once": "w1"}, follow=True))
    found = re.search(r"http://testserver(/display/myd_[\w-]+/)", page)
    assert found
    assert '<svg class="qr"' in page
    assert "style=" not in page
    assert "myd_" not in text(ada.get(SCREENS))
    assert "not opened yet" in text(ada.get(SCREENS))
    screen = Client()
    assert screen.get(found.group(1)).status_code == 200
    assert "shows the wall" in text(ada.get(SCREENS))
    DisplayLink.objects.update(seen_at=timezone.now() - timedelta(minutes=5))
    assert "not showing it" in text(ada.get(SCREENS))
    assert "5 min ago" in text(ada.get(SCREENS))
    link = DisplayLink.objects.get()
    assert "Revoke the link of the screen “Corridor”?" in text(ada.get(f"{SCREENS}{link.pk}/revoke/"))
    assert screen.get(found.group(1)).status_code == 200
    assert "is revoked" in text(ada.post(f"{SCREENS}{link.pk}/revoke/", follow=True))
    assert screen.get(found.group(1)).status_code == 410


def test_sending_the_form_twice_makes_one_link(enter: Enter) -> None:
    ada = enter("ada")
    for _time in range(2):
        assert ada.post(SCREENS, {"name": "Corridor", "once": "w1"})["Location"] == SCREENS
    assert DisplayLink.objects.count() == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_link_without_a_usable_name_is_not_made(enter: Enter, name: str) -> None:
    answer = enter("ada").post(SCREENS, {"name": name})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in text(answer)
    assert not DisplayLink.objects.exists()


# --- making a site ---


def test_a_superuser_makes_a_site(enter: Enter) -> None:
    root = enter("root")
    sent = {"name": "West", "slug": "west", "time_zone": "Europe/Paris", "once": "w1"}
    for _time in range(2):
        assert root.post("/new-site/", sent)["Location"] == "/sites/west/settings/"
    assert Site.objects.get(slug="west").time_zone == "Europe/Paris"
    assert AuditEntry.objects.filter(action="site.made").count() == 1


@pytest.mark.parametrize(
    "slug,words", [("north", "already"), ("no blank", "only letters"), ("", "Choose an address")]
)
def test_an_address_of_a_site_is_its_own(enter: Enter, slug: str, words: str) -> None:
    answer = enter("root").post("/new-site/", {"name": "West", "slug": slug, "time_zone": "UTC"})
    assert answer.status_code == 422
    assert words in text(answer)
    assert Site.objects.get(slug="north").name == "North clinic"


def test_nobody_else_makes_a_site(enter: Enter) -> None:
    sent = {"name": "West", "slug": "west", "time_zone": "UTC"}
    assert enter("ada").post("/new-site/", sent).status_code == 403
    assert not Site.objects.filter(slug="west").exists()


@pytest.mark.parametrize("path", ["/", "/devices/", "/sessions/", "/rejects/", "/people/new/"])
def test_before_there_is_a_site_each_page_tells_a_superuser_to_make_one(enter: Enter, path: str) -> None:
    Membership.objects.all().delete()
    Site.objects.all().delete()
    page = enter("root").get(path).content.decode()
    assert "There is no site yet" in page
    assert "administrator adds people" not in page
