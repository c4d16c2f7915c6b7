"""What people and scripts start the project by."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from fleet.embedded.options import Options

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("demo", "test", "soak", "check", "bench", "pictures", "clean")


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_known_to_make(target: str) -> None:
    dry = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert dry.returncode == 0, dry.stderr


def test_help_names_every_target() -> None:
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^make (\w+)", told, re.MULTILINE) == list(TARGETS)


def test_continuous_integration_calls_make_test_and_nothing_else() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[1:] == ['cd "$(dirname "$0")/.." && exec make test']


def test_the_makefile_names_each_variable_of_the_demo_with_its_default() -> None:
    options = Options.read({})
    told = re.search(r"Variables of `make demo`: (.*)", (ROOT / "Makefile").read_text())
    assert told is not None
    pairs = dict(pair.split("=") for pair in told.group(1).split())
    assert pairs == {**options.environment(), "VAR": "var/demo"}


def test_no_python_below_3_11_or_above_3_13_is_taken(tmp_path: Path) -> None:
    for name, version in (
        ("python3", "3.10"),
        ("python3.13", "3.14"),
        ("python3.12", "2.7"),
        ("python3.11", ""),
    ):
        fake = tmp_path / name
        fake.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo Python {version}\nexit 1\n')
        fake.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/bin:/usr/bin"}
    refused = subprocess.run(
        ["/bin/sh", "tools/run", "runtime"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13, and python3 here is Python 3.10" in refused.stderr
