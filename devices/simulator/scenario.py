"""Scenario files: what kind of day it is.  TOML; docs/simulator.md explains every key."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

Span = tuple[Annotated[float, Meta(ge=0)], Annotated[float, Meta(ge=0)]]
Share = Annotated[float, Meta(ge=0, le=1)]


class People(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is treated, and how; shares are weights."""

    kinds: dict[str, float] = msgspec.field(
        default_factory=lambda: {
            "post_op": 4.0,
            "copd": 2.0,
            "athlete": 3.0,
            "anxious": 1.0,
            "sci_acute": 1.0,
        }
    )
    restlessness: float = 1.0  # factor on how often people pause and stop early


class Day(Struct, frozen=True, forbid_unknown_fields=True):
    """How sessions follow one another at a device."""

    first_s: Span = (5.0, 60.0)  # the first begins after so long
    ready_s: Span = (8.0, 25.0)  # pads on, until the hand at the device starts it
    between_s: Span = (90.0, 600.0)  # from one session to the next
    first_ends_s: Span | None = None  # the first one is ended early, so that not all end together
    resume_s: Span = (60.0, 180.0)  # until staff goes on with what an operator or the server paused
    sessions: int | None = None  # at most so many a device; None: no end
    protocols: dict[str, float] = {}  # weights by id; empty: all that fit
    endless: bool = False  # sessions have no end, and people neither pause nor stop


class Fleet(Struct, frozen=True, forbid_unknown_fields=True):
    """How the devices are found in the morning."""

    charging: Share = 0.0
    off: Share = 0.0  # switched off, and stay so for `off_s`
    off_s: Span = (300.0, 1200.0)
    soc: Span = (60.0, 100.0)
    buffer_records: Annotated[int, Meta(ge=10)] = 20_000
    every_ms: Annotated[int, Meta(ge=100, le=1000)] = 100
    force: bool = True  # devices measure force; without, no muscle is computed


ANY: Final = ("any", "idle", "running", "driven")
"""Struck is one by chance: any, or one idle, in a running session, or driven with 18 mA on channel 1."""


class Planned(Struct, frozen=True, forbid_unknown_fields=True):
    """A fault and when it strikes."""

    name: str
    device: int | str  # place in the file (from 0, counted round), serial, or of ANY
    at_s: Annotated[float, Meta(ge=0)] = 0.0
    for_s: Annotated[float, Meta(ge=0)] | None = None  # None: for good
    every_s: Annotated[float, Meta(gt=0)] | None = None  # again and again
    args: dict[str, Any] = {}


class Scenario(Struct, frozen=True, forbid_unknown_fields=True):
    """A day."""

    title: str
    seed: int = 1
    keep_alive_s: Annotated[int, Meta(ge=5, le=30)] = 20
    people: People = People()
    day: Day = Day()
    fleet: Fleet = Fleet()
    fault: tuple[Planned, ...] = ()


def named() -> list[str]:
    """Return the names of the scenarios that come with the product."""
    folder = resources.files("devices.simulator") / "scenarios"
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def read(name: str) -> Scenario:
    """Return the scenario of this name, or in the file at this path.

    Raises:
        ValueError: If there is none, or it is wrong; the text says where.
    """
    path = Path(name)
    if path.suffix == ".toml":
        try:
            text = path.read_text()
        except OSError as error:
            raise ValueError(f"{name}: {error.strerror}") from error
    elif name in named():
        text = (resources.files("devices.simulator") / "scenarios" / f"{name}.toml").read_text()
    else:
        raise ValueError(
            f"there is no scenario {name!r}; there are {', '.join(named())}, or a path that ends in .toml"
        )
    return parse(text, name)


def parse(text: str, name: str = "scenario") -> Scenario:
    """Return the scenario that `text` describes.  Raises ValueError."""
    try:
        return msgspec.convert(tomllib.loads(text), Scenario)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{name}: {error}") from error
