"""Who is told of a site's alerts: policies, the rota, webhooks, as whoever manages them meets them."""

from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboards.duty.forms import ShiftForm
from fleet.access.models import AuditEntry, Site
from fleet.paging import service
from fleet.paging.models import Policy, Shift, Webhook
from fleet.paging.policies import DEFAULT, Channel, Whom
from fleet.safety.words import Priority
from tests.dashboards.duty.conftest import Enter
from tests.dashboards.duty.test_duty_page import text

TELLING = "/sites/north/telling/"
HIGH = f"{TELLING}high/"
STEP = {"step1-after": "0", "step1-unit": "s", "step1-whom": "duty", "step1-channels": ["console", "email"]}


def write(browser: Client, path: str = HIGH, *, seen: str = "product", **typed: Any) -> Any:
    rows = {
        f"step{n}-{name}": value for n in (2, 3, 4) for name, value in (("unit", "min"), ("whom", "duty"))
    }
    return browser.post(path, rows | STEP | {"seen": seen} | typed, follow=True)


def test_everybody_of_the_site_reads_who_is_told_and_only_its_managers_change_it(enter: Enter) -> None:
    page = text(enter("nora").get(TELLING))
    assert "At once whoever is on duty open pages, with sound, push, e-mail and the site's webhooks" in page
    assert "After 1 minute everybody who may take this duty" in page
    assert "5 minutes after the last step it begins again, up to 3 times." in page
    assert "Take off" not in page
    assert "Webhooks" not in page
    for who in ("emre", "anton"):
        assert "Tell another system" in text(enter(who).get(TELLING))


def test_that_nothing_leaves_the_server_is_said_first(enter: Enter, settings: Any) -> None:
    settings.EMAIL_URL, settings.VAPID_PRIVATE_KEY = "", ""
    assert "This server sends neither e-mail nor browser push" in text(enter("nora").get(TELLING))
    settings.EMAIL_URL = "smtp://127.0.0.1:25"
    assert "This server sends no browser push" in text(enter("nora").get(TELLING))


def test_a_policy_is_written_in_steps_and_holds_at_once(enter: Enter, north: Site) -> None:
    carla = User.objects.get(username="carla")
    more = {
        "step2-after": "90",
        "step2-unit": "s",
        "step2-whom": f"person:{carla.pk}",
        "step2-channels": ["push"],
    }
    more |= {"repeat_after_min": "10", "repeats": "2", "quiet_from": "22:00", "quiet_to": "06:30"}
    page = text(write(enter("emre"), **more))
    assert "The policy for high alerts is saved." in page
    assert "After 90 s Carla Mendes push" in page
    assert "Quiet from 22:00 to 06:30" in page
    assert "Never while a session is open on the device" in page
    plan = service.plan_of(north, Priority.HIGH)
    assert [(step.after_s, step.whom, step.person_id) for step in plan.steps] == [
        (0, Whom.DUTY, None),
        (90, Whom.PERSON, carla.pk),
    ]
    assert plan.steps[0].channels == (Channel.CONSOLE, Channel.EMAIL)
    assert (plan.repeat_after_s, plan.repeats, plan.quiet_to) == (600, 2, time(6, 30))
    assert AuditEntry.objects.filter(action="telling.changed", actor_name="emre").count() == 1


def test_the_form_shows_the_policy_that_holds_so_that_saving_it_changes_nothing(enter: Enter) -> None:
    typed = {"step2-after": "1", "step2-whom": "anyone", "step2-channels": ["push", "email"]}
    typed |= {
        "step1-channels": ["console", "push", "email", "webhook"],
        "repeat_after_min": "5",
        "repeats": "3",
    }
    assert "Nothing was changed." in text(write(enter("emre"), **typed))
    assert not Policy.objects.exists()


@pytest.mark.parametrize(
    "typed,words",
    [
        ({"step1-after": ""}, "A policy needs at least one step"),
        ({"step1-after": "5"}, "A high alert is told at once"),
        ({"step1-channels": []}, "choose at least one"),
        ({"step1-whom": "person:99999"}, "Tell:"),
        ({"step2-after": "0", "step2-unit": "s", "step2-channels": ["push"], "repeats": "3"}, "Fill in both"),
        ({"quiet_from": "22:00"}, "Fill in both, or leave both empty."),
        ({"quiet_from": "22:00", "quiet_to": "22:00"}, "Quiet hours end at another time"),
    ],
)
def test_a_policy_that_cannot_be_is_told_beside_what_was_typed(
    enter: Enter, typed: dict[str, Any], words: str
) -> None:
    answer = write(enter("emre"), **typed)
    assert answer.status_code == 422
    assert words in text(answer)
    assert not Policy.objects.exists()


def test_a_policy_that_somebody_changed_meanwhile_is_not_overwritten(enter: Enter, north: Site) -> None:
    service.set_plan(
        actor=None, site=north, priority=Priority.HIGH, plan=DEFAULT[Priority.MEDIUM], now=timezone.now()
    )
    page = text(write(enter("emre"), seen="product"))
    assert "Meanwhile somebody changed this policy" in page
    assert service.plan_of(north, Priority.HIGH) == DEFAULT[Priority.MEDIUM]


