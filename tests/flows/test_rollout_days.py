"""The bad day of a rollout: 300 devices, of which many are off, in use, silent, or liars; processes die under it.

What people are told is held against what the devices truly did.  Then: rolling back, aborting, and the hostile.
"""

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator

import msgspec
import pytest

from devices.wire.canonical import canonical
from tests.flows.devices import Air, Device
from tests.flows.rollout_day import JOINERS, LONG_S, RETRIES, TARGETS, Day, live_through, take_parts
from tests.flows.rollouts import (
    Office,
    document,
    end_sessions,
    inside_a_session,
    offers,
    taken_over,
    wait_link,
    whole_truth,
)
from tests.flows.simulator import TREATED, Simulator
from tests.flows.stops import gate_before_record, in_session, wait_at_gate
from tests.harness import House, full_or, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(1800)]

BESIDE = 8  # devices that have no part in the day


@pytest.fixture(scope="module")
def house(make_shared_house: Callable[..., House]) -> House:
    house = make_shared_house(devices=TARGETS + JOINERS + BESIDE, bench=True, env={"PLAIN_STATIC": "1"})
    house.start("web", "ingest", "dispatch", "worker", "courier", "beat")
    return house


@pytest.fixture(scope="module")
def fleet(house: House) -> Iterator[Simulator]:
    house.sql(
        """UPDATE devices_device SET site_id = (SELECT id FROM access_site WHERE slug = CASE devices_device.id %% 2
           WHEN 0 THEN 'north-rehab' ELSE 'riverside-sports' END)"""
    )
    with Simulator(house, day=TREATED) as fleet:
        fleet.wait_connected()
        yield fleet


@pytest.fixture(scope="module")
def office(house: House) -> Office:
    return Office(house)


@pytest.fixture(scope="module")
def day(house: House, fleet: Simulator, office: Office) -> Day:
    """The whole day, from the preview to the end."""
    return live_through(house, fleet, take_parts(house, fleet, sorted(fleet.serials)), office)


@pytest.fixture(scope="module")
def beside(fleet: Simulator) -> list[str]:
    """Devices that have no part in the day."""
    return sorted(fleet.serials)[TARGETS + JOINERS :]


@pytest.fixture(scope="module")
def air(house: House) -> Iterator[Air]:
    with Air(house) as air:
        yield air


# --- what people are told ---


def test_the_preview_says_who_is_reached_and_who_is_not(day: Day) -> None:
    assert day.preview["devices"] == TARGETS
    counts = day.preview["counts"]
    assert (counts["unreachable"], counts["in_session"]) == (len(day.cast.offline), len(day.cast.in_session))


def test_whoever_wrote_it_does_not_approve_it(day: Day) -> None:
    assert day.own_approval in (403, 409)


def test_everything_comes_out_as_it_was(day: Day) -> None:
    by_state: dict[str, set[str]] = {}
    for serial, one in day.targets.items():
        by_state.setdefault(one["state"], set()).add(serial)
    assert by_state == {
        "failed": day.cast.wrong,
        "timed_out": day.cast.silent,
        "rejected": day.cast.rejecting,
        "planned": day.cast.offline,
        "verified": day.cast.good,
    }
    assert (len(day.cast.wrong), len(day.cast.silent), len(day.cast.rejecting)) == (8, 6, 3)
    assert {day.targets[one]["reason"] for one in day.cast.wrong} == {"wrong_hash"}
    assert {day.targets[one]["reason"] for one in day.cast.offline} == {"unreachable"}


def test_a_wave_beyond_a_threshold_stops_the_rollout_by_name(day: Day) -> None:
    assert [(one["reason"], one["wave"]) for one in day.stops] == [("failure_share", 1), ("success_share", 2)]


def test_a_double_click_opens_one_wave_pauses_once_and_goes_on_once(day: Day) -> None:
    assert day.clicks == [[200, 409]] * 4
    kinds = [one["kind"] for one in day.rollout.decisions() if one["actor"]]
    assert kinds.count("wave_waived") == 2
    assert (kinds.count("paused"), kinds.count("resumed")) == (1, 1 + 2), "whoever waives a wave goes on, too"
    opened = [one["wave"] for one in day.rollout.decisions() if one["kind"] == "wave_opened"]
    assert opened == [1, 2, 3]


def test_while_it_is_paused_nobody_is_offered_anything(day: Day) -> None:
    assert day.offered_while_paused == 0


def test_those_in_a_session_were_held_and_the_deadline_stood_still(day: Day) -> None:
    assert day.held.keys() == day.cast.in_session
    assert {day.targets[one]["attempts"] for one in day.cast.in_session - {day.cast.unlucky}} == {1}
    assert day.targets[day.cast.unlucky]["attempts"] == 2, "its power went, and what it held with it"


def test_who_comes_later_joins_the_last_wave(day: Day) -> None:
    assert {day.targets[one]["wave"] for one in day.cast.joiners} == {3}


