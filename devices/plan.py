"""What a protocol document plans, phase by phase.  Pure: a document in, numbers out.

A step is `repeat` cycles of ramp up, on, ramp down and rest; a phase of no length is left out.  A session ends
with its last phase, or when `limits.max_session_s` of running time are over, whichever comes first.  Times
are session time: milliseconds since the start, pauses excluded, as `elapsed_ms` of telemetry counts them.

Sources: docs/wire.md ("Protocol document"); pulses and charge as in docs/dose.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from devices.wire.messages import ProtocolDocument, ProtocolStep
from devices.wire.words import StepKind

AT_TARGET: Final = 0.9  # share of the target that counts as "at target": docs/dose.md
MAX_SEGMENTS: Final = (
    100_000  # a day of cycles of 4 s has 86,400; more is no treatment, and would fill memory
)

PhaseName = Literal["ramp_up", "on", "ramp_down", "rest"]
FRACTIONS: Final[dict[PhaseName, tuple[float, float]]] = {
    "ramp_up": (0.0, 1.0),
    "on": (1.0, 1.0),
    "ramp_down": (1.0, 0.0),
    "rest": (0.0, 0.0),
}
"""Share of the amplitude at the beginning and at the end of each phase."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One phase of one cycle; half open in time: `start_ms` belongs to it, `end_ms` to the next.

    `target_ma` and `max_ma` have one entry a channel in use, in the order of `Plan.channels`; a target of
    None means "to tolerance", up to `max_ma`.
    """

    start_ms: int
    end_ms: int
    step: int  # of the document, from 0
    cycle: int  # within the step, from 1
    phase: PhaseName
    from_fraction: float  # of the amplitude, at start_ms
    to_fraction: float  # at end_ms; linear between
    target_ma: tuple[float | None, ...]
    max_ma: tuple[float, ...]
    frequency_hz: float
    phase_us: float  # ONE phase of a pulse
    kind: StepKind

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms

    @property
    def mean_fraction(self) -> float:
        """Mean share of the amplitude: the integral of a linear ramp over its length."""
        return (self.from_fraction + self.to_fraction) / 2

    @property
    def at_target_ms(self) -> int:
        """How long the amplitude is at AT_TARGET of the target or more: `on`, and the top of a linear ramp."""
        low, high = sorted((self.from_fraction, self.to_fraction))
        if low == high:
            return self.length_ms if low >= AT_TARGET else 0
        return round(self.length_ms * max(0.0, high - max(low, AT_TARGET)) / (high - low))

    @property
    def pulses(self) -> float:
        """Pulses a channel: frequency x time in which current flows (ramps and on), 0 in a rest."""
        flows = self.from_fraction > 0 or self.to_fraction > 0
        return self.frequency_hz * self.length_ms / 1000 if flows else 0.0

    def charge_uc(self, amplitude_ma: float) -> float:
        """Charge of the leading phases at this amplitude, µC: pulses x mean mA x phase width.

        mA x µs = nC, so mA x µs / 1000 = µC a pulse.  Ramps integrate linearly.
        """
        return self.pulses * self.mean_fraction * amplitude_ma * self.phase_us / 1000


@dataclass(frozen=True, slots=True)
class Planned:
    """What one channel is to be given.  None: to tolerance, so the document does not say."""

    channel: int  # of the device, from 1
    on_ms: int  # in `on` phases
    at_target_ms: int  # at AT_TARGET of the target or more: `on`, and the top of each ramp
    pulses: float
    charge_uc: float | None  # of the leading phase
    ma_mean: float | None  # over `on` phases, weighted by their length
    ma_max: float | None  # the highest target
    limit_ma: float  # the highest `max_ma`


@dataclass(frozen=True, slots=True)
class Plan:
    """The envelope of a protocol document."""

    channels: tuple[int, ...]  # the device's channels in use, from 1
    segments: tuple[Segment, ...]  # in order, without holes, from 0 to length_ms
    length_ms: int  # running time
    contractions: int  # `on` phases that begin, of every step, as devices count them
    by_channel: tuple[Planned, ...]  # in the order of `channels`

    def at(self, elapsed_ms: int) -> Segment | None:
        """The segment that holds at this session time; None before the start and after the end."""
        if not 0 <= elapsed_ms < self.length_ms:
            return None
        return self.segments[bisect_right(self.segments, elapsed_ms, key=lambda one: one.start_ms) - 1]


class TooLong(ValueError):
    """A document has more phases than anybody could be given."""


def plan_of(document: ProtocolDocument) -> Plan:
    """Return the plan of a document whose steps say each used channel's current (`decode_protocol` checks).

    Raises:
        TooLong: If there are more than MAX_SEGMENTS phases within the longest session allowed.
    """
    segments = tuple(_segments(document))
    length_ms = segments[-1].end_ms if segments else 0
    contractions = sum(segment.phase == "on" for segment in segments)
    planned = tuple(_planned(segments, at, channel) for at, channel in enumerate(document.channels_used))
    return Plan(document.channels_used, segments, length_ms, contractions, planned)


def _segments(document: ProtocolDocument) -> Iterator[Segment]:
    end_ms, now_ms, count = 1000 * document.limits.max_session_s, 0, 0
    for number, step in enumerate(document.steps):
        phases = _phases(step)
        targets = step.target_ma or (None,) * len(document.channels_used)
        for cycle in range(1, (step.repeat if phases else 0) + 1):
            for phase, length_ms in phases:
                if now_ms >= end_ms:
                    return
                count += 1
                if count > MAX_SEGMENTS:
                    raise TooLong(f"protocol {document.id} {document.version}: over {MAX_SEGMENTS} phases")
                yield _segment(step, number, cycle, phase, now_ms, length_ms, end_ms, targets)
                now_ms += length_ms


def _segment(
    step: ProtocolStep,
    number: int,
    cycle: int,
    phase: PhaseName,
    start_ms: int,
    length_ms: int,
    end_ms: int,
    targets: tuple[float | None, ...],
) -> Segment:
    """Make one segment; the session's end may cut it, and then its ramp stops on the way."""
    cut_ms = min(length_ms, end_ms - start_ms)
    first, last = FRACTIONS[phase]
    return Segment(
        start_ms=start_ms,
        end_ms=start_ms + cut_ms,
        step=number,
        cycle=cycle,
        phase=phase,
        from_fraction=first,
        to_fraction=first + (last - first) * cut_ms / length_ms,
        target_ma=targets,
        max_ma=step.max_ma,
        frequency_hz=step.frequency_hz,
        phase_us=step.phase_us,
        kind=step.kind,
    )


