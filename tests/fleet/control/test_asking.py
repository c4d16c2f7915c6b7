"""Asking devices: who may, what is on record, and what arrives twice under one id."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from devices.models import Device
from devices.wire.words import Verb
from fleet.access.errors import Denied, NotVisible
from fleet.access.models import AuditEntry, Membership, Role, Site
from fleet.access.roles import MAY
from fleet.control import figures, ids, service, stop_queries
from fleet.control.models import Command, LockWish, Stop
from fleet.control.service import NotNow, Taken, Unusable
from fleet.live import announce
from tests.devices import history

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ARGS: dict[str, dict[str, Any]] = {
    "lower": {"to_ma": 10},
    "identify": {"seconds": 5},
    "lock": {"reason": "recall"},
    "unlock": {"reason": "recall"},
}
pytestmark = pytest.mark.django_db


def person(name: str, site: Site | None = None, role: Role = Role.NURSE) -> User:
    user = User.objects.create(username=name)
    if site is not None:
        Membership.objects.create(user=user, site=site, role=role)
    return user


@pytest.fixture
def site(db: None) -> Site:
    return Site.objects.create(slug="north", name="North")


@pytest.fixture
def nurse(site: Site) -> User:
    return person("nurse", site)


@pytest.fixture
def device(site: Site) -> Device:
    return device_of(site, "EMS-1", room="Room 1")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    heard: list[Any] = []
    monkeypatch.setattr(announce, "commands", heard.extend)
    return heard


def device_of(site: Site, serial: str, *, room: str = "", **said: Any) -> Device:
    device = Device.objects.create(serial=serial, site=site, room=room)
    if said.get("link") != "never":
        history.say(device, NOON, **said)
    return known(device)


def known(device: Device) -> Device:
    return Device.objects.select_related("site", "live").get(pk=device.pk)


def ask(actor: User | None, device: Device, verb: str = "stop", **options: Any) -> Command:
    options = {"args": ARGS.get(verb, {}), "now": NOON} | options
    return service.ask(actor=actor, device=device, verb=verb, **options)


# --- one device ---


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("verb", [one.value for one in Verb if one is not Verb.UNKNOWN])
def test_who_may_ask_for_what_is_what_the_table_of_roles_says(
    device: Device, site: Site, verb: str, role: Role
) -> None:
    someone = person("someone", site, role)
    if role in MAY[verb]:
        assert ask(someone, device, verb).actor_name == "someone"
        return
    with pytest.raises(Denied):
        ask(someone, device, verb)
    assert not Command.objects.exists()
    assert AuditEntry.objects.get().action == f"denied.{verb}"


def test_to_a_stranger_the_device_is_not_there(device: Device) -> None:
    with pytest.raises(NotVisible):
        ask(person("stranger"), device)
    assert not Command.objects.exists()


@pytest.mark.parametrize("word", ["start", "raise", "increase", "resume", "STOP", "", "stop ", "unknown"])
def test_there_is_no_other_verb(device: Device, nurse: User, word: str) -> None:
    with pytest.raises(Unusable, match="one of stop, pause, lower"):
        ask(nurse, device, word)


def test_the_deed_is_on_record_with_who_what_and_why_and_the_pages_are_told(
    device: Device, nurse: User, told: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        command = ask(nurse, device, "lower", args={"channel": 2, "to_ma": 12.5}, reason="  skin\nred ")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.site, entry.subject) == (
        "command.lower", nurse, device.site, "EMS-1",
    )  # fmt: skip
    assert entry.detail == {
        "command": str(command.pk), "args": {"channel": 2, "to_ma": 12.5}, "reason": "skin red",
    }  # fmt: skip
    [(where, event)] = told
    assert where == device.site_id
    assert (event["kind"], event["id"], event["state"]) == ("command", str(command.pk), "requested")


def test_a_stop_is_asked_of_a_device_out_of_service_in_conflict_or_unable_and_with_too_long_a_reason(
    site: Site, nurse: User
) -> None:
    device = device_of(site, "EMS-1", link="conflict", can=("pause",))
    Device.objects.filter(pk=device.pk).update(revoked_at=NOON)
    command = ask(nurse, known(device), args={"to_ma": 99}, reason="x" * 1000)
    assert (command.args, len(command.reason)) == ("{}", 200)


def test_other_verbs_are_refused_in_words_where_the_device_cannot_follow(site: Site, nurse: User) -> None:
    device = device_of(site, "EMS-1", can=("stop",))
    with pytest.raises(NotNow, match="EMS-1 says that it cannot do this"):
        ask(nurse, device, "pause")
    with pytest.raises(Unusable, match="at most 200 characters"):
        ask(nurse, device_of(site, "EMS-2"), "pause", reason="x" * 201)
    assert not Command.objects.exists()


def test_by_when_it_has_to_be_shown_goes_by_the_verb(device: Device, site: Site) -> None:
    someone = person("ada", site, Role.ENGINEER)
    due = {}
    for verb in ("stop", "pause", "lower", "lock", "unlock", "identify", "rebirth"):
        at = ask(someone, device, verb).proof_due_at
        due[verb] = None if at is None else (at - NOON).total_seconds()
    assert due == {
        "stop": 3, "pause": 3, "lower": 3, "lock": 60, "unlock": 60, "identify": None, "rebirth": None,
    }  # fmt: skip


def test_a_device_is_asked_to_say_everything_once_at_a_time(device: Device, site: Site) -> None:
    ada = person("ada", site, Role.ENGINEER)
    ask(ada, device, "rebirth")
    with pytest.raises(NotNow, match="being asked already"):
        ask(ada, device, "rebirth")
    assert ask(ada, device, "rebirth", now=NOON + timedelta(seconds=11))


# --- one id ---


def test_what_arrives_twice_under_one_id_is_one_command(device: Device, nurse: User) -> None:
    one = uuid4()
    first, second = (ask(nurse, device, id=one, reason=why) for why in ("first", "second"))
    assert (first.pk, second.pk) == (one, one)
    assert Command.objects.get().reason == "first"
    assert AuditEntry.objects.filter(action="command.stop").count() == 1


def test_an_id_of_another_person_device_verb_or_argument_is_taken(
    device: Device, site: Site, nurse: User
) -> None:
    one = ask(nurse, device, "lower", id=uuid4()).pk
    other = device_of(site, "EMS-2")
    for wish in (
        lambda: ask(person("ada", site), device, "lower", id=one),
        lambda: ask(nurse, other, "lower", id=one),
        lambda: ask(nurse, device, "pause", id=one),
        lambda: ask(nurse, device, "lower", id=one, args={"to_ma": 5}),
    ):
        with pytest.raises(Taken):
            wish()
    assert Command.objects.count() == 1


def test_two_people_who_stop_one_device_at_once_are_two_commands_and_two_entries(
    device: Device, site: Site, nurse: User
) -> None:
    ask(nurse, device)
    ask(person("ada", site), device)
    assert AuditEntry.objects.filter(action="command.stop").count() == 2


# --- rooms and sites ---


@pytest.fixture
def ward(site: Site) -> dict[str, Device]:
    """A device of each kind, by whether it may be on."""
    kinds: dict[str, dict[str, Any]] = {
        "ON": {},
        "RAMPING": {"output": "ramping"},
        "OFF": {"output": "off", "session": None, "state": "idle"},
        "SUSPECT-OFF": {"link": "suspect", "output": "off", "session": None, "state": "idle"},
        "SILENT-OFF": {"link": "offline", "output": "off", "session": None, "state": "idle"},
        "SILENT-ON": {"link": "offline"},
        "CONFLICT": {"link": "conflict", "output": "off", "session": None, "state": "idle"},
        "NEVER": {"link": "never"},
    }
    return {name: device_of(site, name, room="Room 1", **said) for name, said in kinds.items()}


def test_a_site_stop_asks_whatever_is_on_and_whatever_is_not_known_to_be_off(
    ward: dict[str, Device], nurse: User, site: Site
) -> None:
    far = device_of(Site.objects.create(slug="far", name="Far"), "FAR")
    stop = service.stop_site(actor=nurse, site=site, now=NOON)
    asked = {one.device.serial: one for one in stop.commands.select_related("device")}
    assert set(asked) == {"ON", "RAMPING", "SUSPECT-OFF", "SILENT-OFF", "SILENT-ON", "CONFLICT"}
    assert all(one.pk == ids.of_stop(stop.pk, serial) for serial, one in asked.items())
    assert not far.commands.exists()
    [entry] = AuditEntry.objects.all()
    assert (entry.action, entry.subject, entry.detail["devices"]) == ("site.stop", "north", sorted(asked))


def test_a_device_revoked_while_it_was_on_may_still_be_on(
    ward: dict[str, Device], nurse: User, site: Site
) -> None:
    Device.objects.filter(serial__in=["ON", "OFF", "SILENT-OFF"]).update(revoked_at=NOON)
    Device.objects.filter(serial="RAMPING").update(revoked_at=NOON - timedelta(days=2))
    stop = service.stop_site(actor=nurse, site=site, now=NOON)
    serials = set(stop.commands.values_list("device__serial", flat=True))
    assert serials == {"ON", "SUSPECT-OFF", "SILENT-ON", "CONFLICT"}


def test_a_room_stop_asks_that_room_alone_and_an_unknown_room_is_told_so(
    ward: dict[str, Device], nurse: User, site: Site
) -> None:
    device_of(site, "NEXT-DOOR", room="Room 2")
    stop = service.stop_site(actor=nurse, site=site, room="Room 2", now=NOON)
    assert [one.device.serial for one in stop.commands.all()] == ["NEXT-DOOR"]
    with pytest.raises(Unusable, match="no device of North stands in 'Room 9'"):
        service.stop_site(actor=nurse, site=site, room="Room 9", now=NOON)


def test_a_site_stop_under_one_id_is_one_stop_and_anothers_is_taken(
    ward: dict[str, Device], nurse: User, site: Site
) -> None:
    one = uuid4()
    first, second = (service.stop_site(actor=nurse, site=site, id=one, now=NOON) for _ in range(2))
    assert (first.pk, second.pk, Stop.objects.count(), Command.objects.count()) == (one, one, 1, 6)
    with pytest.raises(Taken):
        service.stop_site(actor=person("ada", site), site=site, id=one, now=NOON)
    with pytest.raises(Taken):
        service.stop_site(actor=nurse, site=site, room="Room 1", id=one, now=NOON)


def test_a_stop_with_nothing_on_is_a_stop_of_nothing(site: Site, nurse: User) -> None:
    device_of(site, "OFF", output="off", session=None, state="idle")
    stop = service.stop_site(actor=nurse, site=site, now=NOON)
    told = stop_queries.in_full(stop, stop_queries.commands_of(stop), NOON)
    assert (told["asked"], told["rooms"]) == (0, [])


def test_who_is_confirmed_and_whom_to_go_to_is_told_by_room(
    ward: dict[str, Device], nurse: User, site: Site
) -> None:
    device_of(site, "NEXT-DOOR", room="Room 2")
    stop = service.stop_site(actor=nurse, site=site, now=NOON)
    Command.objects.filter(device=ward["ON"]).update(state="confirmed", confirmed_at=NOON)
    Command.objects.filter(device=ward["SILENT-ON"]).update(state="unconfirmed", unconfirmed_at=NOON)

    def told(at_s: float) -> dict[str, Any]:
        now = NOON + timedelta(seconds=at_s)
        return stop_queries.in_full(stop, stop_queries.commands_of(stop), now)

    early = told(1)
    assert [early[name] for name in ("asked", "confirmed", "unconfirmed", "waiting")] == [7, 1, 1, 5]
    assert [[one["device"] for one in room["go_to"]] for room in early["rooms"]] == [["SILENT-ON"], []]
    late = told(3)  # also while nobody has written down that their time is over
    assert [late[name] for name in ("asked", "confirmed", "unconfirmed", "waiting")] == [7, 1, 6, 0]
    assert [len(room["go_to"]) for room in late["rooms"]] == [5, 1]
    listed = stop_queries.counted(Stop.objects.select_related("site"), NOON + timedelta(seconds=3)).get()
    short = stop_queries.counted_object(listed)
    assert {name: late[name] for name in short} == short


def test_a_room_is_made_to_blink_but_for_who_cannot(ward: dict[str, Device], nurse: User, site: Site) -> None:
    commands, left_out = service.identify_room(actor=nurse, site=site, room="Room 1", seconds=20, now=NOON)
    assert {one.device.serial for one in commands} == set(ward) - {"CONFLICT"}
    assert all(one.args == '{"seconds":20}' for one in commands)
    assert [device.serial for device, _why in left_out] == ["CONFLICT"]
    assert AuditEntry.objects.get().action == "site.identify"
    with pytest.raises(Unusable):
        service.identify_room(actor=nurse, site=site, room=None, seconds=61, now=NOON)


# --- why, afterwards ---


def test_a_reason_is_added_afterwards_once_and_by_whom_is_kept(
    device: Device, site: Site, nurse: User
) -> None:
    command, later = ask(nurse, device), NOON + timedelta(minutes=4)
    ada = person("ada", site)
    done = service.add_reason(actor=ada, command=command, reason=" pain ", now=later)
    assert (done.reason, done.reason_at, done.reason_by, done.rev) == ("pain", later, "ada", 2)
    assert service.add_reason(actor=nurse, command=command, reason="pain", now=later).reason_by == "ada"
    with pytest.raises(NotNow, match="a reason already: pain"):
        service.add_reason(actor=nurse, command=command, reason="other", now=later)
    with pytest.raises(Unusable):
        service.add_reason(actor=nurse, command=command, reason=" \n", now=later)
    with pytest.raises(NotVisible):
        service.add_reason(actor=person("stranger"), command=command, reason="pain", now=later)
    assert AuditEntry.objects.filter(action="command.reason").count() == 1


def test_a_site_stops_reason_is_that_of_all_its_commands(
    ward: dict[str, Device], nurse: User, site: Site
) -> None:
    stop = service.stop_site(actor=nurse, site=site, now=NOON)
    service.add_stop_reason(actor=nurse, stop=stop, reason="fire drill", now=NOON)
    assert set(stop.commands.values_list("reason", "reason_by", "rev")) == {("fire drill", "nurse", 2)}
    with pytest.raises(NotNow):
        service.add_stop_reason(actor=nurse, stop=stop, reason="other", now=NOON)


# --- locks ---


def test_a_lock_is_held_as_a_wish_until_the_device_says_the_same(device: Device, nurse: User) -> None:
    ask(nurse, device, "lock", reason="cable torn")
    wish = LockWish.objects.get()
    assert (wish.locked, wish.word, wish.note, wish.actor_name, wish.since, wish.read_back_at) == (
        True, "recall", "cable torn", "nurse", NOON, None,
    )  # fmt: skip
    LockWish.objects.update(read_back_at=NOON)
    ask(nurse, device, "unlock", args={}, now=NOON + timedelta(hours=1))
    wish.refresh_from_db()
    assert (wish.locked, wish.word, wish.read_back_at) == (False, "other", None)


# --- figures ---


def test_figures_tell_what_was_asked_in_the_last_hour_and_how_long_it_took(
    ward: dict[str, Device], nurse: User, site: Site
) -> None:
    before = NOON - timedelta(hours=2)
    ask(nurse, ward["ON"], now=before)
    service.stop_site(actor=nurse, site=site, now=NOON)
    of = Command.objects.filter(requested_at=NOON)
    of.update(state="unconfirmed", published_at=NOON + timedelta(seconds=0.02))
    of.filter(device=ward["ON"]).update(state="confirmed", confirmed_at=NOON + timedelta(seconds=0.4))
    told = figures.figures(NOON + timedelta(seconds=5))
    assert (told.standing["stop", "confirmed"], told.standing["stop", "unconfirmed"]) == (1, 5)
    assert told.standing["stop", "requested"] == 0
    assert told.published_s["stop", 0.95] == pytest.approx(0.02)
    assert told.proved_s == {("stop", q): pytest.approx(0.4) for q in figures.QUANTILES}
