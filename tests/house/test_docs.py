"""What can be set is written down."""

import re
from pathlib import Path

import pytest

from fleet.embedded.options import Options

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
READ = re.compile(r'env\.(?:text|number|seconds|switch|words|url|endpoint)\(\s*"([A-Z_]+)"')


@pytest.mark.parametrize("name", sorted(set(READ.findall((ROOT / "fleet" / "settings.py").read_text()))))
def test_every_setting_is_in_the_docs(name: str) -> None:
    assert re.search(rf"^\| `{name}` \|", OPERATIONS, re.MULTILINE), (
        f"{name} has no row in docs/operations.md"
    )


@pytest.mark.parametrize("name", sorted(Options.read({}).environment()))
def test_every_variable_of_the_demo_is_in_the_docs(name: str) -> None:
    assert re.search(rf"^\| `{name}` \|", OPERATIONS, re.MULTILINE), (
        f"{name} has no row in docs/operations.md"
    )


def test_no_setting_is_documented_that_is_not_read() -> None:
    table = OPERATIONS.partition("## Settings")[2]
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE))
    assert documented == set(READ.findall((ROOT / "fleet" / "settings.py").read_text()))
