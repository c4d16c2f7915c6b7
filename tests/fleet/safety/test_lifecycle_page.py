"""docs/safety/lifecycle.md says what the code does."""

import re
from pathlib import Path

from fleet.management.commands import lifecycle as command
from fleet.safety.life import Kind
from fleet.safety.words import Disposition, State

PAGE = (Path(__file__).resolve().parents[3] / command.PAGE).read_text()


def test_the_picture_is_the_one_that_the_code_draws() -> None:
    assert command.page(PAGE) == PAGE, "run: manage.py lifecycle --write"


def test_every_word_of_the_life_cycle_is_explained() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert {one.value for one in (*Kind, *State, *Disposition)} <= named
