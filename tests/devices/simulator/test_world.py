"""The same seed gives the same day, another seed another; no device's day depends on its neighbours."""

from typing import Any

import pytest
from msgspec.structs import replace

from devices.simulator import scenario, truth
from devices.simulator.control import Control
from devices.simulator.faults import FAULTS
from devices.simulator.world import World
from tests.devices.simulator.lab import Lab, machines

BUSY = "[day]\nfirst_s = [1, 20]\nready_s = [1, 4]\nbetween_s = [5, 20]\n[people]\nrestlessness = 20.0"


def lived(seed: int, *, devices: int = 4, seconds: int = 120) -> list[dict[str, Any]]:
    memory = truth.Memory()
    day = scenario.parse(f'title = "t"\n{BUSY}')
    World(machines(devices), day, seed=seed, first_boot=7, truth=memory).advance(1000 * seconds)
    return memory.lines


def test_the_same_seed_gives_the_same_day() -> None:
    assert lived(5) == lived(5)


def test_another_seed_gives_another_day() -> None:
    assert lived(5) != lived(6)


def test_it_makes_no_difference_in_what_steps_time_passes() -> None:
    memory = truth.Memory()
    world = World(machines(4), scenario.parse(f'title = "t"\n{BUSY}'), seed=5, first_boot=7, truth=memory)
    for to_ms in (50, 1_234, 1_299, 60_007, 120_000):
        world.advance(to_ms)
    assert memory.lines == lived(5)


def test_a_stop_at_one_device_leaves_the_day_of_the_others_as_it_was() -> None:
    def day_of_others(*, stop: bool) -> list[dict[str, Any]]:
        lab = Lab(BUSY, devices=3, seed=4)
        lab.run(30)
        if stop and lab.body.session:
            lab.ask({"session": "stop", "serial": lab.body.serial})
        lab.run(60)
        return [
            x for x in lab.truth.lines if x["serial"] != lab.body.serial and x["what"] in ("record", "output")
        ]

    assert day_of_others(stop=True) == day_of_others(stop=False)


def test_seq_and_up_ms_of_a_boot_never_run_backwards() -> None:
    last: dict[tuple[str, int], tuple[int, int]] = {}
    for line in lived(9, devices=6, seconds=200):
        if line["what"] == "record":
            seq, up_ms = last.get((line["serial"], line["boot"]), (0, 0))
            assert line["seq"] == seq + 1
            assert line["up_ms"] >= up_ms
            last[line["serial"], line["boot"]] = (line["seq"], line["up_ms"])


@pytest.mark.parametrize("name", scenario.named())
def test_every_scenario_of_the_product_is_read_and_names_faults_that_exist(name: str) -> None:
    day = scenario.read(name)
    assert day.title
    lab = Lab("", devices=30)
    Control(lab.swarm, None, print).schedule(day.fault)  # type: ignore[arg-type]  # raises for a fault that is none


def test_the_bad_day_has_every_fault() -> None:
    assert {planned.name for planned in scenario.read("bad_day").fault} == FAULTS.keys()


@pytest.mark.parametrize(
    "text,wrong",
    [
        ("title = 1", "title"),
        ('title = "x"\ncolour = "red"', "colour"),
        ('title = "x"\n[day]\nfirst_s = [1]', "first_s"),
        ('title = "x"\nkeep_alive_s = 31', "keep_alive_s"),
        ("title", "Expected"),
    ],
)
def test_a_wrong_scenario_is_refused_with_the_place(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        scenario.parse(text, "mine.toml")


def test_an_unknown_scenario_names_those_there_are() -> None:
    with pytest.raises(ValueError, match="clinic, load, quiet"):
        scenario.read("hospital")


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_clinic_day_shows_every_state_within_two_minutes(seed: int) -> None:
    clinic = scenario.read("clinic")
    lab = Lab(clinic, devices=24, seed=seed)
    lab.control.schedule(clinic.fault)
    shown: set[str] = set()
    for _ in range(1200):
        lab.run(0.1)
        for connection in lab.swarm.connections.values():
            body = connection.body
            shown |= {body.state, *(name.split(":")[0] for name in body.conditions)}
            if body.powered and connection.blocked:
                shown.add("silent in session" if body.session else "silent")
    assert shown >= {
        "idle", "ready", "running", "paused", "fault", "charging", "offline", "electrode_off", "low_current",
        "silent in session",
    }  # fmt: skip


@pytest.mark.long
def test_the_clinic_day_goes_on_sessions_start_and_end_all_the_time() -> None:
    clinic = scenario.read("clinic")
    clinic = replace(clinic, fleet=replace(clinic.fleet, force=False))
    memory = truth.Memory()
    World(machines(24), clinic, seed=1, first_boot=7, truth=memory).advance(1000 * 2400)
    # Twenty minutes a session and five between them, 24 devices: about ten starts in ten minutes.
    starts = [x["at"] for x in memory.lines if x.get("kind") == "session_started"]
    ends = [x["at"] for x in memory.lines if x["what"] == "session"]
    for part in range(1, 4):
        span = range(600_000 * part, 600_000 * (part + 1))
        assert sum(at in span for at in starts) >= 3
        assert sum(at in span for at in ends) >= 3
