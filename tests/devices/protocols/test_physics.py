"""Figures and limits of pulses: worked examples, each limit from both sides, and the same numbers as the alerts."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import (
    LIMITS,
    POLICY,
    DeviceFacts,
    Finding,
    Policy,
    blocks,
    figures,
    findings,
    legal_on,
)
from devices.wire.messages import ProtocolDocument
from fleet.safety import yardstick
from fleet.safety.rules import PRODUCT
from tests.devices.protocols.sample import sample


def found(document: dict[str, Any], policy: Policy = POLICY) -> dict[str, Finding]:
    return {one.code: one for one in findings(document, policy)}


def typed(document: dict[str, Any]) -> ProtocolDocument:
    return msgspec.convert(document, ProtocolDocument)


@pytest.mark.parametrize(
    "ma, us, hz, cm2, charge_uc, rms_ma, density, mean_ma",
    [  # symmetric biphasic, worked by hand
        (60, 300, 50, 78, 18, 10.4, 0.13, 1.80),
        (60, 250, 50, 96.5, 15, 9.5, 0.10, 1.50),
        (80, 400, 75, 50, 32, 19.6, 0.39, 4.80),
        (40, 350, 85, 100, 14, 9.8, 0.10, 2.38),
        (100, 300, 40, 60, 30, 15.5, 0.26, 2.40),
        (120, 400, 120, 25, 48, 37.2, 1.49, 11.5),
        (120, 400, 120, 12.5, 48, 37.2, 2.97, 11.5),
    ],
)
def test_figures_of_known_pulse_trains(
    ma: float,
    us: float,
    hz: float,
    cm2: float,
    charge_uc: float,
    rms_ma: float,
    density: float,
    mean_ma: float,
) -> None:
    seen = figures(waveform="symmetric_biphasic", frequency_hz=hz, phase_us=us, ma=ma, pad_cm2=cm2)
    assert seen.charge_uc == pytest.approx(charge_uc)
    assert seen.rms_ma == pytest.approx(rms_ma, abs=0.05)
    assert seen.density_ma_per_cm2 == pytest.approx(density, abs=0.005)
    assert seen.mean_ma == pytest.approx(mean_ma, abs=0.05)
    assert seen.net_ma == 0


@given(
    waveform=st.sampled_from(
        [
            "symmetric_biphasic",
            "asymmetric_biphasic",
            "monophasic",
            "burst_ac",
            "burst_biphasic",
            "interferential",
        ]
    ),
    hz=st.floats(1, 2000),
    us=st.floats(10, 2000),
)
def test_heat_and_charge_are_counted_as_the_alerts_count_them(waveform: str, hz: float, us: float) -> None:
    """Otherwise a protocol that was let pass would alert, or one that alerts would have been let pass."""
    document = typed(sample(frequency_hz=hz, phase_us=us, of={"waveform": waveform}))
    yard = yardstick.make(PRODUCT, None, yardstick.Knowledge(document))
    seen = figures(waveform=waveform, frequency_hz=hz, phase_us=us, ma=1, pad_cm2=1)
    assert (seen.rms_ma is None) == (yard.bounds(0).rms_per_ma is None)
    if seen.rms_ma is not None:
        assert seen.rms_ma == pytest.approx(yard.bounds(0).rms_per_ma)
    assert LIMITS["charge_uc"].value / seen.charge_uc == pytest.approx(yard.bounds(0).charge_ma)


def test_the_limits_of_protocols_are_those_of_the_alerts() -> None:
    density = PRODUCT["current_density"]
    assert LIMITS["density_ma_per_cm2"].value == density["limit_ma_per_cm2"]
    assert LIMITS["density_warn_ma_per_cm2"].value == density["warn_ma_per_cm2"]


def at_limit(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (just within, just beyond) a limit, by one value."""
    peak = {"phase_us": 100, "frequency_hz": 20, "target_ma": None}
    match name:
        case "peak_ma":
            return sample(**peak, max_ma=[150, 80]), sample(**peak, max_ma=[150.1, 80])
        case "charge_uc":
            step = {"phase_us": 500, "frequency_hz": 10, "target_ma": None}
            return sample(**step, max_ma=[149.9, 80]), sample(**step | {"phase_us": 501}, max_ma=[150, 80])
        case "fda_charge_uc":  # 20 + 28 x 0.25 = 27 µC
            step = {"phase_us": 250, "target_ma": None}
            return sample(**step, max_ma=[108, 80]), sample(**step, max_ma=[108.1, 80])
        case "phase_us":
            return sample(phase_us=500, frequency_hz=10), sample(phase_us=501, frequency_hz=10)
        case "mean_ma":  # 2 x 80 x 0.25 / 1000 x f
            return sample(frequency_hz=250), sample(frequency_hz=251)
        case "rms_ma":  # 100 mA x sqrt(2 x 0.25e-3 x f) = 50 mA at 500 Hz; below 400 Hz only
            step = {"phase_us": 400, "frequency_hz": 390, "target_ma": [1, 1]}
            most = 50 / math.sqrt(2 * 400e-6 * 390)
            return sample(**step, max_ma=[most - 0.1, 1]), sample(**step, max_ma=[most + 0.1, 1])
        case "density_warn_ma_per_cm2":  # 37.5 mA r.m.s. on 25 cm²
            most = 37.5 / math.sqrt(2 * 400e-6 * 120)
            step = {"phase_us": 400, "frequency_hz": 120, "target_ma": [1, 1]}
            return sample(**step, max_ma=[most - 0.1, 1]), sample(**step, max_ma=[most + 0.1, 1])
        case "session_s":
            return sample(limits={"max_session_s": 7200}), sample(limits={"max_session_s": 7201})
        case "long_session_s":
            return sample(limits={"max_session_s": 3600}), sample(limits={"max_session_s": 3601})
        case "sessions_per_day":
            return sample(limits={"max_sessions_per_day": 3}), sample(limits={"max_sessions_per_day": 4})
        case "galvanic_ma_per_cm2":  # 5 mA on 25 cm²: ma x 0.25 / 1000 x 250
            step = {"frequency_hz": 250, "target_ma": [1, 1]}
            of = {"waveform": "monophasic"}
            return sample(**step, max_ma=[80, 1], of=of), sample(**step, max_ma=[80.1, 1], of=of)
    of = {"indication": "wb_ems"}
    calm = {"max_session_s": 720, "max_sessions_per_day": 1, "min_rest_h": 96}
    over = {"wb_session_s": ("max_session_s", 1200, 1201), "wb_novice_s": ("max_session_s", 720, 721),
            "wb_sessions_per_day": ("max_sessions_per_day", 1, 2), "wb_rest_h": ("min_rest_h", 96, 95)}  # fmt: skip
    field, within, beyond = over[name]
    return sample(limits=calm | {field: within}, of=of), sample(limits=calm | {field: beyond}, of=of)


