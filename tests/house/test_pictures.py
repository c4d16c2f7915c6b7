"""The pictures that the docs show are those that `make pictures` takes."""

import re
from pathlib import Path

from tools.pictures import PICTURES

ROOT = Path(__file__).resolve().parents[2]


def test_every_picture_that_is_taken_is_shown_and_the_other_way_round() -> None:
    shown = set(re.findall(r"\(pictures/([\w-]+)\.png\)", (ROOT / "docs/pages.md").read_text()))
    assert shown == {picture.name for picture in PICTURES}
    for name in shown:
        assert (ROOT / f"docs/pictures/{name}.png").stat().st_size > 10_000, name
