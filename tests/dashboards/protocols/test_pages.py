"""Protocols on pages: written, decided on by other eyes, withdrawn with their devices."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboards.protocols.sheet import MOST_STEPS
from devices.models import State
from devices.wire.messages import ProtocolRef
from devices.wire.units import MAX_CHANNELS
from fleet.access.models import Membership, Role
from fleet.control.models import Command
from fleet.protocols import bodies
from fleet.protocols.models import Protocol, Version
from tests.dashboards import prescribed
from tests.dashboards.api import ward as wards
from tests.devices import history

PASSWORD = "correct horse battery"
LANE = ("target_ma", "tolerance", "max_ma")
pytestmark = pytest.mark.django_db


@pytest.fixture
def ward(db: None) -> wards.Ward:
    ward = wards.furnish()
    for name in ("writer", "other"):
        user = User.objects.create_user(name, password=PASSWORD)
        Membership.objects.create(user=user, site=ward.north, role=Role.CLINICIAN)
    return ward


def browser(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def boxes(**changed: Any) -> dict[str, Any]:
    """What the form sends of `prescribed.document()`."""
    return {
        "deed": "save", "id": "quad", "title": "Quadriceps", "indication": "tka",
        "waveform": "symmetric_biphasic", "channels": ["1", "2"], "steps": "1",
        "minutes": "20", "max_sessions_per_day": "2", "min_rest_h": "4",
        "steps.0.name": "work", "steps.0.kind": "work", "steps.0.repeat": "15", "steps.0.frequency_hz": "50",
        "steps.0.phase_us": "250", "steps.0.interphase_us": "0", "steps.0.ramp_up_s": "3",
        "steps.0.on_s": "15", "steps.0.ramp_down_s": "1", "steps.0.off_s": "45",
        "steps.0.target_ma.ch1": "60", "steps.0.max_ma.ch1": "70",
        "steps.0.tolerance.ch2": "on", "steps.0.max_ma.ch2": "70",
    } | changed  # fmt: skip


def test_a_protocol_is_written_submitted_and_approved_by_somebody_else(ward: wards.Ward) -> None:
    writer, other = browser("writer"), browser("other")
    saved = writer.post("/protocols/new/", boxes(once="a"))
    assert saved["Location"] == "/protocols/quad/versions/1/"
    assert writer.post("/protocols/new/", boxes(once="a"))["Location"] == saved["Location"]
    assert Version.objects.count() == 1, "a double click writes it once"
    writer.post("/protocols/quad/versions/1/submit/", {"rev": "1"})
    assert b"somebody else has to approve it" in writer.get("/protocols/quad/versions/1/approve/").content
    mine = {"reason": "looks right", "password": PASSWORD}
    assert writer.post("/protocols/quad/versions/1/approve/", mine).status_code == 403
    assert b"<b>Quadriceps</b>" in other.get("/protocols/approvals/").content
    other.post("/protocols/quad/versions/1/approve/", mine)
    assert Version.objects.get().state == "approved"


def test_nothing_is_approved_without_the_right_password_and_a_reason(ward: wards.Ward) -> None:
    prescribed.write(ward.north, state="submitted", by=User.objects.get(username="writer"))
    other, here = browser("other"), "/protocols/quad/versions/1/approve/"
    wrong = other.post(here, {"reason": "looks right", "password": "guess"})
    assert (wrong.status_code, b"not your password" in wrong.content) == (422, True)
    assert b"looks right" in wrong.content, "what was typed stands"
    assert b"guess" not in wrong.content
    assert other.post(here, {"reason": " ", "password": PASSWORD}).status_code == 422
    assert Version.objects.get().state == "submitted"


def test_guessing_passwords_there_is_stopped_as_at_the_door(ward: wards.Ward) -> None:
    prescribed.write(ward.north, state="submitted")
    other, here = browser("other"), "/protocols/quad/versions/1/approve/"
    answers = [other.post(here, {"reason": "x", "password": f"guess {n}"}).status_code for n in range(6)]
    assert answers[-1] == 429
    assert other.post(here, {"reason": "x", "password": PASSWORD}).status_code == 429


def test_values_from_memory_need_a_note(ward: wards.Ward) -> None:
    prescribed.write(ward.north, state="submitted", to_confirm=["steps.0.on_s"])
    other, here = browser("other"), "/protocols/quad/versions/1/approve/"
    assert b"Step 1, on: 15 s" in other.get(here).content
    told = {"reason": "fine", "password": PASSWORD}
    assert other.post(here, told).status_code == 422
    assert other.post(here, told | {"confirmation": "read in the paper"}).status_code == 302


def test_two_who_edit_one_draft_do_not_overwrite_each_other_unseen(ward: wards.Ward) -> None:
    prescribed.write(ward.north, state="draft")
    here, one, two = "/protocols/quad/versions/1/edit/", browser("writer"), browser("other")
    assert one.post(here, boxes(rev="1", **{"steps.0.repeat": "12"})).status_code == 302
    late = two.post(here, boxes(rev="1", **{"steps.0.on_s": "10"}))
    assert late.status_code == 409
    assert "writer saved this draft while you wrote" in late.content.decode()
    assert "on 10 s (was 15 s)" in late.content.decode()
    assert 'name="rev" value="2"' in late.content.decode()
    assert '"repeat":12' in Version.objects.get().body
    assert two.post(here, boxes(rev="2", **{"steps.0.on_s": "10"})).status_code == 302


def test_an_id_of_other_people_is_only_said_to_be_taken(ward: wards.Ward) -> None:
    prescribed.write(ward.far, id="theirs", document=prescribed.document(title="Secret trial"))
    answer = browser("writer").post("/protocols/new/", boxes(id="theirs"))
    assert answer.status_code == 422
    assert b"choose another id" in answer.content
    assert b"Secret trial" not in answer.content
    for id in ("new", "library", "approvals", "import", "no spaces", ""):
        assert browser("writer").post("/protocols/new/", boxes(id=id)).status_code == 422
    assert list(Protocol.objects.values_list("pk", flat=True)) == ["theirs"]


def test_buttons_of_the_form_change_its_steps_and_keep_nothing(ward: wards.Ward) -> None:
    page = browser("writer").post("/protocols/new/", boxes(deed="copy:0")).content.decode()
    assert 'name="steps.1.on_s" value="15"' in page
    assert not Protocol.objects.exists()


def test_the_longest_protocol_of_the_most_channels_is_saved_by_the_form(ward: wards.Ward) -> None:
    every = [f"ch{channel}" for channel in range(1, MAX_CHANNELS + 1)]
    lanes = {f"{box}.{one}": "on" if box == "tolerance" else "" for one in every for box in LANE}
    step = {name.removeprefix("steps.0."): value for name, value in boxes().items() if "steps.0." in name}
    typed = {
        f"steps.{at}.{name}": value for at in range(MOST_STEPS) for name, value in (lanes | step).items()
    }
    channels = [str(channel) for channel in range(1, MAX_CHANNELS + 1)]
    answer = browser("writer").post(
        "/protocols/new/", boxes(**typed, channels=channels, steps=str(MOST_STEPS))
    )
    assert answer.status_code == 302
    assert len(bodies.read(Version.objects.get())["steps"]) == MOST_STEPS


def test_devices_of_a_withdrawn_version_are_locked_with_one_click(ward: wards.Ward) -> None:
    version = prescribed.write(ward.north)
    _says_it_has(ward, version)
    other, here = browser("other"), "/protocols/quad/versions/1/devices/"
    assert b"Lock 1 device" not in other.get(here).content, "in use: not by a click beside its figures"
    led = other.post("/protocols/quad/versions/1/withdraw/", {"reason": "burns reported"})
    assert led["Location"] == here
    assert b"Lock 1 device" in other.get(here).content
    for _twice in range(2):
        other.post(f"{here}lock/", {"once": "b"})
    [command] = Command.objects.filter(verb="lock")
    assert (command.device.serial, command.reason) == (ward.running.serial, "quad 1 is withdrawn")
    assert b"has not confirmed it yet" in other.get(here).content


def test_whoever_may_not_lock_is_offered_no_lock(ward: wards.Ward) -> None:
    version = prescribed.write(ward.north, state="withdrawn")
    _says_it_has(ward, version)
    admin = browser("admin")
    assert b"Lock 1 device" not in admin.get("/protocols/quad/versions/1/devices/").content
    admin.post("/protocols/quad/versions/1/devices/lock/")
    assert not Command.objects.filter(verb="lock").exists()


def _says_it_has(ward: wards.Ward, version: Version) -> None:
    """The running device's newest status names the version's hash."""
    State.objects.filter(device=ward.running).delete()
    ref = ProtocolRef(id=version.protocol_id, version=version.number, sha256=version.sha256)
    history.say(ward.running, ward.now, protocol=ref)
