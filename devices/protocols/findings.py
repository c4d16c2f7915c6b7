"""Everything that is to be said of a document: its shape, physics, policy.  Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from devices.protocols.finding import Finding
from devices.protocols.physics import Figures, figures
from devices.protocols.policy import POLICY, Policy
from devices.protocols.reading import number, steps_of
from devices.protocols.rules import of_pulses, of_sessions, of_steps
from devices.protocols.shape import shape

__all__ = ["Finding", "blocks", "findings", "is_complete", "misshapen", "step_figures"]

_NOT_READ: Final = "unknown_field"  # names what the field stands in, which may be good
_COMPLETE_LATER: Final = frozenset({"missing"})
SHAPE: Final = frozenset(
    {
        "type", "range", "length", "control_character", "token", "word", "twice", "count", "unknown_field",
    }
)  # fmt: skip
"""Codes of what not even a draft may hold."""


def findings(document: Mapping[str, Any], policy: Policy = POLICY) -> list[Finding]:
    """Return what is to be said of a document, or of a draft in which values are null or absent.

    Args:
        document: As JSON has it: lists, numbers, texts.

    Returns:
        By field: missing or impossible values first, then physics and policy as far as the values are known: one that
        cannot stand where it stands is none, and hides nothing of what is wrong with the others.
    """
    found = [*shape(document)]
    known: Any = document
    for one in misshapen(found):
        if one.code != _NOT_READ:
            known = _without(known, one.path.split(".") if one.path else [])
    if isinstance(known, Mapping):
        found += of_steps(known)
        found += of_pulses(known, policy)
        found += of_sessions(known, policy)
    return found


def _without(value: Any, path: Sequence[str]) -> Any:
    """Return the value with null at this path of names and numbers."""
    if path and isinstance(value, Mapping):
        return {**value, path[0]: _without(value.get(path[0]), path[1:])}
    if path and isinstance(value, list | tuple):
        at = int(path[0])
        return [*value[:at], _without(value[at], path[1:]), *value[at + 1 :]]
    return None


def misshapen(found: Iterable[Finding]) -> list[Finding]:
    """Return those that not even a draft may have: values that cannot stand where they stand."""
    return [one for one in found if one.code in SHAPE]


def is_complete(found: Iterable[Finding]) -> bool:
    """Whether nothing is missing or impossible: such a document has a hash."""
    return not any(one.code in SHAPE | _COMPLETE_LATER for one in found)


def blocks(found: Iterable[Finding]) -> list[Finding]:
    """Return the errors: with one of them a version cannot be submitted."""
    return [one for one in found if one.severity == "error"]


def step_figures(document: Mapping[str, Any], policy: Policy = POLICY) -> Iterator[tuple[int, int, Figures]]:
    """Yield (step from 0, place in `channels_used` from 0, figures at `max_ma`), where the values are known."""
    for at, step in steps_of(document):
        waveform, hz, us = document.get("waveform"), number(step, "frequency_hz"), number(step, "phase_us")
        if not isinstance(waveform, str) or not hz or not us:
            continue
        maxima = step.get("max_ma")
        for place, ma in enumerate(maxima if isinstance(maxima, list | tuple) else ()):
            if isinstance(ma, int | float):
                yield (
                    at,
                    place,
                    figures(waveform=waveform, frequency_hz=hz, phase_us=us, ma=ma, pad_cm2=policy.pad_cm2),
                )
