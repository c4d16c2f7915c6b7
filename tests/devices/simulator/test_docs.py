"""docs/simulator.md names what there is."""

from pathlib import Path

import msgspec
import pytest

from devices.management.commands.simulate import Command
from devices.simulator import scenario
from devices.simulator.faults import FAULTS
from devices.simulator.session import built_in

DOCS = (Path(__file__).resolve().parents[3] / "docs" / "simulator.md").read_text()


@pytest.mark.parametrize("name", [*FAULTS, *scenario.named(), *built_in(), *scenario.ANY])
def test_every_fault_scenario_protocol_and_choice_is_in_the_docs(name: str) -> None:
    assert name in DOCS


@pytest.mark.parametrize("fault", FAULTS)
def test_every_argument_of_a_fault_is_in_the_docs(fault: str) -> None:
    assert all(f"`{name}`" in DOCS for name in FAULTS[fault].args)


@pytest.mark.parametrize("table", ["people", "day", "fleet"])
def test_every_key_of_a_scenario_is_in_the_docs(table: str) -> None:
    types = {"people": scenario.People, "day": scenario.Day, "fleet": scenario.Fleet}
    for field in msgspec.structs.fields(types[table]):
        assert f"`{table}.{field.name}`" in DOCS, f"{table}.{field.name}"


def test_every_option_is_in_the_docs() -> None:
    parser = Command().create_parser("manage.py", "simulate")
    own = {
        "--mqtt-url",
        "--devices-file",
        "--scenario",
        "--seed",
        "--truth",
        "--duration",
        "--past",
        "--boot",
    }
    options = {option for action in parser._actions for option in action.option_strings}
    assert own | {"--control"} <= options
    assert all(f"`{option}`" in DOCS for option in own)
