"""Telemetry of one session by hand: seconds in a row, with what each test needs told otherwise."""

from typing import Any

from devices.dose import Message, Said
from devices.wire.words import Contact, Phase

TEN = 10


def second(n: int, phase: str = "on", **other: Any) -> Message:
    """Second n (from 1) of a session without pauses: channel 1 at 40 mA, channel 2 not in use."""
    said: dict[str, Any] = {
        "elapsed_ms": 1000 * n,
        "every_ms": 100,
        "phase": Phase(phase),
        "set_ma": (40.0, 0.0),
        "ma": ((40.0,) * TEN, (0.0,) * TEN),
        "ohm": (800.0, None),
        "contact": (Contact.OK, Contact.OFF),
        "step": 0,
        "cycle": 1,
    }
    about = {name: other.pop(name) for name in ("late", "disputed", "boot", "up_ms") if name in other}
    told = {"boot": 7, "up_ms": 1000 * n, "late": False, "disputed": False} | about
    return Message(placed_ms=1000 * n, seq=n, said=Said(**(said | other)), **told)


def seconds(phases: str, first: int = 1, **other: Any) -> list[Message]:
    """Seconds by a letter each: u ramp up, o on, d ramp down, r rest."""
    words = {"u": "ramp_up", "o": "on", "d": "ramp_down", "r": "rest"}
    found = []
    for at, letter in enumerate(phases):
        resting = {"ma": ((0.0,) * TEN, (0.0,) * TEN)} if letter == "r" else {}
        found.append(second(first + at, words[letter], **(resting | other)))
    return found
