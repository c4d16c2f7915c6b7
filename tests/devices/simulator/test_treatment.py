"""What a session looks like from outside."""

from itertools import pairwise

import pytest

from tests.devices.simulator.lab import FIRST_BOOT, NO_FORCE, Lab, connected

ONE = '[day]\nsessions = 0\nprotocols = { "tka-quads" = 1.0 }\n[people]\nrestlessness = 0.0\n'


def treated(seconds: float, day: str = ONE + NO_FORCE, seed: int = 1) -> Lab:
    lab = connected(day, obliging=True, seed=seed)
    lab.start_session()
    lab.run(seconds)
    return lab


def test_a_session_follows_its_protocol_and_ends_completed() -> None:
    lab = treated(62 + 15 * 64 + 5)
    (ended,) = lab.events("session_ended")
    assert ended["data"]["reason"] == "completed"
    assert abs(ended["data"]["elapsed_ms"] - (62_000 + 15 * 64_000)) <= 100
    assert ended["data"]["contractions"] == 16
    phases = [(m["step"], m["cycle"], m["phase"]) for m in lab.of("telemetry")]
    seen = [b for a, b in pairwise([(None, None, None), *phases]) if a != b]
    assert seen[:7] == [
        (0, 1, "ramp_up"), (0, 1, "on"), (0, 1, "ramp_down"),
        (1, 1, "ramp_up"), (1, 1, "on"), (1, 1, "ramp_down"), (1, 1, "rest"),
    ] or seen[:6] == [
        (0, 1, "ramp_up"), (0, 1, "on"), (1, 1, "ramp_up"), (1, 1, "on"), (1, 1, "ramp_down"), (1, 1, "rest"),
    ]  # fmt: skip
    assert seen[-1][:2] == (1, 15)


def test_there_is_one_telemetry_message_a_second_with_contiguous_samples() -> None:
    lab = treated(120)
    messages = lab.of("telemetry")
    assert len(messages) == pytest.approx(120, abs=1)
    for before, after in pairwise(messages):
        assert after["up_ms"] - before["up_ms"] == len(after["ma"][0]) * after["every_ms"] == 1000
        assert after["seq"] > before["seq"]
        assert all(b >= a for a, b in zip(before["charge_uc"], after["charge_uc"], strict=True))


def test_the_totals_are_what_the_samples_add_up_to() -> None:
    lab = treated(90)
    messages = lab.of("telemetry")
    first_work = next(n for n, m in enumerate(messages) if m["step"] == 1)
    on = [m for m in messages[first_work:] if m["phase"] == "on"]
    span = on[-1]["charge_uc"][0] - on[0]["charge_uc"][0]
    samples = [ma for m in on[1:] for ma in m["ma"][0]]
    assert span == pytest.approx(sum(samples) * 0.1 * 50 * 250 / 1000, rel=0.02)  # mA x s x Hz x µs -> µC


def test_nothing_flows_in_a_rest_yet_the_output_counts_as_on() -> None:
    lab = treated(100)
    rest = [m for m in lab.of("telemetry") if m["phase"] == "rest"][1:]
    assert rest
    assert all(ma == 0 for m in rest for channel in m["ma"] for ma in channel)
    resting = [line for line in lab.told("output") if line["at"] == lab.told("output")[-1]["at"]]
    assert resting[-1]["output"] in ("on", "ramping")


def test_a_channel_not_in_use_is_off_and_nothing_is_measured_below_15_ma() -> None:
    lab = treated(100)
    for message in lab.of("telemetry"):
        assert message["contact"][2:] == ["off", "off"]
        assert message["ohm"][2:] == [None, None]
    measured = [m for m in lab.of("telemetry") if m["ohm"][0] is not None]
    assert measured
    assert all(m["contact"][0] == "ok" for m in measured)
    assert all(m["contact"][0] == "unknown" for m in lab.of("telemetry") if m["ohm"][0] is None)


def test_force_is_told_where_it_is_measured() -> None:
    lab = treated(63, ONE)
    lab.ask({"session": "turn", "serial": lab.body.serial, "channel": 1, "to_ma": 70})
    lab.run(12)
    measured = lab.of("telemetry")
    assert max(m["force_n"][0] for m in measured) > 20
    assert all(m["force_n"][3] == 0 for m in measured), "nothing flows there"
    assert all(m["force_n"] is None for m in treated(10).of("telemetry"))


