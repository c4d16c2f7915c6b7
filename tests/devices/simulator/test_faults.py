"""One test a fault: what the device does, what it says, and what the truth log says of both.

Here in time-lapse; over a real broker in test_swarm.py; with the real server in tests/flows/test_faults.py.
"""

import json
from itertools import pairwise

import pytest

from devices.simulator.faults import FAULTS, YEAR_MS
from devices.simulator.garbage import GARBAGE
from devices.wire import codec
from devices.wire.errors import WireError
from tests.devices.simulator.lab import FIRST_BOOT, NO_FORCE, Lab, connected

STRONG = '[day]\nsessions = 0\nprotocols = { "tka-quads" = 1 }\n[people]\nrestlessness = 0\n' + NO_FORCE


def treated(seconds: float = 90, day: str = STRONG) -> Lab:
    """A device in a session at 40 mA (a warm-up of 62 s lets no more than 25); its server keeps up."""
    lab = connected(day, obliging=True)
    lab.start_session([25.0, 25.0])
    lab.run(62.5)
    lab.ask({"session": "turn", "serial": lab.body.serial, "channel": 1, "to_ma": 40})
    lab.ask({"session": "turn", "serial": lab.body.serial, "channel": 2, "to_ma": 40})
    lab.run(seconds - 62.5)
    return lab


def test_every_strike_and_mend_is_in_the_truth_log() -> None:
    lab = connected()
    for name in FAULTS:
        lab.strike(name, for_s=3)
        lab.run(2)
        lab.clear(name)
    on = [line["name"] for line in lab.told("fault") if line["on"]]
    assert on == list(FAULTS)


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_device_is_in_order_again_after_any_fault(name: str) -> None:
    lab = treated(70)
    lab.strict = name not in ("malformed", "spoiled_records")
    lab.strike(name, for_s=10)
    lab.run(200)
    lab.come_back()
    lab.run(60)
    status = lab.status()
    assert status["conditions"] == []
    assert status["state"] in ("idle", "running", "paused", "charging")
    spoiled = {line["seq"] for line in lab.told("record") if line.get("spoiled")}
    made = {line["seq"] for line in lab.told("record") if line["boot"] == FIRST_BOOT} - spoiled
    arrived = {seq for boot, seq in lab.records() if boot == FIRST_BOOT}
    dropped = {line["seq"] for line in lab.told("dropped") if line["boot"] == FIRST_BOOT}
    assert made <= arrived | dropped | {1}, "1 is the boot event, which the first watermark covered"


# --- the link ---


def test_link_loss_is_seen_at_once_and_nothing_is_lost() -> None:
    lab = treated(70)
    lab.strike("link_loss", for_s=20)
    assert not lab.link.born
    assert lab.wires[-1].over == "dropped", "no goodbye: the broker publishes the will"
    dials = len(lab.wires)
    lab.run(19)
    assert len(lab.wires) == dials
    assert lab.body.state == "running", "losing the link does not end the session"
    lab.run(40)
    assert lab.link.born
    assert {seq for _, seq in lab.records()} >= set(range(2, lab.body.seq - 1))


def test_a_half_open_link_is_noticed_by_the_silence_and_what_went_into_it_is_sent_again() -> None:
    lab = treated(70)
    struck_ms = lab.now_ms
    lab.strike("link_half_open", for_s=5)
    lab.run(60)
    lost = lab.told("disconnect")[-1]
    assert 18_000 <= lost["at"] - struck_ms <= 26_000
    into_the_dark = [line["seq"] for line in lab.told("record") if struck_ms < line["at"] < lost["at"]]
    assert set(into_the_dark) <= {seq for _, seq in lab.records(late=True)}
    assert lab.status()["conn"] >= 2


def test_a_flapping_link_connects_again_and_again() -> None:
    lab = treated(70)
    lab.strike("link_flapping", for_s=60, down_s=2, up_s=12)
    lab.run(100)
    births = [line["conn"] for line in lab.told("birth")]
    assert len(births) >= 4
    assert births == sorted(set(births))


