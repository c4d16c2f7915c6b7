"""What a message looks like on the wire, and what we read in it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from devices.wire import codec
from devices.wire.commands import ApplyProtocol, Lower, args_of
from devices.wire.data import TYPES, Dropped, SessionEnded, data_of, plain
from devices.wire.messages import BufferedRange, Status, Will
from devices.wire.words import Contact, EndReason, EventKind, Phase, Verb

from . import goldens

CONTRACT = Path(__file__).parents[3] / "docs" / "wire.md"


@pytest.mark.parametrize("name", goldens.NAMES)
def test_a_golden_payload_survives_decode_and_encode(name):
    message = goldens.read(name)
    again = codec.encode(message)
    assert goldens.decode(goldens.kind_of(name), again) == message
    assert codec.encode(goldens.decode(goldens.kind_of(name), again)) == again


@pytest.mark.parametrize(
    "name", [name for name in goldens.NAMES if "newer" not in name and "unheard" not in name]
)
def test_nothing_that_a_golden_payload_says_is_lost_or_altered(name):
    said = goldens.fields(name)
    kept = json.loads(codec.encode(goldens.read(name)))
    assert {key: kept[key] for key in said if key != "steps"} == {
        key: value for key, value in said.items() if key != "steps"
    }


def test_every_kind_of_event_and_every_verb_has_a_golden_payload():
    events = {goldens.read(name).kind for name in goldens.NAMES if goldens.kind_of(name) == "event"}
    verbs = {goldens.read(name).verb for name in goldens.NAMES if goldens.kind_of(name) == "command"}
    assert events == set(EventKind) == set(TYPES)
    assert verbs == set(Verb) - {Verb.UNKNOWN}


@pytest.mark.parametrize("name", [name for name in goldens.NAMES if goldens.kind_of(name) == "event"])
def test_the_data_of_every_golden_event_reads_as_a_type_and_back(name):
    event = goldens.read(name)
    data = data_of(event)
    again = msgspec.structs.replace(event, data=plain(data))
    assert data_of(again) == data


def test_a_status_tells_what_it_says():
    status = goldens.read("status.birth")
    assert isinstance(status, Status)
    assert status.buffered == (BufferedRange(boot=6, from_=88, to=140),)
    assert (status.battery.mv, status.protocol.version, status.held) == (3890, 3, None)
    assert b'"from":88' in codec.encode(status)


def test_a_will_is_a_status_of_four_fields_and_a_goodbye_is_a_full_one():
    assert goldens.read("status.will") == Will(boot=7, conn=2)
    assert codec.encode(Will(boot=7, conn=2)) == goldens.payload("status.will").strip()
    goodbye = goldens.read("status.goodbye")
    assert isinstance(goodbye, Status)
    assert goodbye.state == "offline"


def test_newer_firmware_may_add_fields_and_words():
    message = goldens.read("telemetry.newer_firmware")
    assert message.phase is Phase.UNKNOWN
    assert message.contact[:2] == (Contact.OK, Contact.UNKNOWN)
    event = goldens.read("event.unheard_of")
    assert event.kind is EventKind.OTHER
    assert event.data["who"] == ["a", {"b": [True, None, 1.5]}]


def test_an_unknown_end_reason_reads_as_other_and_missing_totals_as_none():
    event = goldens.read("event.session_ended")
    event = msgspec.structs.replace(event, data={"reason": "flat tyre"})
    assert data_of(event) == SessionEnded(reason=EndReason.OTHER)


def test_dropped_ranges_are_typed():
    assert data_of(goldens.read("event.dropped")) == Dropped(boot=6, ranges=((1, 87), (141, 200)))


def test_a_power_loss_tells_its_true_time():
    of = data_of(goldens.read("event.power_loss")).of
    assert (of.boot, of.up_ms) == (6, 5_512_000)


def test_commands_have_typed_args_and_a_protocol_keeps_its_bytes():
    assert args_of(goldens.read("command.lower")) == Lower(channel=None, to_ma=20.0)
    args = args_of(goldens.read("command.apply_protocol"))
    assert isinstance(args, ApplyProtocol)
    assert bytes(args.protocol) in goldens.payload("command.apply_protocol")


def test_every_example_of_the_contract_is_a_golden_payload():
    blocks = CONTRACT.read_text(encoding="utf-8").split("```json\n")[1:]
    examples = [json.loads(block.partition("```")[0]) for block in blocks]
    assert len(examples) >= 9
    known = [goldens.fields(name) for name in goldens.NAMES]
    assert [example for example in examples if example not in known] == []