def test_the_unreachable_are_named_with_their_number(day: Day) -> None:
    assert day.end["facts"]["unreachable"] == len(day.cast.offline)
    assert day.end["wave"] == 3


# --- what the devices truly did ---


def test_nothing_was_taken_over_inside_a_session_and_nothing_twice(day: Day, fleet: Simulator) -> None:
    truth = whole_truth(fleet)
    assert inside_a_session(truth) == []
    wanted = day.version["sha256"]
    assert {serial: taken_over(truth, serial) for serial in day.cast.good} == {
        serial: [wanted] for serial in day.cast.good
    }


def test_no_device_saw_more_offers_than_one_and_the_retries(day: Day, fleet: Simulator) -> None:
    truth = whole_truth(fleet)
    seen = {serial: len(offers(truth, serial)) for serial in day.targets}
    assert {seen[one] for one in day.cast.wrong | day.cast.silent | {day.cast.unlucky}} == {1 + RETRIES}
    assert {seen[one] for one in day.cast.rejecting} == {1}, "a refusal is never retried"
    assert {seen[one] for one in day.cast.offline} == {0}, "nobody offers to who is not there"
    assert {seen[one] for one in day.cast.good - {day.cast.unlucky}} == {1}, "also where the clock was killed"


def test_what_people_are_told_of_the_verified_is_what_the_devices_report(day: Day, fleet: Simulator) -> None:
    for serial in sorted(day.cast.good)[::40]:
        assert fleet.look(serial)["status"]["protocol"]["sha256"] == day.version["sha256"]


def test_they_get_it_when_they_are_back_and_somebody_takes_them_up(
    day: Day, house: House, fleet: Simulator
) -> None:
    for serial in day.cast.offline:
        fleet.ask(clear="link_loss", serial=serial)  # after so long they try again once a minute
    query = """SELECT d.serial FROM devices_state s JOIN devices_device d ON d.id = s.device_id
               WHERE d.serial = ANY(%s) AND s.link = 'online'"""
    wanted = int(full_or(3, len(day.cast.offline)))
    back = wait_for(
        lambda: (found := house.sql(query, list(day.cast.offline)))[wanted - 1 :] and found,
        within_s=90,
        why="they do not come back",
    )
    day.rollout.do("retry")
    day.rollout.wait_targets([serial for (serial,) in back], "verified")
    now = day.rollout.targets()
    assert {now[one]["state"] for one in day.cast.rejecting} == {"rejected"}
    assert {now[one]["attempts"] for one in day.cast.rejecting} == {1}
    assert inside_a_session(whole_truth(fleet)) == []


def test_with_dispatch_killed_before_it_wrote_down_what_it_sent_nothing_is_sent_under_another_id(
    house: House, fleet: Simulator, office: Office, beside: list[str]
) -> None:
    version, chosen = office.approved("sent-and-not-written-down"), beside[5:8]
    in_session(house, fleet, chosen[0])
    with gate_before_record(house):
        rollout = office.started(version, {"serials": chosen}, deadline_s=120)
        wait_at_gate(house, within_s=30)
        house.kill9("dispatch")
    house.start("dispatch")
    rollout.wait_targets(chosen[:1], "held", reason="session")
    end_sessions(fleet, chosen[:1])
    rollout.wait("completed")
    truth = whole_truth(fleet)
    assert {serial: len(offers(truth, serial)) for serial in chosen} == dict.fromkeys(chosen, 1)
    assert {serial: taken_over(truth, serial) for serial in chosen} == {
        serial: [version["sha256"]] for serial in chosen
    }


# --- there and back ---


def test_rolled_back_is_who_was_changed_each_to_what_it_had_and_not_inside_a_session(
    day: Day, house: House, fleet: Simulator, office: Office
) -> None:
    first, second = day.version, office.approved(day.version["id"], max_ma=35.0)
    chosen = sorted(day.cast.good)[:6]
    refusing, busy = chosen[0], chosen[1]
    fleet.ask(fault="refuses_protocol", serial=refusing)
    rollout = office.started(second, {"serials": chosen}, failure_threshold=1.0, success_threshold=0.5)
    rollout.wait("completed", within_s=LONG_S)
    fleet.ask(clear="refuses_protocol", serial=refusing)
    in_session(house, fleet, busy)
    rollout.do("rollback")
    rollout.wait_targets([busy], "held", reason="session")
    end_sessions(fleet, [busy])
    rollout.wait("rolled_back", within_s=LONG_S)
    truth = whole_truth(fleet)
    want = {serial: [first["sha256"], second["sha256"], first["sha256"]] for serial in chosen[1:]}
    assert {serial: taken_over(truth, serial) for serial in chosen[1:]} == want
    assert taken_over(truth, refusing) == [first["sha256"]]
    assert len(offers(truth, refusing)) == 2, "what was never changed is not rolled back"
    assert inside_a_session(truth) == []