TRIED = sorted(
    set(LIMITS) - {"rms_mid_ma", "rms_high_ma", "power_w_per_cm2", "energy_mj", "density_ma_per_cm2"}
)


@pytest.mark.parametrize("name", TRIED)
def test_each_limit_holds_from_both_sides(name: str) -> None:
    within, beyond = at_limit(name)
    assert name not in found(within)
    one = found(beyond)[name]
    assert one.severity == LIMITS[name].severity
    assert {"seen", "limit"} <= set(one.facts)


def test_more_current_may_flow_at_higher_frequencies() -> None:
    policy = Policy(pad_cm2=10_000)
    step = {"phase_us": 100, "target_ma": [1, 1]}
    most = {390: "rms_ma", 1000: "rms_mid_ma", 2000: "rms_high_ma"}
    for hz, name in most.items():
        at_ma = LIMITS[name].value / math.sqrt(2 * 100e-6 * hz)
        assert name not in found(sample(**step, frequency_hz=hz, max_ma=[at_ma - 0.1, 1]), policy)
        assert name in found(sample(**step, frequency_hz=hz, max_ma=[at_ma + 0.1, 1]), policy)


def test_energy_and_power_stop_a_pulse_that_nobody_means() -> None:
    wild = found(sample(phase_us=50_000, frequency_hz=5, target_ma=None, max_ma=[150, 1]), Policy(pad_cm2=20))
    assert {"energy_mj", "power_w_per_cm2", "charge_uc", "density_ma_per_cm2"} <= set(wild)


def test_a_smaller_pad_is_judged_more_strictly() -> None:
    document = sample(phase_us=400, frequency_hz=75, max_ma=[80, 80])
    assert not blocks(findings(document))
    assert "density_ma_per_cm2" in found(document, Policy(pad_cm2=9))


