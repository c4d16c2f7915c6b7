"""The muscle against published and recomputed figures of Ding's model, and what any muscle must do."""

import time

import numpy as np
import pytest

from devices.simulator import muscle
from devices.simulator.muscle import Parameters

TIRELESS = Parameters(fatigability=0.0)
FULL_MA = 1000.0  # recruits everything

# Force at the end of the k-th interval of a train of 33 pulses/s, N (cocofest, regression test of ding2003).
GOLDEN_FRESH = {1: 56.308, 2: 107.873, 3: 148.175, 5: 201.650, 10: 253.439, 20: 268.083, 33: 268.881}
GOLDEN_TIRING = {1: 56.306, 10: 253.543, 33: 270.505}

# Peak of an unfatigued train of 1 s, N, computed independently from the equations with 1 ms steps.
PEAK_N = {1: 99, 5: 108, 10: 166, 12.5: 192, 20: 236, 25: 252, 33: 269, 50: 289, 75: 304, 100: 311, 120: 315}


@pytest.mark.parametrize(
    "parameters, golden",
    [(TIRELESS, GOLDEN_FRESH), (Parameters(), GOLDEN_TIRING)],
    ids=["fresh", "tiring"],
)
def test_a_train_of_33_hz_meets_the_golden_forces_within_half_a_per_mille(parameters, golden):
    forces = muscle.single_train(frequency_hz=33.0, pulses=33, parameters=parameters)
    for k, expected_n in golden.items():
        assert forces[k - 1] == pytest.approx(expected_n, rel=0.0005), f"pulse {k}"


@pytest.mark.parametrize("frequency_hz, expected_n", PEAK_N.items())
def test_peak_force_rises_with_frequency_and_flattens(frequency_hz, expected_n):
    muscles = muscle.rest((1, 1), TIRELESS)
    peak_n = 0.0
    for _ in range(200):
        muscle.step(muscles, dt_s=0.005, frequency_hz=frequency_hz, phase_us=300, amplitude_ma=FULL_MA)
        peak_n = max(peak_n, muscles.force_n()[0, 0])
    assert peak_n == pytest.approx(expected_n, rel=0.01)


def test_the_force_does_not_depend_on_where_ticks_fall():
    """Pulses between sub-steps are exact: odd ticks, and pulses off the grid, change nothing."""
    coarse, fine = muscle.rest((1, 1), Parameters()), muscle.rest((1, 1), Parameters())
    for _ in range(30):
        mean_n = muscle.step(coarse, dt_s=0.1, frequency_hz=33, phase_us=300, amplitude_ma=FULL_MA)
        parts = [
            muscle.step(fine, dt_s=part, frequency_hz=33, phase_us=300, amplitude_ma=FULL_MA) * part
            for part in (0.0137, 0.0413, 0.045)
        ]
        assert mean_n == pytest.approx(sum(parts) / 0.1, rel=0.003)
        assert coarse.force_n() == pytest.approx(fine.force_n(), rel=0.003)


@pytest.mark.parametrize("frequency_hz", [7.0, 33.0, 85.0])
def test_a_train_has_as_many_pulses_as_its_frequency_says(frequency_hz, monkeypatch):
    """Counted where they are applied, over ticks that do not divide the period."""
    counted = []
    lay_out = muscle._pulses
    monkeypatch.setattr(muscle, "_pulses", lambda *args: counted.append(lay_out(*args)) or counted[-1])
    muscles = muscle.rest((1, 1), Parameters(), pools=1)
    for _ in range(90):
        muscle.step(muscles, dt_s=0.037, frequency_hz=frequency_hz, phase_us=300, amplitude_ma=FULL_MA)
    assert sum(len(pulses.pool) for pulses in counted) == int(np.ceil(90 * 0.037 * frequency_hz - 1e-6))


def test_peak_torque_falls_as_bickel_measured_it_for_three_kinds_of_patients():
    """180 contractions of six 200 µs pulses 70 ms apart, half the time at rest: -44, -56, -67 %."""
    kinds = ["able_bodied", "acute_sci", "chronic_sci"]
    fatigability = np.array([[muscle.FATIGABILITY[kind]] for kind in kinds])
    muscles = muscle.rest((3, 1), Parameters(fatigability=fatigability))
    peaks_n = []
    for _ in range(180):
        peak_n = np.zeros((3, 1))
        for _ in range(42):
            muscle.step(muscles, dt_s=0.01, frequency_hz=1 / 0.07, phase_us=200, amplitude_ma=FULL_MA)
            np.maximum(peak_n, muscles.force_n(), out=peak_n)
        muscle.step(muscles, dt_s=0.42, frequency_hz=0, phase_us=200, amplitude_ma=0)
        peaks_n.append(peak_n)
    decline = 100.0 * (1.0 - peaks_n[-1] / peaks_n[0]).ravel()
    assert decline == pytest.approx([44.0, 56.0, 67.0], abs=3.0)


