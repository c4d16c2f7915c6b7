"""The page Duty: who is on duty, taking over, notes for the next, and what was handed over."""

import re
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils import timezone

from devices.models import Device
from fleet.access.models import AuditEntry, Site
from fleet.paging import service
from fleet.paging.models import Note, Turn
from fleet.safety import service as safety
from fleet.safety.signals import Key, Rise
from fleet.safety.words import Duty, Priority
from tests.dashboards.duty.conftest import Enter

BERLIN = ZoneInfo("Europe/Berlin")
CARE = {"site": "north", "duty": "care", "once": "w1"}


def text(answer: HttpResponse) -> str:
    words = re.sub(r"<(?!time)[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"</?time[^>]*>", "", words)).replace("&#x27;", "'")


def roster(site: Site, username: str, starts: time, ends: time, duty: Duty = Duty.CARE) -> None:
    service.add_shift(
        actor=None,
        site=site,
        duty=duty,
        user=User.objects.get(username=username),
        weekdays=range(7),
        starts=starts,
        ends=ends,
        first_day=timezone.now().date() - timedelta(days=14),
    )


def test_while_nobody_is_on_duty_the_page_says_so_and_what_becomes_of_a_high_alert(enter: Enter) -> None:
    answer = enter("nora").get("/duty/")
    page = text(answer)
    assert answer.content.decode().count("data-empty") == 2
    assert "High alerts stand on open pages, and reach nobody away from them." in page
    assert "The rota names nobody within 24 hours." in page


def test_what_becomes_of_a_high_alert_is_said_as_things_are_and_not_as_the_policy_wishes(
    enter: Enter, north: Site, settings: Any
) -> None:
    User.objects.filter(username="carla").update(email="carla@clinic.example")
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    page = text(enter("nora").get("/duty/"))
    assert "High alerts go to everybody who may take this duty at once, by e-mail." in page
    assert "High alerts stand on open pages, and reach nobody away from them." in page  # no engineer has one


def test_one_button_takes_over_and_leads_to_what_is_handed_over(enter: Enter, north: Site) -> None:
    now = timezone.now()
    bed = Device.objects.create(serial="EMS-1", site=north, name="Bed 1", room="Room 3")
    safety.take([Rise(Key("estop", bed.pk), int(1000 * now.timestamp()), Priority.HIGH)], now)
    nora = enter("nora")
    nora.post("/duty/note/", {"site": "north", "text": "  Lead 2 of Room 3 is loose ", "once": "n1"})
    answer = nora.post("/duty/take/", CARE, follow=True)
    page = text(answer)
    turn = Turn.objects.get()
    assert answer.redirect_chain == [(f"/duty/handover/{turn.pk}/", 302)]
    assert (turn.user.username, turn.until) == ("nora", None)
    for words in ("Handover · North clinic · Care", "Open alerts 1", "Bed 1", "Room 3", "Emergency stop"):
        assert words in page, words
    assert "Lead 2 of Room 3 is loose" in page
    assert "times in Europe/Berlin" in page
    assert "Nora Lindqvist (you)" in text(nora.get("/duty/"))
    assert AuditEntry.objects.filter(action="duty.taken", actor_name="nora").exists()


def test_the_page_asks_for_who_is_on_duty_alone_so_that_it_never_grows_old(enter: Enter, north: Site) -> None:
    nora = enter("nora")
    assert 'data-refresh="/duty/?part=posts&amp;site=north"' in nora.get("/duty/").content.decode()
    roster(north, "carla", time(0), time(0))
    part = nora.get("/duty/", {"part": "posts", "site": "north"})
    assert "Carla Mendes" in text(part)
    assert "<html" not in part.content.decode()


def test_a_double_click_takes_over_once_and_the_second_is_led_where_the_first_was(
    enter: Enter, north: Site
) -> None:
    nora = enter("nora")
    first, second = nora.post("/duty/take/", CARE), nora.post("/duty/take/", CARE)
    assert first["Location"] == second["Location"]
    assert Turn.objects.count() == 1


def test_a_turn_that_is_ended_leaves_the_rota_or_says_that_nobody_is_there(enter: Enter, north: Site) -> None:
    nora = enter("nora")
    nora.post("/duty/take/", CARE)
    turn = Turn.objects.get()
    assert enter("carla").post(f"/duty/turns/{turn.pk}/end/").status_code == 403
    assert enter("stella").post(f"/duty/turns/{turn.pk}/end/").status_code == 404
    assert "Nobody is on duty at North clinic now: Care." in text(
        nora.post(f"/duty/turns/{turn.pk}/end/", follow=True)
    )
    assert "This turn was over already." in text(nora.post(f"/duty/turns/{turn.pk}/end/", follow=True))
    roster(north, "carla", time(0), time(0))
    nora.post("/duty/take/", CARE | {"once": "w2"})
    page = text(nora.post(f"/duty/turns/{Turn.objects.latest('pk').pk}/end/", follow=True))
    assert "By the rota Carla Mendes is on duty at North clinic now." in page


@pytest.mark.parametrize("who,duty,status", [("carla", "care", 302), ("emre", "care", 403), ("anton", "care", 403),
                                             ("emre", "technical", 302), ("nora", "technical", 403),
                                             ("stella", "care", 404), ("nora", "nonsense", 404)])  # fmt: skip
def test_a_duty_is_taken_by_whom_the_table_of_roles_says(
    enter: Enter, who: str, duty: str, status: int
) -> None:
    assert enter(who).post("/duty/take/", {"site": "north", "duty": duty}).status_code == status


def test_who_may_not_take_a_duty_is_offered_no_button(enter: Enter) -> None:
    assert enter("nora").get("/duty/").content.decode().count("I take over") == 1
    assert "I take over" not in text(enter("anton").get("/duty/"))


def test_the_rota_says_who_comes_next_and_from_when_nobody_will_be_there(enter: Enter, north: Site) -> None:
    now = timezone.now().astimezone(BERLIN).replace(second=0, microsecond=0)
    began, ends, later = ((now + timedelta(hours=h)).time() for h in (-2, 2, 5))
    roster(north, "nora", began, ends)
    page = text(enter("nora").get("/duty/"))
    assert "Nobody is on duty from" in page
    assert "then Nora Lindqvist" in page  # tomorrow again
    roster(north, "carla", ends, later)
    assert "Next by the rota: Carla Mendes" in text(enter("nora").get("/duty/"))


def test_a_week_can_be_leafed_through_and_nonsense_is_this_week(enter: Enter, north: Site) -> None:
    roster(north, "nora", time(7), time(15))
    nora = enter("nora")
    for asked in ("2026-13-45", "1900-01-01", "x" * 500, ""):
        assert "today" in text(nora.get("/duty/", {"week": asked}))
    later = timezone.now().astimezone(BERLIN).date() + timedelta(days=14)
    page = text(nora.get("/duty/", {"week": later.isoformat(), "site": "north"}))
    assert "This week" in page
    assert "today" not in page
    assert "07:00–15:00" in page
    assert nora.get("/duty/", {"site": "far"}).status_code == 404


def test_an_empty_note_is_asked_for_again_and_a_stranger_leaves_none(enter: Enter, north: Site) -> None:
    answer = enter("nora").post("/duty/note/", {"site": "north", "text": "  "})
    assert answer.status_code == 422
    assert "Type what the next on duty should know." in text(answer)
    assert enter("stella").post("/duty/note/", {"site": "north", "text": "hello"}).status_code == 404
    assert not Note.objects.exists()


def test_a_handover_of_an_older_version_still_opens(enter: Enter, north: Site) -> None:
    nora = User.objects.get(username="nora")
    turn = Turn.objects.create(site=north, duty="care", user=nora, since=timezone.now(), handover={})
    page = enter("anton").get(f"/duty/handover/{turn.pk}/")
    assert page.status_code == 200
    assert "No alert was open." in text(page)
    assert enter("stella").get(f"/duty/handover/{turn.pk}/").status_code == 404
    assert f"/duty/handover/{turn.pk}/" in enter("anton").get("/duty/").content.decode()
