"""The published machine-readable contract is current, and says what the codec does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from devices.wire import schemas, topics
from devices.wire.errors import WireError

from . import goldens

PUBLISHED = Path(__file__).parents[3] / "docs" / "wire"
SCHEMAS = schemas.message_schemas()


def validator(name: str) -> Any:
    return jsonschema.Draft202012Validator(SCHEMAS[name])


def test_the_generated_files_are_current():
    generated = schemas.files()
    published = {str(path.relative_to(PUBLISHED)) for path in PUBLISHED.rglob("*.json")}
    assert published == set(generated)
    stale = [
        name for name, text in generated.items() if (PUBLISHED / name).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run: python -m devices.wire.schemas docs/wire"


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    jsonschema.Draft7Validator.check_schema(SCHEMAS[name])  # what AsyncAPI tools read


@pytest.mark.parametrize("name", goldens.NAMES)
def test_every_golden_payload_fits_its_schema(name):
    schema = "will" if name == "status.will" else goldens.kind_of(name)
    validator(schema).validate(goldens.fields(name))


@pytest.mark.parametrize(
    "name, path, value",
    [
        ("telemetry", ("ma", 0, 0), 10_000.1),
        ("telemetry", ("ma", 0, 0), -0.1),
        ("telemetry", ("ohm", 0), 1e9),
        ("telemetry", ("soc",), 110.5),
        ("telemetry", ("session",), "a b"),
        ("telemetry", ("set_ma",), []),
        ("telemetry", ("seq",), 0),
        ("telemetry", ("seq",), 2**53),
        ("telemetry", ("v",), 2),
        ("status.birth", ("state",), "dancing"),
        ("status.birth", ("buffered", 0, "from"), 0),
        ("status.birth", ("protocol", "sha256"), "AB"),
        ("status.will", ("state",), "idle"),
        ("event.dropped", ("data", "ranges"), []),
        ("event.session_ended", ("data", "elapsed_ms"), -1),
        ("event.intensity_changed", ("data", "to_ma"), 1e5),
        ("ack.done", ("id",), "0192"),
        ("command.lower", ("args", "to_ma"), None),
        ("command.identify", ("args", "seconds"), 61),
        ("watermark", ("missing", 0), [1]),
        ("protocol.quad_strength", ("steps", 0, "frequency_hz"), 0),
    ],
)
def test_schema_and_codec_refuse_the_same(name, path, value):
    fields = goldens.fields(name)
    holder: Any = fields
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    schema = "will" if name == "status.will" else goldens.kind_of(name)
    assert not validator(schema).is_valid(fields)
    with pytest.raises(WireError):
        goldens.decode(goldens.kind_of(name), json.dumps(fields).encode())


@pytest.mark.parametrize("name", goldens.NAMES)
def test_schema_and_codec_require_the_same_fields(name):
    schema = "will" if name == "status.will" else goldens.kind_of(name)
    for key in goldens.fields(name):
        fields = goldens.fields(name)
        del fields[key]
        try:
            goldens.decode(goldens.kind_of(name), json.dumps(fields).encode())
            taken = True
        except WireError:
            taken = False
        assert validator(schema).is_valid(fields) == taken, key


def test_the_asyncapi_document_names_every_topic_and_its_references_resolve():
    document = json.loads(schemas.files()["asyncapi.json"])
    addresses = {channel["address"] for channel in document["channels"].values()}
    serial = "{serial}"
    assert addresses == {f"ems/v1/{serial}/{kind}" for kind in topics.KINDS} | {topics.SERVER_STATUS}
    references = list(_references(document))
    assert len(references) > 50
    for reference in references:
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]


def test_only_the_status_is_retained_and_only_the_watermark_is_sent_at_most_once():
    operations = json.loads(schemas.files()["asyncapi.json"])["operations"]
    settings = {name: operation["bindings"]["mqtt"] for name, operation in operations.items()}
    assert {name for name, binding in settings.items() if binding["retain"]} == {
        "send_status",
        "receive_server_status",
    }
    assert {name for name, binding in settings.items() if binding["qos"] == 0} == {"receive_watermark"}


def _references(part: Any):
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from _references(value)
    elif isinstance(part, list):
        for item in part:
            yield from _references(item)