def contractions(
    muscles: muscle.Muscles, hz: float, on_s: float, off_s: float, count: int, ma: float = FULL_MA
):
    """Peak of the tick means of each contraction, N, shape (count,)."""
    peaks = []
    for _ in range(count):
        ticks = [
            muscle.step(muscles, dt_s=0.05, frequency_hz=hz, phase_us=300, amplitude_ma=ma).max()
            for _ in range(round(on_s / 0.05))
        ]
        peaks.append(max(ticks))
        muscle.step(muscles, dt_s=off_s, frequency_hz=0, phase_us=300, amplitude_ma=0)
    return np.array(peaks)


@pytest.mark.parametrize(
    "hz, on_s, off_s, relative",
    [
        (50, 15, 45, {2: 0.90, 3: 0.77, 5: 0.71, 10: 0.71}),  # after knee replacement
        (50, 10, 50, {2: 0.96, 3: 0.89, 5: 0.82, 10: 0.81}),  # osteoarthritis
        (75, 6.25, 20, {2: 0.98, 3: 0.89, 5: 0.73, 10: 0.62}),  # strength of athletes
        (50, 5, 10, {2: 0.99, 3: 0.92, 5: 0.74, 10: 0.52, 15: 0.49}),  # intensive care
        (85, 6, 4, {2: 0.97, 3: 0.84, 5: 0.54, 10: 0.31, 15: 0.29}),  # whole body
    ],
)
def test_contractions_of_clinical_protocols_weaken_as_an_explicit_integration_says(hz, on_s, off_s, relative):
    """Relative to the first; computed with explicit 0.5 ms steps, every variable together."""
    peaks = contractions(muscle.rest((1, 1), Parameters()), hz, on_s, off_s, 15)
    for number, expected in relative.items():
        assert peaks[number - 1] / peaks[0] == pytest.approx(expected, abs=0.01), f"contraction {number}"


def test_after_150_s_of_one_second_on_and_off_little_force_is_left():
    hz = np.array([[12.5], [20.0], [33.0], [40.0], [50.0], [80.0], [100.0]])
    muscles = muscle.rest((7, 1), Parameters())
    peaks = []
    for _ in range(75):
        peak_n = np.zeros((7, 1))
        for _ in range(200):
            muscle.step(muscles, dt_s=0.005, frequency_hz=hz, phase_us=300, amplitude_ma=FULL_MA)
            np.maximum(peak_n, muscles.force_n(), out=peak_n)
        peaks.append(peak_n)
        muscle.step(muscles, dt_s=1.0, frequency_hz=0, phase_us=300, amplitude_ma=0)
    decline = 100.0 * (1.0 - peaks[-1] / peaks[0]).ravel()
    assert decline == pytest.approx([52.7, 59.5, 64.2, 65.4, 66.6, 68.3, 69.0], abs=0.5)
    at_33 = muscles.a[2].mean(), muscles.tau1[2].mean(), muscles.km[2].mean()
    assert at_33 == pytest.approx((582.0, 0.178, 0.218), rel=0.03)


def test_a_rested_muscle_recovers_in_one_long_step_as_in_many_short_ones():
    one, many = muscle.rest((1, 1), Parameters()), muscle.rest((1, 1), Parameters())
    for muscles in (one, many):
        contractions(muscles, 50, 10, 2, 5)
    tired = one.a.copy()
    muscle.step(one, dt_s=120.0, frequency_hz=0, phase_us=300, amplitude_ma=0)
    for _ in range(1200):
        muscle.step(many, dt_s=0.1, frequency_hz=0, phase_us=300, amplitude_ma=0)
    assert one.a == pytest.approx(many.a, rel=1e-6)
    assert np.all(one.a > tired)
    assert np.all(one.a < 3009.0)


def test_nothing_is_recruited_below_the_motor_threshold_and_all_at_the_top():
    share = muscle.recruitment(
        Parameters(), phase_us=300, amplitude_ma=np.array([0.0, 10.0, 20.0, 60.0, 1000.0])
    )
    assert share[:3] == pytest.approx(0.0, abs=1e-12)
    assert 0.4 < share[3] < 0.6
    assert share[4] == pytest.approx(1.0)


def test_a_wider_phase_recruits_as_a_higher_current_of_the_same_charge():
    wide = muscle.recruitment(Parameters(), phase_us=400, amplitude_ma=30)
    high = muscle.recruitment(Parameters(), phase_us=300, amplitude_ma=40)
    assert wide == pytest.approx(high)


def test_pools_fill_one_after_the_other_and_add_up_to_the_muscle():
    recruited = np.linspace(0.0, 1.0, 21)
    shares = muscle.pool_shares(recruited)
    assert shares.mean(axis=-1) == pytest.approx(recruited)
    assert np.all(shares[:, :-1] >= shares[:, 1:])


