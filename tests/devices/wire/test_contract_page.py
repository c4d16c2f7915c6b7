"""docs/wire.md leaves nothing out that the types and the codec know."""

from __future__ import annotations

import re
import subprocess
import sys

import msgspec
import pytest

from devices.wire import commands, data, messages, schemas, topics, units, words
from devices.wire.errors import REASONS

from .test_golden import CONTRACT

PAGE = CONTRACT.read_text(encoding="utf-8")
PROSE = re.sub(r"^```.*?^```", "", PAGE, flags=re.MULTILINE | re.DOTALL)
QUOTED = set(re.findall(r"[a-z0-9_]+", " ".join(re.findall(r"`([^`]+)`", PROSE))))
STRUCTS = [
    *schemas.MESSAGES.values(),
    *dict.fromkeys(data.TYPES.values()),
    *dict.fromkeys(commands.ARGS.values()),
    messages.ProtocolDocument,
    messages.ProtocolStep,
    messages.Limits,
    messages.Battery,
    messages.ProtocolRef,
    messages.BufferedRange,
    data.Of,
]


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_every_field_is_on_the_page(struct):
    assert {field.encode_name for field in msgspec.structs.fields(struct)} - QUOTED == set()


@pytest.mark.parametrize(
    "known",
    [word_list for base in words.OPEN for word_list in base.__subclasses__()],
    ids=lambda known: known.__name__,
)
def test_every_word_is_on_the_page(known):
    assert {word.value for word in known} - QUOTED == set()


def test_every_topic_and_every_reason_is_on_the_page():
    assert topics.SERVER_STATUS in PAGE
    assert topics.SERIAL_PATTERN in PAGE
    for kind in topics.KINDS:
        assert f"`ems/v1/<serial>/{kind}`" in PAGE
    for reason in REASONS:
        assert f"\n| `{reason}` |" in PAGE


def test_the_times_to_live_on_the_page_are_those_in_the_code():
    rows = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|.*?\| ([0-9,]{4,}) \|", PAGE, flags=re.MULTILINE)
    said = {verb: int(ttl.replace(",", "")) for verbs, ttl in rows for verb in re.findall("[a-z_]+", verbs)}
    assert said == {verb.value: ttl for verb, ttl in words.TTL_MS.items()}


def test_the_clock_bounds_are_the_years_1_to_9999():
    from datetime import UTC, datetime, timedelta

    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert epoch + timedelta(milliseconds=units.T_MIN_MS) == datetime(1, 1, 1, tzinfo=UTC)
    assert (epoch + timedelta(milliseconds=units.T_MAX_MS)).year == 9999


def test_the_wire_package_knows_nothing_of_the_rest():
    code = (
        "import sys, pkgutil, importlib, devices.wire as w\n"
        "[importlib.import_module(f'devices.wire.{m.name}') for m in pkgutil.iter_modules(w.__path__)]\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & set(sys.argv[1:])))"
    )
    others = ["django", "paho", "psycopg", "redis", "numpy", "channels", "celery", "fleet", "dashboards"]
    seen = subprocess.run(
        [sys.executable, "-c", code, *others],
        cwd=CONTRACT.parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.strip() == "[]"
