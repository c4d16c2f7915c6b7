"""Home: how my sites stand, and whether news from them gets through."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboards.live import reads
from dashboards.system.overview import standings
from dashboards.words import texts, tiles
from dashboards.words.faces import face
from dashboards.words.worst import worst_of
from devices.models import Device, Pulse, State
from devices.wire import codec
from fleet.access.models import Membership, Role, Site
from tests.dashboards.api.ward import Ward
from tests.devices import history


@pytest.fixture
def alive(db: None) -> None:
    for part in ("ingest", "dispatch", "worker", "courier", "beat"):
        Pulse.objects.create(part=part, at=timezone.now(), detail={"broker": True})


def words(client: Client, path: str = "/?part=live") -> str:
    page = client.get(path).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def silence(part: str, seconds: float) -> None:
    Pulse.objects.filter(part=part).update(at=timezone.now() - timedelta(seconds=seconds))


def test_a_site_says_what_stands_in_it_and_who_is_worst_off(nurse: Client, alive: None) -> None:
    page = words(nurse)
    assert re.search(r"devices ?3 ?in session ?1 ?need attention ?2 ?silent ?1 ?never heard ?1", page), page
    assert "Bed 1, Room 3: On" in page
    assert "Electrode off, channel 2" in page
    assert "Nurse" in page
    assert "Live" in page


def test_the_worst_is_said_in_the_walls_words_with_its_age(nurse: Client, ward: Ward, alive: None) -> None:
    ward.silent.live.link, ward.silent.live.output, ward.silent.live.session = "offline", "on", "S-1"
    ward.silent.live.save()
    page = words(nurse)
    assert re.search(r"Bed 2, Room 4: Was on, now unknown · Electrode off, channel 2 · 9 min", page), page


def test_a_site_where_all_is_well_says_so(nurse: Client, ward: Ward, alive: None) -> None:
    State.objects.all().delete()
    assert "Nothing needs attention" in words(nurse)


def test_a_site_without_a_device_leads_to_the_next_step(nurse: Client, alive: None) -> None:
    Membership.objects.create(
        user=User.objects.get(username="nurse"),
        site=Site.objects.create(slug="new", name="New"),
        role=Role.ENGINEER,
    )
    page = words(nurse)
    assert "No device is enrolled here yet" in page
    assert "How to enrol one" in page


def test_times_are_the_sites_own(nurse: Client, ward: Ward, alive: None) -> None:
    ward.north.time_zone = "Asia/Kathmandu"
    ward.north.save()
    assert "shown in Asia/Kathmandu" in nurse.get("/").content.decode()


@pytest.mark.parametrize("left_out", range(-1, 9))
def test_home_counts_what_the_wall_counts_and_names_its_worst(ward: Ward, left_out: int) -> None:
    """Home reads columns and signs where the wall reads everything: none that needs attention may escape it."""
    says: list[dict[str, Any]] = [
        {"conditions": ("low_battery",)},
        {"state": "fault", "output": "off", "session": None, "conditions": ("estop",)},
        {"state": "idle", "output": "off", "session": None, "conditions": ()},
        {"state": "paused", "output": "off", "conditions": ()},
        {"state": "idle", "output": "on", "session": None, "conditions": ()},
        {"state": "ready", "output": "ramping", "session": None, "conditions": ()},
        {"conditions": ()},
        {"state": "charging", "output": "off", "session": None, "conditions": ("low_battery",)},
    ]
    for n, said in enumerate(says[left_out + 1 :]):
        for link in ("never", "online", "suspect", "offline", "conflict"):
            device = Device.objects.create(serial=f"T-{n}-{link}", site=ward.north)
            history.say(device, ward.now, link=link, **said)
    standing = standings([ward.north], ward.now)[ward.north.pk]
    shown = [tiles.tile(one, texts.wall_texts()) for one in reads.devices_of(ward.north.pk, ward.now)]
    wall = tiles.counts(shown)
    assert standing.attention == wall["attention"]
    every = [(one, face(one, texts.wall_texts())) for one in reads.devices_of(ward.north.pk, ward.now)]
    first = worst_of([one for one in every if one[1]["attention"]])
    assert first
    assert standing.worst
    assert standing.worst.serial == first[0]["serial"]
    assert (standing.devices, standing.in_session, standing.silent) == (
        wall["all"],
        wall["in_session"],
        wall["silent"],
    )


@pytest.mark.parametrize("contact,asks", [("ok", 0), ("off", 0), ("electrode", 1), ("timeout", 1)])
def test_a_bad_contact_needs_attention(ward: Ward, contact: str, asks: int) -> None:
    Device.objects.exclude(pk=ward.fresh.pk).delete()
    live = history.say(ward.fresh, ward.now, conditions=())
    live.telemetry = codec.encode(history.telemetry(60, contact=("ok", contact)))
    live.save()
    assert standings([ward.north], ward.now)[ward.north.pk].attention == asks


def test_thirty_sites_take_as_many_queries_as_one(
    nurse: Client, ward: Ward, alive: None, django_assert_max_num_queries: Any
) -> None:
    user = User.objects.get(username="nurse")
    for n in range(30):
        site = Site.objects.create(slug=f"s{n}", name=f"Site {n}")
        Membership.objects.create(user=user, site=site, role=Role.NURSE)
        history.say(Device.objects.create(serial=f"M-{n}", site=site), ward.now, state="fault")
    with django_assert_max_num_queries(11):
        page = words(nurse)
    assert page.count("Fault") >= 30


@pytest.mark.parametrize(
    "part,seconds,told",
    [
        ("ingest", 5.5, "hears nothing from the devices"),
        ("worker", 11, "clock of alerts stands still"),
        ("dispatch", 5.5, "Commands do not go out"),
        ("courier", 11, "alerts are told on these pages only"),
    ],
)
def test_a_part_that_died_is_told_in_words(
    nurse: Client, alive: None, part: str, seconds: float, told: str
) -> None:
    shown = re.search(r'data-feed="(\w+)"', nurse.get("/").content.decode())
    assert shown
    assert shown[1] == "live"
    silence(part, seconds)
    page = nurse.get("/?part=live").content.decode()
    assert f'data-feed="{"deaf" if part == "ingest" else "impaired"}"' in page
    assert told in words(nurse)


def test_a_server_without_its_broker_is_deaf(nurse: Client, alive: None) -> None:
    Pulse.objects.filter(part="ingest").update(detail={"broker": False})
    assert "cut off from the message broker" in words(nurse)


def test_a_server_that_never_ran_is_deaf(nurse: Client) -> None:
    assert 'data-feed="deaf"' in nurse.get("/").content.decode()


def test_walls_that_are_not_told_are_no_deaf_server(nurse: Client, alive: None) -> None:
    Pulse.objects.filter(part="ingest").update(
        detail={"broker": True, "rates": {"announcements_failed": 0.4}}
    )
    page = nurse.get("/").content.decode()
    assert 'data-feed="impaired"' in page
    assert "walls are not told" in page
