"""The console's first rendering, one alert's page, deeds by form, and the history."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from fleet.access.models import AuditEntry
from fleet.paging.models import Delivery, Webhook
from fleet.safety import service
from fleet.safety.models import Alert, Entry
from fleet.safety.signals import Fall, Key, Rise
from fleet.safety.words import Disposition, Priority, State
from tests.dashboards.api.ward import Ward

ELECTRODE = {"ma": 34, "set_ma": 34}


def rise(
    ward: Ward, rule: str = "electrode_off", priority: Priority = Priority.MEDIUM, **other: Any
) -> Alert:
    """An alert that rose 40 s ago, of the running device unless it is said otherwise."""
    device = other.pop("device", ward.running)
    key = Key(rule, device.pk if device else None, other.pop("channel", 2), other.pop("site_id", None))
    at_ms = int(1000 * (ward.now - timedelta(seconds=40)).timestamp())
    news = Rise(key, at_ms, priority, facts=other.pop("facts", ELECTRODE), **other)
    [alert] = service.take([news], ward.now).alerts
    return alert


def told(client: Client, address: str, **fields: Any) -> Any:
    """Do a deed as the console's script does; return its answer."""
    return client.post(address, fields, headers={"Accept": "application/json"})


# --- the console ---


def test_the_console_names_what_where_since_when_and_that_nobody_has_it(nurse: Client, ward: Ward) -> None:
    rise(ward, in_session=True)
    page = nurse.get("/alerts/").content.decode()
    assert "Channel 2: electrode off at 34 mA" in page
    assert "Bed 1 · Room 3 · EMS-0001" in page
    assert re.search(r"4\d s ago", page)
    assert "Nobody has it" in page


def test_what_is_true_stands_before_what_is_over_from_the_first_rendering_on(
    nurse: Client, ward: Ward
) -> None:
    rise(ward)
    over = rise(ward, "low_current")
    service.take([Fall(Key("low_current", ward.running.pk, 2), int(1000 * ward.now.timestamp()))], ward.now)
    lines = nurse.get("/alerts/").context["lines"]
    assert [line.alert.rule for line in lines] == ["electrode_off", "low_current"]
    assert lines[1].alert.pk == over.pk


def test_alerts_of_other_sites_are_on_nobodys_console(nurse: Client, stranger: Client, ward: Ward) -> None:
    alert = rise(ward)
    del nurse
    assert "electrode off" not in stranger.get("/alerts/").content.decode()
    for address in ("", "evidence.json", "close/", "acknowledge/"):
        assert stranger.get(f"/alerts/{alert.pk}/{address}").status_code == 404
    assert told(stranger, f"/alerts/{alert.pk}/acknowledge/").status_code == 404
    assert told(stranger, "/alerts/acknowledge/", ids=[alert.pk]).json()["alerts"] == []
    alert.refresh_from_db()
    assert alert.state == State.RAISED


def test_an_alert_of_the_server_itself_is_on_everybodys_console(stranger: Client, ward: Ward) -> None:
    alert = rise(ward, "ingest_silent", Priority.HIGH, device=None, channel=None, facts={})
    page = stranger.get("/alerts/").content.decode()
    assert "the server itself" in page
    assert stranger.get(f"/alerts/{alert.pk}/").status_code == 200


def test_whom_of_another_site_it_was_told_is_not_told_here(client: Client, ward: Ward) -> None:
    alert = rise(ward, "ingest_silent", Priority.HIGH, device=None, channel=None, facts={})
    hook = Webhook.objects.create(site=ward.north, name="Nurse call", url="https://x/", made_at=ward.now)
    about = {"alert": alert, "episode": 1, "step": 1, "planned_at": ward.now}
    engineer = User.objects.get(username="engineer")
    Delivery.objects.create(**about, channel="webhook", webhook=hook)
    Delivery.objects.create(**about, channel="email", user=engineer)
    for name, is_told in (("nurse", True), ("stranger", False)):
        client.force_login(User.objects.get(username=name))
        page = client.get(f"/alerts/{alert.pk}/").content.decode()
        assert ("Nurse call" in page) is is_told
        assert ("e-mail · engineer" in page) is is_told


def test_whoever_has_no_site_is_told_why_there_are_no_alerts(client: Client, django_user_model: Any) -> None:
    client.force_login(django_user_model.objects.create(username="new"))
    assert "No site is yours yet" in client.get("/alerts/").content.decode()


# --- one alert ---


def test_the_page_says_what_to_do_who_has_it_and_what_happened(nurse: Client, ward: Ward) -> None:
    alert = rise(ward)
    nurse.post(f"/alerts/{alert.pk}/acknowledge/")
    nurse.post(f"/alerts/{alert.pk}/comment/", {"text": "pad replaced <b>"})
    page = nurse.get(f"/alerts/{alert.pk}/").content.decode()
    assert "What to do" in page
    assert "nurse has it" in page
    assert "Rose: medium" in page
    assert "pad replaced &lt;b&gt;" in page
    assert page.index("Comment · nurse") < page.index("Acknowledged · nurse") < page.index("Rose: medium")


