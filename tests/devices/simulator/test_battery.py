"""Batteries and board temperature."""

import numpy as np
import pytest

from devices.simulator import battery, thermal


def one(soc: float, *, capacity_mah: float = 2000.0) -> battery.Batteries:
    cells = battery.draw(np.random.default_rng(1), 1)
    cells.soc[:] = soc
    cells.capacity_mah[:] = capacity_mah
    cells.inner_ohm[:] = 0.15
    cells.idle_w[:] = 0.040
    return cells


@pytest.mark.parametrize(
    "soc, volts", [(0, 3.0), (5, 3.45), (10, 3.60), (50, 3.79), (85, 4.015), (100, 4.18)]
)
def test_the_open_circuit_voltage_follows_the_lithium_curve(soc, volts):
    assert battery.open_circuit_v(soc) == pytest.approx(volts)


def test_the_voltage_sags_under_load_by_the_inner_resistance():
    cells = one(50.0)
    battery.step(cells, dt_s=1.0, load_w=np.array([3.75]))
    assert cells.current_a[0] == pytest.approx(1.0, rel=0.01)
    assert cells.millivolts()[0] == pytest.approx(3790 - 150, abs=2)


def test_a_low_cell_dies_under_load_before_it_is_empty():
    cells = one(2.0)
    battery.step(cells, dt_s=1.0, load_w=np.array([0.0]))
    assert not cells.empty()[0]
    battery.step(cells, dt_s=1.0, load_w=np.array([8.0]))
    assert cells.soc[0] > 0.0
    assert cells.empty()[0]


def test_power_into_the_pads_is_that_of_the_rms_current():
    """60 mA, 300 µs, 50 Hz, biphasic: 10.4 mA r.m.s.; into 500 Ω on two channels."""
    watts = battery.delivered_w(
        np.array([[60.0, 60.0, 0.0]]), np.full((1, 3), 500.0), phase_us=300.0, frequency_hz=50.0
    )
    assert watts[0] == pytest.approx(2 * 0.01039**2 * 500.0, rel=0.002)
    assert battery.load_w(watts)[0] == pytest.approx(2 * watts[0])


def test_charge_is_conserved_at_idle():
    """40 mW for ten hours are about 105 mAh of 2,000."""
    cells = one(90.0)
    for _ in range(600):
        battery.step(cells, dt_s=60.0, load_w=np.zeros(1))
    assert 90.0 - cells.soc[0] == pytest.approx(0.4 / 4.02 / 2.0 * 100.0, rel=0.02)


def test_charging_is_constant_current_then_slows_and_ends_full():
    cells = one(10.0)
    currents, minutes = [], 0
    while cells.soc[0] < 100.0 and minutes < 6 * 60:
        battery.step(cells, dt_s=60.0, load_w=np.zeros(1), charging=np.array([True]))
        currents.append(-cells.current_a[0])
        assert cells.volts()[0] <= battery.MAX_V
        minutes += 1
    assert currents[0] == pytest.approx(1.0)
    assert currents[-1] < 0.5
    assert currents == sorted(currents, reverse=True)
    assert 1.8 < minutes / 60 < 4.0
    battery.step(cells, dt_s=60.0, load_w=np.zeros(1), charging=np.array([True]))
    assert cells.current_a[0] == 0.0


def test_charge_stays_within_nought_and_a_hundred():
    cells = one(0.5)
    for _ in range(100):
        battery.step(cells, dt_s=600.0, load_w=np.array([2.0]))
    assert cells.soc[0] == 0.0
    assert cells.empty()[0]


def test_a_working_stimulator_is_five_to_fifteen_degrees_above_ambient():
    """From a knee protocol on two channels to functional cycling on four."""
    for milliamps, channels, low, high in ((9.5, 2, 3.0, 6.0), (15.5, 4, 12.0, 17.0)):
        lost_w = 0.040 + channels * (milliamps / 1000.0) ** 2 * 500.0
        warm = thermal.step(np.array([22.0]), dt_s=7200.0, ambient_c=22.0, losses_w=lost_w)
        assert low < warm[0] - 22.0 < high


def test_temperature_follows_with_a_time_constant_of_ten_minutes():
    temp_c = np.array([20.0])
    for _ in range(600):
        temp_c = thermal.step(temp_c, dt_s=1.0, ambient_c=20.0, losses_w=1.0)
    assert temp_c[0] == pytest.approx(20.0 + 30.0 * (1.0 - np.exp(-1.0)))


def test_heat_warns_at_45_and_shuts_down_at_60():
    assert thermal.level([20.0, 44.9, 45.0, 59.9, 60.0, 90.0]).tolist() == [
        thermal.COOL,
        thermal.COOL,
        thermal.WARM,
        thermal.WARM,
        thermal.SHUT,
        thermal.SHUT,
    ]
