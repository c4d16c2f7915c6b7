"""Electrode pairs: anchors of the presets, compliance, what a stimulator says of its contacts, ageing."""

import numpy as np
import pytest

from devices.simulator import electrode

ANCHORS = {  # preset: apparent impedance at 300 µs, Ω; voltage at 60 mA, V
    "good": (341.0, 20.0),
    "small": (646.0, 39.0),
    "drying": (1133.0, 68.0),
    "poor": (2368.0, 142.0),
    "open": (47_900.0, 2_871.0),
}
NAMES = electrode.CONTACTS


def exact(preset: str) -> electrode.Electrodes:
    """One pair that is the preset itself, without individual spread."""
    return electrode.apply(np.random.default_rng(1), (1, 1), preset, spread=0.0)


def says(set_ma: float, z_ohm: float, **more: object) -> str:
    delivered = electrode.deliver(set_ma, z_ohm)
    return NAMES[int(electrode.contact(set_ma, delivered, z_ohm, **{"in_use": True, **more}))]


@pytest.mark.parametrize("preset", ANCHORS)
def test_each_preset_shows_its_impedance_and_voltage_at_300_us(preset):
    z_ohm = electrode.impedance_ohm(exact(preset), phase_us=300)[0, 0]
    ohm, volts = ANCHORS[preset]
    assert z_ohm == pytest.approx(ohm, rel=0.002)
    assert z_ohm * 0.060 == pytest.approx(volts, rel=0.03)


def test_a_longer_phase_charges_the_skin_and_shows_a_higher_impedance():
    z_ohm = [
        electrode.impedance_ohm(exact("small"), phase_us=width)[0, 0] for width in (0, 100, 300, 1000, 1e6)
    ]
    assert z_ohm == sorted(z_ohm)
    assert z_ohm[0] == pytest.approx(400.0)  # Rs alone
    assert z_ohm[-1] == pytest.approx(1130.0)  # the capacitor is full: Rs + Rp


@pytest.mark.parametrize("preset, most_ma", [("drying", 132.0), ("poor", 63.0), ("open", 3.1)])
def test_the_voltage_rail_bounds_the_current(preset, most_ma):
    z_ohm = electrode.impedance_ohm(exact(preset), phase_us=300)
    assert electrode.deliver(200.0, z_ohm)[0, 0] == pytest.approx(most_ma, rel=0.02)
    assert electrode.deliver(2.0, z_ohm)[0, 0] == 2.0


@pytest.mark.parametrize("set_ma", [15.0, 20.0, 40.0, 60.0, 100.0, 130.0])
def test_as_a_pad_lifts_the_current_falls_short_before_the_electrode_counts_as_off(set_ma):
    pair = exact("good")
    heard = []
    for contact in np.linspace(1.0, 0.0, 2001):
        pair.contact[...] = contact
        word = says(set_ma, electrode.impedance_ohm(pair, phase_us=300)[0, 0])
        if not heard or heard[-1] != word:
            heard.append(word)
    assert heard == ["ok", "low_current", "electrode"]


def test_a_lifting_pad_raises_the_impedance_all_the_way_to_open():
    pair = exact("good")
    z_ohm = []
    for contact in (1.0, 0.5, 0.1, 0.01, 0.0):
        pair.contact[...] = contact
        z_ohm.append(electrode.impedance_ohm(pair, phase_us=300)[0, 0])
    assert z_ohm == sorted(z_ohm)
    assert z_ohm[1] == pytest.approx(2 * 341.0, rel=0.02)
    assert z_ohm[-1] == pytest.approx(47_900.0, rel=0.01)


def test_half_a_pad_has_half_the_area_for_the_current():
    pair = exact("good")
    pair.contact[...] = 0.5
    assert pair.contact_cm2()[0, 0] == 30.0


@pytest.mark.parametrize("set_ma", [0.0, 1.0, 14.9])
def test_nothing_is_measured_below_15_ma(set_ma):
    rng = np.random.default_rng(1)
    assert np.isnan(electrode.measure(rng, set_ma, 47_900.0))
    assert says(set_ma, 47_900.0) == "unknown"
    assert says(set_ma, 341.0) == "unknown"


def test_from_15_ma_on_the_reading_is_the_impedance_within_a_few_percent():
    reading = electrode.measure(np.random.default_rng(1), 15.0, np.full(1000, 800.0))
    assert reading.mean() == pytest.approx(800.0, rel=0.01)
    assert 5.0 < reading.std() < 40.0


def test_a_channel_not_in_use_is_off_whatever_else_holds():
    assert says(60.0, 341.0, in_use=False) == "off"
    assert says(0.0, np.nan, in_use=False) == "off"


def test_a_pulse_that_does_not_fit_its_period_is_a_timeout():
    assert says(60.0, 341.0, busy_us=800.0, period_us=20_000.0) == "ok"
    assert says(60.0, 341.0, busy_us=800.0, period_us=700.0) == "timeout"


def test_an_unmeasured_contact_is_unknown():
    assert says(60.0, np.nan) == "unknown"


def test_the_gel_wets_the_skin_first_and_dries_then():
    rng = np.random.default_rng(3)
    pads = electrode.apply(rng, (200, 2))
    history = [electrode.impedance_ohm(pads, phase_us=300).mean()]
    for _ in range(240):
        electrode.advance(pads, rng, dt_s=60.0)
        history.append(electrode.impedance_ohm(pads, phase_us=300).mean())
    assert 0.70 < history[5] / history[0] < 0.90
    assert history[240] > 1.1 * history[5]  # four hours on the skin


def test_a_pad_told_to_dry_fast_ends_in_low_current():
    rng = np.random.default_rng(3)
    pads = electrode.apply(rng, (1, 2))
    pads.dry_per_s[0, 1] = 0.02
    for _ in range(1200):
        electrode.advance(pads, rng, dt_s=1.0)
    z_ohm = electrode.impedance_ohm(pads, phase_us=300)[0]
    assert [says(60.0, z) for z in z_ohm] == ["ok", "low_current"]


def test_fresh_pads_replace_only_those_asked_for():
    rng = np.random.default_rng(5)
    pads = electrode.apply(rng, (3, 2))
    pads.contact[...] = 0.0
    electrode.advance(pads, rng, dt_s=600.0)
    electrode.replace(pads, np.array([[False], [True], [False]]), rng)
    assert pads.contact.tolist() == [[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]]
    assert pads.worn_s.tolist() == [[600.0, 600.0], [0.0, 0.0], [600.0, 600.0]]


def test_replacing_pads_of_one_device_leaves_the_draws_of_the_others_alone():
    def day(where: bool) -> np.ndarray:
        rng = np.random.default_rng(5)
        pads = electrode.apply(rng, (2, 2))
        electrode.replace(pads, np.array([[where], [False]]), rng)
        electrode.advance(pads, rng, dt_s=1.0)
        return electrode.impedance_ohm(pads, phase_us=300)

    assert np.array_equal(day(True)[1], day(False)[1])
    assert not np.array_equal(day(True)[0], day(False)[0])


def test_quality_is_full_on_good_contact_and_nil_on_an_open_pair():
    quality = electrode.quality(np.array([341.0, 2023.0, 47_900.0, np.nan]))
    assert quality[:3] == pytest.approx([100.0, 50.0, 0.0], abs=0.1)
    assert np.isnan(quality[3])
