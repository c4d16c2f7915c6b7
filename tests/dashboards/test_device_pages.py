"""A device's page without its script: facts, evidence, and who may do what."""

import html
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from devices.models import BrokerAccount, Change, Device, Event, Ledger, Reject
from devices.wire import codec
from devices.wire.messages import Status
from fleet.access.models import AuditEntry
from tests.dashboards.api import ward as wards
from tests.dashboards.test_event_words import event
from tests.devices import history

TABS = ("", "history/", "sessions/", "events/", "commands/", "contact/", "evidence/", "credentials/")
DEEDS = ("new-password", "revoke", "readmit", "end-conflict")


@pytest.fixture
def engineer(ward: wards.Ward) -> Client:
    client = Client()
    client.force_login(User.objects.get(username="engineer"))
    return client


def at(device: Device, tab: str = "") -> str:
    return f"/devices/{device.serial}/{tab}"


@pytest.mark.parametrize("tab", TABS)
def test_a_nurse_sees_every_part_of_a_device_s_page(ward: wards.Ward, nurse: Client, tab: str) -> None:
    for device in (ward.running, ward.silent, ward.fresh):
        answer = nurse.get(at(device, tab))
        assert answer.status_code == 200
        assert device.serial in answer.content.decode()
        assert "The device's own alarm and stop come first" in answer.content.decode().replace("&#x27;", "'")


@pytest.mark.parametrize(
    "tab", [*TABS, "envelope.json?session=S", *(f"credentials/{deed}/" for deed in DEEDS)]
)
def test_to_a_stranger_there_is_no_such_device(ward: wards.Ward, stranger: Client, tab: str) -> None:
    assert stranger.get(at(ward.running, tab)).status_code == 404


@pytest.mark.parametrize("serial", ["NO-SUCH", "%00", "a b", "x" * 70])
def test_a_serial_that_is_none_is_not_found(nurse: Client, serial: str) -> None:
    assert nurse.get(f"/devices/{serial}/").status_code == 404


def test_who_is_not_logged_in_is_asked_to(ward: wards.Ward) -> None:
    answer = Client().get(at(ward.running))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


def test_a_device_that_was_never_heard_says_how_to_connect_it(ward: wards.Ward, nurse: Client) -> None:
    page = nurse.get(at(ward.fresh)).content.decode()
    assert "mosquitto_pub" in page
    assert f"ems/v1/{ward.fresh.serial}/status" in page
    [said] = re.findall(r"-m &#x27;(.*?)&#x27;|-m '(.*?)'", page, re.DOTALL)
    example = html.unescape("".join(said)).replace("\n", "").encode()
    assert isinstance(codec.decode("status", example), Status)


def test_a_revoked_device_says_so_and_is_not_live(ward: wards.Ward, nurse: Client) -> None:
    Device.objects.filter(pk=ward.running.pk).update(revoked_at=timezone.now())
    page = nurse.get(at(ward.running)).content.decode()
    assert "was revoked" in page
    assert "devicelive.js" not in page


def test_what_it_complains_of_comes_with_the_next_step(ward: wards.Ward, nurse: Client) -> None:
    page = nurse.get(at(ward.silent)).content.decode()
    assert "No contact" in page
    assert "near its access point" in page


def test_the_facts_can_be_asked_for_alone(ward: wards.Ward, nurse: Client) -> None:
    page = nurse.get(at(ward.running) + "?part=facts").content.decode()
    assert '<div id="facts">' in page
    assert '<div id="complaints">' in page
    assert "<html" not in page


def test_events_are_told_in_words_newest_first_and_by_kind(ward: wards.Ward, nurse: Client) -> None:
    for seq, (kind, body) in enumerate(
        [("electrode_off", event("electrode_off", channel=2, ohm=9000)), ("estop", event("estop"))], start=1
    ):
        when = ward.now + timedelta(seconds=seq)
        Event.objects.create(
            device=ward.running, boot=99, seq=seq, up_ms=1, kind=kind, placed_at=when, placed_by="live",
            received_at=when, late=seq == 1, body=body,
        )  # fmt: skip
    page = nurse.get(at(ward.running, "events/")).content.decode()
    assert page.index("Emergency stop pressed") < page.index("Channel 2: electrode off the skin, 9000 Ω")
    assert "came late" in page
    only = nurse.get(at(ward.running, "events/?kind=estop")).content.decode()
    assert "Emergency stop pressed" in only
    assert "9000 Ω" not in only
    assert nurse.get(at(ward.running, "events/?before=999999999")).status_code == 404


def test_contact_is_a_share_of_the_time_that_is_known(ward: wards.Ward, nurse: Client) -> None:
    Change.objects.filter(device=ward.running).delete()
    for rev, (hours, link) in enumerate([(12, "online"), (3, "offline"), (0, "online")]):
        when = timezone.now() - timedelta(hours=hours, seconds=1)
        Change.objects.create(
            device=ward.running, rev=rev, placed_at=when, received_at=when, link=link, why="link"
        )
    page = nurse.get(at(ward.running, "contact/")).content.decode()
    assert "75.0 %" in page
    assert "1 interruption" in page
    assert "12 h known" in page


