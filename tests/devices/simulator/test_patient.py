"""Patients at the knob, alone and with muscles that answer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from devices.simulator import muscle, patient

PHASE_US = 300.0


def situation(devices: int, **changes: Any) -> dict[str, Any]:
    """Everybody runs and contracts on two channels, far below tolerance."""
    shape = (devices, 2)
    calm = {
        "running": np.ones(devices, dtype=bool),
        "paused": np.zeros(devices, dtype=bool),
        "contracting": np.ones(shape, dtype=bool),
        "set_ma": np.full(shape, 10.0),
        "limit_ma": np.full(shape, 100.0),
        "phase_us": np.full(shape, PHASE_US),
        "force_n": np.zeros(shape),
    }
    return {**calm, **changes}


def changed(now: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**now, **changes}


def people(kind: str, devices: int, seed: int = 1) -> tuple[patient.Patients, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return patient.draw(rng, [kind] * devices, 2), rng


@dataclass
class Session:
    """Twenty minutes of 5 s on, 10 s off at 50 Hz: the knob and the force of each minute."""

    start_ma: np.ndarray
    set_ma: list[np.ndarray]
    turns_up: list[np.ndarray]


@pytest.fixture(scope="module")
def session() -> Session:
    patients, rng = people("post_op", 60)
    muscles = muscle.rest((60, 2), muscle.draw(rng, patients.fatigability, (60, 2)))
    now = situation(60, set_ma=patient.first_ma(patients, rng, phase_us=PHASE_US))
    seen = Session(now["set_ma"], [], [])
    for _ in range(20):
        up = np.zeros((60, 2))
        for tick in range(300):
            on = tick % 75 < 25
            force_n = muscle.step(
                muscles, dt_s=0.2, frequency_hz=50.0 * on, phase_us=PHASE_US, amplitude_ma=now["set_ma"]
            )
            now = changed(now, force_n=force_n, contracting=np.full((60, 2), on))
            turn = patient.decide(patients, rng, **now, dt_s=0.2).turn_ma
            now, up = changed(now, set_ma=now["set_ma"] + turn), up + np.maximum(turn, 0.0)
        seen.set_ma.append(now["set_ma"])
        seen.turns_up.append(up)
    return seen


def test_a_session_begins_below_the_motor_threshold(session):
    assert np.median(session.start_ma) * PHASE_US / 1000.0 < 6.0
    assert np.all(session.start_ma >= 0.0)


def test_the_knob_is_turned_up_mostly_within_the_first_minutes(session):
    early, whole = session.set_ma[3] - session.start_ma, session.set_ma[-1] - session.start_ma
    assert np.median(early) > 0.6 * np.median(whole)
    assert 35.0 < np.median(session.set_ma[-1]) < 70.0


def test_accommodation_and_fatigue_bring_further_turns_later(session):
    late = np.sum(session.turns_up[10:], axis=0)
    assert late.sum(axis=1).astype(bool).mean() > 0.8


def test_nobody_is_left_above_what_they_tolerate(session):
    patients, _ = people("post_op", 60)
    most_uc = patients.tolerance_uc * (1.0 + patients.accommodation[:, None])
    assert np.all(session.set_ma[-1] * PHASE_US / 1000.0 <= 1.1 * most_uc)


def test_too_strong_is_turned_down_at_once():
    patients, rng = people("post_op", 50)
    now = situation(50, set_ma=np.full((50, 2), 99.0))
    for _ in range(50):
        turn = patient.decide(patients, rng, **now, dt_s=0.1).turn_ma
        assert np.all(turn <= 0.0)
        now = changed(now, set_ma=now["set_ma"] + turn)
    assert np.all(now["set_ma"] < 99.0)


def test_the_knob_never_passes_the_limit_nor_falls_below_nought():
    patients, rng = people("athlete", 50)
    now = situation(50, limit_ma=np.full((50, 2), 14.5))
    for _ in range(600):
        now = changed(now, set_ma=now["set_ma"] + patient.decide(patients, rng, **now, dt_s=0.5).turn_ma)
    assert np.all(now["set_ma"] == 14.0)
    patients.tolerance_uc[...] = 1e-3
    for _ in range(600):
        now = changed(now, set_ma=now["set_ma"] + patient.decide(patients, rng, **now, dt_s=0.5).turn_ma)
    assert np.all(now["set_ma"] >= 0.0)
    assert now["set_ma"].max() <= 1.0  # a click up, and two down again


def test_a_knob_above_a_lowered_limit_is_not_turned_up():
    patients, rng = people("athlete", 20)
    now = situation(20, set_ma=np.full((20, 2), 20.0), limit_ma=np.full((20, 2), 10.0))
    turns = [patient.decide(patients, rng, **now, dt_s=0.5).turn_ma for _ in range(100)]
    assert np.max(turns) <= 0.0


@pytest.mark.parametrize(
    "change",
    [
        {"contracting": np.zeros((30, 2), dtype=bool)},
        {"running": np.zeros(30, dtype=bool)},
        {"running": np.zeros(30, dtype=bool), "paused": np.ones(30, dtype=bool)},
    ],
    ids=["rest", "no session", "paused"],
)
def test_nobody_turns_the_knob_without_current(change):
    patients, rng = people("athlete", 30)
    turns = [patient.decide(patients, rng, **situation(30, **change), dt_s=0.5).turn_ma for _ in range(100)]
    assert not np.any(turns)


def test_a_weaker_contraction_invites_another_turn():
    """At 95 % of tolerance the wish is stilled, until the force has fallen by a third."""
    patients, rng = people("post_op", 200)
    patients.accommodation[:] = 0.0
    set_ma = 0.95 * patients.tolerance_uc * 1000.0 / PHASE_US
    strong = situation(200, set_ma=set_ma, force_n=np.full((200, 2), 100.0))
    ups = [(patient.decide(patients, rng, **strong, dt_s=0.5).turn_ma > 0).sum() for _ in range(60)]
    assert sum(ups) == 0
    weak = changed(strong, force_n=np.full((200, 2), 65.0))
    ups = [(patient.decide(patients, rng, **weak, dt_s=0.5).turn_ma > 0).sum() for _ in range(60)]
    assert sum(ups) > 100


@pytest.mark.parametrize(
    "kind, per_h, field", [("anxious", 4.0, "pause"), ("anxious", 0.8, "stop"), ("copd", 2.0, "pause")]
)
def test_pauses_and_early_ends_come_as_often_as_the_preset_says(kind, per_h, field):
    patients, rng = people(kind, 500)
    hours, count = 0.5, 0
    for _ in range(int(hours * 3600)):
        count += getattr(patient.decide(patients, rng, **situation(500), dt_s=1.0), field).sum()
    assert count / (500 * hours) == pytest.approx(per_h, rel=0.15)


def test_only_a_paused_session_resumes_and_only_a_running_one_pauses():
    patients, rng = people("anxious", 300)
    half = np.arange(300) < 150
    for _ in range(200):
        now = situation(300, running=half, paused=~half)
        decisions = patient.decide(patients, rng, **now, dt_s=1.0)
        assert not np.any(decisions.pause & ~half)
        assert not np.any(decisions.resume & half)


def test_nobody_decides_anything_without_a_session():
    patients, rng = people("anxious", 300)
    idle = situation(300, running=np.zeros(300, dtype=bool))
    for _ in range(200):
        decisions = patient.decide(patients, rng, **idle, dt_s=5.0)
        assert not any(mask.any() for mask in (decisions.pause, decisions.resume, decisions.stop))


def test_one_patient_leaving_changes_nobody_elses_day():
    def day(first_runs: bool) -> list[np.ndarray]:
        patients, rng = people("anxious", 10)
        running = np.ones(10, dtype=bool)
        running[0] = first_runs
        made = [patient.decide(patients, rng, **situation(10, running=running), dt_s=1.0) for _ in range(300)]
        return [decisions.turn_ma[1:] for decisions in made] + [decisions.pause[1:] for decisions in made]

    assert all(np.array_equal(a, b) for a, b in zip(day(True), day(False), strict=True))


def test_the_same_seed_gives_the_same_people_and_the_same_choices():
    def turns(seed: int) -> np.ndarray:
        patients, rng = people("copd", 20, seed)
        return np.array([patient.decide(patients, rng, **situation(20), dt_s=0.5).turn_ma for _ in range(50)])

    assert np.array_equal(turns(7), turns(7))
    assert not np.array_equal(turns(7), turns(8))


def test_a_new_session_forgets_what_was_felt_in_the_last():
    patients, rng = people("post_op", 3)
    for _ in range(600):
        patient.decide(patients, rng, **situation(3, force_n=np.full((3, 2), 80.0)), dt_s=1.0)
    grown = patients.tolerated_uc().copy()
    patient.sit_down(patients, np.array([1]))
    assert np.all(grown > patients.tolerance_uc)
    assert patients.tolerated_uc()[1] == pytest.approx(patients.tolerance_uc[1])
    assert patients.tolerated_uc()[0] == pytest.approx(grown[0])
    assert patients.best_n[:, 0].tolist() == [
        pytest.approx(80.0, rel=0.01),
        0.0,
        pytest.approx(80.0, rel=0.01),
    ]
