"""Dark is the same dark, whether the system says so or somebody chose it."""

import re
from pathlib import Path

BASE = Path(__file__).resolve().parents[2] / "dashboards" / "static" / "dashboards" / "css" / "base.css"


def test_the_dark_of_the_system_and_the_chosen_one_have_the_same_colours() -> None:
    css = BASE.read_text()
    chosen, of_the_system = (
        dict(re.findall(r"(--[\w-]+): (.+);", re.split(re.escape(selector), css)[1].split("}")[0]))
        for selector in (':root[data-theme="dark"] {', ':root:not([data-theme="light"]) {')
    )
    assert chosen == of_the_system
    light = set(re.findall(r"(--[\w-]+): .+;", css.split(":root {")[1].split("}")[0]))
    assert set(chosen) == light