def test_a_pause_stops_the_current_keeps_the_session_and_stops_its_time() -> None:
    lab = treated(30)
    lab.ask({"session": "pause", "serial": lab.body.serial})
    lab.run(0.3)
    assert (lab.status()["state"], lab.status()["output"]) == ("paused", "off")
    lab.run(20)
    paused = lab.of("telemetry")[-10:]
    assert len({m["elapsed_ms"] for m in paused}) == 1
    assert {m["phase"] for m in paused} == {"rest"}
    assert all(ma == 0 for m in paused for channel in m["ma"] for ma in channel)
    lab.ask({"session": "resume", "serial": lab.body.serial})
    lab.run(5)
    assert lab.status()["state"] == "running"
    assert [e["data"]["by"] for e in lab.events("session_resumed")] == ["operator"]


def test_what_was_measured_before_a_stop_is_told_before_the_session_ends_and_nothing_flows_after() -> None:
    lab = treated(30.5)
    before = lab.of("telemetry")[-1]
    lab.ask({"session": "stop", "serial": lab.body.serial})
    lab.run(5)
    after = [m for m in lab.of("telemetry") if m["seq"] > before["seq"]]
    (ended,) = lab.events("session_ended")
    assert len(after) <= 1, "one short second, then silence"
    for message in after:
        assert message["up_ms"] - before["up_ms"] == 100 * len(message["ma"][0]) < 1000
        assert message["seq"] < ended["seq"]
    assert ended["data"]["charge_uc"] == (after or [before])[-1]["charge_uc"]
    assert (lab.status()["state"], lab.status()["output"], lab.status()["session"]) == ("idle", "off", None)


def test_a_session_lasts_as_long_as_it_really_did() -> None:
    lab = treated(100)
    lab.ask({"session": "stop", "serial": lab.body.serial})
    lab.run(1)
    (truth,) = lab.told("session")
    (started,), (ended,) = lab.events("session_started"), lab.events("session_ended")
    assert truth["wall_ms"] == ended["up_ms"] - started["up_ms"]


def test_people_turn_the_knob_up_and_never_beyond_target_or_limit() -> None:
    lab = treated(400)
    body = lab.body
    turned = [e["data"] for e in lab.events("intensity_changed") if e["data"]["by"] == "patient"]
    assert any(data["to_ma"] > data["from_ma"] for data in turned)
    assert body.protocol is not None
    highest = max(max(step.max_ma) for step in body.protocol.document.steps)
    assert all(ma <= highest for m in lab.of("telemetry") for ma in m["set_ma"])


def test_sessions_of_one_day_never_share_a_name_and_subjects_are_random_tokens() -> None:
    day = (
        '[day]\nfirst_s = [1, 2]\nready_s = [1, 2]\nbetween_s = [1, 3]\nprotocols = { "knee-oa" = 1 }\n'
        + NO_FORCE
    )
    lab = Lab(day, devices=2, obliging=True)
    for _ in range(5):
        lab.run(40)
        for body in lab.swarm.world.bodies:
            if body.session is not None:
                lab.ask({"session": "stop", "serial": body.serial})
    ended = lab.told("session")
    assert len(ended) >= 6
    assert len({line["session"] for line in ended}) == len(ended)
    subjects = {event["session"]: event["data"]["subject"] for event in lab.events("session_started")}
    assert len(set(subjects.values())) == len(subjects)


def test_a_locked_device_lets_no_session_begin_and_ends_none() -> None:
    lab = treated(10)
    lab.command("lock", {"reason": "maintenance"}, ttl_ms=60_000)
    lab.run(5)
    assert lab.status()["state"] == "running"
    lab.ask({"session": "stop", "serial": lab.body.serial})
    answer = lab.control.obey('{"session":"start","serial":"EMS-0000"}')
    assert not answer["ok"]
    assert "locked" in answer["error"]
    lab.strike("power_loss", for_s=2)
    lab.run(8)
    assert (lab.status()["boot"], lab.status()["locked"]) == (FIRST_BOOT + 1, "maintenance")
