"""A version as its pages show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from dashboards.protocols import words
from dashboards.protocols.drawing import Drawing
from dashboards.protocols.figures import Seen, against_limits
from dashboards.protocols.picture import Picture, picture
from devices.protocols import Change, Finding
from fleet.access import people
from fleet.protocols import authors, bodies, queries, texts
from fleet.protocols.models import Version


@dataclass(frozen=True, slots=True)
class Lane:
    """What one channel gets in a step."""

    channel: int
    words: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step in clinical words; `number` from 1; `cycle`: the picture of its first cycle."""

    number: int
    name: str
    kind: str
    cycles: str
    pulses: str
    lanes: tuple[Lane, ...]
    cycle: Drawing | None


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence about a field; `level`: error, warning, or a direction of a difference."""

    field: str
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that a version's page says of it."""

    version: Version
    document: Mapping[str, Any]
    picture: Picture
    steps: tuple[Step, ...]
    findings: tuple[Line, ...]
    blocks: bool
    before: Version | None
    changes: tuple[Line, ...]
    figures: tuple[Seen, ...]
    to_confirm: tuple[str, ...]
    writers: tuple[str, ...]
    waveform: str
    session: str
    per_day: str
    rest: str
    pad_cm2: str


def page_of(version: Version) -> Page:
    document = bodies.read(version)
    found = queries.findings_of(version)
    before = queries.approved_before(version)
    drawn = picture(document)
    limits = document.get("limits") or {}
    return Page(
        version=version,
        document=document,
        picture=drawn,
        steps=tuple(
            _step(at, step or {}, document, drawn) for at, step in enumerate(document.get("steps") or ())
        ),
        findings=tuple(_finding(one) for one in _worst_first(found)),
        blocks=any(one.severity == "error" for one in found),
        before=before,
        changes=tuple(change(one) for one in queries.changes(before, version)) if before else (),
        figures=tuple(against_limits(document)),
        to_confirm=tuple(confirm(path, document) for path in version.to_confirm),
        writers=tuple(called(name) for name in authors.of(version)),
        waveform=texts.shown("waveform", document.get("waveform")),
        session=_minutes(limits.get("max_session_s")),
        per_day=texts.shown("max_sessions_per_day", limits.get("max_sessions_per_day")),
        rest=texts.shown("min_rest_h", limits.get("min_rest_h")),
        pad_cm2=texts.number(texts.policy().pad_cm2),
    )


def called(name: str) -> str:
    """Return what people call somebody by their user name; the name itself when they are gone."""
    user = User.objects.filter(username=name).first()
    return people.called(user) if user else name


def change(one: Change) -> Line:
    return Line("", one.direction, texts.change(one))


def confirm(path: str, document: Mapping[str, Any]) -> str:
    """Return a value from memory with its field: "Step 1, on: 15 s"."""
    value: Any = document
    parts = path.split(".")
    for part in parts:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return texts.field(path)
    name = next((part for part in reversed(parts) if not part.isdigit()), "")
    return f"{texts.field(path)}: {texts.shown(name, value)}"


def _worst_first(found: Sequence[Finding]) -> list[Finding]:
    return sorted(found, key=lambda one: one.severity != "error")


def _finding(one: Finding) -> Line:
    return Line(texts.field(one.path), one.severity, texts.finding(one))


def _minutes(seconds: float | None) -> str:
    return texts.shown("max_session_s", seconds) if seconds is None else f"{seconds / 60:.4g} min"


def _step(at: int, step: Mapping[str, Any], document: Mapping[str, Any], drawn: Picture) -> Step:
    channels = document.get("channels_used") or ()
    return Step(
        number=at + 1,
        name=str(step.get("name") or ""),
        kind=texts.shown("kind", step.get("kind")),
        cycles=words.cycles(step),
        pulses=words.pulses(step),
        lanes=tuple(Lane(channel, words.current(step, place)) for place, channel in enumerate(channels)),
        cycle=drawn.cycle(at),
    )
