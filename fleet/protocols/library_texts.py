"""The library in words.  The cells themselves stay as their sources print them, in English like those."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fleet.protocols import texts
from fleet.protocols.library import Certainty, Column, Confidence, Hindrance, Missing, Open, Part

COLUMNS: Final[Mapping[Column, Promise]] = {
    "muscle": gettext_lazy("Muscle"),
    "waveform": gettext_lazy("Waveform"),
    "phase": gettext_lazy("Width of one phase, µs"),
    "frequency": gettext_lazy("Frequency, Hz"),
    "on_off": gettext_lazy("On : off, s"),
    "ramp": gettext_lazy("Ramps, s"),
    "session": gettext_lazy("Session"),
    "schedule": gettext_lazy("Schedule and outcome"),
    "intensity": gettext_lazy("Intensity"),
}

HINDRANCES: Final[Mapping[Hindrance, Promise]] = {
    Hindrance.BURST_AC: gettext_lazy(
        "Its current alternates in bursts within a carrier. A document says a frequency and one phase, and has no "
        "place for a carrier or for the length of a burst."
    ),
    Hindrance.MULTI_PATH: gettext_lazy(
        "Its current takes several paths. A document speaks of channels, each with one pair of pads."
    ),
    Hindrance.CRANK_GATED: gettext_lazy(
        "The crank's angle turns its current on and off. The phases of a document follow the clock."
    ),
    Hindrance.WEEK_INDEXED: gettext_lazy(
        "Its values change from week to week. A document has one value for each, whatever the week."
    ),
    Hindrance.TAKES_TURNS: gettext_lazy(
        "Two frequencies take turns within a session. A document repeats one step, not a group of steps, and the "
        "sources that were seen do not say how long each lasts."
    ),
}

HINDERED: Final[Mapping[Hindrance, Promise]] = {
    Hindrance.BURST_AC: gettext_lazy("bursts of alternating current"),
    Hindrance.MULTI_PATH: gettext_lazy("several paths of current"),
    Hindrance.CRANK_GATED: gettext_lazy("switched by a crank"),
    Hindrance.WEEK_INDEXED: gettext_lazy("changes from week to week"),
    Hindrance.TAKES_TURNS: gettext_lazy("frequencies take turns"),
}
"""The same in short."""

_UNITS: Final[Mapping[str, str]] = {
    "frequency_hz": "Hz",
    "phase_us": "µs",
    "ramp_up_s": "s",
    "on_s": "s",
    "ramp_down_s": "s",
    "off_s": "s",
    "target_ma": "mA",
    "max_ma": "mA",
    "max_session_s": "min",
    "min_rest_h": "h",
}


_CERTAINTY: Final[Mapping[Certainty, Promise]] = {
    Certainty.HIGH: gettext_lazy("from memory, fairly sure, not checked"),
    Certainty.MIDDLE: gettext_lazy("from memory, not sure, not checked"),
    Certainty.LOW: gettext_lazy("from memory, a guess, not checked"),
}


def standing(part: Part) -> str:
    """Say on whose word a part stands."""
    if part.confidence is Confidence.FOUND or part.certainty is None:
        return _("found in its source")
    return str(_CERTAINTY[part.certainty])


def told(one: Missing) -> str:
    """Say what a row says of a value that is open; blank where it says nothing.  Channels: of its muscles."""
    muscles = [part.text for part in one.said] if one.path == "channels_used" else []
    return "; ".join(part for part in (*muscles, _said(one.path, one.open)) if part)


def _said(path: str, value: Open) -> str:
    last = path.rsplit(".", 1)[-1]
    if last == "max_session_s":
        value = _in_minutes(value)
    unit = _UNITS.get(last, "")
    return "; ".join(one for one in (_span(value, unit), _usual(value, unit), value.note) if one)


def _in_minutes(value: Open) -> Open:
    low, high = (None if one is None else one / 60 for one in (value.low, value.high))
    choices = tuple(one if isinstance(one, str) else one / 60 for one in value.choices)
    return replace(value, low=low, high=high, choices=choices)


def _span(value: Open, unit: str) -> str:
    if value.choices:
        return _with_unit(_either([_choice(one) for one in value.choices]), unit)
    if value.low is not None and value.high is not None:
        return _with_unit(f"{value.low:g}–{value.high:g}", unit)
    if value.high is not None:
        return _with_unit(_("at most %(n)g") % {"n": value.high}, unit)
    return ""


def _usual(value: Open, unit: str) -> str:
    if value.usual is None:
        return ""
    return _("most often %(amount)s") % {"amount": _with_unit(f"{value.usual:g}", unit)}


def _either(names: Iterable[str]) -> str:
    *first, last = names
    return _("%(first)s or %(last)s") % {"first": ", ".join(first), "last": last} if first else last


def _with_unit(amount: str, unit: str) -> str:
    return f"{amount} {unit}" if unit else amount


def _choice(value: float | str) -> str:
    return str(texts.WAVEFORMS.get(value, value)) if isinstance(value, str) else f"{value:g}"
