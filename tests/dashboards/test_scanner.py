"""A barcode scanner types like a keyboard: the page's own module tells it from a hand (run by Node)."""

import json
import shutil
import subprocess
from pathlib import Path

import playwright
import pytest

import dashboards

JS = Path(dashboards.__file__).parent / "static" / "dashboards" / "js"
NODE = Path(playwright.__file__).parent / "driver" / "node"  # carried by Playwright's wheel
PROGRAM = """
import { Scanner } from "./scanner.js";
const scanner = new Scanner();
console.log(JSON.stringify(JSON.parse(process.argv[2]).map(([key, at]) => scanner.hear(key, at))));
"""
Keys = list[tuple[str, float]]


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules")
    shutil.copy(JS / "scanner.js", folder)
    (folder / "package.json").write_text('{"type":"module"}')
    (folder / "ask.js").write_text(PROGRAM)
    return folder


def heard(modules: Path, keys: Keys) -> list[dict[str, object]]:
    command = [str(NODE), str(modules / "ask.js"), json.dumps(keys)]
    return list(json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout))


def typed(text: str, every_ms: float) -> Keys:
    return [(key, n * every_ms) for n, key in enumerate([*text, "Enter"])]


def test_a_serial_number_that_comes_faster_than_a_hand_is_a_scan(modules: Path) -> None:
    told = heard(modules, typed("RX-1001", 8))
    assert told[-1] == {"taken": True, "text": "RX-1001"}
    assert not any(one["taken"] for one in told[:2])  # nobody can know yet
    assert all(one["taken"] for one in told[2:])


def test_a_capital_letter_of_a_scan_may_come_with_shift(modules: Path) -> None:
    keys: Keys = [("Shift", 0), ("R", 1), ("Shift", 9), ("X", 10), ("-", 20), ("1", 30), ("Enter", 40)]
    assert heard(modules, keys)[-1] == {"taken": True, "text": "RX-1"}


@pytest.mark.parametrize("every_ms", [60, 120, 400])
def test_a_hand_is_never_taken_for_a_scanner(modules: Path, every_ms: float) -> None:
    assert all(one == {"taken": False, "text": ""} for one in heard(modules, typed("aonp?", every_ms)))


def test_two_keys_struck_together_and_enter_are_no_scan(modules: Path) -> None:
    assert heard(modules, [("o", 0), ("p", 20), ("Enter", 40)])[-1] == {"taken": False, "text": ""}


def test_what_was_typed_by_hand_before_is_no_part_of_a_scan(modules: Path) -> None:
    keys = [("a", 0.0), *((key, 500 + at) for key, at in typed("RX-1001", 5))]
    assert heard(modules, keys)[-1]["text"] == "RX-1001"