def test_the_ledger_says_of_each_gap_why(ward: wards.Ward, nurse: Client) -> None:
    Ledger.objects.create(
        device=ward.running, boot=500, first_seq=1, stored=[(1, 10), (21, 40)], dropped=[(11, 20)], offset_ms=0,
        placed_by="clock", skew_ms=-90_000, skew_told=True, first_heard_at=ward.now, last_heard_at=ward.now,
    )  # fmt: skip
    Reject.objects.create(
        at=ward.now, hour=ward.now, serial=ward.running.serial, device=ward.running, topic="ems/v1/x/status",
        reason="schema", detail="no boot", excerpt=b'{"a":\xff}',
    )  # fmt: skip
    page = nurse.get(at(ward.running, "evidence/")).content.decode()
    for expected in ("11…20", "buffer was full", "its clock, corrected", "far off", "schema", r"\xff"):
        assert expected in page


@pytest.mark.parametrize("session", ["none-such", "%00", ""])
def test_a_session_that_is_not_there_has_no_envelope(session: str, ward: wards.Ward, nurse: Client) -> None:
    answer = nurse.get(at(ward.running, f"envelope.json?session={session}"))
    assert answer.status_code == 404


def test_the_last_minutes_are_told_of_every_boot_and_only_what_came_since(
    ward: wards.Ward, nurse: Client
) -> None:
    for boot, seconds in ((1, 400), (1, 100), (2, 3)):
        when = ward.now - timedelta(seconds=seconds)
        said = [history.telemetry(seconds, boot=boot, up_ms=0)]
        history.store_telemetry(ward.running, when, said, received_at=when, rolled_up=False)
    every = nurse.get(at(ward.running, "recent.json")).json()["records"]
    assert [one["boot"] for one in every] == [1, 2]
    assert every[0]["body"]["ma"]
    since = (ward.now - timedelta(seconds=5)).isoformat()
    newer = nurse.get(at(ward.running, "recent.json"), {"since": since}).json()["records"]
    assert [one["boot"] for one in newer] == [2]
    assert nurse.get(at(ward.running, "recent.json?since=nonsense")).status_code == 200


# --- credentials ---


def test_a_nurse_sees_the_account_and_may_do_nothing_with_it(ward: wards.Ward, nurse: Client) -> None:
    BrokerAccount.objects.create(username=ward.running.serial, password_hash="x")
    page = nurse.get(at(ward.running, "credentials/")).content.decode()
    assert "valid" in page
    assert "new-password" not in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deed", DEEDS)
def test_what_only_an_engineer_may_do_is_denied_to_a_nurse_and_on_record(deed: str) -> None:
    ward = wards.furnish()
    client = Client()
    client.force_login(User.objects.get(username="nurse"))
    assert client.post(at(ward.running, f"credentials/{deed}/"), {"reason": "because"}).status_code == 403
    assert AuditEntry.objects.filter(action__startswith="denied.", subject=ward.running.serial).exists()


@pytest.mark.django_db(transaction=True)
def test_an_engineer_makes_a_password_revokes_and_takes_back() -> None:
    ward = wards.furnish()
    client = Client()
    client.force_login(User.objects.get(username="engineer"))
    serial = ward.running.serial
    asked = client.get(at(ward.running, "credentials/new-password/")).content.decode()
    assert "cut off at once" in asked
    made = client.post(at(ward.running, "credentials/new-password/"))
    assert "no-store" in made["Cache-Control"]
    password = made.context["password"]
    assert password in made.content.decode()
    assert password not in client.get(at(ward.running, "credentials/")).content.decode()
    assert client.post(at(ward.running, "credentials/revoke/"), {"reason": ""}).status_code == 422
    assert client.post(at(ward.running, "credentials/revoke/"), {"reason": "stolen"}).status_code == 302
    assert Device.objects.get(serial=serial).revoked_at is not None
    assert client.post(at(ward.running, "credentials/revoke/"), {"reason": "again"}).status_code == 409
    again = client.post(at(ward.running, "credentials/readmit/"), {"reason": "found"})
    assert again.context["password"] != password
    back = Device.objects.get(serial=serial)
    assert (back.revoked_at, back.name, back.room, back.tags) == (None, "Bed 1", "Room 3", ["knee"])
    deeds = AuditEntry.objects.filter(subject=serial).order_by("pk").values_list("action", flat=True)
    assert list(deeds) == ["device.new_password", "device.revoked", "device.readmitted"]


@pytest.mark.django_db(transaction=True)
def test_an_engineer_ends_an_identity_conflict() -> None:
    ward = wards.furnish()
    ward.running.live.link = "conflict"
    ward.running.live.save()
    client = Client()
    client.force_login(User.objects.get(username="engineer"))
    assert "end-conflict" in client.get(at(ward.running, "credentials/")).content.decode()
    answer = client.post(at(ward.running, "credentials/end-conflict/"), {"reason": "the copy is off"})
    assert answer.status_code == 302
    ward.running.live.refresh_from_db()
    assert ward.running.live.link == "suspect"
