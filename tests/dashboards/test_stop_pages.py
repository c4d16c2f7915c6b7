"""A stop of a room or of a site, on pages: who is asked, what became of it, and that a count is proof alone."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.commands import stops
from devices.models import Device
from fleet.access import displays
from fleet.access.models import AuditEntry
from fleet.control import queries
from fleet.control.models import Command, Stop
from tests.dashboards.api import ward as wards
from tests.dashboards.browser_modules import Ask, asked
from tests.dashboards.commands import NOON, NOON_MS

STATES = ("requested", "published", "received", "done", "confirmed", "unconfirmed", "refused", "expired")


def plain(answer: Any) -> str:
    """Return what a page says, without its tags."""
    text = re.sub(
        r"<template.*?</template>|<script.*?</script>", "", answer.content.decode(), flags=re.DOTALL
    )
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def part_of(stop: Stop, device: Device, state: str, *, ago_s: float = 1) -> Command:
    """Write one command of a stop, asked for so long ago."""
    at = timezone.now() - timedelta(seconds=ago_s)
    return Command.objects.create(
        device=device,
        verb="stop",
        state=state,
        stop=stop,
        site=stop.site,
        requested_at=at,
        proof_due_at=at + timedelta(seconds=3),
        expires_at=at + timedelta(seconds=10),
        **({f"{state}_at": at + timedelta(seconds=0.4)} if state != "requested" else {}),
    )


@pytest.fixture
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with asked("stops.mjs", ("stop-count",), tmp_path_factory.mktemp("stops")) as ask:
        yield ask


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(STATES), st.sampled_from(("Room 2", "Room 10", "")), st.integers(-5, 5)),
        max_size=12,
    )
)
def test_the_page_and_the_server_count_alike_and_an_answer_alone_is_never_counted_as_proof(
    ask: Ask, parts: list[tuple[str, str, int]]
) -> None:
    commands = [
        Command(
            device=Device(serial=f"EMS-{n}", room=room),
            verb="stop",
            state=state,
            requested_at=NOON,
            expires_at=NOON + timedelta(seconds=10),
            proof_due_at=NOON + timedelta(seconds=due_s),
        )
        for n, (state, room, due_s) in enumerate(parts)
    ]
    sums, rooms = stops.tally(commands, NOON)
    told = ask("count", commands=[queries.command_object(one) for one in commands], now=NOON_MS)
    keys = ("asked", "confirmed", "unconfirmed", "waiting")
    assert [told[key] for key in keys] == [getattr(sums, key) for key in keys]
    assert [(one["room"], [to["device"] for to in one["go_to"]]) for one in told["rooms"]] == [
        (room.name, [where.command.device.serial for where in room.go_to]) for room in rooms
    ]
    assert sums.confirmed == sum(state == "confirmed" for state, *_ in parts)
    assert sums.asked == sums.confirmed + sums.unconfirmed + sums.waiting


def test_of_a_command_told_twice_or_late_the_newest_stands(ask: Ask) -> None:
    one = {"id": "a", "rev": 2, "state": "confirmed"}
    said = ask("keep", batches=[[one], [one | {"rev": 1, "state": "published"}], [one]])
    assert said == {"changed": [True, False, False], "known": [one]}


def test_of_stops_that_wait_for_the_same_devices_the_latest_is_told_and_none_that_waits_for_another(
    ask: Ask,
) -> None:
    def part(device: str, state: str, second: int) -> dict[str, str]:
        return {"device": device, "state": state, "requested_at": f"2026-11-22T12:00:{second:02}Z"}

    first = [part("A", "unconfirmed", 0), part("B", "confirmed", 0)]
    again = [part("A", "requested", 5), part("C", "confirmed", 5)]
    assert ask("told", earlier=first, later=again) is True
    assert ask("told", earlier=again, later=first) is False
    assert (
        ask("told", earlier=[*first, part("D", "published", 0)], later=again) is False
    )  # D is told by it alone
    assert ask("told", earlier=first, later=[part("A", "confirmed", 5)]) is False  # somebody has to go there
    assert (
        ask("told", earlier=first[1:], later=again) is False
    )  # all of it is confirmed, which is told for a while
    assert ask("told", earlier=first, later=[]) is False


@pytest.mark.django_db(transaction=True)
def test_the_page_says_whom_it_asks_and_asks_nobody_before_the_press(ward: wards.Ward, nurse: Client) -> None:
    page = plain(nurse.get("/sites/north/stop/"))
    assert "Bed 1" in page
    assert "Bed 2" in page  # silence is no "off"
    assert "EMS-0003" not in page
    assert not Command.objects.exists()
    assert "Bed 2" not in plain(nurse.get("/sites/north/stop/?room=Room+3"))
    assert nurse.get("/sites/north/stop/?room=Attic").status_code == 404
    assert nurse.get("/sites/north/stop/?room=A%00").status_code == 404  # PostgreSQL knows no such text
    assert nurse.post("/sites/north/stop/", {"room": "A\0"}).status_code == 409
    assert nurse.post("/sites/north/identify/", {"room": "A\0"}).status_code == 302
    assert not Command.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_press_that_is_sent_twice_is_one_stop_and_leads_to_what_becomes_of_it(
    ward: wards.Ward, nurse: Client
) -> None:
    number = uuid4()
    for _press in range(2):
        answer = nurse.post("/sites/north/stop/", {"id": str(number)}, follow=True)
    assert answer.redirect_chain == [(f"/stops/{number}/", 302)]
    assert {one.device.serial for one in Command.objects.select_related("device")} == {"EMS-0001", "EMS-0002"}
    assert AuditEntry.objects.filter(action="site.stop").count() == 1
    assert "0 of 2 confirmed, 2 waiting for proof" in plain(answer)


@pytest.mark.django_db(transaction=True)
def test_the_count_tells_whom_to_go_to_by_room_and_a_reason_is_added_afterwards(
    ward: wards.Ward, nurse: Client
) -> None:
    stop = Stop.objects.create(site=ward.north, requested_at=timezone.now(), actor_name="nurse")
    part_of(stop, ward.running, "confirmed")
    part_of(stop, ward.silent, "published", ago_s=4)  # nobody has written down yet that its time is over
    part_of(stop, ward.fresh, "done", ago_s=4)
    page = plain(nurse.get(f"/stops/{stop.pk}/"))
    assert "1 of 3 confirmed, 2 to go to" in page
    assert "Room 4 1 device" in page
    nurse.post(f"/stops/{stop.pk}/reason/", {"reason": "Fire drill"})
    assert "Fire drill" in plain(nurse.get(f"/stops/{stop.pk}/"))
    assert nurse.post(f"/stops/{stop.pk}/reason/", {"reason": ""}).status_code in (302, 422)
    home = plain(nurse.get("/"))
    assert "1 of 3 confirmed, 2 to go to" in home
    assert "Nothing needs attention" not in home


@pytest.mark.django_db(transaction=True)
def test_each_tile_of_a_person_has_its_stop_and_a_display_link_has_none(
    ward: wards.Ward, nurse: Client
) -> None:
    page = nurse.get("/sites/north/").content.decode()
    shown = page.partition("<template")[0]
    assert shown.count('data-does="stop"') == shown.count('<article class="tile"') == 3
    assert 'id="stop-site"' in shown
    _link, secret = displays.make_link(actor=None, site=ward.north, name="Gym", now=timezone.now())
    display = Client().get(f"/display/{secret}/").content.decode()
    assert "<article" in display
    for word in ('data-does="stop"', 'id="stop-site"', 'id="rooms-open"'):
        assert word not in display
    assert '"permit": null' in display
