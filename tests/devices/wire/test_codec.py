"""What is refused and why, and what is never refused."""

from __future__ import annotations

import json
import pickle
import threading
import time
import timeit

import pytest

from devices.wire import codec
from devices.wire.errors import REASONS, WireError
from devices.wire.messages import Status, Telemetry
from devices.wire.units import T_MAX_MS, T_MIN_MS

from . import goldens


def changed(name: str, **fields: object) -> bytes:
    return json.dumps({**goldens.fields(name), **fields}).encode()


def with_text(text: bytes, name: str = "event.other") -> bytes:
    """The golden payload with one more field, spelt as given."""
    return goldens.payload(name).strip()[:-1] + b"," + text + b"}"


def reason_of(kind: str, payload: bytes) -> str:
    with pytest.raises(WireError) as caught:
        goldens.decode(kind, payload)
    assert caught.value.reason in REASONS
    return caught.value.reason


@pytest.mark.parametrize(
    "payload, reason",
    [
        (b"", "size"),
        (b" " * 65_537, "size"),
        (b"\xff", "utf8"),
        (with_text(b'"x":"\xed\xa0\x80"'), "utf8"),  # half a surrogate pair, spelt as bytes
        (b"\xef\xbb\xbf{}", "json"),
        (b"[]", "json"),
        (b"null", "json"),
        (b"{", "json"),
        (goldens.payload("event.other")[:-5], "json"),
        (with_text(b'"x":NaN'), "json"),
        (with_text(b'"x":-Infinity'), "json"),
        (with_text(b'"x":01'), "json"),
        (with_text(b'"x":"\x00"'), "json"),
        (with_text(b'"x":"\x1f"'), "json"),
        (with_text(rb'"x":"\u0000"'), "control_character"),
        (with_text(rb'"\u0000":1'), "control_character"),
        (with_text(rb'"x":"\u009f"'), "control_character"),
        (with_text(b'"x":"\x7f"'), "control_character"),
        (with_text('"x":"\u0085"'.encode()), "control_character"),
        (with_text(rb'"x":"\ud800"'), "control_character"),
        (with_text(rb'"x":"\udc00\ud800"'), "control_character"),
        (with_text(b'"x":"' + b"y" * 201 + b'"'), "string_length"),
        (with_text(b'"' + b"y" * 201 + b'":1'), "string_length"),
        (with_text(b'"x":1e999'), "number"),
        (with_text(b'"x":9223372036854775808'), "number"),
        (with_text(b'"x":' + b"9" * 5_000), "number"),
        (with_text(b'"x":1,"x":1'), "duplicate_key"),
        (with_text(b'"seq":1235'), "duplicate_key"),
        (with_text(b'"x":{"a":1,"a":1}'), "duplicate_key"),
        (with_text(b'"x":' + b"[" * 8 + b"]" * 8), "nesting"),
        (with_text(b'"x":' + b"[" * 20_000 + b"]" * 20_000), "nesting"),
        (with_text(b'"x":' + b'{"a":' * 9_000 + b"1" + b"}" * 9_000), "nesting"),
        (b"[" * 60_000, "nesting"),
        (changed("event.other", v=2), "version"),
        (changed("event.other", v=True), "version"),
        (changed("event.other", v=1.0), "version"),
        (changed("event.other", v="1"), "version"),
        (changed("event.other", boot=2**53), "schema"),
        (changed("event.other", boot=-1), "schema"),
        (changed("event.other", seq=0), "schema"),
        (changed("event.other", seq=1.0), "schema"),
        (changed("event.other", up_ms=-1), "schema"),
        (changed("event.other", t="now"), "schema"),
        (changed("event.other", session=""), "schema"),
        (changed("event.other", session="x" * 65), "schema"),
        (changed("event.other", channel=17), "schema"),
        (changed("event.other", kind=3), "schema"),
        (changed("event.other", data=[]), "schema"),
        (changed("event.other", data=None), "schema"),
        (changed("event.dropped", data={"boot": 6}), "schema"),
        (changed("event.dropped", data={"boot": 6, "ranges": [[1, 2]] * 257}), "schema"),
        (changed("event.dropped", data={"boot": 6, "ranges": [[3, 2]]}), "ranges"),
        (changed("event.dropped", data={"boot": 6, "ranges": [[0, 2]]}), "schema"),
        (changed("event.power_loss", data={"of": {"boot": 6}}), "schema"),
        (changed("event.session_ended", data={"charge_uc": [1], "pulses": [1, 2]}), "channels"),
        (changed("event.fault", data={"class": None}), "schema"),
    ],
)
def test_an_event_that_breaks_a_rule_is_refused_by_its_reason(payload, reason):
    assert reason_of("event", payload) == reason


