"""What stands in the boxes of the protocol form, and the document that it makes.  Pure.

A sheet is text: what cannot be read as a number stays as it was typed, beside what is wrong with it.  A draft may
lack values: an empty box is None in its document.  An empty target is not "to tolerance": that is ticked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.wire.units import MAX_CHANNELS

NO_TARGET: Final = gettext_lazy("Type a target, or tick “to tolerance”.")
MOST_STEPS: Final = 64  # as the contract has it
WHOLE: Final = frozenset({"repeat", "max_sessions_per_day"})
STEP_NUMBERS: Final = (
    "repeat",
    "frequency_hz",
    "phase_us",
    "interphase_us",
    "ramp_up_s",
    "on_s",
    "ramp_down_s",
    "off_s",
)
_TOP: Final = ("title", "indication", "waveform", "minutes", "max_sessions_per_day", "min_rest_h")
_FRESH_STEP: Final = {"name": "", "kind": "work", "interphase_us": "0", "repeat": ""}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Text of every box.  A step's boxes of one channel are called `target_ma.ch2`, `max_ma.ch2`, `tolerance.ch2`."""

    top: Mapping[str, str]
    channels: tuple[int, ...]
    steps: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Read:
    """The document of a sheet; `errors` by the name of the box that could not be read."""

    document: Document
    errors: Mapping[str, str] = field(default_factory=dict)


def blank() -> Sheet:
    """Return the sheet of a protocol that nobody has begun."""
    return Sheet({}, (1,), (_FRESH_STEP,))


def of_document(document: Mapping[str, Any]) -> Sheet:
    """Return the sheet that shows a document, complete or not."""
    limits = document.get("limits") or {}
    top = {name: str(document.get(name) or "") for name in ("title", "indication", "waveform")}
    top |= {name: _typed(limits.get(name)) for name in ("max_sessions_per_day", "min_rest_h")}
    seconds = limits.get("max_session_s")
    top["minutes"] = "" if seconds is None else _typed(round(seconds / 60, 4))
    channels = tuple(document.get("channels_used") or ())
    steps = tuple(_of_step(step or {}, channels) for step in document.get("steps") or ())
    return Sheet(top, channels, steps)


def _of_step(step: Mapping[str, Any], channels: tuple[int, ...]) -> dict[str, str]:
    boxes = {"name": str(step.get("name") or ""), "kind": str(step.get("kind") or "")}
    boxes |= {name: _typed(step.get(name)) for name in STEP_NUMBERS}
    boxes["interphase_us"] = boxes["interphase_us"] or "0"
    most, targets = step.get("max_ma") or (), step.get("target_ma", ())
    for at, channel in enumerate(channels):
        boxes[f"max_ma.ch{channel}"] = _typed(most[at] if at < len(most) else None)
        asked = None if targets is None else targets[at] if at < len(targets) else ""
        boxes[f"target_ma.ch{channel}"] = asked if asked == "" else _typed(asked)
        if asked is None:
            boxes[f"tolerance.ch{channel}"] = "on"
    return boxes


def _typed(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, int | float) else ""


def posted(data: QueryDict) -> Sheet:
    """Return the sheet as it was sent."""
    top = {name: " ".join(data.get(name, "").split()) for name in _TOP}
    known = {str(n) for n in range(1, MAX_CHANNELS + 1)}
    channels = tuple(sorted({int(one) for one in data.getlist("channels") if one in known}))
    steps: list[dict[str, str]] = [{} for _n in range(min(_count(data.get("steps", "")) or 0, MOST_STEPS))]
    for name in data:
        word, _dot, rest = name.partition(".")
        number, _dot, box = rest.partition(".")
        at = _count(number)
        if word == "steps" and box and at is not None and at < len(steps):
            steps[at][box] = " ".join(data.get(name, "").split())
    return Sheet(top, channels, tuple(steps))


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


def changed(sheet: Sheet, deed: str) -> Sheet:
    """Return the sheet after a button of the form: `add`, `copy:n`, `remove:n`, `up:n`, `down:n`; n from 0."""
    word, _colon, number = deed.partition(":")
    steps = list(sheet.steps)
    if word == "add" and len(steps) < MOST_STEPS:
        steps.append(_FRESH_STEP)
    at = _count(number)
    if at is not None and at < len(steps):
        if word == "copy" and len(steps) < MOST_STEPS:
            steps.insert(at + 1, {**steps[at]})
        elif word == "remove":
            del steps[at]
        elif word in ("up", "down") and 0 <= (to := at + (1 if word == "down" else -1)) < len(steps):
            steps[at], steps[to] = steps[to], steps[at]
    return replace(sheet, steps=tuple(steps))


def read(sheet: Sheet, base: Mapping[str, Any]) -> Read:
    """Return the document that the boxes say.

    Args:
        base: What it is an edit of, for what the form does not ask: its id.
    """
    errors: dict[str, str] = {}
    document: Document = {"id": base["id"]} if "id" in base else {}
    document |= {name: sheet.top.get(name, "") for name in ("title", "indication")}
    document["waveform"] = sheet.top.get("waveform") or None
    document["channels_used"] = list(sheet.channels)
    document["steps"] = [_step(at, step, sheet.channels, errors) for at, step in enumerate(sheet.steps)]
    minutes = _number("minutes", "minutes", sheet.top.get("minutes", ""), errors)
    limits: Document = {"max_session_s": None if minutes is None else round(minutes * 60)}
    for name in ("max_sessions_per_day", "min_rest_h"):
        limits[name] = _number(name, name, sheet.top.get(name, ""), errors)
    document["limits"] = limits
    return Read(document, errors)


def _step(at: int, boxes: Mapping[str, str], channels: tuple[int, ...], errors: dict[str, str]) -> Document:
    step: Document = {"name": boxes.get("name", ""), "kind": boxes.get("kind") or None}
    for name in STEP_NUMBERS:
        step[name] = _number(f"steps.{at}.{name}", name, boxes.get(name, ""), errors)
    most = [f"max_ma.ch{channel}" for channel in channels]
    step["max_ma"] = [_number(f"steps.{at}.{name}", "max_ma", boxes.get(name, ""), errors) for name in most]
    targets = _targets(at, boxes, channels, errors)
    return step if targets is None else step | {"target_ma": targets}


def _targets(
    at: int, boxes: Mapping[str, str], channels: tuple[int, ...], errors: dict[str, str]
) -> list[float | None] | None:
    """Return the targets; None where none is said yet, which is not the same as "to tolerance"."""
    found: list[float | None] = []
    missing: list[str] = []
    for channel in channels:
        name, text = f"steps.{at}.target_ma.ch{channel}", boxes.get(f"target_ma.ch{channel}", "")
        if boxes.get(f"tolerance.ch{channel}"):
            found.append(None)
            continue
        if not text:
            missing.append(name)
        found.append(_number(name, "target_ma", text, errors))
    if not missing:
        return found
    if len(missing) < len(channels):
        errors |= dict.fromkeys(missing, str(NO_TARGET))
    return None


def _number(box: str, name: str, text: str, errors: dict[str, str]) -> float | None:
    """Return the number in a box; None for an empty one and, with an error, for one that holds no number."""
    if not text:
        return None
    try:
        value = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        errors[box] = _("“%(text)s” is no number.") % {"text": text[:20]}
        return None
    if value == round(value):
        return int(value)
    if name in WHOLE:
        errors[box] = _("“%(text)s” is no whole number.") % {"text": text[:20]}
        return None
    return value