def test_phases_and_their_gap_have_to_fit_between_two_pulses() -> None:
    assert "phases_overlap" not in found(sample(frequency_hz=1000, phase_us=450, interphase_us=100))
    assert "phases_overlap" in found(sample(frequency_hz=1000, phase_us=450, interphase_us=101))


@pytest.mark.parametrize(
    "waveform, code",
    [("monophasic", "net_charge"), ("asymmetric_biphasic", "balance_unknown"), ("burst_ac", "carrier_unknown"),
     ("burst_biphasic", "carrier_unknown"), ("interferential", "carrier_unknown")],
)  # fmt: skip
def test_what_the_document_cannot_say_of_a_waveform_is_said(waveform: str, code: str) -> None:
    assert found(sample(of={"waveform": waveform}))[code].severity == "warning"
    assert code not in found(sample())


def test_a_course_that_cannot_be_meant_is_found() -> None:
    assert found(sample(on_s=0))["no_on"].severity == "error"
    assert found(sample(ramp_up_s=0))["no_ramp"].severity == "warning"
    nothing = {"ramp_up_s": 0, "on_s": 0, "ramp_down_s": 0, "off_s": 0}
    assert found(sample(**nothing))["no_length"].severity == "error"
    assert found(sample(repeat=100_000))["too_many_phases"].severity == "error"
    assert found(sample(limits={"max_session_s": 900}))["cut_short"].facts["planned_s"] == 960
    assert "rest_contradicts" in found(sample(limits={"max_sessions_per_day": 3, "min_rest_h": 12}))


def test_many_channels_look_like_whole_body_ems_and_warn() -> None:
    many = list(range(1, 9))
    document = sample(max_ma=[40] * 8, target_ma=None, of={"channels_used": many})
    assert {code: one.severity for code, one in found(document).items() if code.startswith("wb_")} == {
        "wb_novice_s": "warning", "wb_sessions_per_day": "warning", "wb_rest_h": "warning",
    }  # fmt: skip


def test_a_draft_is_judged_as_far_as_it_is_known() -> None:
    """A missing value hides nothing that is wrong elsewhere."""
    draft = sample(on_s=None, max_ma=[160, None], of={"title": None})
    told = [(one.path, one.code) for one in findings(draft)]
    assert ("steps.0.on_s", "missing") in told
    assert ("steps.0.max_ma.1", "missing") in told
    assert ("steps.0.max_ma.0", "peak_ma") in told


def test_a_value_out_of_range_is_found_along_with_all_that_is_wrong_elsewhere() -> None:
    """Else whoever mends it is told the rest in a second round."""
    steps = [*sample(max_ma=[-5, 160])["steps"], {"kind": "odd"}, "no step"]
    told = [(one.path, one.code) for one in findings(sample(of={"steps": steps, "more": 1}))]
    assert ("steps.0.max_ma.0", "range") in told
    assert ("steps.0.max_ma.1", "peak_ma") in told
    assert ("steps.1.kind", "word") in told
    assert ("steps.2", "type") in told
    assert ("", "unknown_field") in told
    assert not [one for one in told if one[0] == "steps.0.max_ma.0" and one[1] != "range"]


# --- on one device ---

RX = DeviceFacts(channels=2, max_ma=100, can=frozenset({"apply_protocol"}), electrode_cm2=(50, 50))


@pytest.mark.parametrize(
    "device, code, path",
    [
        (DeviceFacts(1, 100, None), "no_such_channel", "channels_used.1"),
        (DeviceFacts(2, 79.9, None), "above_device", "steps.0.max_ma.0"),
        (DeviceFacts(2, 100, frozenset({"stop"})), "cannot_apply", ""),
        (DeviceFacts(2, 100, None, (50, 3)), "density_ma_per_cm2", "steps.0.max_ma.1"),
    ],
)
def test_a_device_that_cannot_is_named_with_why(device: DeviceFacts, code: str, path: str) -> None:
    assert (path, code) in [(one.path, one.code) for one in blocks(legal_on(typed(sample()), device))]


def test_a_device_that_can_has_nothing_against_it() -> None:
    assert legal_on(typed(sample()), RX) == []
    assert legal_on(typed(sample()), DeviceFacts(2, 80, None)) == [], "`can` absent: all of version 1"


def test_what_a_device_never_said_is_said_to_be_unknown_and_forbids_nothing() -> None:
    told = legal_on(typed(sample()), DeviceFacts())
    assert [(one.code, one.severity) for one in told] == [
        ("channels_not_told", "warning"), ("max_not_told", "warning"),
    ]  # fmt: skip