def test_a_missing_version_is_refused_on_every_kind():
    for name in goldens.NAMES:
        fields = goldens.fields(name)
        if fields.pop("v", None):
            assert reason_of(goldens.kind_of(name), json.dumps(fields).encode()) == "version"


@pytest.mark.parametrize(
    "fields, reason",
    [
        ({"set_ma": [1, 2, 3]}, "channels"),
        ({"ohm": [1, 2, 3]}, "channels"),
        ({"contact": ["ok"] * 5}, "channels"),
        ({"charge_uc": [0]}, "channels"),
        ({"pulses": [0]}, "channels"),
        ({"force_n": [0]}, "channels"),
        ({"ma": [[1]]}, "channels"),
        ({"ma": [[1], [1], [1], [1, 2]]}, "samples"),
        ({"ma": []}, "schema"),
        ({"ma": [[]] * 4}, "schema"),
        ({"ma": [[1] * 101] * 4}, "schema"),
        ({"ma": [[1]] * 17}, "schema"),
        ({"ma": [[1, None]] * 4}, "schema"),
        ({"ma": [[1, -0.001]] * 4}, "schema"),
        ({"ma": [[1, 10_000.001]] * 4}, "schema"),
        ({"ohm": [1e8 + 1, 1, 1, 1]}, "schema"),
        ({"charge_uc": [1e12 + 1, 1, 1, 1]}, "schema"),
        ({"pulses": [10**12 + 1, 1, 1, 1]}, "schema"),
        ({"pulses": [1.5, 1, 1, 1]}, "schema"),
        ({"soc": 110.1}, "schema"),
        ({"mv": 10**6 + 1}, "schema"),
        ({"temp_c": -100.1}, "schema"),
        ({"temp_c": 1_000.1}, "schema"),
        ({"every_ms": 0}, "schema"),
        ({"cycle": 0}, "schema"),
        ({"step": -1}, "schema"),
        ({"session": None}, "schema"),
        ({"phase": "p" * 201}, "string_length"),
    ],
)
def test_telemetry_with_a_value_that_cannot_be_is_refused(fields, reason):
    assert reason_of("telemetry", changed("telemetry", **fields)) == reason


@pytest.mark.parametrize(
    "fields",
    [
        {"ma": [[10_000] * 100] * 4},
        {"set_ma": [10_000, 0, -0.0, 0.1]},
        {"ohm": [1e8, 0, None, 1]},
        {"charge_uc": [1e12, 0, 0, 0], "pulses": [10**12, 0, 0, 0]},
        {"soc": 110, "mv": 10**6, "temp_c": 1_000},
        {"soc": 0, "mv": 0, "temp_c": -100},
        {"boot": 0, "seq": 2**53 - 1, "up_ms": 2**53 - 1},
    ],
)
def test_a_frightening_value_within_the_limits_is_let_through(fields):
    message = codec.decode("telemetry", changed("telemetry", **fields))
    assert isinstance(message, Telemetry)


def test_sixteen_channels_of_a_hundred_samples_are_let_through():
    arrays = {"set_ma": 1, "ohm": None, "contact": "ok", "charge_uc": 1, "pulses": 1, "force_n": 1}
    fields = {name: [value] * 16 for name, value in arrays.items()}
    message = codec.decode("telemetry", changed("telemetry", ma=[[123.4] * 100] * 16, **fields))
    assert len(message.ma) == 16


@pytest.mark.parametrize(
    "said, read",
    [
        (0, 0),
        (-40 * 60_000, -40 * 60_000),
        (1_763_788_000_000 + 315_576_000_000, 2_079_364_000_000),
        (T_MIN_MS, T_MIN_MS),
        (T_MIN_MS - 1, T_MIN_MS),
        (T_MAX_MS + 1, T_MAX_MS),
        (-(2**63), T_MIN_MS),
        (2**63 - 1, T_MAX_MS),
    ],
)
@pytest.mark.parametrize("name", ["telemetry", "event.other", "status.birth"])
def test_no_device_is_refused_for_a_wrong_clock(name, said, read):
    assert codec.decode(goldens.kind_of(name), changed(name, t=said)).t == read


@pytest.mark.parametrize(
    "fields, reason",
    [
        ({"buffered": [{"boot": 6, "from": 9, "to": 8}]}, "ranges"),
        ({"buffered": [{"boot": 6, "from": 1, "to": 8}] * 65}, "schema"),
        ({"electrode_cm2": [50]}, "channels"),
        ({"state": "dancing"}, "schema"),
        ({"output": "maybe"}, "schema"),
        ({"conn": 0}, "schema"),
        ({"channels": 17}, "schema"),
        ({"conditions": None}, "schema"),
        ({"conditions": ["x" * 201]}, "string_length"),
        ({"firmware": ""}, "schema"),
        ({"battery": {"soc": 87, "mv": 1}}, "schema"),
        ({"protocol": {"id": "a", "version": 1, "sha256": "0" * 63}}, "schema"),
    ],
)
def test_a_status_with_a_value_that_cannot_be_is_refused(fields, reason):
    assert reason_of("status", changed("status.birth", **fields)) == reason


