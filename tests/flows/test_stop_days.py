"""Bad days of a stop, with real processes: what people are told, held against what the devices truly did."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.flows.devices import Air, Device
from tests.flows.operators import Operator, Page, at_once
from tests.flows.simulator import TREATED, Simulator
from tests.flows.stops import (
    ATTEMPTS,
    alerted,
    audited,
    executions,
    frozen_database,
    gate_before_record,
    in_session,
    is_on,
    killed_database,
    proved,
    seconds,
    stopped,
    times_off,
    wait_alive,
    wait_at_gate,
    wait_count,
    wait_direct_path,
)
from tests.flows.wall import Wall
from tests.harness import House, full_or, soaking, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]

SITE, BESIDE = "north-rehab", "riverside-sports"
ACTIVE = 50  # at the site, each in a session
ROOMS = 5
PROOF_S = 3.0  # without proof by then it is unconfirmed, docs/wire.md
SLACK_S = 0.7  # of a machine that runs all of this on two processors
LATE_S = full_or(12, 600)  # longer than the 10 s of a stop: it never executes
CUT_OFF = ("link_half_open", "link_loss")
UNREACHABLE = (*CUT_OFF, "deaf", "deaf", "deaf")
ADMITS, DENIES = {"admits": True}, {"admits": False}
KEEPING = (ADMITS, ADMITS, ADMITS, DENIES, DENIES)


@pytest.fixture(scope="module")
def house(make_shared_house: Callable[..., House]) -> House:
    house = make_shared_house(devices=ACTIVE + 10, bench=True, env={"PLAIN_STATIC": "1"})
    house.start("web", "ingest", "dispatch", "worker", "beat")
    return house


@pytest.fixture(scope="module")
def fleet(house: House) -> Iterator[Simulator]:
    """Fifty simulated devices in five rooms of one site, ten at another."""
    with Simulator(house, day=TREATED) as fleet:
        for site, serials in ((SITE, fleet.serials[:ACTIVE]), (BESIDE, fleet.serials[ACTIVE:])):
            house.sql(
                """UPDATE devices_device SET site_id = (SELECT id FROM access_site WHERE slug = %s),
                   room = 'Bay ' || (id %% %s), uplink = 'AP of ' || serial WHERE serial = ANY(%s)""",
                site,
                ROOMS,
                serials,
            )
        fleet.wait_connected()
        yield fleet


@pytest.fixture(scope="module")
def beside(fleet: Simulator) -> Iterator[str]:
    """Devices of the other site: each test takes its own."""
    return iter(fleet.serials[ACTIVE:])


@pytest.fixture
def nurse(house: House) -> Operator:
    return Operator(house)


@pytest.fixture
def treated(house: House, fleet: Simulator, beside: Iterator[str]) -> str:
    """A device of the other site, in a session; the house knows."""
    serial = next(beside)
    in_session(house, fleet, serial)
    return serial


@pytest.fixture(scope="module")
def air(house: House) -> Iterator[Air]:
    with Air(house) as air:
        yield air


@pytest.fixture
def driven(house: House, air: Air) -> Device:
    """A device driven by hand, in a session; the house knows."""
    device = air.device()
    device.session = "by-hand"
    device.connect()
    device.telemetry()
    query = """SELECT 1 FROM devices_state s JOIN devices_device d ON d.id = s.device_id
               WHERE d.serial = %s AND s.output = 'on'"""
    wait_for(lambda: house.sql(query, device.serial), within_s=60, why="the house never heard of it")
    return device


# --- a site stop on the worst day ---


def test_a_site_stop_tells_within_3_s_who_stopped_and_where_somebody_has_to_go(
    house: House, fleet: Simulator, nurse: Operator
) -> None:
    serials = fleet.serials[:ACTIVE]
    in_session(house, fleet, *serials)
    unreachable, keeping = serials[:5], serials[5:10]
    doubled, late = serials[10:12]
    for fault, serial in zip(UNREACHABLE, unreachable, strict=True):
        fleet.ask(fault=fault, serial=serial)
    for args, serial in zip(KEEPING, keeping, strict=True):
        fleet.ask(fault="keeps_output", serial=serial, args=args)
    fleet.ask(fault="doubled_commands", serial=doubled)
    fleet.ask(fault="late_commands", serial=late, args={"delay_s": LATE_S})
    to_go = {*unreachable, *keeping, late}

    pressed_s = time.time()
    answer = nurse.stop_site(SITE)
    told = wait_count(nurse, answer.id, confirmed=39, unconfirmed=11)
    took_s = time.time() - pressed_s
    assert took_s <= PROOF_S + SLACK_S
    commands = {one["device"]: one for one in told["commands"]}
    assert set(commands) == set(serials)
    assert all(seconds(commands[one], "confirmed_at") <= PROOF_S for one in set(serials) - to_go)
    doubted = {one: command for one, command in commands.items() if command["state"] != "confirmed"}
    assert {one: command["state"] for one, command in doubted.items()} == dict.fromkeys(to_go, "unconfirmed")
    assert all(seconds(one, "unconfirmed_at") <= PROOF_S + SLACK_S for one in doubted.values())
    assert {one for one, command in commands.items() if command["acks"] == 2} == {doubled}
    assert sum(room["confirmed"] for room in told["rooms"]) == 39
    assert {one["device"] for room in told["rooms"] for one in room["go_to"]} == to_go
    wait_for(lambda: alerted(house, *serials) == to_go, within_s=1, why=lambda: str(alerted(house, *serials)))

    [(who, detail)] = audited(house, "site.stop", SITE)
    assert (who, set(detail["devices"])) == ("nurse", set(serials))
    fleet.wait_made(2 * len(to_go))  # the truth log is about a second behind
    assert {one for one in serials if is_on(fleet, one)} == to_go
    assert executions(fleet, doubled, commands[doubled]["id"]) == 2
    late_answers(fleet, nurse, late, commands[late]["id"])
    reached = to_go - set(unreachable[: len(CUT_OFF)])
    somebody_goes_there(house, fleet, nurse, reached, liars=keeping[KEEPING.index(DENIES) :], id=answer.id)
    for fault, serial in zip(CUT_OFF, unreachable, strict=False):
        fleet.ask(clear=fault, serial=serial)


def late_answers(fleet: Simulator, nurse: Operator, serial: str, id: str) -> None:
    """What comes when its time is over is answered so, and is not carried out."""
    wait_for(lambda: nurse.command(id)["expired_at"], within_s=LATE_S + 10, every_s=0.5, why="it never came")
    command = nurse.command(id)
    assert command["state"] == "unconfirmed", "an answer that it did not act is no proof that it stopped"
    assert command["answer"]["outcome"] == "expired"
    assert executions(fleet, serial, id) == 0
    if not soaking():  # in ten minutes a session may end by itself
        assert is_on(fleet, serial)


def somebody_goes_there(
    house: House, fleet: Simulator, nurse: Operator, serials: set[str], *, liars: list[str], id: str
) -> None:
    """Each is stopped by hand: that proves the stop, later, with both times; and the alerts are over."""
    for serial in serials:
        for fault in ("deaf", "keeps_output", "late_commands"):
            fleet.ask(clear=fault, serial=serial)
    fleet.stop_sessions(*serials)
    for liar in liars:  # is believed again when no current was seen for 2 s: its next word is a birth then
        fleet.ask(fault="link_loss", serial=liar, for_s=2.5)
    told = wait_count(nurse, id, confirmed=ACTIVE - len(CUT_OFF))
    went = [one for one in told["commands"] if one["device"] in serials]
    assert all(one["unconfirmed_at"] < one["confirmed_at"] for one in went)
    wait_for(
        lambda: not alerted(house, *serials), within_s=5, why=lambda: f"{alerted(house, *serials)} alert on"
    )


# --- whoever dies, and whoever presses at once ---


def test_dispatch_killed_between_publish_and_record_stops_the_device_once_and_loses_nothing(
    house: House, fleet: Simulator, nurse: Operator, treated: str
) -> None:
    with gate_before_record(house):
        id = nurse.ask(treated).id
        wait_at_gate(house)  # the device has it, and the row does not say so
        house.kill9("dispatch")
        assert nurse.command(id)["state"] == "requested"
    house.start("dispatch")
    wait_for(lambda: nurse.command(id)["answer"], within_s=60, why="nobody took its answer in")
    fleet.ask(fault="link_loss", serial=treated, for_s=0.2)  # its next word is a birth, not a beat in 15 s
    nurse.wait_state(id, "confirmed")
    assert executions(fleet, treated, id) == 1
    assert times_off(fleet, treated) == 1


def test_two_operators_at_once_are_two_entries_in_the_audit_and_one_change_of_the_output(
    house: House, fleet: Simulator, treated: str
) -> None:
    both = Operator(house, "nurse"), Operator(house, "clinician")
    answers = at_once(*(lambda who=who: who.ask(treated) for who in both))
    commands = [who.wait_state(answer.id, "confirmed") for who, answer in zip(both, answers, strict=True)]
    assert sorted(command["actor"] for command in commands) == ["clinician", "nurse"]
    assert sorted(who for who, _ in audited(house, "command.stop", treated)) == ["clinician", "nurse"]
    assert all(executions(fleet, treated, answer.id) == 1 for answer in answers), "safe to repeat"
    assert times_off(fleet, treated) == 1


@pytest.mark.parametrize("away", [frozen_database, killed_database], ids=["frozen", "killed"])
def test_with_the_database_away_a_stop_reaches_the_device_at_once_and_is_booked_afterwards(
    house: House,
    fleet: Simulator,
    nurse: Operator,
    treated: str,
    away: Callable[[House], AbstractContextManager[None]],
) -> None:
    permit, id = nurse.permit(BESIDE), str(uuid.uuid4())
    wait_direct_path(house)
    with away(house):
        through, past = at_once(
            lambda: nurse.ask(treated, id=id),
            lambda: nurse.stop_directly(permit, device=treated, id=id),
        )
        assert (past.status, past.body["sent"]) == (202, 1), past
        assert past.took_s <= 1 + SLACK_S
        wait_for(lambda: stopped(fleet, treated), within_s=2, why="the device runs on")
        assert (through.status, through.took_s <= 1 + SLACK_S) == (503, True), through
    wait_for(lambda: audited(house, "command.stop", treated), within_s=60, why="it was never booked")
    command = nurse.wait_state(id, "confirmed", "unconfirmed")
    assert (command["via"], command["actor"], command["verb"]) == ("direct", "nurse", "stop")
    [(who, detail)] = audited(house, "command.stop", treated)
    assert (who, detail["command"]) == ("nurse", id)
    assert detail.get("via") in ("direct", None), (
        "what hung in the house may go through first when it goes on"
    )
    assert executions(fleet, treated, id) == 1


def test_without_redis_and_celery_a_stop_is_as_quick_and_a_missing_proof_is_told_as_soon(
    house: House, fleet: Simulator, nurse: Operator, beside: Iterator[str]
) -> None:
    good, deaf = next(beside), next(beside)
    in_session(house, fleet, good, deaf)
    fleet.ask(fault="deaf", serial=deaf)
    house.kill9("redis", "worker", "beat")
    try:
        answers = [nurse.ask(serial) for serial in (good, deaf)]
        proved = nurse.wait_state(answers[0].id, "confirmed")
        doubted = nurse.wait_state(answers[1].id, "unconfirmed")
        wait_for(lambda: alerted(house, deaf), within_s=1, why="nobody was told to go there")
    finally:
        house.start("redis", "worker", "beat")
        fleet.ask(clear="deaf", serial=deaf)
    assert all(answer.took_s < 1 for answer in answers), answers
    assert seconds(proved, "confirmed_at") < PROOF_S
    assert seconds(doubted, "unconfirmed_at") < PROOF_S + SLACK_S
    assert not alerted(house, good)


def test_with_dispatch_dead_people_are_told_to_go_there_and_the_next_stop_goes_out(
    house: House, fleet: Simulator, nurse: Operator, treated: str
) -> None:
    wait_alive(house, "worker")
    house.kill9("dispatch")
    try:
        first = nurse.ask(treated)
        wait_for(lambda: alerted(house, treated), within_s=8, why="nobody was told to go there")
        command = nurse.command(first.id)
    finally:
        house.start("dispatch")
    assert (command["state"], command["published_at"]) == ("unconfirmed", None)
    second = nurse.ask(treated)
    nurse.wait_state(second.id, "confirmed")
    assert executions(fleet, treated, second.id) == 1
    assert times_off(fleet, treated) == 1


# --- the hostile ---


def test_nothing_but_the_devices_own_live_word_behind_the_act_confirms_a_stop(
    house: House, air: Air, nurse: Operator, driven: Device
) -> None:
    other, bench = air.device(), air.bench()
    other.connect()
    bench.connect(birth=False)
    before = driven.status_body(state="idle", output="off", session=None)
    driven.telemetry()
    id = nurse.ask(driven.serial).id
    assert driven.next_command()["id"] == id
    other.ack(id)
    other.wait_acknowledged()
    driven.telemetry(ma=[[0.0], [0.0]], set_ma=[0.0, 0.0])
    bench.say_as(driven.serial, "status", before)  # said before it was asked, and replayed
    bench.say_as(driven.serial, "status", Device.will(driven.boot, driven.conn))
    command = nurse.wait_state(id, "unconfirmed", within_s=PROOF_S + 2)
    assert (command["acks"], command["done_at"]) == (0, None), "another's word is not its own"
    wait_for(lambda: alerted(house, driven.serial), within_s=1, why="nobody was told to go there")
    driven.ack(id)
    late = driven.beat_until(lambda: proved(nurse, id), state="idle", output="off", session=None)
    assert late["unconfirmed_at"] < late["confirmed_at"]
    wait_for(lambda: not alerted(house, driven.serial), within_s=3, why="the alert goes on")
    assert driven.retained_commands == 0


def test_a_stop_that_an_attacker_leaves_with_the_broker_is_not_carried_out(
    house: House, fleet: Simulator, air: Air, treated: str
) -> None:
    bench = air.bench()
    bench.connect(birth=False)
    now_ms = time.time_ns() // 1_000_000
    said = {"v": 1, "id": str(uuid.uuid4()), "verb": "stop", "args": {}, "issued": now_ms, "ttl_ms": 10_000}
    fleet.ask(fault="link_loss", serial=treated)  # connected, it would be a stop like any other
    bench.say_json_as(treated, "command", said, retain=True)
    bench.wait_acknowledged()
    fleet.ask(clear="link_loss", serial=treated)
    wait_for(
        lambda: any(line.get("retain") for line in fleet.truth.about(treated, "ignored")),
        within_s=10,
        why="it never came to the device",
    )
    bench.say_as(treated, "command", b"", retain=True)
    assert is_on(fleet, treated)


def test_of_two_devices_that_speak_as_one_neither_confirms_and_both_are_told_to_stop(
    house: House, air: Air, nurse: Operator, driven: Device
) -> None:
    twin = driven.twin(boot=driven.boot + 1000)
    for one in (twin, driven, twin, driven):  # they throw each other off the broker
        one.connect()
        one.telemetry()
        one.wait_acknowledged()
    query = """SELECT 1 FROM devices_state s JOIN devices_device d ON d.id = s.device_id
               WHERE d.serial = %s AND s.link = 'conflict'"""
    wait_for(lambda: house.sql(query, driven.serial), within_s=10, why="no conflict was seen")
    id = nurse.ask(driven.serial).id
    driven.next_command()
    driven.ack(id)
    driven.status(state="idle", output="off", session=None)
    command = nurse.wait_state(id, "unconfirmed", within_s=PROOF_S + 2)
    assert command["confirmed_at"] is None
    assert command["answer"]["outcome"] == "done"
    wait_for(lambda: alerted(house, driven.serial), within_s=1, why="nobody was told to go there")


# --- no start, no increase ---


def test_nothing_that_can_be_asked_starts_a_session_or_raises_a_current(
    house: House, fleet: Simulator, beside: Iterator[str], nurse: Operator
) -> None:
    treated, idle = next(beside), next(beside)
    in_session(house, fleet, treated)
    fleet.ask(session="turn", serial=treated, channel=1, to_ma=10)  # by hand, while a page still shows 25
    said = [
        (verb, args, nurse.ask(serial, verb, args).status)
        for verb, args, _ in ATTEMPTS
        for serial in (treated, idle)
    ]
    allowed = [status for _, _, status in ATTEMPTS for _ in range(2)]
    assert [one for one, right in zip(said, allowed, strict=True) if one[2] not in right] == []
    lowered = [nurse.ask(treated, "lower", {"channel": 1, "to_ma": ma}).id for ma in (20, 5)]
    page = Page(house)
    for verb, ma in (("start", "20"), ("raise", "20"), ("lower", "80"), ("", "20")):
        page.send(f"/devices/{treated}/ask/", verb=verb, channel="1", to_ma=ma, by="20")
    for extra in ({"verb": "start"}, {"verb": "lower", "to_ma": 80}, {"args": {"to_ma": 80}}):
        assert nurse.stop_directly("no permit", device=treated, **extra).status in (401, 422)
    with Wall(house, BESIDE) as wall:
        for line in (f'{{"verb":"start","serial":"{idle}"}}', '{"command":{"verb":"resume"}}'):
            wall.say(line)
        wall.resync()
    for id in lowered:  # proved or not: its patient may turn it up again at once
        assert nurse.wait_state(id, "confirmed", "unconfirmed")["answer"]["outcome"] == "done"
    asked = house.sql("SELECT DISTINCT verb FROM control_command")
    assert {verb for (verb,) in asked} <= {"stop", "pause", "lower", "rebirth"}
    assert fleet.look(idle)["status"]["session"] is None


def test_in_all_these_days_no_current_was_raised_and_no_session_begun_by_the_house(
    house: House, fleet: Simulator
) -> None:
    events = """SELECT kind, convert_from(body, 'UTF8')::jsonb->'data' FROM devices_event
                WHERE kind IN ('session_started', 'session_resumed', 'intensity_changed')"""
    told = house.sql(events)
    ours = [(kind, data) for kind, data in told if data.get("by") == "server"]
    assert {kind for kind, _ in ours} <= {"intensity_changed"}
    assert ours, "something was lowered"
    assert all(data["to_ma"] < data["from_ma"] for _, data in ours)
    assert sum(kind == "session_started" for kind, _ in told) == fleet.begun, "by hand, each of them"
