"""Commands, after docs/wire.md: each id at most once, never a start, never more current."""

import hashlib
import json
import uuid
from typing import Any

import pytest

from devices.simulator import session
from tests.devices.simulator.lab import FIRST_BOOT, NO_FORCE, Lab, connected

IDS = [str(uuid.UUID(int=n)) for n in range(100)]


@pytest.fixture
def lab() -> Lab:
    """A device in a session, whose server has just told it the time."""
    lab = connected(
        NO_FORCE + '[day]\nsessions = 0\nprotocols = { "tka-quads" = 1 }\n[people]\nrestlessness = 0',
        obliging=True,
    )
    lab.start_session([20.0, 22.0])
    lab.run(70)
    return lab


def apply(name: str = "knee-oa", version: int = 5) -> dict[str, Any]:
    document = json.loads(session.canonical(_document(name))) | {"version": version}
    payload = session.canonical(document)
    return {"protocol": json.loads(payload), "sha256": hashlib.sha256(payload).hexdigest()}


def _document(name: str) -> dict[str, Any]:
    from importlib import resources

    return dict(json.loads((resources.files("devices.simulator") / "protocols" / f"{name}.json").read_text()))


def send_apply(lab: Lab, args: dict[str, Any], id: str, **options: Any) -> dict[str, Any] | None:
    """The bytes of `args.protocol` on the wire are those hashed: keys sorted, no spaces."""
    before = len(lab.acks())
    now = lab.swarm.world.plant.epoch_ms + lab.now_ms
    fields = {
        "v": 1,
        "id": id,
        "verb": "apply_protocol",
        "args": args,
        "issued": now,
        "ttl_ms": 3_600_000,
        **options,
    }
    lab.say("command", json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
    acks = lab.acks()[before:]
    return acks[0] if acks else None


def test_a_stop_brings_the_output_to_zero_at_once_and_a_status_proves_it(lab: Lab) -> None:
    ack = lab.command("stop")
    assert ack is not None
    assert (ack["outcome"], ack["output"]) == ("done", "off")
    status = lab.status()
    assert (status["output"], status["state"], status["session"]) == ("off", "idle", None)
    assert status["up_ms"] >= ack["up_ms"], "sent at once: later than the act"
    assert lab.events("session_ended")[-1]["data"]["reason"] == "server_stop"
    assert not lab.body.plant.delivered_ma[0].any()


def test_a_stop_is_done_again_and_again_and_without_a_session_too(lab: Lab) -> None:
    assert [lab.command("stop")["outcome"] for _ in range(3)] == ["done"] * 3  # type: ignore[index]


def test_no_sample_taken_after_the_ack_of_a_stop_has_current_in_it(lab: Lab) -> None:
    lab.run(0.3)
    ack = lab.command("stop")
    assert ack is not None
    lab.run(5)
    for message in lab.of("telemetry"):
        count = len(message["ma"][0])
        for channel in message["ma"]:
            for n, ma in enumerate(channel):
                taken_ms = message["up_ms"] - (count - 1 - n) * message["every_ms"]
                assert ma == 0 or taken_ms <= ack["up_ms"]


def test_a_pause_keeps_the_session_and_is_refused_without_one(lab: Lab) -> None:
    assert lab.command("pause")["outcome"] == "done"  # type: ignore[index]
    assert (lab.status()["state"], lab.status()["output"]) == ("paused", "off")
    assert lab.status()["session"] is not None
    lab.command("stop")
    refused = lab.command("pause")
    assert refused is not None
    assert (refused["outcome"], refused["reason"]) == ("refused", "no_session")
    lab.run(1)
    assert lab.events("command_refused")[-1]["data"]["reason"] == "no_session"


def test_lower_never_raises(lab: Lab) -> None:
    before = lab.of("telemetry")[-1]["set_ma"]
    assert lab.command("lower", {"channel": 1, "to_ma": 10.0})["outcome"] == "done"  # type: ignore[index]
    assert lab.command("lower", {"channel": None, "to_ma": 500.0})["outcome"] == "done"  # type: ignore[index]
    assert float(lab.body.plant.knob_ma[0, 0]) == 10.0
    assert float(lab.body.plant.knob_ma[0, 1]) >= before[1]
    assert lab.events("intensity_changed")[-1]["data"] == {
        "channel": 1, "from_ma": before[0], "to_ma": 10.0, "by": "server"
    }  # fmt: skip
    assert lab.command("lower", {"channel": 9, "to_ma": 1.0})["reason"] == "limits"  # type: ignore[index]


def test_an_id_is_carried_out_once_and_repeated_with_its_first_outcome(lab: Lab) -> None:
    lab.command("pause", id=IDS[1])
    lab.ask({"session": "resume", "serial": lab.body.serial})
    again = lab.command("pause", id=IDS[1])
    assert again is not None
    assert (again["outcome"], again["reason"]) == ("repeat", "done")
    assert lab.body.state == "running"
    executed = [line for line in lab.told("command") if line["id"] == IDS[1] and line["executed"]]
    assert len(executed) == 1


def test_the_last_64_ids_are_remembered_over_a_power_loss(lab: Lab) -> None:
    for n in range(65):
        lab.command("identify", {"seconds": 1}, id=IDS[n])
    lab.strike("power_loss", for_s=2)
    lab.run(8)
    assert lab.command("identify", {"seconds": 1}, id=IDS[0])["outcome"] == "done"  # type: ignore[index]
    assert lab.command("identify", {"seconds": 1}, id=IDS[2])["outcome"] == "repeat"  # type: ignore[index]


def test_a_command_past_its_time_is_expired_and_not_carried_out(lab: Lab) -> None:
    assert lab.command("stop", age_ms=10_001)["outcome"] == "expired"  # type: ignore[index]
    assert lab.body.state == "running"
    assert lab.command("stop", age_ms=9_900)["outcome"] == "done"  # type: ignore[index]


def test_a_retained_command_is_never_acted_on(lab: Lab) -> None:
    assert lab.command("stop", retain=True) is None
    assert lab.body.state == "running"


@pytest.mark.parametrize(
    "verb,args,outcome",
    [
        ("stop", {}, "done"),
        ("pause", {}, "done"),
        ("lower", {"channel": None, "to_ma": 5}, "done"),
        ("lock", {"reason": "recall"}, "done"),
        ("identify", {"seconds": 3}, "done"),
        ("unlock", {"reason": "recall"}, "no_server_time"),
    ],
)
def test_without_a_server_time_only_what_makes_nothing_stronger_is_obeyed(
    lab: Lab, verb: str, args: dict[str, Any], outcome: str
) -> None:
    lab.obliging = False
    lab.break_line()
    lab.come_back()
    ack = lab.command(verb, args, age_ms=10**9)
    assert ack is not None
    assert outcome in (ack["outcome"], ack["reason"])


def test_a_lock_is_read_back_and_unlocked_by_a_command(lab: Lab) -> None:
    lab.command("lock", {"reason": "recall"}, ttl_ms=60_000)
    assert lab.status()["locked"] == "recall"
    lab.command("unlock", {"reason": "recall"}, ttl_ms=60_000)
    assert lab.status()["locked"] is None


def test_a_protocol_in_a_session_is_held_and_applied_after_it(lab: Lab) -> None:
    args = apply()
    ack = send_apply(lab, args, IDS[1])
    assert ack is not None
    assert ack["outcome"] == "received"
    assert lab.status()["held"] == "session"
    assert lab.status()["protocol"]["id"] == "tka-quads"
    lab.command("stop")
    lab.run(1)
    assert lab.acks()[-1]["id"] == IDS[1] or lab.acks()[-2]["id"] == IDS[1]
    assert [a["outcome"] for a in lab.acks() if a["id"] == IDS[1]] == ["received", "done"]
    assert lab.status()["protocol"] == {"id": "knee-oa", "version": 5, "sha256": args["sha256"]}
    assert lab.status()["held"] is None
    assert lab.events("protocol_applied")[-1]["data"]["sha256"] == args["sha256"]


def test_a_newer_protocol_replaces_a_held_one(lab: Lab) -> None:
    send_apply(lab, apply(version=5), IDS[1])
    send_apply(lab, apply(version=6), IDS[2])
    lab.command("stop")
    lab.run(1)
    assert lab.status()["protocol"]["version"] == 6
    assert [a["outcome"] for a in lab.acks() if a["id"] == IDS[1]] == ["received", "refused"]


def test_a_held_protocol_expires_with_its_command(lab: Lab) -> None:
    send_apply(lab, apply(), IDS[1], ttl_ms=20_000)
    lab.run(22)
    assert lab.status()["held"] is None
    assert [a["outcome"] for a in lab.acks() if a["id"] == IDS[1]] == ["received", "expired"]
    lab.command("stop")
    assert lab.status()["protocol"]["id"] == "tka-quads"


def test_a_held_protocol_can_be_withdrawn_an_applied_one_cannot(lab: Lab) -> None:
    send_apply(lab, apply(), IDS[1])
    assert lab.command("withdraw", {"id": IDS[1]})["outcome"] == "done"  # type: ignore[index]
    lab.command("stop")
    lab.run(1)
    assert lab.status()["protocol"]["id"] == "tka-quads"
    send_apply(lab, apply(), IDS[2])
    refused = lab.command("withdraw", {"id": IDS[2]})
    assert refused is not None
    assert (refused["outcome"], refused["reason"]) == ("refused", "applied")


def test_a_withdrawn_protocol_that_arrives_late_is_not_applied(lab: Lab) -> None:
    lab.command("stop")
    lab.command("withdraw", {"id": IDS[1]})
    assert send_apply(lab, apply(), IDS[1])["outcome"] == "repeat"  # type: ignore[index]
    assert lab.status()["protocol"]["id"] == "tka-quads"


@pytest.mark.parametrize(
    "change,reason",
    [
        ({"sha256": "0" * 64}, "hash"),
        ({"protocol": {"id": "x"}, "sha256": hashlib.sha256(b'{"id":"x"}').hexdigest()}, "other"),
    ],
)
def test_a_protocol_that_is_not_what_was_approved_is_refused(
    lab: Lab, change: dict[str, Any], reason: str
) -> None:
    lab.command("stop")
    ack = send_apply(lab, apply() | change, IDS[1])
    assert ack is not None
    assert (ack["outcome"], ack["reason"]) == ("refused", reason)
    lab.run(1)
    assert lab.events("protocol_rejected")[-1]["data"]["reason"] == reason


def test_a_protocol_beyond_the_device_is_refused(lab: Lab) -> None:
    lab.command("stop")
    document = _document("knee-oa")
    document["steps"][0]["max_ma"] = [101, 101]
    payload = session.canonical(document)
    args = {"protocol": json.loads(payload), "sha256": hashlib.sha256(payload).hexdigest()}
    assert send_apply(lab, args, IDS[1])["reason"] == "limits"  # type: ignore[index]


def test_an_unknown_verb_is_unsupported(lab: Lab) -> None:
    ack = lab.command("start")
    assert ack is not None
    assert (ack["outcome"], ack["reason"]) == ("refused", "unsupported")


def test_rebirth_and_identify_are_answered_with_a_full_status(lab: Lab) -> None:
    for verb, args in (("rebirth", {}), ("identify", {"seconds": 5})):
        before = len(lab.of("status"))
        assert lab.command(verb, args)["outcome"] == "done"  # type: ignore[index]
        assert len(lab.of("status")) == before + 1


def test_what_is_no_command_is_ignored(lab: Lab) -> None:
    lab.say("command", b"{")
    lab.say("command", b'{"v":1,"id":"x"}')
    assert not lab.acks()
    assert lab.body.boot == FIRST_BOOT
