"""The protocol form as a page shows it: each box with its words, and what is to be said of it beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboards.protocols.sheet import NO_TARGET, STEP_NUMBERS, Sheet
from devices.protocols import Finding
from devices.wire.units import MAX_CHANNELS
from fleet.protocols import texts

FEWEST_OFFERED: Final = 4  # channels; a device of more is asked for by "more channels"


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence at a box; `level`: error or warning."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Box:
    """One input.  `path`: of its value in the document, so that a script finds it again."""

    name: str
    path: str
    label: str | Promise
    unit: str | Promise
    text: str
    told: tuple[Told, ...]
    word: str = ""
    options: tuple[tuple[str, str | Promise], ...] = ()
    hint: str = ""  # what the row of the library says of it

    @property
    def id(self) -> str:
        return f"box-{self.name.replace('.', '-')}"

    @property
    def is_wrong(self) -> bool:
        return any(one.level == "error" for one in self.told)


@dataclass(frozen=True, slots=True)
class Lane:
    """The currents of one channel in one step."""

    channel: int
    target: Box
    tolerance: bool
    most: Box


@dataclass(frozen=True, slots=True)
class StepForm:
    """One step; `number` from 1, `at` from 0."""

    at: int
    boxes: Mapping[str, Box]
    lanes: tuple[Lane, ...]
    told: tuple[Told, ...]
    is_last: bool
    hints: tuple[str, ...]  # what the row of the library says of its currents

    @property
    def number(self) -> int:
        return self.at + 1

    @property
    def times(self) -> list[Box]:
        return [self.boxes[name] for name in ("ramp_up_s", "on_s", "ramp_down_s", "off_s", "repeat")]

    @property
    def pulses(self) -> list[Box]:
        return [self.boxes[name] for name in ("frequency_hz", "phase_us", "interphase_us")]


@dataclass(frozen=True, slots=True)
class Form:
    """The whole form; `told`: what belongs to no box; `errors`: how many boxes keep it from being submitted."""

    boxes: Mapping[str, Box]
    channels: tuple[tuple[int, bool], ...]
    steps: tuple[StepForm, ...]
    told: tuple[Told, ...]
    channels_told: tuple[Told, ...]
    channels_hint: str = ""

    @property
    def more_channels(self) -> bool:
        return any(used for n, used in self.channels if n > FEWEST_OFFERED)


_LABELS: Final[dict[str, tuple[str | Promise, str | Promise, str]]] = {
    "title": (_("Title"), "", ""),
    "indication": (_("Indication"), "", ""),
    "waveform": (_("Waveform"), "", ""),
    "minutes": (_("Longest session"), _("min"), ""),
    "max_sessions_per_day": (_("Sessions a day, at most"), "", ""),
    "min_rest_h": (_("Rest between sessions, at least"), _("h"), ""),
    "name": (_("Name"), "", ""),
    "kind": (_("Kind"), "", ""),
    "repeat": (_("Cycles"), "", "cycle"),
    "frequency_hz": (_("Frequency"), _("Hz"), "frequency"),
    "phase_us": (_("Width of one phase"), _("µs"), "phase-width"),
    "interphase_us": (_("Gap between the phases"), _("µs"), ""),
    "ramp_up_s": (_("Ramp up"), _("s"), "ramp"),
    "on_s": (_("On, without ramps"), _("s"), ""),
    "ramp_down_s": (_("Ramp down"), _("s"), ""),
    "off_s": (_("Off"), _("s"), ""),
    "target_ma": (_("Target"), _("mA"), ""),
    "max_ma": (_("Maximum"), _("mA"), ""),
}
_CHOICES: Final = {"waveform": texts.WAVEFORMS, "kind": texts.KINDS}
_TOP: Final = {
    "title": "title",
    "indication": "indication",
    "waveform": "waveform",
    "minutes": "limits.max_session_s",
    "max_sessions_per_day": "limits.max_sessions_per_day",
    "min_rest_h": "limits.min_rest_h",
}


class _Sayings:
    """What is to be said, by path; each is said once, at the narrowest place that there is."""

    def __init__(self, found: Iterable[Finding], errors: Mapping[str, str], *, missing: bool) -> None:
        self._errors = errors
        self._left: dict[str, list[Told]] = {}
        for one in found:
            if missing or one.code != "missing":
                self._left.setdefault(one.path, []).append(Told(one.severity, texts.finding(one)))

    def no_target(self, path: str) -> bool:
        """Whether no target is said there; told at each empty box of it, so it is said no more."""
        return bool(self._left.pop(path, None))

    def of(self, path: str, name: str = "") -> tuple[Told, ...]:
        told = [Told("error", self._errors[name])] if name in self._errors else []
        kept = self._left.pop(path, [])
        return (*told, *(() if told else kept))

    def below(self, path: str) -> tuple[Told, ...]:
        """What is said of a part as a whole, or of something in it that has no box."""
        keys = [key for key in self._left if key == path or key.startswith(f"{path}.") or not path]
        return tuple(
            told if key == path else Told(told.level, f"{texts.field(key)}: {told.text}")
            for key in keys
            for told in self._left.pop(key)
        )


def form(
    sheet: Sheet,
    found: Sequence[Finding] = (),
    errors: Mapping[str, str] | None = None,
    *,
    missing: bool = True,
    hints: Mapping[str, str] | None = None,
) -> Form:
    """Return the form.

    Args:
        hints: By path of the document, what the row of the library says that the draft was made of.
        found: What is to be said of the document.
        errors: By name of a box, why it could not be read.
        missing: Whether empty boxes are complained of: not on a form that nobody has filled yet.
    """
    said = _Sayings(found, errors or {}, missing=missing)
    hints = hints or {}
    boxes = {
        name: replace(_box(name, path, name, sheet.top.get(name, ""), said), hint=hints.get(path, ""))
        for name, path in _TOP.items()
    }
    steps = tuple(_step(at, sheet, said, hints) for at in range(len(sheet.steps)))
    used = set(sheet.channels)
    channels_told = said.below("channels_used")
    return Form(
        boxes=boxes,
        channels=tuple((n, n in used) for n in range(1, MAX_CHANNELS + 1)),
        steps=steps,
        channels_told=channels_told,
        channels_hint=hints.get("channels_used", ""),
        told=said.below(""),
    )


def _step(at: int, sheet: Sheet, said: _Sayings, hints: Mapping[str, str]) -> StepForm:
    texts_of_step = sheet.steps[at]
    boxes = {
        name: replace(
            _box(f"steps.{at}.{name}", f"steps.{at}.{name}", name, texts_of_step.get(name, ""), said),
            hint=hints.get(f"steps.{at}.{name}", ""),
        )
        for name in ("name", "kind", *STEP_NUMBERS)
    }
    currents = [f"steps.{at}.{name}" for name in ("target_ma", "max_ma")]
    lanes = []
    no_target = said.no_target(f"steps.{at}.target_ma")
    for place, channel in enumerate(sheet.channels):
        target, most = (
            _box(
                f"steps.{at}.{name}.ch{channel}",
                f"steps.{at}.{name}.{place}",
                name,
                texts_of_step.get(f"{name}.ch{channel}", ""),
                said,
            )
            for name in ("target_ma", "max_ma")
        )
        tolerance = bool(texts_of_step.get(f"tolerance.ch{channel}"))
        if no_target and not target.text and not tolerance and not target.told:
            target = replace(target, told=(Told("error", str(NO_TARGET)),))
        lanes.append(Lane(channel, target, tolerance, most))
    return StepForm(
        at,
        boxes,
        tuple(lanes),
        said.below(f"steps.{at}"),
        at == len(sheet.steps) - 1,
        tuple(f"{texts.field(path)}: {hints[path]}" for path in currents if path in hints),
    )


def _box(name: str, path: str, kind: str, text: str, said: _Sayings) -> Box:
    label, unit, word = _LABELS[kind]
    options = tuple(_CHOICES[kind].items()) if kind in _CHOICES else ()
    return Box(name, path, label, unit, text, said.of(path, name), word, options)
