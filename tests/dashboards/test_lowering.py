"""Steps down: never up, never more than was told, and the same in the page as in the first render."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.commands.lowering import STEPS, lowered, targets
from tests.dashboards.browser_modules import Ask, asked

many = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
currents = st.one_of(
    st.floats(0, 10_000), st.integers(0, 200), st.integers(0, 2_000).map(lambda tenths: tenths / 10)
)
steps = st.sampled_from(STEPS)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with asked("lowering.mjs", ("lowering",), tmp_path_factory.mktemp("lowering")) as ask:
        yield ask


@given(set_ma=currents, step=steps)
def test_a_step_never_raises_and_never_goes_below_zero(set_ma: float, step: str) -> None:
    assert 0 <= lowered(set_ma, step) <= set_ma


@given(tenths=st.integers(1, 2_000), step=steps)
def test_whatever_is_set_a_step_lowers_it(tenths: int, step: str) -> None:
    assert lowered(tenths / 10, step) < tenths / 10


@pytest.mark.parametrize(
    "set_ma, step, to_ma",
    [
        (34, "-1", 33),
        (34, "-2", 32),
        (34, "-5", 29),
        (34, "-10%", 30.6),
        (33.3, "-10%", 29.9),  # 29.97, rounded down
        (34.5, "half", 17.2),
        (0.1, "-10%", 0),
        (3, "-5", 0),
    ],
)
def test_a_step_comes_to_what_a_clinician_expects(set_ma: float, step: str, to_ma: float) -> None:
    assert lowered(set_ma, step) == to_ma


def test_there_is_no_step_up() -> None:
    for step in ("+1", "1", "-0", "--5", "double", ""):
        with pytest.raises(ValueError, match="is no step"):
            lowered(10, step)


def test_channels_set_to_nothing_or_not_known_are_left_alone() -> None:
    channels = [
        {"n": 1, "set_ma": 20.0},
        {"n": 2, "set_ma": 0},
        {"n": 3, "set_ma": None},
        {"n": 4, "set_ma": 5},
    ]
    assert targets(channels, None, "-5") == [(1, 20.0, 15.0), (4, 5, 0.0)]
    assert targets(channels, 4, "half") == [(4, 5, 2.5)]
    assert targets(channels, 2, "half") == []


@many
@given(cases=st.lists(st.tuples(currents, steps), max_size=30))
def test_the_page_works_out_the_same(ask: Ask, cases: list[tuple[float, str]]) -> None:
    assert ask("lowered", cases=cases) == [lowered(*one) for one in cases]


def test_the_page_leaves_the_same_channels_alone(ask: Ask) -> None:
    channels: list[dict[str, Any]] = [
        {"n": 1, "set_ma": 20.0},
        {"n": 2, "set_ma": 0},
        {"n": 3, "set_ma": None},
    ]
    for channel in (None, 1, 2):
        found = [list(one) for one in targets(channels, channel, "-10%")]
        assert ask("targets", channels=channels, channel=channel, step="-10%") == found
