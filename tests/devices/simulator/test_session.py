"""Protocol documents, walked step by step."""

import json
from itertools import groupby

import pytest

from devices.simulator import session
from devices.simulator.fleetfile import MAKES

PROTOCOLS = session.built_in()


def test_there_are_protocols_of_the_fields_named_in_the_literature() -> None:
    assert PROTOCOLS.keys() == {
        "athletic-strength",
        "icu-quads",
        "knee-oa",
        "recovery",
        "shoulder",
        "tka-quads",
    }


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_every_built_in_protocol_fits_its_own_time_limit_and_some_device(name: str) -> None:
    protocol = PROTOCOLS[name]
    whole_ms = sum(stretch.length_ms for stretch in protocol.stretches())
    assert protocol.planned_ms() == whole_ms <= 1000 * protocol.document.limits.max_session_s
    assert any(protocol.fits(make.channels, make.max_ma) for make in MAKES.values())
    used = len(protocol.document.channels_used)
    for step in protocol.document.steps:
        assert len(step.max_ma) == used
        assert step.target_ma is None or len(step.target_ma) == used


def test_a_contraction_ramps_up_holds_ramps_down_and_rests() -> None:
    work = [s for s in PROTOCOLS["tka-quads"].stretches() if s.step == 1]
    assert [(s.phase, s.length_ms) for s in work[:4]] == [
        ("ramp_up", 3_000), ("on", 15_000), ("ramp_down", 1_000), ("rest", 45_000),
    ]  # fmt: skip
    assert [cycle for cycle, _ in groupby(s.cycle for s in work)] == list(range(1, 16))


def test_stretches_of_no_length_are_left_out() -> None:
    recovery = [(s.step, s.phase) for s in PROTOCOLS["recovery"].stretches()]
    assert recovery == [(0, "ramp_up"), (0, "on"), (1, "ramp_up"), (1, "on"), (2, "on"), (2, "ramp_down")]


def test_the_hash_is_that_of_the_bytes_and_their_canonical_form_is_rfc_8785() -> None:
    text = session.canonical({"b": 1.0, "a": [2.5, "µ", None, True]})
    assert text == '{"a":[2.5,"µ",null,true],"b":1}'.encode()
    protocol = PROTOCOLS["knee-oa"]
    document = json.loads(session.canonical(json.loads(_file("knee-oa"))))
    assert session.read(session.canonical(document)).sha256 == protocol.sha256


def test_a_device_with_too_few_channels_or_too_little_current_does_not_fit() -> None:
    assert not PROTOCOLS["icu-quads"].fits(2, 100.0)
    assert not PROTOCOLS["athletic-strength"].fits(4, 90.0)
    assert PROTOCOLS["shoulder"].fits(2, 90.0)


def _file(name: str) -> str:
    from importlib import resources

    return (resources.files("devices.simulator") / "protocols" / f"{name}.json").read_text()