def test_raising_the_amplitude_of_a_tired_muscle_brings_in_fresh_fibres():
    muscles = muscle.rest((1, 1), Parameters())
    at_45 = contractions(muscles, 50, 6, 4, 20, ma=45.0)
    at_65 = contractions(muscles, 50, 6, 4, 1, ma=65.0)[0]
    fresh_at_65 = contractions(muscle.rest((1, 1), Parameters()), 50, 6, 4, 1, ma=65.0)[0]
    assert at_45[-1] < 0.6 * at_45[0]
    assert at_65 > 2.0 * at_45[-1]
    assert at_65 < fresh_at_65
    assert muscles.a[0, 0, 0] < 0.7 * 3009.0  # recruited all along
    assert muscles.a[0, 0, 3] == 3009.0  # never


def test_a_recruited_pool_tires_the_same_at_any_share_of_the_muscle():
    """Half as many fibres give half the force, but each is fully driven."""
    low, high = muscle.rest((1, 1), Parameters()), muscle.rest((1, 1), Parameters())
    contractions(low, 50, 6, 4, 5, ma=45.0)
    contractions(high, 50, 6, 4, 5, ma=FULL_MA)
    assert low.a[0, 0, 0] == pytest.approx(high.a[0, 0, 0])


def test_force_fades_when_the_current_stops_instead_of_vanishing():
    muscles = muscle.rest((1, 1), Parameters())
    contractions(muscles, 50, 2, 0.05, 1)
    just_after = muscles.force_n()[0, 0]
    muscle.step(muscles, dt_s=1.0, frequency_hz=0, phase_us=300, amplitude_ma=0)
    assert just_after > 50.0
    assert muscles.force_n()[0, 0] < 0.5


def test_one_device_never_changes_another():
    alone, beside = muscle.rest((1, 2), Parameters()), muscle.rest((3, 2), Parameters())
    hz = np.array([[20.0, 50.0], [33.0, 0.0], [120.0, 85.0]])
    for _ in range(10):
        one = muscle.step(alone, dt_s=0.1, frequency_hz=hz[1:2], phase_us=300, amplitude_ma=50.0)
        three = muscle.step(beside, dt_s=0.1, frequency_hz=hz, phase_us=300, amplitude_ma=50.0)
    assert np.array_equal(one[0], three[1])


def test_strength_scales_the_force_and_leaves_fatigue_alone():
    weak, strong = muscle.rest((1, 1), Parameters()), muscle.rest((1, 1), Parameters(strength=2.0))
    a, b = contractions(weak, 50, 5, 5, 4), contractions(strong, 50, 5, 5, 4)
    assert b == pytest.approx(2.0 * a)
    assert np.array_equal(weak.a, strong.a)


def test_the_same_seed_draws_the_same_people_and_people_differ():
    one, two, other = (muscle.draw(np.random.default_rng(seed), np.ones(50), (50, 4)) for seed in (1, 1, 2))
    assert np.array_equal(one.strength, two.strength)
    assert not np.array_equal(one.strength, other.strength)
    assert 0.2 < np.log(np.asarray(one.strength)).std() < 0.5


@pytest.mark.parametrize("dt_s", [0.0, -0.1])
def test_time_must_move_forward(dt_s):
    with pytest.raises(ValueError, match="must be positive"):
        muscle.step(
            muscle.rest((1, 1), Parameters()), dt_s=dt_s, frequency_hz=50, phase_us=300, amplitude_ma=50
        )


def test_absurd_trains_stay_finite():
    """A frightening protocol may be run by a simulated device; it must not end the swarm."""
    muscles = muscle.rest((1, 3), Parameters(fatigability=5.0))
    hz, ma = np.array([[2500.0, 1e6, 0.01]]), np.array([[1e5, 100.0, 100.0]])
    for _ in range(200):
        force_n = muscle.step(muscles, dt_s=0.1, frequency_hz=hz, phase_us=1e4, amplitude_ma=ma)
    assert np.all(np.isfinite(force_n))
    assert np.all(force_n >= 0.0)
    assert np.all(muscles.a > 0.0)


def test_a_second_of_a_thousand_devices_costs_at_most_a_fifth_of_a_core():
    """1,000 devices x 4 channels, two of them active, x 4 pools at 50 Hz, all of them contracting at once."""
    muscles = muscle.rest((1000, 4), Parameters())
    muscles.until_pulse_s[...] = np.random.default_rng(1).uniform(0.0, 0.02, size=(1000, 4))
    hz = np.tile([50.0, 50.0, 0.0, 0.0], (1000, 1))
    seconds = []
    for _ in range(3):
        begin = time.thread_time()
        for _ in range(10):
            muscle.step(muscles, dt_s=0.1, frequency_hz=hz, phase_us=300, amplitude_ma=FULL_MA)
        seconds.append(time.thread_time() - begin)
    assert min(seconds) <= 0.2
