"""Whether a session gave what was planned: valid from 80 % of the contractions on, partial from 50 %."""

import pytest

from devices.dose import Message, dose_of
from devices.plan import plan_of
from devices.verdict import Finding, Verdict, verdict_of
from tests.devices.dosing import seconds
from tests.devices.test_plan import document, step

CYCLES = 10
PLAN = plan_of(document(step(repeat=CYCLES, target_ma=(40.0,), max_ma=(60.0,)), channels=(1,)))
CYCLE_S = 8


def cycles(*numbers: int, phases: str = "uoooodrr") -> list[Message]:
    return [
        one
        for n in numbers
        for one in seconds(phases[:CYCLE_S], first=CYCLE_S * (n - 1) + 1, cycle=n)
    ]  # fmt: skip


def judged(messages: list[Message], *, elapsed_s: int = CYCLES * CYCLE_S, **other: bool) -> Verdict:
    facts = {"is_open": False, "is_partly_gone": False} | other
    return verdict_of(PLAN, dose_of(messages, PLAN), elapsed_ms=1000 * elapsed_s, **facts)


@pytest.mark.parametrize(
    "reached, finding",
    [
        (10, Finding.VALID),
        (8, Finding.VALID),
        (7, Finding.PARTIAL),
        (5, Finding.PARTIAL),
        (4, Finding.TOO_LITTLE),
        (0, Finding.TOO_LITTLE),
    ],
)
def test_the_share_of_planned_contractions_decides(reached: int, finding: Finding) -> None:
    weak = [
        one
        for n in range(reached + 1, CYCLES + 1)
        for one in seconds("uoooodrr", first=CYCLE_S * (n - 1) + 1, cycle=n, ma=((30.0,) * 10, (0.0,) * 10))
    ]
    verdict = judged([*cycles(*range(1, reached + 1)), *weak])
    assert verdict.finding is finding
    assert verdict.least is not None
    assert (verdict.least.reached, verdict.planned) == (reached, CYCLES)


def test_a_contraction_cut_short_is_not_reached() -> None:
    verdict = judged(cycles(1, phases="uoorrrrr"), elapsed_s=CYCLE_S)
    assert verdict.least is not None
    assert (verdict.least.reached, verdict.least.unseen) == (0, 0)


def test_a_session_stopped_early_is_judged_by_all_that_was_planned() -> None:
    verdict = judged(cycles(1, 2, 3, 4, 5, 6), elapsed_s=6 * CYCLE_S)
    assert verdict.finding is Finding.PARTIAL


def test_what_was_not_heard_makes_a_session_uncertain_not_bad() -> None:
    verdict = judged(cycles(1, 2, 3, 8, 9, 10))
    assert verdict.finding is Finding.UNKNOWN
    assert verdict.least is not None
    assert (verdict.least.reached, verdict.least.unseen) == (6, 4)


def test_a_hole_that_cannot_change_the_finding_leaves_it() -> None:
    assert judged(cycles(1, 2, 3, 4, 6, 7, 8, 9, 10)).finding is Finding.VALID


def test_silence_up_to_the_end_is_a_hole_too() -> None:
    assert judged(cycles(1, 2, 3, 4, 5, 6)).finding is Finding.UNKNOWN


def test_a_session_of_which_nothing_was_heard_cannot_be_told() -> None:
    assert judged([]).finding is Finding.UNKNOWN


def test_deleted_samples_say_nothing_against_a_session() -> None:
    assert judged(cycles(1, 2), is_partly_gone=True).finding is Finding.UNKNOWN


def test_an_open_session_is_not_judged() -> None:
    verdict = judged(cycles(1, 2), elapsed_s=2 * CYCLE_S, is_open=True)
    assert verdict.finding is Finding.OPEN
    assert verdict.least is not None
    assert verdict.least.reached == 2


def test_without_a_plan_there_is_nothing_to_judge_against() -> None:
    verdict = verdict_of(
        None, dose_of(cycles(1), None), elapsed_ms=8_000, is_open=False, is_partly_gone=False
    )
    assert verdict == Verdict(Finding.UNPLANNED)


def test_the_session_goes_by_the_channel_with_the_fewest() -> None:
    both = plan_of(document(step(repeat=2, target_ma=(40.0, 40.0), max_ma=(60.0, 60.0)), channels=(1, 2)))
    dose = dose_of(cycles(1, 2), both)
    verdict = verdict_of(both, dose, elapsed_ms=16_000, is_open=False, is_partly_gone=False)
    assert verdict.finding is Finding.TOO_LITTLE
    assert verdict.least is not None
    assert verdict.least.channel == 2