def test_a_stuttering_link_stays_one_connection_and_brings_what_it_held() -> None:
    lab = treated(70)
    lab.strike("link_stuttering", for_s=20, down_s=3, up_s=5)
    lab.run(30)
    assert len(lab.told("birth")) == 1
    came_s = [sent.at_ms // 1000 for sent in lab.sent if sent.kind == "telemetry"]
    assert max(later - earlier for earlier, later in pairwise(came_s)) in (3, 4)
    seqs = [record["seq"] for record in lab.of("telemetry")]
    assert seqs == sorted(set(seqs)), "nothing is lost, doubled or out of order"


def test_duplicates_are_the_same_record_twice() -> None:
    lab = treated(70)
    start = len(lab.sent)
    lab.strike("duplicates", share=1.0)
    lab.run(5)
    payloads = [s.payload for s in lab.sent[start:] if s.kind == "telemetry"]
    assert len(payloads) == 10
    assert payloads[::2] == payloads[1::2]


def test_lost_records_come_again_when_they_are_missed() -> None:
    lab = treated(70)
    lab.obliging = False
    high = lab.contiguous(FIRST_BOOT)
    lab.strike("lost_records", for_s=5, share=1.0)
    lab.run(7)
    missing = [seq for seq in range(high + 1, lab.body.seq) if seq not in lab.stored[FIRST_BOOT]]
    assert len(missing) >= 3
    lab.watermark(FIRST_BOOT, high, missing=[[missing[0], missing[-1]]])
    lab.run(1)
    assert set(missing) <= {seq for _, seq in lab.records(late=True)}


def test_reordering_sends_all_in_another_order() -> None:
    lab = treated(70)
    start = len(lab.sent)
    lab.strike("reordering", for_s=30, count=6)
    lab.run(40)
    seqs = [s.json()["seq"] for s in lab.sent[start:] if s.kind in ("telemetry", "event")]
    assert seqs != sorted(seqs)
    assert set(seqs) >= set(range(min(seqs), max(seqs)))


def test_a_late_flush_keeps_records_while_the_status_goes_on() -> None:
    lab = treated(70)
    start = len(lab.sent)
    lab.strike("late_flush", for_s=30)
    lab.run(29)
    assert {s.kind for s in lab.sent[start:]} == {"status"}
    lab.run(10)
    late = [s.json() for s in lab.sent[start:] if s.kind == "telemetry" and s.json()["late"]]
    assert len(late) >= 29
    assert all(a["seq"] < b["seq"] for a, b in pairwise(late))


def test_a_small_buffer_drops_telemetry_and_says_so() -> None:
    lab = treated(70)
    lab.strike("small_buffer", records=10)
    lab.strike("link_loss", for_s=30)
    lab.run(60)
    lab.clear("small_buffer")
    lab.run(12)
    dropped = {line["seq"] for line in lab.told("dropped")}
    said = {n for e in lab.events("dropped") for a, b in e["data"]["ranges"] for n in range(a, b + 1)}
    assert dropped
    assert said == dropped


# --- power, firmware, clock ---


def test_power_loss_ends_the_session_without_a_word_and_the_next_boot_tells_of_it() -> None:
    lab = treated(70)
    session = lab.status()["session"]
    lab.run(0.4)
    lab.strike("power_loss", for_s=20)
    cut = lab.told("session")[-1]
    assert not lab.body.plant.delivered_ma[0].any()
    sent = len(lab.sent)
    lab.run(19)
    assert len(lab.sent) == sent
    lab.run(12)
    (ended,) = {json.dumps(e["data"], sort_keys=True): e for e in lab.events("session_ended")}.values()
    assert ended["session"] == session
    assert ended["boot"] == FIRST_BOOT + 1
    assert ended["data"]["reason"] == "power_loss"
    assert ended["data"]["of"] == {"boot": FIRST_BOOT, "up_ms": cut["up_ms"]}
    assert lab.events("boot")[-1]["boot"] == FIRST_BOOT + 1
    assert lab.status()["conn"] == 1


def test_a_hung_firmware_stops_itself_within_its_limit_and_starts_anew() -> None:
    lab = treated(66)
    assert lab.body.plant.delivered_ma[0].any()
    struck_ms = lab.now_ms
    lab.strike("watchdog")
    sent = len(lab.sent)
    lab.run(1.5)
    assert len(lab.sent) == sent, "a hung device says nothing"
    assert lab.body.plant.delivered_ma[0].any(), "and its output goes on"
    lab.run(0.7)
    assert not lab.body.plant.delivered_ma[0].any()
    off = next(line for line in lab.told("output") if line["at"] > struck_ms)
    assert off["output"] == "off"
    assert off["at"] - struck_ms <= lab.body.make.self_stop_ms + 100
    lab.run(10)
    assert [e["data"]["reason"] for e in lab.events("session_ended")] == ["watchdog"]
    assert lab.events("boot")[-1]["data"]["reason"] == "watchdog"


@pytest.mark.parametrize("offset_ms", [10 * YEAR_MS, -2_400_000])
def test_a_wrong_clock_shows_in_t_and_nowhere_else(offset_ms: int) -> None:
    lab = treated(65)
    lab.strike("clock_wrong", offset_ms=offset_ms)
    lab.run(10)
    before, after = lab.of("telemetry")[-20], lab.of("telemetry")[-1]
    assert after["t"] - before["t"] == pytest.approx(offset_ms + after["up_ms"] - before["up_ms"], abs=2)
    assert after["up_ms"] - before["up_ms"] == 19_000
    (told,) = lab.events("clock_set")
    assert told["data"]["to_t"] - told["data"]["from_t"] == offset_ms


def test_a_clock_may_show_1970() -> None:
    lab = treated(65)
    lab.strike("clock_wrong", to_t=0)
    lab.run(2)
    assert 0 <= lab.of("telemetry")[-1]["t"] <= 2_000


def test_a_clock_drifts() -> None:
    lab = treated(65)
    lab.strike("clock_drift", ppm=20_000)
    lab.run(50)
    before, after = lab.of("telemetry")[-40], lab.of("telemetry")[-1]
    assert after["t"] - before["t"] == pytest.approx(39_000 * 1.02, abs=2)


def test_a_clock_steps_back_while_the_session_lasts_as_long_as_it_did() -> None:
    lab = treated(65)
    lab.strike("clock_step_back", by_ms=2_400_000)
    lab.run(2)
    lab.ask({"session": "stop", "serial": lab.body.serial})
    lab.run(1)
    started, ended = lab.events("session_started")[0], lab.events("session_ended")[0]
    assert ended["t"] < started["t"]
    assert ended["up_ms"] - started["up_ms"] == lab.told("session")[-1]["wall_ms"]


# --- electrodes, heat, battery, the emergency stop ---


def test_a_pad_that_falls_off_pauses_the_session_until_it_is_back() -> None:
    lab = treated(64)
    lab.strike("electrode_off", for_s=10, channel=2)
    lab.run(4)
    (off,) = lab.events("electrode_off")
    assert (off["channel"], off["data"]["ohm"] > 12_000) == (2, True)
    assert lab.status()["conditions"] == ["electrode_off:2"]
    assert (lab.status()["state"], lab.status()["output"]) == ("paused", "off")
    assert any(m["contact"][1] == "electrode" for m in lab.of("telemetry"))
    lab.run(60)
    assert [e["channel"] for e in lab.events("electrode_on")] == [2]
    assert lab.status()["conditions"] == []
    assert lab.status()["state"] == "running"


def test_a_pad_that_stays_off_ends_the_session() -> None:
    lab = treated(64)
    lab.strike("electrode_off")
    lab.run(300)
    assert [e["data"]["reason"] for e in lab.events("session_ended")] == ["electrode"]


def test_a_pad_that_lifts_lets_too_little_current_through() -> None:
    lab = treated(64)
    lab.strike("electrode_lifted", channel=1)
    lab.run(4)
    (low,) = lab.events("low_current")
    assert low["channel"] == 1
    assert "low_current:1" in lab.status()["conditions"]
    short = [m for m in lab.of("telemetry") if m["contact"][0] == "low_current"]
    assert all(max(m["ma"][0]) < 0.95 * m["set_ma"][0] for m in short)
    assert lab.body.state == "running", "too little current is told, not acted on"


def test_a_drying_pad_shows_as_low_current_before_it_counts_as_off() -> None:
    lab = treated(64)
    lab.strike("electrode_dry", per_s=1.0)
    lab.run(240)
    kinds = [e["kind"] for e in lab.of("event") if e["kind"] in ("low_current", "electrode_off")]
    assert kinds[0] == "low_current"
    assert "electrode_off" in kinds


def test_a_broken_regulator_gives_more_than_was_set_until_the_output_is_cut() -> None:
    lab = treated(70)
    lab.strike("overdrive", channel=2, factor=1.5)
    lab.run(3)
    last = lab.of("telemetry")[-1]
    assert max(last["ma"][1]) == pytest.approx(1.5 * last["set_ma"][1])
    assert max(last["ma"][0]) <= last["set_ma"][0]
    lab.ask({"session": "stop", "serial": lab.body.serial})
    lab.run(2)
    assert lab.status()["output"] == "off"
    assert not lab.body.plant.delivered_ma.any()


def test_an_overheated_board_ends_the_session_and_stays_at_fault_until_it_is_cool() -> None:
    lab = treated(64)
    lab.strike("overtemp", for_s=60)
    lab.run(30)
    assert [e["data"]["reason"] for e in lab.events("session_ended")] == ["overtemp"]
    assert [e["data"]["class"] for e in lab.events("fault")] == ["temperature"]
    assert (lab.status()["state"], lab.status()["conditions"]) == ("fault", ["overtemp"])
    assert lab.status()["temp_c"] >= 60
    lab.run(40)
    assert (lab.status()["state"], lab.status()["conditions"]) == ("idle", [])


def test_a_dying_battery_ends_the_session_then_switches_the_device_off_with_a_goodbye() -> None:
    lab = treated(64)
    lab.strike("battery_dying")
    lab.run(200)
    assert [e["data"]["reason"] for e in lab.events("session_ended")] == ["low_battery"]
    assert lab.told("goodbye") or lab.status()["battery"]["charging"], (
        "it is empty, or on the charger by then"
    )
    socs = [m["soc"] for m in lab.of("telemetry")]
    assert socs == sorted(socs, reverse=True)


def test_the_emergency_stop_is_latched_until_it_is_released() -> None:
    lab = treated(66)
    lab.strike("estop")
    assert not lab.body.plant.delivered_ma[0].any()
    lab.run(60)
    assert (lab.status()["state"], lab.status()["conditions"]) == ("fault", ["estop"])
    assert len(lab.events("estop")) == 1
    assert not lab.control.obey('{"session":"start","serial":"EMS-0000"}')["ok"]
    lab.clear("estop")
    lab.run(1)
    assert (lab.status()["state"], lab.status()["conditions"]) == ("idle", [])


def test_a_broken_part_is_told_with_its_class_and_code() -> None:
    lab = treated(66)
    lab.strike("device_fault", **{"class": "stim", "code": "E11", "text": "pulse stage"})
    lab.run(1)
    assert lab.events("fault")[0]["data"] == {"class": "stim", "code": "E11", "text": "pulse stage"}
    assert lab.status()["conditions"] == ["fault:stim"]


# --- commands, identity, contents ---


def test_a_slow_device_acts_late_and_acks_when_it_acted() -> None:
    lab = treated(66)
    lab.strike("slow_commands", delay_ms=1500)
    assert lab.command("stop") is None
    lab.run(1.4)
    assert not lab.acks()
    lab.run(0.3)
    assert lab.acks()[-1]["outcome"] == "done"
    acted = lab.told("command")[-1]
    assert acted["up_ms"] == lab.acks()[-1]["up_ms"]


def test_a_refusing_device_refuses_all_but_a_stop() -> None:
    lab = treated(66)
    lab.strike("refused_commands", reason="other")
    assert lab.command("pause")["outcome"] == "refused"  # type: ignore[index]
    assert lab.body.state == "running"
    assert lab.command("stop")["outcome"] == "done"  # type: ignore[index]


def test_a_clone_has_the_same_serial_and_a_boot_of_its_own() -> None:
    lab = connected(obliging=False)
    lab.strike("cloned_identity", for_s=20, boot_ahead=1000)
    lab.run(5)
    births = {line["boot"] for line in lab.told("birth")}
    assert births == {FIRST_BOOT, FIRST_BOOT + 1000}
    assert {line["serial"] for line in lab.told("birth")} == {lab.body.serial}
    lab.run(20)
    assert len(lab.swarm.world.bodies) == 1


def test_a_spoiled_record_breaks_the_contract_but_for_its_boot_and_seq() -> None:
    lab = treated(66)
    lab.strict = False
    lab.strike("spoiled_records", count=2)
    lab.run(3)
    spoiled = [line["seq"] for line in lab.told("record") if line.get("spoiled")]
    assert [codec.peek(sent.payload) for sent in lab.refused] == [(FIRST_BOOT, seq) for seq in spoiled]


@pytest.mark.parametrize("why,kind,payload", GARBAGE)
def test_garbage_is_refused_for_the_reason_it_is_made_for(why: str, kind: str, payload: bytes) -> None:
    with pytest.raises(WireError) as refusal:
        codec.decode(kind, payload)  # type: ignore[arg-type]
    assert refusal.value.reason == why


def test_a_babbling_device_sends_garbage_beside_its_good_records() -> None:
    lab = treated(66)
    lab.strict = False
    start = len(lab.sent)
    lab.strike("malformed", for_s=10, every_s=0.5)
    lab.run(12)
    assert len(lab.refused) == len(lab.told("garbage")) == 20
    assert len(lab.sent) - start >= 10


# --- asking for them ---


@pytest.mark.parametrize(
    "line,error",
    [
        ('{"fault":"rain","serial":"EMS-0000"}', "no fault 'rain'"),
        ('{"fault":"estop","serial":"EMS-9999"}', "no device 'EMS-9999'"),
        ('{"fault":"electrode_off","serial":"EMS-0000","chanel":1}', "takes channel"),
        ('{"session":"dance","serial":"EMS-0000"}', "has no session"),
        ("nonsense", "JSONDecodeError"),
        ("[]", "expected an object"),
        ("{}", "expected fault, clear, session, look or quit"),
    ],
)
def test_a_wish_that_cannot_be_is_answered_with_what_was_expected(line: str, error: str) -> None:
    answer = connected().control.obey(line)
    assert answer["ok"] is False
    assert error in answer["error"]


def test_look_tells_what_holds_now() -> None:
    lab = connected()
    seen = lab.ask({"look": lab.body.serial})
    assert (seen["status"]["state"], seen["powered"], seen["connected"], seen["kept"]) == (
        "idle",
        True,
        True,
        0,
    )