def test_the_products_policy_can_be_had_back(enter: Enter, north: Site) -> None:
    emre = enter("emre")
    write(emre)
    asked = text(emre.get(f"{HIGH}default/"))
    assert "What this site wrote is lost." in asked
    assert "holds again" in text(emre.post(f"{HIGH}default/", follow=True))
    assert service.plan_of(north, Priority.HIGH) == DEFAULT[Priority.HIGH]


def shift(**typed: Any) -> dict[str, Any]:
    nora = User.objects.get(username="nora")
    first = (today_in_berlin() + timedelta(days=1)).isoformat()  # midnight may pass before it is sent
    given = {"duty": "care", "person": nora.pk, "weekdays": ["0", "2"], "starts": "19:00", "ends": "07:00"}
    return given | {"first_day": first, "once": "r1"} | typed


def today_in_berlin() -> date:
    return timezone.now().astimezone(ZoneInfo("Europe/Berlin")).date()


def test_somebody_is_put_on_the_rota_and_taken_off_a_day_at_a_time(enter: Enter, north: Site) -> None:
    emre = enter("emre")
    page = text(emre.post(f"{TELLING}rota/", shift(), follow=True))
    assert "Nora Lindqvist is on the rota: Mon and Wed, from 19:00 to 07:00." in page
    assert "19:00–07:00 next day" in page
    emre.post(f"{TELLING}rota/", shift(), follow=True)
    assert Shift.objects.count() == 2, "a form that is sent twice does its deed once"
    first = Shift.objects.order_by("weekday").first()
    assert first is not None
    remove = f"{TELLING}rota/{first.pk}/remove/"
    assert "Take Nora Lindqvist off the rota, 19:00–07:00?" in text(emre.get(remove))
    assert emre.post(remove).status_code == 422
    assert "is off the rota: Mon, 19:00–07:00" in text(emre.post(remove, {"weekdays": ["0"]}, follow=True))
    assert [line.weekday for line in Shift.objects.all()] == [2]
    assert "off the rota already" in text(emre.post(remove, {"weekdays": ["0"]}, follow=True))


@pytest.mark.parametrize(
    "typed,words",
    [
        ({"weekdays": []}, "Choose at least one day of the week."),
        ({"first_day": "2020-01-01"}, "A rota is written for today or later"),
        ({"starts": "25:00"}, "This is no time"),
        ({"duty": "technical"}, "their role does not allow it"),
        ({"last_day": "2020-01-01"}, "The last day is before the first."),
    ],
)
def test_a_line_that_cannot_be_is_told_beside_what_was_typed(
    enter: Enter, typed: dict[str, Any], words: str
) -> None:
    answer = enter("anton").post(f"{TELLING}rota/", shift(**typed))
    assert answer.status_code == 422
    assert words in text(answer)
    assert not Shift.objects.exists()


@pytest.mark.parametrize("days,is_written", [(-1, False), (0, True), (1, True)])
def test_a_rota_is_written_from_the_sites_today_on(north: Site, days: int, is_written: bool) -> None:
    today = date(2026, 11, 23)  # in Berlin; a server's clock may say the 22nd
    typed = shift(first_day=(today + timedelta(days=days)).isoformat())
    assert ShiftForm(typed, site=north, today=today).is_valid() == is_written


def test_somebody_whose_role_ended_counts_as_nobody_and_the_rota_says_so(enter: Enter, north: Site) -> None:
    emre = enter("emre")
    emre.post(f"{TELLING}rota/", shift())
    north.memberships.filter(user__username="nora").delete()
    assert "may not take this duty any more: counts as nobody" in text(emre.get(TELLING))


def test_the_secret_of_a_webhook_is_shown_once(enter: Enter, settings: Any) -> None:
    settings.TELL_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    emre = enter("emre")
    typed = {"name": "Nurse call", "url": "http://127.0.0.1:9/alerts", "once": "h1"}
    page = text(emre.post(f"{TELLING}webhooks/", typed, follow=True))
    hook = Webhook.objects.get()
    assert "The secret of the webhook “Nurse call”, shown this once" in page
    again = emre.get(TELLING)
    assert hook.secret not in again.content.decode()
    assert "Nurse call" in text(again)
    assert "did not take the test message" in text(
        emre.post(f"{TELLING}webhooks/{hook.pk}/test/", follow=True)
    )
    assert "is told nothing any more" in text(emre.post(f"{TELLING}webhooks/{hook.pk}/revoke/", follow=True))
    assert "No other system is told." in text(emre.get(TELLING))
    assert enter("nora").post(f"{TELLING}webhooks/{hook.pk}/test/").status_code == 403


def test_a_webhook_into_the_house_is_refused_where_no_setting_allows_it(enter: Enter) -> None:
    answer = enter("emre").post(f"{TELLING}webhooks/", {"name": "x", "url": "http://127.0.0.1/"})
    assert answer.status_code == 422
    assert not Webhook.objects.exists()
