"""Devices that are offered a protocol: good ones, and those that claim, swallow, refuse or sit on it."""

import uuid
from typing import Any

import pytest

from tests.devices.simulator.lab import NO_FORCE, Lab, connected
from tests.devices.simulator.test_commands import apply, send_apply

DAY = NO_FORCE + '[day]\nsessions = 0\nprotocols = { "tka-quads" = 1 }\n[people]\nrestlessness = 0'
IDS = [str(uuid.UUID(int=n)) for n in range(1, 9)]
HOUR_S = 3600


@pytest.fixture
def lab() -> Lab:
    """A device that is on and idle, whose server has just told it the time."""
    lab = connected(DAY, obliging=True)
    lab.run(2)
    return lab


def reported(lab: Lab) -> str | None:
    """The hash that a status says now."""
    lab.run(0.5)
    protocol = lab.status()["protocol"]
    return protocol and str(protocol["sha256"])


def offer(lab: Lab, args: dict[str, Any], id: str = IDS[0], **options: Any) -> tuple[str, str | None]:
    ack = send_apply(lab, args, id, **options)
    assert ack is not None
    return ack["outcome"], ack["reason"]


def start(lab: Lab) -> None:
    lab.start_session([20.0, 22.0])
    lab.run(3)


def stop(lab: Lab) -> None:
    lab.ask({"session": "stop", "serial": lab.body.serial})
    lab.run(1)


def test_the_truth_log_holds_what_was_taken_over_and_whether_a_session_ran(lab: Lab) -> None:
    first, second = apply(version=5), apply(version=6)
    offer(lab, first)
    start(lab)
    offer(lab, second, IDS[1])
    stop(lab)
    taken = [(line["sha256"], line["session"]) for line in lab.told("protocol")]
    assert taken == [(first["sha256"], None), (second["sha256"], None)]


@pytest.mark.parametrize("keeps_old", [False, True])
def test_a_device_that_claims_success_reports_another_hash(lab: Lab, keeps_old: bool) -> None:
    before = reported(lab)
    lab.strike("claims_wrong_hash", keeps_old=keeps_old)
    args = apply()
    assert offer(lab, args) == ("done", None)
    assert lab.events("protocol_applied")[-1]["data"]["sha256"] == args["sha256"], "the event claims it too"
    assert reported(lab) != args["sha256"]
    assert (reported(lab) == before) is keeps_old
    assert args["sha256"] not in [line["sha256"] for line in lab.told("protocol")]


def test_mended_it_takes_over_what_it_is_offered(lab: Lab) -> None:
    lab.strike("claims_wrong_hash")
    args = apply()
    offer(lab, args)
    lab.clear("claims_wrong_hash")
    assert offer(lab, args)[0] == "repeat", "an id is carried out once"
    assert offer(lab, args, IDS[1]) == ("done", None)
    assert reported(lab) == args["sha256"]


def test_a_swallowed_protocol_is_received_and_never_heard_of_again(lab: Lab) -> None:
    before = reported(lab)
    lab.strike("swallows_protocol")
    assert offer(lab, apply()) == ("received", None)
    acks = len(lab.acks())
    lab.run(60)
    assert len(lab.acks()) == acks
    assert (reported(lab), lab.status()["held"]) == (before, None)
    assert not lab.events("protocol_applied")
    assert [line["executed"] for line in lab.told("command")] == [False], "the truth log is not taken in"


def test_one_that_was_held_is_swallowed_when_the_session_ends(lab: Lab) -> None:
    start(lab)
    lab.strike("swallows_protocol")
    assert offer(lab, apply()) == ("received", None)
    lab.run(1)
    assert lab.status()["held"] == "session"
    stop(lab)
    assert lab.status()["held"] is None
    assert not lab.told("protocol")


@pytest.mark.parametrize("reason", ["limits", "hash", "other"])
def test_a_device_that_refuses_protocols_says_why_and_obeys_all_else(lab: Lab, reason: str) -> None:
    lab.strike("refuses_protocol", reason=reason)
    assert offer(lab, apply()) == ("refused", reason)
    assert lab.events("protocol_rejected")[-1]["data"]["reason"] == reason
    assert lab.command("identify", {"seconds": 1})["outcome"] == "done"  # type: ignore[index]
    assert not lab.told("protocol")


@pytest.mark.parametrize("why", ["charging", "user"])
def test_a_device_that_sits_on_it_says_why_and_takes_it_over_when_it_is_let(lab: Lab, why: str) -> None:
    lab.strike("stays_held", why=why)
    args = apply()
    assert offer(lab, args) == ("received", None)
    lab.run(30)
    assert lab.status()["held"] == why
    lab.clear("stays_held")
    assert reported(lab) == args["sha256"]
    assert lab.acks()[-1]["outcome"] == "done"
    assert lab.status()["held"] is None


def test_what_is_held_for_the_user_never_gets_into_a_session(lab: Lab) -> None:
    lab.strike("stays_held")
    args = apply()
    offer(lab, args)
    start(lab)
    assert lab.status()["held"] == "session"
    lab.clear("stays_held")
    assert reported(lab) != args["sha256"]
    stop(lab)
    assert reported(lab) == args["sha256"]
    assert lab.told("protocol")[-1]["session"] is None


def test_what_stays_held_past_its_time_is_dropped_and_answered_expired(lab: Lab) -> None:
    lab.strike("stays_held")
    offer(lab, apply(), ttl_ms=5_000)
    lab.run(10)
    assert lab.acks()[-1]["outcome"] == "expired"
    assert lab.status()["held"] is None
    lab.clear("stays_held")
    assert not lab.told("protocol")


def test_what_stays_held_can_be_taken_back(lab: Lab) -> None:
    lab.strike("stays_held")
    offer(lab, apply())
    assert lab.command("withdraw", {"id": IDS[0]}, ttl_ms=HOUR_S * 1000)["outcome"] == "done"  # type: ignore[index]
    lab.clear("stays_held")
    lab.run(1)
    assert not lab.told("protocol")


def test_the_power_takes_a_held_protocol_with_it_and_nothing_is_applied_afterwards(lab: Lab) -> None:
    start(lab)
    offer(lab, apply())
    lab.strike("power_loss", for_s=5)
    lab.run(10)
    lab.come_back()
    lab.run(1)
    assert lab.status()["held"] is None
    assert not lab.told("protocol")


def test_nobody_waits_for_anything_but_the_charger_and_the_user(lab: Lab) -> None:
    answer = lab.control.obey('{"fault":"stays_held","serial":"EMS-0000","args":{"why":"luck"}}')
    assert not answer["ok"]