def test_an_offline_status_that_lost_a_field_is_no_will():
    fields = goldens.fields("status.goodbye")
    del fields["up_ms"]
    assert reason_of("status", json.dumps(fields).encode()) == "schema"


def test_eight_levels_are_let_through_even_where_strings_hold_brackets():
    text = b'"x":["[[[[[[[[[",' + b"[" * 6 + b"]" * 6 + rb',"\"]]]]"' + b"]"
    assert codec.decode("event", with_text(text)).kind == "other"


@pytest.mark.parametrize(
    "payload, seen",
    [
        (changed("telemetry", soc=200), (7, 1234)),
        (goldens.payload("telemetry").replace(b"31.8", b"nan", 1), (7, 1234)),
        (goldens.payload("telemetry")[:200], (7, 1234)),
        (goldens.payload("telemetry") + b" " * 70_000, (7, 1234)),
        (with_text(b'"x":' + b"[" * 20_000), (7, 1235)),
        (with_text(b'"x":"\xff"'), (7, 1235)),
        (with_text(rb'"x":"\ud800"'), (7, 1235)),
        (changed("event.dropped", data={"boot": 6, "ranges": []}), (7, 1235)),  # the top-level boot
        (goldens.payload("event.power_loss")[:-3], None),  # two boots, and no telling which
        (with_text(b'"seq":9'), None),
        (changed("telemetry", seq=0), None),
        (changed("telemetry", seq=2**53), None),
        (changed("telemetry", seq=True), None),
        (changed("telemetry", boot="7"), None),
        (changed("telemetry", boot=-7), None),
        (b'[["boot",7],["seq",5]]', None),
        (b'"boot"', None),
        (b'"boot":7,"seq":' + b"9" * 6_000, None),
        (b'{"boot":7,"seq":12.5,,}', None),
        (b'{"boot":7,"seq":12e3,,}', None),
        (b"", None),
    ],
)
def test_peek_reads_boot_and_seq_where_they_can_be_read(payload, seen):
    assert codec.peek(payload) == seen


def test_deep_nesting_is_refused_on_a_thread_with_a_small_stack():
    payload = with_text(b'"x":' + b"[" * 20_000 + b"]" * 20_000, "telemetry")
    reasons: list[str] = []
    before = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=lambda: reasons.append(reason_of("telemetry", payload)))
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join(timeout=10)
    assert reasons == ["nesting"]


UNITS = ["[", '{"a":', '"', '\\"', '"\\"', "\\", '"\\', '"a":', '"boot":', '"boot"         ', "1", "-", "1e"]
UNITS += ["[1,", "[]", "{}", '"a",', "[[[[]]]],", "\\ud800", "\x00", "é", " ", '"seq":1,', '{"seq":1},']
HEADS = ["", '{"v":1,"x":"', '{"v":1,"x":[', '{"v":1,', '{"v":1,"x":[[],[],[],[],[],[],[],[]],"y":"']


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("head", HEADS)
def test_no_payload_takes_long(head, unit):
    payload = (head + unit * 65_536).encode()[: codec.MAX_BYTES]
    began = time.process_time()
    for kind in ("status", "telemetry"):
        with pytest.raises(WireError):
            codec.decode(kind, payload)
    codec.peek(payload)
    assert time.process_time() - began < 0.5


def test_errors_cross_processes_and_stay_printable():
    error = pickle.loads(pickle.dumps(WireError("json", "x\x00\u202e" + "y" * 1_000)))  # noqa: S301
    assert error.reason == "json"
    assert error.detail.isprintable()
    assert len(error.detail) <= 300
    assert str(error).startswith("json: x")


def test_decoding_takes_a_tenth_of_the_ingest_budget():
    """Of 60 µs of CPU a message; about 6 µs are measured here, the rest allows for a busy machine."""
    payload = goldens.payload("telemetry").strip()
    assert 500 < len(payload) < 700
    assert cpu_seconds("telemetry", payload) < 40e-6


def test_a_status_is_decoded_within_the_same_bounds():
    payload = goldens.payload("status.birth").strip()
    assert isinstance(codec.decode("status", payload), Status)
    assert cpu_seconds("status", payload) < 200e-6


def cpu_seconds(kind: str, payload: bytes) -> float:
    runs = timeit.repeat(lambda: goldens.decode(kind, payload), timer=time.process_time, number=500, repeat=9)
    return min(runs) / 500
