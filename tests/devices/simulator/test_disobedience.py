"""Devices that do something else than they were told, or say something else than they do."""

import uuid
from typing import Any

import pytest

from tests.devices.simulator.lab import NO_FORCE, Lab, connected

DAY = NO_FORCE + '[day]\nsessions = 0\nprotocols = { "tka-quads" = 1 }\n[people]\nrestlessness = 0'
ID = str(uuid.UUID(int=1))
WITHIN_MS = 500  # from an answer to the status that proves it


@pytest.fixture
def lab() -> Lab:
    """A device in a session, in its first contraction, whose server keeps up."""
    lab = connected(DAY, obliging=True)
    lab.start_session([20.0, 22.0])
    lab.run(4)
    return lab


def flows(lab: Lab) -> bool:
    """Whether current reaches the skin."""
    return bool(lab.body.plant.delivered_ma[0].any())


@pytest.mark.parametrize(
    "verb,args",
    [
        ("stop", {}), ("pause", {}), ("lower", {"channel": None, "to_ma": 5.0}), ("identify", {"seconds": 3}),
        ("lock", {"reason": "recall"}), ("unlock", {"reason": "recall"}), ("rebirth", {}),
        ("withdraw", {"id": ID}),
    ],
)  # fmt: skip
def test_what_was_carried_out_is_proved_by_a_full_status_behind_the_answer(
    lab: Lab, verb: str, args: dict[str, Any]
) -> None:
    asked_at_ms = lab.now_ms
    ack = lab.command(verb, args, ttl_ms=60_000)
    assert ack is not None
    assert ack["outcome"] == "done"
    lab.run(WITHIN_MS / 1000)
    answered = next(n for n, sent in enumerate(lab.sent) if sent.kind == "ack")
    proof = next(sent for sent in lab.sent[answered:] if sent.kind == "status")
    assert proof.at_ms - asked_at_ms <= WITHIN_MS
    assert proof.json()["up_ms"] >= ack["up_ms"]
    assert proof.json()["conn"] == lab.body.conn


@pytest.mark.parametrize("verb", ["stop", "pause"])
def test_a_device_that_keeps_its_output_says_done_and_its_status_admits_it(lab: Lab, verb: str) -> None:
    lab.strike("keeps_output")
    ack = lab.command(verb)
    assert ack is not None
    assert (ack["outcome"], ack["output"]) == ("done", lab.body.output)
    assert lab.body.output != "off"
    lab.run(1)
    assert (lab.status()["state"], lab.status()["output"]) == ("running", "on")
    assert flows(lab)
    assert [line["executed"] for line in lab.told("command")] == [False], "the truth log is not taken in"


@pytest.mark.parametrize("verb,said", [("stop", ("idle", None)), ("pause", ("paused", "S"))])
def test_a_device_that_denies_it_says_off_while_its_measurements_go_on(
    lab: Lab, verb: str, said: tuple[str, str | None]
) -> None:
    session = lab.status()["session"]
    lab.strike("keeps_output", admits=False)
    ack = lab.command(verb)
    assert ack is not None
    assert (ack["outcome"], ack["output"]) == ("done", "off")
    lab.run(2)
    status = lab.status()
    assert (status["state"], status["output"]) == (said[0], "off")
    assert status["session"] == (session if said[1] else None)
    measured = [sample for channel in lab.of("telemetry")[-1]["ma"] for sample in channel]
    assert max(measured) > 0
    assert lab.told("output")[-1]["output"] != "off", "the truth log is not taken in"


def test_a_lower_that_is_only_said_leaves_the_set_current_as_it_is(lab: Lab) -> None:
    lab.strike("keeps_output")
    before = float(lab.body.plant.knob_ma[0, 0])
    assert lab.command("lower", {"channel": None, "to_ma": 1.0})["outcome"] == "done"  # type: ignore[index]
    lab.run(2)
    assert lab.of("telemetry")[-1]["set_ma"][0] >= before, "the patient turns it up, nobody down"


def test_once_mended_it_tells_the_truth_again_and_a_new_stop_is_obeyed(lab: Lab) -> None:
    lab.strike("keeps_output", admits=False)
    lab.command("stop", id=ID)
    lab.clear("keeps_output")
    lab.run(0.5)
    assert lab.status()["output"] == "on"
    assert lab.command("stop", id=ID)["outcome"] == "repeat"  # type: ignore[index]
    assert lab.command("stop")["outcome"] == "done"  # type: ignore[index]
    assert lab.status()["output"] == "off"
    assert not flows(lab)


def test_a_session_that_really_ends_ends_the_pretence(lab: Lab) -> None:
    lab.strike("keeps_output", admits=False)
    lab.command("pause")
    lab.ask({"session": "stop", "serial": lab.body.serial})
    lab.run(0.5)
    assert (lab.status()["state"], lab.status()["session"]) == ("idle", None)


def test_a_command_that_arrives_ten_minutes_late_is_answered_expired_and_never_carried_out(lab: Lab) -> None:
    lab.strike("late_commands", delay_s=600)
    assert lab.command("stop") is None
    lab.run(599)
    assert not lab.acks()
    before = lab.body.sessions, lab.body.state
    lab.run(2)
    assert [ack["outcome"] for ack in lab.acks()] == ["expired"]
    assert [line["executed"] for line in lab.told("command")] == [False]
    assert (lab.body.sessions, lab.body.state) == before


def test_a_command_that_is_late_within_its_time_is_carried_out(lab: Lab) -> None:
    lab.strike("late_commands", delay_s=8)
    lab.command("stop")
    lab.run(8.2)
    assert [ack["outcome"] for ack in lab.acks()] == ["done"]
    assert not flows(lab)


def test_a_doubled_command_is_carried_out_twice_and_answered_done_twice(lab: Lab) -> None:
    lab.strike("doubled_commands")
    lab.command("stop", id=ID)
    assert [(ack["id"], ack["outcome"]) for ack in lab.acks()] == [(ID, "done")] * 2
    assert [line["executed"] for line in lab.told("command")] == [True, True]
    assert len(lab.events("session_ended")) == 1
    assert lab.status()["output"] == "off"


def test_a_deaf_device_hears_no_command_and_speaks_on(lab: Lab) -> None:
    lab.strike("deaf")
    sent = len(lab.sent)
    assert lab.command("stop") is None
    lab.run(5)
    assert {one.kind for one in lab.sent[sent:]} >= {"status", "telemetry"}
    assert not lab.acks()
    assert flows(lab)
    assert lab.told("ignored")[-1]["why"] == "deaf"
    lab.clear("deaf")
    assert lab.command("stop")["outcome"] == "done"  # type: ignore[index]
