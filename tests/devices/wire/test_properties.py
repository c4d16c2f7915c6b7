"""Laws that hold for every message."""

from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.wire import codec, schemas, strict
from devices.wire.canonical import canonical, decode_protocol, sha256_of
from devices.wire.data import data_of, plain
from devices.wire.messages import Event

from . import goldens
from .strategies import JSON, MESSAGES, TEXT

relaxed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
VALIDATORS = {
    name: jsonschema.Draft202012Validator(schema) for name, schema in schemas.message_schemas().items()
}


@pytest.mark.parametrize("name", MESSAGES)
@relaxed
@given(data=st.data())
def test_decode_undoes_encode_and_the_schema_agrees(name, data):
    message = data.draw(MESSAGES[name])
    payload = codec.encode(message)
    assert goldens.decode("status" if name == "will" else name, payload) == message
    VALIDATORS[name].validate(json.loads(payload))


@relaxed
@given(message=st.one_of(*(MESSAGES[name] for name in ("telemetry", "event", "ack"))))
def test_spelling_changes_nothing(message):
    """Spaces, escapes and the order of fields say nothing; unknown fields are skipped."""
    kind = type(message).__name__.lower()
    fields = json.loads(codec.encode(message))
    respelt = {"zz_new": [1, {"a": None}], **dict(reversed(fields.items()))}
    payload = json.dumps(respelt, indent=3, ensure_ascii=True).encode()
    if len(payload) <= codec.MAX_BYTES:
        assert codec.decode(kind, payload) == message


@relaxed
@given(message=MESSAGES["event"])
def test_event_data_reads_as_a_type_and_prints_back(message):
    data = data_of(message)
    again = Event(
        **{name: getattr(message, name) for name in ("boot", "seq", "up_ms", "t", "kind")}, data=plain(data)
    )
    assert data_of(again) == data


@relaxed
@given(message=MESSAGES["telemetry"] | MESSAGES["event"])
def test_peek_reads_what_decode_reads(message):
    payload = codec.encode(message)
    assert codec.peek(payload) == (message.boot, message.seq)


@relaxed
@given(document=MESSAGES["protocol"])
def test_a_document_has_one_canonical_spelling_and_one_hash(document):
    payload = canonical(document)
    assert decode_protocol(payload) == document
    assert canonical(msgspec.json.decode(payload)) == payload
    assert sha256_of(document) == sha256_of(json.loads(json.dumps(msgspec.to_builtins(document), indent=1)))


@relaxed
@given(value=st.dictionaries(TEXT, JSON, max_size=5))
def test_the_strict_reader_takes_all_json_of_the_contract(value):
    fields = {"v": 1, "x": value}
    assert strict.parse(json.dumps(fields).encode()) == fields


def test_rfc_8785_sorts_keys_as_utf_16_and_writes_numbers_as_ecmascript():
    """The examples of RFC 8785, sections 3.2.2 and 3.2.3."""
    numbers = {"numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001]}
    assert rfc8785.dumps(numbers) == b'{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}'
    keys = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert list(json.loads(rfc8785.dumps(keys)).values()) == [2, 4, 6, 7, 1, 5, 3]