def test_nobody_is_sent_to_what_is_over(nurse: Client, ward: Ward) -> None:
    alert = rise(ward, "link_lost", Priority.HIGH, channel=None, facts={"output": "on"})
    assert "the device may still be on" in nurse.get(f"/alerts/{alert.pk}/").content.decode()
    alert.state = State.CLEARED
    alert.save()
    page = nurse.get(f"/alerts/{alert.pk}/").content.decode()
    assert "See that all is well, then close it" in page
    assert "the device may still be on" not in page
    alert.latched = True
    alert.save()
    assert "the device may still be on" in nurse.get(f"/alerts/{alert.pk}/").content.decode()
    alert.state = State.CLOSED
    alert.save()
    assert "What to do" not in nurse.get(f"/alerts/{alert.pk}/").content.decode()


def test_what_is_explained_leads_to_its_cause_and_the_cause_to_it(nurse: Client, ward: Ward) -> None:
    cause = rise(
        ward, "group_silent", Priority.HIGH, device=None, site_id=ward.north.pk, channel=None, facts={}
    )
    one = rise(ward, "offline_idle", Priority.LOW, channel=None, facts={}, cause_id=cause.pk)
    assert f'href="/alerts/{cause.pk}/"' in nurse.get(f"/alerts/{one.pk}/").content.decode()
    assert f'href="/alerts/{one.pk}/"' in nurse.get(f"/alerts/{cause.pk}/").content.decode()


def test_the_evidence_holds_the_samples_of_the_alerts_channel_around_it(nurse: Client, ward: Ward) -> None:
    alert = rise(ward)
    found = nurse.get(f"/alerts/{alert.pk}/evidence.json").json()
    assert found["channel"] == 2
    assert found["measures"] == ["ma", "ohm"]
    assert [one["n"] for one in found["trace"]["channels"]] in ([2], [])
    assert found["from"] < found["raised_at"] < found["to"]


def test_an_alert_without_a_device_has_no_evidence(nurse: Client, ward: Ward) -> None:
    alert = rise(ward, "ingest_silent", Priority.HIGH, device=None, channel=None, facts={})
    assert nurse.get(f"/alerts/{alert.pk}/evidence.json").status_code == 404
    assert "evidence.json" not in nurse.get(f"/alerts/{alert.pk}/").content.decode()


# --- deeds ---


def test_one_press_acknowledges_and_the_answer_is_the_alert_as_it_is_now(nurse: Client, ward: Ward) -> None:
    alert = rise(ward)
    answer = told(nurse, f"/alerts/{alert.pk}/acknowledge/").json()
    assert [(one["id"], one["state"], one["acknowledged_by"]) for one in answer["alerts"]] == [
        (alert.pk, "acknowledged", "nurse")
    ]


def test_what_was_on_screen_is_acknowledged_together_but_no_high_one(nurse: Client, ward: Ward) -> None:
    high = rise(ward, "over_current", Priority.HIGH)
    low, other = rise(ward), rise(ward, channel=1)
    answer = told(nurse, "/alerts/acknowledge/", ids=[high.pk, low.pk, other.pk, "x", "9" * 30])
    assert {one["id"] for one in answer.json()["alerts"]} == {low.pk, other.pk}
    assert answer.json()["said"] == "2 alerts acknowledged."
    high.refresh_from_db()
    assert high.state == State.RAISED


@pytest.mark.parametrize(
    "name, wrong, why",
    [
        ("shelve", {"minutes": 60, "reason": " "}, "Say why"),
        ("shelve", {"minutes": 1_440, "reason": "pads dry"}, "not one of the available choices"),
        ("close", {"note": "looked"}, "Choose what it was"),
        ("assign", {}, "Choose somebody"),
    ],
)
def test_a_deed_that_lacks_words_asks_again_and_does_nothing(
    nurse: Client, ward: Ward, name: str, wrong: dict[str, Any], why: str
) -> None:
    alert = rise(ward)
    for headers in ({}, {"Accept": "application/json"}):
        answer = nurse.post(f"/alerts/{alert.pk}/{name}/", wrong, headers=headers)
        assert answer.status_code == 422
        assert why in answer.content.decode()
    before = alert.rev
    alert.refresh_from_db()
    assert alert.rev == before


