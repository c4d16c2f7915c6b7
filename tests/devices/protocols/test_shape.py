"""A document has the contract's shape if and only if devices can read it; a hash is that of its meaning."""

import copy
import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.protocols import carried, difference, findings, is_complete, misshapen
from devices.wire.canonical import canonical, decode_protocol, sha256_of
from devices.wire.errors import WireError
from devices.wire.messages import ProtocolDocument
from fleet.protocols import texts
from tests.devices.protocols.sample import DOCUMENT, sample
from tests.devices.wire import strategies

BAD = [None, -1, 0, 1.5, 10**6 + 1, 10**12, True, "", "a b", "x" * 201, [], {}, [1, 1], [None], [0], [-1], [99],
       ["a"], {"a": 1}, "work", "monophasic", float("nan"), float("inf"), "\x00"]  # fmt: skip


def reads(document: Any) -> bool:
    try:
        decode_protocol(canonical(document))
    except (WireError, ValueError):
        return False
    return True


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(one for key, item in inner for one in places(item, (*path, key)))][0 if path else 1 :]


@settings(max_examples=20)
@given(document=strategies.protocol())
def test_what_devices_can_read_has_no_shape_to_complain_of(document: ProtocolDocument) -> None:
    told = msgspec.to_builtins(document)
    if told["title"].strip():
        assert is_complete(findings(told))


@given(place=st.sampled_from(places(DOCUMENT)), bad=st.sampled_from(BAD))
def test_a_document_is_complete_exactly_when_devices_can_read_it(place: tuple[Any, ...], bad: Any) -> None:
    told = copy.deepcopy(DOCUMENT)
    holder: Any = told
    for part in place[:-1]:
        holder = holder[part]
    holder[place[-1]] = bad
    found = findings(told)
    assert is_complete(found) == reads(told)
    assert all(texts.finding(one) and texts.field(one.path) for one in found)
    if not misshapen(found):  # what may be a draft is compared, whatever it lacks
        assert all(texts.change(one) for one in (*difference(DOCUMENT, told), *difference(told, DOCUMENT)))


@pytest.mark.parametrize("field", ["id", "title", "steps", "limits"])
def test_what_is_left_out_is_named_and_is_no_shape_to_complain_of(field: str) -> None:
    told = sample()
    del told[field]
    found = findings(told)
    assert [(one.path, one.code) for one in found] == [(field, "missing")]
    assert not misshapen(found)
    assert not reads(told)


def test_a_target_that_is_null_is_to_tolerance_and_one_that_is_absent_is_missing() -> None:
    assert is_complete(findings(sample(target_ma=None)))
    told = sample()
    del told["steps"][0]["target_ma"]
    assert [one.path for one in findings(told)] == ["steps.0.target_ma"]


@settings(max_examples=20)
@given(st.randoms(use_true_random=False))
def test_the_hash_is_the_same_however_the_document_is_spelled(dice: random.Random) -> None:
    def spelled(value: Any) -> Any:
        match value:
            case dict():
                items = list(value.items())
                dice.shuffle(items)
                return {key: spelled(item) for key, item in items}
            case list():
                return [spelled(one) for one in value]
            case int() if dice.random() < 0.5:
                return float(value)
        return value

    told = json.loads(json.dumps(spelled(DOCUMENT), indent=dice.choice([None, 1])))
    assert sha256_of(told) == sha256_of(DOCUMENT)


def test_another_value_is_another_hash() -> None:
    assert sha256_of(sample(on_s=15.001)) != sha256_of(DOCUMENT)


def test_a_path_follows_its_step_whatever_is_written_there_and_ends_with_it() -> None:
    [step] = DOCUMENT["steps"]
    moved = sample() | {"steps": [step | {"name": "warm up", "kind": "warm_up"}, step | {"off_s": 50}]}
    paths = ["steps.0.on_s", "steps.0.off_s", "title", "limits.min_rest_h"]
    assert carried(paths, DOCUMENT, moved) == ["steps.1.on_s", "steps.1.off_s", "title", "limits.min_rest_h"]
    assert carried(paths, DOCUMENT, sample() | {"steps": []}) == ["title", "limits.min_rest_h"]
