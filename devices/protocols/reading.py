"""Reading values of a draft that may lack them.  Pure."""

from collections.abc import Iterator, Mapping
from typing import Any


def number(of: Mapping[str, Any], name: str) -> float | None:
    """Return a number, None where there is none."""
    value = of.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def steps_of(document: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the steps with their place, from 0."""
    steps = document.get("steps")
    for at, step in enumerate(steps if isinstance(steps, list | tuple) else ()):
        if isinstance(step, Mapping):
            yield at, step


def numbers(of: Mapping[str, Any], name: str) -> list[float | None]:
    """Return a list of numbers, None for each that is not known; empty where there is no list."""
    values = of.get(name)
    if not isinstance(values, list | tuple):
        return []
    return [one if isinstance(one, int | float) and not isinstance(one, bool) else None for one in values]


def cycle_s(step: Mapping[str, Any]) -> float | None:
    """Return the length of one cycle, s: ramp up, on, ramp down, off.  None: one of them is not known."""
    parts = [number(step, name) for name in ("ramp_up_s", "on_s", "ramp_down_s", "off_s")]
    return None if None in parts else sum(one for one in parts if one is not None)


def length_s(document: Mapping[str, Any]) -> float | None:
    """Return how long all steps last, s, whatever `limits` say.  None: something is not known."""
    total = 0.0
    for _at, step in steps_of(document):
        cycle, repeat = cycle_s(step), number(step, "repeat")
        if cycle is None or repeat is None:
            return None
        total += cycle * repeat
    return total