def _phases(step: ProtocolStep) -> list[tuple[PhaseName, int]]:
    """Phases of one cycle with their length in ms, those of no length left out."""
    seconds: tuple[tuple[PhaseName, float], ...] = (
        ("ramp_up", step.ramp_up_s),
        ("on", step.on_s),
        ("ramp_down", step.ramp_down_s),
        ("rest", step.off_s),
    )
    return [(phase, round(1000 * length)) for phase, length in seconds if round(1000 * length) > 0]


def _planned(segments: tuple[Segment, ...], at: int, channel: int) -> Planned:
    """Add up one channel; one step "to tolerance" in which current flows makes its charge unknown."""
    flowing = [one for one in segments if one.pulses > 0]
    on = [one for one in flowing if one.phase == "on"]
    on_ms = sum(one.length_ms for one in on)
    targets = [one.target_ma[at] for one in flowing]
    known = [target for target in targets if target is not None]
    told = len(known) == len(targets)
    charge_uc = sum(one.charge_uc(ma) for one, ma in zip(flowing, known, strict=True)) if told else None
    weighted = sum((one.target_ma[at] or 0.0) * one.length_ms for one in on)
    return Planned(
        channel=channel,
        on_ms=on_ms,
        at_target_ms=sum(one.at_target_ms for one in segments),
        pulses=sum(one.pulses for one in flowing),
        charge_uc=charge_uc,
        ma_mean=weighted / on_ms if told and on_ms else None,
        ma_max=max(known) if told and known else None,
        limit_ma=max((one.max_ma[at] for one in segments), default=0.0),
    )