def test_once_aborted_or_withdrawn_nothing_that_was_held_is_taken_over(
    house: House, fleet: Simulator, office: Office, beside: list[str]
) -> None:
    version = office.approved("to-be-withdrawn")
    busy, slow, idle = beside[0:2], beside[2], beside[3]
    in_session(house, fleet, *busy)
    fleet.ask(fault="stays_held", serial=slow, args={"why": "user"})
    rollout = office.started(version, {"serials": [*busy, slow, idle]})
    rollout.wait_targets(busy, "held", reason="session")
    rollout.wait_targets([slow], "held", reason="user")
    rollout.wait_targets([idle], "verified")
    office.withdraw(version)
    rollout.wait("paused", "version_withdrawn")
    assert rollout.ask("resume").status == 409
    rollout.do("abort")
    left = rollout.wait_targets(
        [*busy, slow], "withdrawn"
    )  # by what stood when each answered: it may be quick
    assert {one["reason"] for one in left.values()} <= {"version_withdrawn", "aborted"}
    end_sessions(fleet, busy)
    fleet.ask(clear="stays_held", serial=slow)
    truth = whole_truth(fleet)
    assert {serial: taken_over(truth, serial) for serial in (*busy, slow)} == {
        one: [] for one in (*busy, slow)
    }
    assert taken_over(truth, idle) == [version["sha256"]], "what has it keeps it until it is rolled back"
    assert rollout.look()["state"] == "aborted"


# --- the hostile ---


def test_nothing_but_the_devices_own_live_word_behind_the_offer_verifies(
    house: House, air: Air, office: Office
) -> None:
    version = office.approved("hostile")
    ref = {name: version[name] for name in ("id", "version", "sha256")}
    target, twinned, other, bench = air.device(), air.device(), air.device(), air.bench()
    for device in (target, twinned, other):
        device.connect(max_ma=100.0)
    bench.connect(birth=False)
    wait_link(house, "online", target.serial, twinned.serial)
    before = target.status_body(max_ma=100.0, protocol=ref)
    rollout = office.started(version, {"serials": [target.serial, twinned.serial]}, deadline_s=10, retries=0,
                             failure_threshold=1.0, success_threshold=0.1)  # fmt: skip
    offer = target.next_command()
    twinned.next_command()
    other.ack(offer["id"])  # another's word
    bench.say_as(target.serial, "status", before)  # said before the offer, and replayed
    bench.say_as(target.serial, "status", Device.will(target.boot, target.conn))
    _speak_as_two(house, twinned)
    twinned.status(max_ma=100.0, protocol=ref)
    target.status(max_ma=100.0)
    rollout.wait_targets([target.serial], "timed_out", within_s=40)
    assert {one["state"] for one in rollout.decisions() if one["kind"] in ("claimed", "verified")} == set()
    assert rollout.targets()[twinned.serial]["verified_at"] is None
    target.beat_until(lambda: rollout.in_state("verified"), max_ma=100.0, protocol=ref)
    assert rollout.in_state("verified") == {target.serial}, "late, and told as it is"
    assert target.retained_commands == twinned.retained_commands == 0


def _speak_as_two(house: House, device: Device) -> None:
    """Let a second device speak under the same serial, until the house knows that there are two."""
    twin = device.twin(boot=device.boot + 1000)
    twin.session = None
    for one in (twin, device, twin, device):  # they throw each other off the broker
        one.connect(max_ma=100.0)
        one.telemetry()
        one.wait_acknowledged()
    wait_link(house, "conflict", device.serial)


def test_a_protocol_that_an_attacker_leaves_with_the_broker_is_not_taken_over(
    fleet: Simulator, air: Air, office: Office, beside: list[str]
) -> None:
    version, serial = office.approved("left-behind"), beside[4]
    bench = air.bench()
    bench.connect(birth=False)
    body = canonical({**document(version["id"]), "version": version["version"]})
    assert hashlib.sha256(body).hexdigest() == version["sha256"]
    said = {"v": 1, "id": str(uuid.uuid4()), "verb": "apply_protocol", "issued": time.time_ns() // 1_000_000}
    args = {"protocol": msgspec.Raw(body), "sha256": version["sha256"]}
    payload = msgspec.json.encode({**said, "args": args, "ttl_ms": 3_600_000})
    fleet.ask(fault="link_loss", serial=serial)  # connected, it would be an offer like any other
    bench.say_as(serial, "command", payload, retain=True)
    bench.wait_acknowledged()
    fleet.ask(clear="link_loss", serial=serial)
    wait_for(
        lambda: any(line.get("retain") for line in fleet.truth.about(serial, "ignored")),
        within_s=15,
        why="it never came to the device",
    )
    bench.say_as(serial, "command", b"", retain=True)
    assert taken_over(whole_truth(fleet), serial) == []
