"""The pages about the lives of alerts and commands say what the code does."""

import re
from pathlib import Path

import pytest

from fleet.control.lifecycle import State as CommandState
from fleet.management.commands import lifecycle as command
from fleet.safety.life import Kind
from fleet.safety.words import Disposition, State

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / command.PAGE).read_text()


@pytest.mark.parametrize("page", command.pictures(), ids=str)
def test_the_pictures_are_those_that_the_code_draws(page: Path) -> None:
    text = (ROOT / page).read_text()
    assert command.drawn(text, command.pictures()[page]) == text, "run: manage.py lifecycle --write"


def test_every_state_of_a_command_is_explained() -> None:
    named = set(re.findall(r"`(\w+)`", (ROOT / command.COMMANDS).read_text()))
    assert {one.value for one in CommandState} <= named


def test_every_word_of_the_life_cycle_is_explained() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert {one.value for one in (*Kind, *State, *Disposition)} <= named
