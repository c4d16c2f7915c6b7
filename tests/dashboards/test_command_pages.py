"""What people ask of devices, on pages without a script: asking, the time line of one, lists, the lock."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from devices.models import Device, Session, State
from fleet.access.models import AuditEntry, Membership, Role
from fleet.control.models import Command, LockWish, Stop
from tests.dashboards.api import ward as wards
from tests.devices import history

pytestmark = pytest.mark.django_db(
    transaction=True
)  # a denial stays on record: it has a transaction of its own

Told = Callable[..., Command]


def at(device: Device, tab: str = "") -> str:
    return f"/devices/{device.serial}/{tab}"


def plain(answer: Any) -> str:
    """Return what a page says, without its tags."""
    text = re.sub(
        r"<template.*?</template>|<script.*?</script>", "", answer.content.decode(), flags=re.DOTALL
    )
    return " ".join(re.sub(r"<[^>]+>", " ", text).replace("&#x27;", "'").replace("&quot;", '"').split())


@pytest.fixture
def told(ward: wards.Ward) -> Told:
    """A factory of commands that are over, or not: `told("stop", state="confirmed", confirmed=0.4)`, in seconds."""

    def make(verb: str = "stop", *, device: Device | None = None, ago_s: float = 30, **other: Any) -> Command:
        device = device or ward.running
        asked = timezone.now() - timedelta(seconds=ago_s)
        steps = (
            "published",
            "received",
            "done",
            "confirmed",
            "unconfirmed",
            "refused",
            "expired",
            "refuted",
            "alerted",
        )
        moments = {
            f"{name}_at": asked + timedelta(seconds=other.pop(name)) for name in steps if name in other
        }
        due = asked + timedelta(seconds=3) if verb in ("stop", "pause", "lower") else None
        facts: dict[str, Any] = {"actor_name": "nurse", "site": device.site, "proof_due_at": due, **other}
        return Command.objects.create(
            device=device, verb=verb, requested_at=asked, expires_at=asked + timedelta(seconds=10), **facts, **moments
        )  # fmt: skip

    return make


def test_a_stop_without_a_script_leads_to_what_becomes_of_it_and_says_nothing_that_is_not_so(
    ward: wards.Ward, nurse: Client
) -> None:
    answer = nurse.post(at(ward.running, "ask/"), {"verb": "stop"}, follow=True)
    command = Command.objects.get()
    assert answer.redirect_chain == [(f"/commands/{command.pk}/", 302)]
    assert (command.verb, command.actor_name, command.state) == ("stop", "nurse", "requested")
    page = plain(answer)
    assert "Stop: not sent to the device yet." in page
    assert "confirmed" not in page.partition("Facts")[0].lower()
    assert "Asked for by nurse" in page


@pytest.mark.parametrize("tab", ["", "history/", "events/", "commands/"])
def test_stop_stands_on_every_tab_of_a_device(ward: wards.Ward, nurse: Client, tab: str) -> None:
    page = nurse.get(at(ward.silent, tab)).content.decode()
    assert '<button type="submit" class="stop-now">' in page


def test_a_revoked_device_is_offered_nothing(ward: wards.Ward, nurse: Client) -> None:
    Device.objects.filter(pk=ward.running.pk).update(revoked_at=timezone.now())
    assert "/ask/" not in nurse.get(at(ward.running)).content.decode()


def test_nothing_on_the_page_starts_or_raises(ward: wards.Ward, nurse: Client) -> None:
    page = nurse.get(at(ward.running)).content.decode()
    verbs = set(re.findall(r'name="verb" value="(\w+)"', page))
    assert verbs == {"stop", "pause", "lower", "identify", "lock"}
    for step in re.findall(r'name="targets" value="([^"]*)"', page):
        for part in step.split():
            channel, to_ma = part.split("=")
            assert float(to_ma) < 32, f"channel {channel} is set to 32 mA"


def test_a_step_down_is_worked_out_from_what_was_told_last_and_sent_as_at_most(
    ward: wards.Ward, nurse: Client
) -> None:
    page = nurse.get(at(ward.running)).content.decode()
    row = page.partition('data-channel="1"')[2].partition("</form>")[0]
    [value] = re.findall(r'value="(1=[\d.]+)" data-step="-10%"', row)
    assert value == "1=28.8"
    nurse.post(at(ward.running, "ask/"), {"verb": "lower", "targets": value})
    command = Command.objects.get()
    assert command.args == '{"channel":1,"to_ma":28.8}'
    assert "Lower channel 1 to at most 28.8 mA" in plain(nurse.get(f"/commands/{command.pk}/"))


def test_a_step_down_of_all_channels_asks_each_for_its_own(ward: wards.Ward, nurse: Client) -> None:
    answer = nurse.post(at(ward.running, "ask/"), {"verb": "lower", "targets": "1=27.0 2=25.0"})
    assert answer["Location"] == at(ward.running, "commands/")
    assert set(Command.objects.values_list("args", flat=True)) == {
        '{"channel":1,"to_ma":27.0}',
        '{"channel":2,"to_ma":25.0}',
    }


@pytest.mark.parametrize(
    "form, says",
    [
        ({"to_ma": "40", "channel": "1"}, "at most 40 mA would change nothing, so nothing was sent"),
        ({"to_ma": "-1", "channel": "1"}, "is no current"),
        ({"to_ma": "nan"}, "is no current"),
        ({"to_ma": ""}, "is no current"),
        ({"targets": ""}, "No channel is set to anything"),
        ({"targets": "1=x"}, "is no current"),
        ({"to_ma": "10", "channel": "1.5"}, ""),
    ],
)
def test_what_cannot_be_lowered_is_said_and_not_sent(
    ward: wards.Ward, nurse: Client, form: dict[str, str], says: str
) -> None:
    answer = nurse.post(at(ward.running, "ask/"), {"verb": "lower"} | form, follow=True)
    if says:
        assert says in plain(answer)
        assert not Command.objects.exists()


def test_a_value_above_one_that_grew_old_is_sent_all_the_same_for_it_may_be_higher_by_now(
    ward: wards.Ward, nurse: Client
) -> None:
    State.objects.filter(device=ward.running).update(telemetry_at=timezone.now() - timedelta(minutes=1))
    nurse.post(at(ward.running, "ask/"), {"verb": "lower", "to_ma": "40,5", "channel": ""})
    assert Command.objects.get().args == '{"channel":null,"to_ma":40.5}'


@pytest.mark.parametrize(
    "form", [{"verb": "start"}, {"verb": "raise"}, {"verb": "lower", "to_ma": "20", "channel": "9"}, {}]
)
def test_there_is_no_verb_but_those(ward: wards.Ward, nurse: Client, form: dict[str, str]) -> None:
    answer = nurse.post(at(ward.running, "ask/"), form, follow=True)
    assert answer.status_code == 200
    assert 'data-level="error"' in answer.content.decode()
    assert not Command.objects.exists()


def test_only_post_asks(ward: wards.Ward, nurse: Client) -> None:
    assert nurse.get(at(ward.running, "ask/"), {"verb": "stop"}).status_code == 405
    assert not Command.objects.exists()


def test_a_coach_stops_but_does_not_lock_and_the_attempt_is_on_record(ward: wards.Ward) -> None:
    coach = User.objects.create(username="coach")
    Membership.objects.create(user=coach, site=ward.north, role=Role.COACH)
    client = Client()
    client.force_login(coach)
    page = client.get(at(ward.running)).content.decode()
    assert 'value="stop"' in page
    assert 'value="lock"' not in page
    assert "A nurse, a clinician or an engineer locks it." in page
    assert client.post(at(ward.running, "ask/"), {"verb": "lock", "word": "recall"}).status_code == 403
    assert AuditEntry.objects.filter(action="denied.lock").exists()


def test_a_lock_says_who_holds_it_since_when_and_that_the_device_does_not_say_so_yet(
    ward: wards.Ward, nurse: Client
) -> None:
    form = {"verb": "lock", "word": "recall", "note": "field notice 7"}
    nurse.post(at(ward.running, "ask/"), form)
    page = plain(nurse.get(at(ward.running)))
    assert "nurse asked for the lock (recall)" in page
    assert "“field notice 7”" in page
    assert "Not read back yet" in page
    assert "put a sign on it" in page
    assert 'value="unlock"' in nurse.get(at(ward.running)).content.decode()


def test_a_lock_is_held_once_the_device_says_so(ward: wards.Ward, nurse: Client) -> None:
    now = timezone.now()
    LockWish.objects.create(
        device=ward.silent, locked=True, word="maintenance", actor_name="gone", since=now, read_back_at=now
    )
    State.objects.filter(device=ward.silent).delete()
    history.say(
        ward.silent, now, link="online", state="idle", session=None, output="off", locked="maintenance"
    )
    page = plain(nurse.get(at(ward.silent)))
    assert "It says that it is locked (maintenance): no new session can begin." in page
    assert "gone asked for the lock (maintenance)" in page
    assert "The device has said so since" in page
    assert "Not read back yet" not in page


@pytest.mark.parametrize(
    "told_s_ago, says",
    [
        (60, "It says that it is locked (recall): no new session can begin."),  # what proved it is newer
        (1, "says so no longer: a session can begin at it"),
    ],
)
def test_the_newer_word_of_the_device_about_its_lock_is_the_one_that_counts(
    ward: wards.Ward, nurse: Client, told_s_ago: float, says: str
) -> None:
    now = timezone.now()
    read_back = now - timedelta(seconds=30)
    LockWish.objects.create(
        device=ward.silent,
        locked=True,
        word="recall",
        actor_name="x",
        since=read_back,
        read_back_at=read_back,
    )
    State.objects.filter(device=ward.silent).delete()
    at_ = now - timedelta(seconds=told_s_ago)
    history.say(ward.silent, at_, link="online", state="idle", session=None, output="off")
    page = plain(nurse.get(at(ward.silent)))
    assert says in page
    assert ("says so no longer" in page) == (told_s_ago == 1)


def test_a_device_that_never_spoke_is_not_said_to_be_unlocked(ward: wards.Ward, nurse: Client) -> None:
    assert "It has never told whether it is locked." in plain(nurse.get(at(ward.fresh)))


def test_each_step_is_told_with_its_time_and_whose_word_it_is(
    ward: wards.Ward, nurse: Client, told: Told
) -> None:
    command = told(
        state="confirmed", published=0.02, done=0.31, unconfirmed=3, alerted=3.1, confirmed=4.2, attempts=2, acks=2,
        ack_boot=7, ack_up_ms=813400, reason="fell", reason_by="engineer", reason_at=timezone.now(),
        evidence={"ack": {"outcome": "done"}, "status": {"boot": 7, "up_ms": 813950, "output": "off", "state": "idle"}},
    )  # fmt: skip
    page = nurse.get(f"/commands/{command.pk}/")
    text = plain(page)
    order = (
        "Asked for by nurse",
        "the broker, which passes it on, has it",
        "The device says that it did it",
        "Not confirmed: nothing proved it in time",
        "A high alert was raised",
        "Confirmed: the device's own status says that its output is off",
        "engineer wrote down why",
    )
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    for words in ("+20 ms", "+310 ms", "+4.2 s", "sent 2 times", "answered 2 times", "boot 7, 813400 ms"):
        assert words in text
    assert "output off" in text
    assert "It was not confirmed in time." in text


@pytest.mark.parametrize(
    "facts, says",
    [
        ({"state": "unconfirmed", "unconfirmed": 3}, "Go there and stop it at the device."),
        (
            {"state": "unconfirmed", "done": 0.2, "refuted": 0.9, "unconfirmed": 0.9},
            "the output is not off, whatever the device answered",
        ),
        (
            {"state": "unconfirmed", "unconfirmed": 3, "expired": 9, "evidence": {"ack": {"outcome": "expired"}}},
            "The device got it too late, and says that it did not do it",
        ),
        (
            {"state": "unconfirmed", "refused": 0.2, "unconfirmed": 0.2,
             "evidence": {"ack": {"outcome": "refused", "reason": "estop"}}},
            "The device refused it: its emergency stop is pressed",
        ),
        ({"via": "direct"}, "The database did not answer, so it went straight"),
        ({"actor_name": ""}, "Asked for by the server itself"),
    ],
)  # fmt: skip
def test_an_unproved_stop_never_reads_as_stopped(
    ward: wards.Ward, nurse: Client, told: Told, facts: dict[str, Any], says: str
) -> None:
    command = told(**facts)
    page = plain(nurse.get(f"/commands/{command.pk}/"))
    assert says in page
    assert "Stop confirmed" not in page


def test_why_is_asked_afterwards_once_and_stays(ward: wards.Ward, nurse: Client, told: Told) -> None:
    command = told(state="confirmed", confirmed=0.4)
    url = f"/commands/{command.pk}/"
    assert nurse.post(f"{url}reason/", {"reason": " "}).status_code == 422
    assert nurse.post(f"{url}reason/", {"reason": "Patient felt dizzy"}).status_code == 302
    page = nurse.get(url)
    assert "Patient felt dizzy" in plain(page)
    assert "written down afterwards by nurse" in plain(page)
    assert "reason/" not in page.content.decode()
    again = nurse.post(f"{url}reason/", {"reason": "Another"})
    assert again.status_code == 422
    assert "Patient felt dizzy" in plain(again)


def test_a_session_that_the_server_stopped_names_who_asked_for_it(
    ward: wards.Ward, nurse: Client, told: Told
) -> None:
    command = told(state="confirmed", done=0.2, confirmed=0.4, actor_name="carla", ago_s=60)
    told(state="confirmed", done=0.2, confirmed=0.4, actor_name="much later", ago_s=5)
    ended = command.requested_at + timedelta(seconds=0.2)
    session = Session.objects.create(
        device=ward.running, session="S-9", boot=1, last_at=ended, last_up_ms=1, ended_at=ended,
        end_reason="server_stop", started_at=ended - timedelta(minutes=5),
    )  # fmt: skip
    url = f"/sessions/{ward.running.serial}/S-9/"
    page = nurse.get(url)
    assert "asked for by carla" in plain(page)
    assert f"/commands/{command.pk}/" in page.content.decode()
    assert "much later" not in plain(page)
    session.end_reason = "patient_stop"
    session.save()
    assert "carla" not in plain(nurse.get(url))


def test_to_a_stranger_there_is_no_such_command(ward: wards.Ward, stranger: Client, told: Told) -> None:
    command = told()
    assert stranger.get(f"/commands/{command.pk}/").status_code == 404
    assert stranger.post(f"/commands/{command.pk}/reason/", {"reason": "x"}).status_code == 404
    assert stranger.get(f"/commands/{uuid4()}/").status_code == 404
    assert stranger.post(at(ward.running, "ask/"), {"verb": "stop"}).status_code == 404
    assert str(command.pk) not in stranger.get("/commands/").content.decode()
    assert str(command.pk) not in b"".join(stranger.get("/commands.csv")).decode()


def test_the_list_has_what_was_asked_newest_first_and_narrows_it(
    ward: wards.Ward, nurse: Client, told: Told
) -> None:
    stop = Stop.objects.create(
        site=ward.north, room="Room 3", actor_name="nurse", requested_at=timezone.now()
    )
    told(state="confirmed", confirmed=0.4, ago_s=300, stop=stop)
    told("lower", args='{"channel":2,"to_ma":20.0}', ago_s=200, device=ward.silent)
    told("rebirth", ago_s=100)
    page = plain(nurse.get("/commands/"))
    assert page.index("Lower channel 2 to at most 20 mA") < page.index("of the stop of Room 3")
    assert "400 ms" in page
    assert page.count("Tell everything anew") == 0
    only = plain(nurse.get("/commands/?verb=stop&state=confirmed&site=north&device=EMS-0001"))
    assert "of the stop of Room 3" in only
    assert "channel 2" not in only
    assert "Nothing matches" in plain(nurse.get("/commands/?state=unconfirmed"))
    one = plain(nurse.get(at(ward.silent, "commands/")))
    assert "Lower channel 2" in one
    assert "of the stop of" not in one


def test_the_file_has_every_step_in_utc_and_in_the_site_s_time(
    ward: wards.Ward, nurse: Client, told: Told
) -> None:
    told(state="confirmed", confirmed=0.4, reason="=fell")
    text = b"".join(nurse.get("/commands.csv")).decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["Verb"], row["State"], row["Who"], row["Serial number"]) == (
        "stop",
        "confirmed",
        "nurse",
        "EMS-0001",
    )
    assert row["Confirmed (UTC)"]
    assert not row["Why"].startswith("=")
