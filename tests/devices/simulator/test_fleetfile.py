"""Which devices are simulated."""

import json
from pathlib import Path
from typing import Any

import pytest

from devices.simulator import fleetfile


def written(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "devices.json"
    path.write_text(json.dumps(content))
    return path


def test_a_device_has_an_account_and_a_model(tmp_path: Path) -> None:
    entry = {"serial": "EMS-1", "password": "x", "site": "a", "room": "3", "name": "Bed 1", "model": "RX-2"}
    (machine,) = fleetfile.read(written(tmp_path, [entry]))
    assert (machine.serial, machine.password, machine.make.channels) == ("EMS-1", "x", 2)


def test_an_unknown_model_is_a_device_of_the_usual_make_under_its_own_name(tmp_path: Path) -> None:
    (machine,) = fleetfile.read(written(tmp_path, [{"serial": "E", "password": "x", "model": "Z9"}]))
    assert (machine.make.name, machine.make.channels) == ("Z9", 4)


@pytest.mark.parametrize(
    "content,wrong",
    [
        ({}, "expected a list"),
        ([1], "entry 1"),
        ([{"serial": "_ingest", "password": "x"}], "serial of wire.md"),
        ([{"serial": "A"}], "A has no password"),
        ([{"serial": "A", "password": "x"}, {"serial": "A", "password": "y"}], "lists A twice"),
    ],
)
def test_a_wrong_file_is_refused_with_the_entry(tmp_path: Path, content: Any, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        fleetfile.read(written(tmp_path, content))
