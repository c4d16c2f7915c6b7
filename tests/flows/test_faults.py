"""One test a fault: what the truth log says, the server says.

All of them strike on one day, each a device of its own in a session; the tests read the evidence afterwards.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devices.simulator.faults import FAULTS, YEAR_MS
from devices.simulator.truth import Truth
from tests.flows.simulator import TREATED, Simulator
from tests.harness import House, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

BAD_S = 30  # how long a fault lasts
STRIKES: dict[str, tuple[float | None, dict[str, Any]]] = {
    "link_loss": (15, {}),
    "link_half_open": (2, {}),
    "link_flapping": (BAD_S, {"down_s": 2, "up_s": 6}),
    "link_stuttering": (BAD_S, {"down_s": 3, "up_s": 5}),
    "duplicates": (BAD_S, {"share": 1.0}),
    "lost_records": (5, {"share": 0.5}),
    "reordering": (BAD_S, {"count": 8}),
    "late_flush": (20, {}),
    "small_buffer": (BAD_S, {"records": 8}),
    "power_loss": (5, {}),
    "watchdog": (None, {}),
    "clock_wrong": (None, {"offset_ms": 10 * YEAR_MS}),
    "clock_drift": (None, {"ppm": 500_000.0}),
    "clock_step_back": (None, {"by_ms": 2_400_000}),
    "electrode_off": (8, {"channel": 1}),
    "electrode_lifted": (BAD_S, {"channel": 2}),
    "electrode_dry": (BAD_S, {"per_s": 2.0}),
    "overtemp": (BAD_S, {}),
    "battery_dying": (BAD_S, {"soc": 4.5, "load_w": 2.0}),
    "estop": (10, {}),
    "device_fault": (10, {"class": "stim", "code": "E11", "text": "pulse stage"}),
    "overdrive": (BAD_S, {"channel": 1, "factor": 1.4}),
    "slow_commands": (BAD_S, {"delay_ms": 1500}),
    "refused_commands": (BAD_S, {"reason": "other"}),
    "late_commands": (BAD_S, {"delay_s": 12}),
    "deaf": (BAD_S, {}),
    "doubled_commands": (BAD_S, {}),
    "keeps_output": (BAD_S, {"admits": False}),
    "cloned_identity": (None, {}),
    "spoiled_records": (None, {"count": 2}),
    "malformed": (BAD_S, {"every_s": 0.5}),
}
"""Fault: how long, and its arguments.  `small_buffer` strikes together with a lost link."""
OF_OFFERS = {"claims_wrong_hash", "swallows_protocol", "refuses_protocol", "stays_held"}
"""Nothing happens until a protocol is offered: see test_rollout_days."""
SILENT = {"link_lost", "no_measurements"}
ALERTS: dict[str, tuple[set[str], set[str]]] = {
    "link_loss": ({"link_lost"}, SILENT),
    "link_half_open": ({"link_lost"}, SILENT),
    "link_flapping": (set(), SILENT),  # how long it takes to connect again is chance
    "late_flush": ({"no_measurements"}, set()),
    "small_buffer": ({"link_lost", "records_dropped"}, SILENT),
    "power_loss": (set(), {*SILENT, "watchdog"}),
    "watchdog": ({"watchdog"}, SILENT),
    "clock_wrong": ({"clock_skew"}, set()),
    "clock_drift": (set(), {"clock_skew"}),
    "clock_step_back": ({"clock_skew"}, set()),
    "electrode_off": ({"electrode_off"}, set()),
    "electrode_lifted": ({"low_current"}, {"electrode_off", "current_density"}),
    "electrode_dry": (set(), {"low_current", "electrode_off", "contact_drift"}),
    "overtemp": ({"over_temperature"}, {"fault"}),
    "battery_dying": ({"battery_low"}, {"battery_dying", *SILENT, "offline_idle"}),
    "estop": ({"estop"}, {"fault"}),
    "device_fault": ({"fault"}, set()),
    # They throw each other off the broker; until they are known to be two, one may deny the other's current.
    "cloned_identity": ({"identity_conflict"}, {"rejects", "current_while_off", *SILENT}),
    "overdrive": ({"over_current"}, set()),
    "spoiled_records": (set(), {"rejects"}),
    "malformed": ({"rejects"}, set()),
    "late_commands": ({"stop_unconfirmed"}, set()),
    "deaf": ({"stop_unconfirmed"}, set()),
    "keeps_output": ({"stop_unconfirmed", "current_while_off"}, set()),
}
"""Fault: what must be alarmed, and what may be besides.  Of all others nothing may be."""
SILENCE_COUNTS = """
    SELECT 1 FROM devices_pulse WHERE part = 'ingest'
    AND (detail->>'silence_counts_from_ms')::float < extract(epoch FROM now()) * 1000"""
COMMANDED: dict[str, set[str]] = {
    "slow_commands": {"done", "confirmed"},
    "refused_commands": {"refused"},
    "late_commands": {"unconfirmed", "confirmed"},
    "deaf": {"unconfirmed", "confirmed"},
    "doubled_commands": {"confirmed"},
    "keeps_output": {"unconfirmed", "confirmed"},
}
"""Fault: what may become of a pause; what nothing proved in time the end of the session may prove later."""
NOT_IN_TIME = {"late_commands", "deaf", "keeps_output"}
EXECUTED = {"slow_commands": [True], "doubled_commands": [True, True], "deaf": []}
"""Fault: whether the device did it, each time it says so."""
LEAVING_AT_ONCE = {"power_loss", "watchdog", "overtemp", "battery_dying", "estop", "device_fault"}


@dataclass(frozen=True, slots=True)
class Day:
    """What is left of a bad day: the server, and the truth."""

    house: House
    truth: Truth
    serials: dict[str, str]  # by fault

    def sql(self, fault: str, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query in which %s is the id of the fault's device."""
        [(device,)] = self.house.sql("SELECT id FROM devices_device WHERE serial = %s", self.serials[fault])
        return self.house.sql(query, device)

    def told(self, fault: str, what: str) -> list[dict[str, Any]]:
        return self.truth.about(self.serials[fault], what)

    def events(self, fault: str, kind: str) -> list[tuple[int, int, int | None]]:
        """(boot, up_ms, channel) of the stored events of a kind, oldest first."""
        query = f"""SELECT boot, up_ms, channel FROM devices_event
                    WHERE device_id = %s AND kind = '{kind}' ORDER BY boot, seq"""  # noqa: S608
        return [(boot, up_ms, channel) for boot, up_ms, channel in self.sql(fault, query)]

    def links(self, fault: str) -> list[str]:
        """The link history, each change once."""
        rows = self.sql(fault, "SELECT link FROM devices_change WHERE device_id = %s ORDER BY rev")
        return [link for n, (link,) in enumerate(rows) if n == 0 or rows[n - 1] != (link,)]

    def session(self, fault: str) -> tuple[str, int]:
        """(reason, elapsed ms) of the only session the server knows of the device."""
        query = "SELECT end_reason, elapsed_ms FROM devices_session WHERE device_id = %s"
        [(reason, elapsed_ms)] = self.sql(fault, query)
        return reason, elapsed_ms

    def ledger(self, fault: str) -> dict[int, tuple[int, int]]:
        """How many records of each boot were dropped and rejected."""
        query = """SELECT boot, (SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(dropped) r),
                          (SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(rejected) r)
                   FROM devices_ledger WHERE device_id = %s"""
        return {boot: (int(dropped), int(rejected)) for boot, dropped, rejected in self.sql(fault, query)}