def test_a_shelf_has_a_reason_and_an_end_and_can_be_taken_down(nurse: Client, ward: Ward) -> None:
    alert = rise(ward)
    said = {"minutes": 15, "reason": "patient is changing", "one_shot": "on"}
    assert nurse.post(f"/alerts/{alert.pk}/shelve/", said).status_code == 302
    alert.refresh_from_db()
    assert alert.one_shot
    assert alert.shelved_until is not None
    assert timedelta(minutes=14) < alert.shelved_until - timezone.now() <= timedelta(minutes=15)
    page = nurse.get(f"/alerts/{alert.pk}/").content.decode()
    assert re.search(r"Shelved until <time datetime=.*</time>, or until it clears", page)
    assert "patient is changing" in page
    nurse.post(f"/alerts/{alert.pk}/unshelve/")
    alert.refresh_from_db()
    assert alert.shelved_until is None


def test_closing_asks_what_it_was_and_warns_while_it_is_true(nurse: Client, ward: Ward) -> None:
    alert = rise(ward)
    assert "It is still true" in nurse.get(f"/alerts/{alert.pk}/close/").content.decode()
    service.take([Fall(Key("electrode_off", ward.running.pk, 2), int(1000 * ward.now.timestamp()))], ward.now)
    assert "It is still true" not in nurse.get(f"/alerts/{alert.pk}/close/").content.decode()
    nurse.post(f"/alerts/{alert.pk}/close/", {"disposition": "actionable", "note": "pad put back"})
    alert.refresh_from_db()
    assert (alert.state, alert.disposition, alert.note) == (
        State.CLOSED,
        Disposition.ACTIONABLE,
        "pad put back",
    )
    page = nurse.get(f"/alerts/{alert.pk}/").content.decode()
    assert "It was real, and something was done" in page
    assert "/close/" not in page
    again = told(nurse, f"/alerts/{alert.pk}/acknowledge/")
    assert again.status_code in (200, 409)


def test_whoever_may_not_close_is_told_so_and_it_is_on_record(client: Client, ward: Ward) -> None:
    alert = rise(ward)
    client.force_login(User.objects.get(username="admin"))
    assert "close/" not in client.get(f"/alerts/{alert.pk}/").content.decode()
    answer = told(client, f"/alerts/{alert.pk}/close/", disposition="actionable")
    assert answer.status_code == 403
    assert "does not allow" in answer.json()["detail"]
    assert AuditEntry.objects.filter(action="denied.close_alert").exists()
    assert not Entry.objects.filter(alert=alert, kind="closed").exists()


def test_an_alert_is_given_to_somebody_of_its_site_only(nurse: Client, ward: Ward) -> None:
    alert = rise(ward)
    engineer, stranger = (User.objects.get(username=name) for name in ("engineer", "stranger"))
    assert nurse.post(f"/alerts/{alert.pk}/assign/", {"person": stranger.pk}).status_code == 422
    assert nurse.post(f"/alerts/{alert.pk}/assign/", {"person": engineer.pk}).status_code == 302
    assert "Given to engineer" in nurse.get(f"/alerts/{alert.pk}/").content.decode()


# --- history ---


def test_the_history_finds_by_rule_device_room_and_note(nurse: Client, ward: Ward) -> None:
    alert = rise(ward)
    rise(ward, "battery_low", Priority.LOW, device=ward.silent, channel=None, facts={"soc": 12})
    nurse.post(f"/alerts/{alert.pk}/close/", {"disposition": "expected", "note": "pads were moved"})

    def rows(**asked: str) -> str:
        body = nurse.get("/alerts/history/", asked).content.decode()
        return body[body.index("<tbody>") : body.index("</tbody>")]

    for asked in (
        {"q": "electrode"},
        {"q": "room 3"},
        {"q": "moved"},
        {"state": "closed"},
        {"q": "EMS-0001"},
    ):
        assert "electrode off at 34 mA" in rows(**asked), asked
        assert "attery at 12" not in rows(**asked), asked
    assert "attery at 12" in rows(priority="low")
    assert "It was real, and expected" in rows(disposition="expected")
    assert "Nothing matches" in rows(q="no such thing")


def test_the_history_leaves_as_csv_with_every_row(nurse: Client, ward: Ward) -> None:
    alert = rise(ward, in_session=True)
    body = b"".join(nurse.get("/alerts/history.csv").streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    head, row = body.splitlines()[:2]
    assert head.startswith("Alert,Site,Serial number")
    assert row.startswith(f"{alert.pk},north,EMS-0001,Bed 1,Room 3,electrode_off")


def test_texts_of_people_reach_no_script_of_the_page(nurse: Client, ward: Ward) -> None:
    ward.running.name = "</script><b>x"
    ward.running.save()
    rise(ward)
    page = nurse.get("/alerts/").content.decode()
    assert "</script><b>x" not in page
    about = page.split('id="console-about" type="application/json">')[1].split("</script>")[0]
    assert json.loads(about)["me"] == "nurse"