@pytest.fixture(scope="module")
def day(test_root: Path) -> Iterator[Day]:
    folder = Path(tempfile.mkdtemp(prefix="house-", dir=test_root))
    folder.chmod(0o711)
    with House(folder, devices=len(STRIKES) + 1) as house:
        house.start("ingest", "dispatch", "worker", "beat")
        with Simulator(house, day=TREATED) as fleet:
            serials = dict(zip(STRIKES, fleet.serials, strict=False))
            _live(fleet, house, serials)
            fleet.leave()
        house.stop("ingest")
        yield Day(house, fleet.truth, serials)
    shutil.rmtree(folder, ignore_errors=True)


def _live(fleet: Simulator, house: House, serials: dict[str, str]) -> None:
    """Sessions begin, all faults strike, the day ends when every record is accounted for."""
    fleet.wait_connected()
    fleet.start_sessions(set_ma=[25.0, 25.0])
    fleet.wait_made(6 * len(fleet.serials))
    wait_for(lambda: house.sql(SILENCE_COUNTS), within_s=60, why="the server never came to count silence")
    _strike(fleet, serials, "link_half_open")  # by itself: a server that is busy suspects nobody
    wait_for(
        lambda: _link(house, serials["link_half_open"]) == "suspect",
        within_s=20,
        why="a device that fell silent in session was not suspected",
    )
    for name in STRIKES:
        if name != "link_half_open":
            _strike(fleet, serials, name)
    fleet.ask(fault="link_loss", serial=serials["small_buffer"], for_s=BAD_S - 5)
    for name in COMMANDED:
        _command(house, serials[name], "pause")
    fleet.wait_made(BAD_S * len(fleet.serials) * 2 // 3, within_s=90)
    wait_for(
        lambda: house.sql("SELECT 1 FROM devices_state WHERE link = 'conflict'"),
        within_s=60,
        why="no identity conflict was seen",
    )
    fleet.ask(clear="cloned_identity", serial=serials["cloned_identity"])
    fleet.wait_connected(*(s for name, s in serials.items() if name != "battery_dying"), within_s=90)
    fleet.stop_sessions()
    fleet.wait_all_forgotten(within_s=120)


def _link(house: House, serial: str) -> str:
    query = "SELECT link FROM devices_state s JOIN devices_device d ON d.id = s.device_id WHERE d.serial = %s"
    [(link,)] = house.sql(query, serial)
    return str(link)


def _strike(fleet: Simulator, serials: dict[str, str], name: str) -> None:
    for_s, args = STRIKES[name]
    fleet.ask(fault=name, serial=serials[name], for_s=for_s, args=args)


def _command(house: House, serial: str, verb: str) -> None:
    house.sql(
        """INSERT INTO control_command
               (id, device_id, site_id, verb, args, actor_name, via, reason, reason_by, state, requested_at,
                expires_at, proof_due_at, attempts, acks, evidence, rev)
           SELECT gen_random_uuid(), id, site_id, %s, '{}', 'nurse', 'house', '', '', 'requested', now(),
                  now() + interval '10 s', now() + interval '3 s', 0, 0, '{}', 1
           FROM devices_device WHERE serial = %s""",
        verb,
        serial,
    )


def test_every_fault_there_is_strikes() -> None:
    assert STRIKES.keys() | OF_OFFERS == FAULTS.keys()


@pytest.mark.parametrize("fault", STRIKES)
def test_every_record_is_stored_once_and_as_it_was_made(day: Day, fault: str) -> None:
    serial = day.serials[fault]
    query = """SELECT boot, seq, up_ms, kind FROM devices_event WHERE device_id = %s
               UNION ALL SELECT boot, seq, up_ms, 'telemetry' FROM devices_telemetry WHERE device_id = %s"""
    [(device,)] = day.house.sql("SELECT id FROM devices_device WHERE serial = %s", serial)
    stored = day.house.sql(query, device, device)
    score = day.truth.score(((serial, *row) for row in stored), serials={serial})
    if fault == "cloned_identity":
        score.missing.clear()  # a clone that is taken away takes its buffer with it
    assert score.perfect(), score


@pytest.mark.parametrize("fault", STRIKES)
def test_every_fault_is_alarmed_as_what_it_is_and_nothing_else_is(day: Day, fault: str) -> None:
    must, may = ALERTS.get(fault, (set(), set()))
    query = "SELECT rule, late FROM safety_alert WHERE device_id = %s"
    rows = day.sql(fault, query)
    news = {rule for rule, late in rows if not late}
    assert must - {"records_dropped"} <= news, "late alerts call nobody"
    assert must <= {rule for rule, _late in rows}
    assert news <= must | may


@pytest.mark.parametrize("fault", STRIKES)
def test_every_session_has_the_reason_and_the_length_it_really_had(day: Day, fault: str) -> None:
    (truth,) = day.told(fault, "session")
    reason, elapsed_ms = day.session(fault)
    assert reason == truth["reason"]
    assert abs(elapsed_ms - truth["elapsed_ms"]) <= 1000


def test_a_lost_link_is_offline_within_seconds_and_comes_back(day: Day) -> None:
    links = day.links("link_loss")
    assert "offline" in links
    assert links[links.index("offline") + 1] == "online"
    (lost,) = [line for line in day.told("link_loss", "disconnect") if line["why"] == "link lost"]
    query = """SELECT extract(epoch FROM min(received_at)) * 1000 FROM devices_change
               WHERE device_id = %s AND link = 'offline'"""
    [(offline_ms,)] = day.sql("link_loss", query)
    assert 4_000 <= float(offline_ms) - lost["wall"] <= 12_000  # 5 s after the will, 10 s of silence


def test_a_half_open_link_is_suspected_before_it_is_offline(day: Day) -> None:
    links = day.links("link_half_open")
    assert links.index("suspect") < links.index("offline")
    assert links[-1] in ("online", "offline"), "at the end it said goodbye"


def test_silence_is_never_read_as_output_off(day: Day) -> None:
    query = "SELECT state, output FROM devices_change WHERE device_id = %s AND link = 'offline' ORDER BY rev"
    assert day.sql("link_half_open", query)[0][1] in ("on", "ramping")


def test_a_session_over_a_flapping_link_is_one_session(day: Day) -> None:
    assert len(day.told("link_flapping", "birth")) >= 3
    assert day.session("link_flapping")[0] == "operator_stop"


def test_a_link_that_stutters_for_three_seconds_is_never_called_silent(day: Day) -> None:
    assert len(day.told("link_stuttering", "birth")) == 1
    assert set(day.links("link_stuttering")) <= {"online", "offline"}, "offline is the goodbye at the end"


def test_late_records_are_marked_late(day: Day) -> None:
    query = "SELECT count(*) FROM devices_telemetry WHERE device_id = %s AND late"
    [(late,)] = day.sql("late_flush", query)
    assert late >= 10


def test_what_a_full_buffer_dropped_is_dropped_in_the_ledger(day: Day) -> None:
    query = """SELECT seq FROM devices_telemetry WHERE device_id = %s
               UNION ALL SELECT seq FROM devices_event WHERE device_id = %s"""
    [(device,)] = day.sql("small_buffer", "SELECT id FROM devices_device WHERE id = %s")
    stored = {
        seq for (seq,) in day.house.sql(query, device, device)
    }  # some had arrived before they were dropped
    lost = {line["seq"] for line in day.told("small_buffer", "dropped")} - stored
    assert len(lost) >= 5
    [(dropped, _)] = day.ledger("small_buffer").values()
    assert dropped == len(lost)


@pytest.mark.parametrize("fault", ["power_loss", "watchdog"])
def test_a_session_that_was_cut_off_ended_when_it_was_cut_off(day: Day, fault: str) -> None:
    (truth,) = day.told(fault, "session")
    query = "SELECT extract(epoch FROM ended_at) * 1000 FROM devices_session WHERE device_id = %s"
    [(ended_ms,)] = day.sql(fault, query)
    assert abs(float(ended_ms) - truth["wall"]) <= 1000
    births = {line["boot"] for line in day.told(fault, "birth")}
    assert len(births) == 2
    assert day.ledger(fault).keys() == births


@pytest.mark.parametrize("fault,skew_ms", [("clock_wrong", 10 * YEAR_MS), ("clock_step_back", -2_400_000)])
def test_a_wrong_clock_is_shown_as_skew(day: Day, fault: str, skew_ms: int) -> None:
    [(shown_ms,)] = day.sql(fault, "SELECT skew_ms FROM devices_state WHERE device_id = %s")
    assert abs(shown_ms - skew_ms) <= 2_000


@pytest.mark.parametrize("fault", ["clock_wrong", "clock_step_back", "clock_drift"])
def test_a_wrong_clock_places_no_record_wrongly(day: Day, fault: str) -> None:
    truth = {line["seq"]: line["wall"] for line in day.told(fault, "record")}
    query = "SELECT seq, extract(epoch FROM placed_at) * 1000 FROM devices_event WHERE device_id = %s"
    assert all(abs(float(placed_ms) - truth[seq]) <= 1000 for seq, placed_ms in day.sql(fault, query))


def test_a_pad_that_came_off_and_back_is_told_by_two_events(day: Day) -> None:
    true = [x["up_ms"] for x in day.told("electrode_off", "record") if x["kind"].startswith("electrode_")]
    stored = day.events("electrode_off", "electrode_off") + day.events("electrode_off", "electrode_on")
    assert len(true) >= 2
    assert [up_ms for _, up_ms, _ in sorted(stored)] == true
    assert {channel for _, _, channel in stored} == {1}


@pytest.mark.parametrize("fault,channel", [("electrode_lifted", 2), ("electrode_dry", 1)])
def test_too_little_current_is_told_for_its_channel(day: Day, fault: str, channel: int) -> None:
    assert {event[2] for event in day.events(fault, "low_current")} == {channel}


@pytest.mark.parametrize("fault", sorted(LEAVING_AT_ONCE))
def test_a_device_in_trouble_is_off_while_it_is_in_trouble(day: Day, fault: str) -> None:
    truth = [(x["boot"], x["up_ms"]) for x in day.told(fault, "output") if x["output"] == "off"]
    query = """SELECT boot, up_ms, output FROM devices_change
               WHERE device_id = %s AND up_ms IS NOT NULL ORDER BY rev"""
    off = [(boot, up_ms) for boot, up_ms, output in day.sql(fault, query) if output == "off"]
    assert any(boot == at[0] and 0 <= up_ms - at[1] <= 1_000 for at in truth for boot, up_ms in off) or (
        fault in ("power_loss", "watchdog")  # it could not say so: the next boot did
        and any(boot == truth[0][0] + 1 for boot, _ in off)
    )


@pytest.mark.parametrize("fault,kind", [("overtemp", "fault"), ("estop", "estop"), ("device_fault", "fault")])
def test_the_event_of_a_fault_is_stored_with_its_time(day: Day, fault: str, kind: str) -> None:
    true = [(x["boot"], x["up_ms"]) for x in day.told(fault, "record") if x["kind"] == kind]
    assert true
    assert [(boot, up_ms) for boot, up_ms, _ in day.events(fault, kind)] == true


@pytest.mark.parametrize("fault", COMMANDED)
def test_a_command_is_what_the_device_made_of_it(day: Day, fault: str) -> None:
    truth = day.told(fault, "command")
    query = """SELECT state, id::text, acks, unconfirmed_at IS NOT NULL FROM control_command
               WHERE device_id = %s AND verb = 'pause'"""
    [(found, id, acks, came_late)] = day.sql(fault, query)
    assert came_late == (fault in NOT_IN_TIME)
    assert {line["id"] for line in truth} <= {id}
    assert found in COMMANDED[fault]
    assert [line["executed"] for line in truth] == EXECUTED.get(fault, [False])
    assert acks == len(truth)


def test_two_devices_of_one_identity_are_in_conflict(day: Day) -> None:
    assert "conflict" in day.links("cloned_identity")
    assert len({line["boot"] for line in day.told("cloned_identity", "birth")}) == 2


def test_a_spoiled_record_is_rejected_in_the_ledger_and_the_watermark_passes_it(day: Day) -> None:
    spoiled = [x for x in day.told("spoiled_records", "record") if x.get("spoiled")]
    [(_, rejected)] = day.ledger("spoiled_records").values()
    assert rejected == len(spoiled) == 2
    assert max(x["seq"] for x in day.told("spoiled_records", "watermark")) > max(x["seq"] for x in spoiled)


def test_every_malformed_message_is_counted_by_its_reason(day: Day) -> None:
    sent = Counter(line["why"] for line in day.told("malformed", "garbage"))
    query = "SELECT reason, sum(count) FROM devices_reject WHERE device_id = %s GROUP BY reason"
    assert sum(sent.values()) >= 30
    assert {reason: int(count) for reason, count in day.sql("malformed", query)} == dict(sent)
