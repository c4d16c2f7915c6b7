"""What a session gave: time, current, contact and contractions a channel, from its telemetry.  Pure.

Rules and formulas, with their sources, are in docs/dose.md.  Times are what the samples cover: `samples x
every_ms` a message, so a message that is missing adds nothing.  Disputed messages (two devices shared the
serial) count for no dose.

Telemetry names the phase once a second, as it stands when the message ends.  So a message belongs to a
contraction if it ends in the phase `on`, or begins in it because the message right before it ended in `on`;
it lies within one if both hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from devices.plan import AT_TARGET, Plan
from devices.wire.units import MAX_CHANNELS
from devices.wire.words import Contact, Phase

FOLLOWS_MS: Final = 2_500  # messages further apart than this do not follow each other: devices.gaps.TOLERANCE
CONTACTS: Final = tuple(Contact)
_CHUNK: Final = 600  # messages that are turned into arrays at a time: ten minutes, a few MB
_AT: Final = {contact: at for at, contact in enumerate(CONTACTS)}

Floats = NDArray[np.float64]
Key = tuple[int, int]  # (step from 0, cycle from 1)


class Said(msgspec.Struct, gc=False, frozen=True):
    """What of a stored telemetry body is needed here; the rest is skipped."""

    elapsed_ms: int
    every_ms: int
    phase: Phase
    set_ma: tuple[float, ...]
    ma: tuple[tuple[float, ...], ...]
    ohm: tuple[float | None, ...]
    contact: tuple[Contact, ...]
    step: int | None = None
    cycle: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One stored telemetry message, with where it stands."""

    placed_ms: int  # Unix ms, server time
    boot: int
    seq: int
    up_ms: int
    late: bool
    disputed: bool
    said: Said


@dataclass(frozen=True, slots=True)
class ChannelDose:
    """One channel; means are None where nothing was measured."""

    channel: int  # from 1
    on_ms: int  # in the phase `on`
    at_target_ms: int  # in contractions, at AT_TARGET of the target or more
    set_ma_mean: float | None  # within contractions
    set_ma_max: float
    ma_mean: float | None  # within contractions, so without their ramps
    ma_max: float
    ohm_mean: float | None
    contact_ms: dict[Contact, int]


@dataclass(frozen=True, slots=True)
class Hole:
    """Messages are missing between two contractions (both included); None: from the start, to the end."""

    after: Key | None
    before: Key | None


@dataclass(frozen=True, slots=True)
class Dose:
    """A session as its telemetry tells it."""

    messages: int  # that count
    late: int
    disputed: int  # left out
    recorded_ms: int
    last_elapsed_ms: int
    last_placed_ms: int | None  # Unix ms; None: nothing was heard
    channels: tuple[ChannelDose, ...]
    at_target_ms: dict[Key, tuple[int, ...]]  # of each contraction seen, one entry a channel
    holes: tuple[Hole, ...]


def dose_of(messages: Iterable[Message], plan: Plan | None) -> Dose:
    """Return the dose of one session's messages, which come in order of (boot, up_ms).

    The target of a channel is what the protocol document gives for the step; where it says "to tolerance", or
    no document is kept, it is what the channel was set to.
    """
    tally = _Tally(_targets(plan))
    waiting = iter(messages)
    while chunk := list(islice(waiting, _CHUNK)):
        tally.disputed += sum(one.disputed for one in chunk)
        good = [one for one in chunk if not one.disputed]
        if good:
            tally.add(good)
    return tally.dose()


def _targets(plan: Plan | None) -> dict[int, Floats]:
    """Return the target of each of MAX_CHANNELS channels by step, mA; NaN: none is given."""
    found: dict[int, Floats] = {}
    for segment in plan.segments if plan else ():
        if plan is not None and segment.step not in found:
            row = found[segment.step] = np.full(MAX_CHANNELS, np.nan)
            for channel, target in zip(plan.channels, segment.target_ma, strict=True):
                row[channel - 1] = np.nan if target is None else target
    return found


def _zeros() -> Floats:
    return np.zeros(MAX_CHANNELS)


@dataclass(slots=True)
class _Currents:
    """Sums of samples, for a mean."""

    count: Floats = field(default_factory=_zeros)
    ma: Floats = field(default_factory=_zeros)
    set_ma: Floats = field(default_factory=_zeros)

    def add(self, counted: Floats, ma: Floats, set_ma: Floats) -> None:
        """Add the messages that `counted` has samples of; shapes (messages, channels)."""
        width = counted.shape[1]
        self.count[:width] += counted.sum(axis=0)
        self.ma[:width] += (ma * (counted > 0)).sum(axis=0)
        self.set_ma[:width] += (set_ma * counted).sum(axis=0)


@dataclass(slots=True)
class _Tally:
    """Sums over the messages so far, one entry for each of MAX_CHANNELS channels."""

    targets: dict[int, Floats]
    channels: int = 0
    messages: int = 0
    late: int = 0
    disputed: int = 0
    recorded_ms: int = 0
    last: Message | None = None
    on_ms: Floats = field(default_factory=_zeros)
    at_ms: Floats = field(default_factory=_zeros)
    within: _Currents = field(default_factory=_Currents)
    ending: _Currents = field(default_factory=_Currents)  # where contractions are too short to lie within
    ma_max: Floats = field(default_factory=_zeros)
    set_max: Floats = field(default_factory=_zeros)
    ohm_sum: Floats = field(default_factory=_zeros)
    ohm_n: Floats = field(default_factory=_zeros)
    contact_ms: Floats = field(default_factory=lambda: np.zeros((len(CONTACTS), MAX_CHANNELS)))
    contractions: dict[Key, Floats] = field(default_factory=dict)  # ms at target
    holes: list[Hole] = field(default_factory=list)

    def add(self, chunk: Sequence[Message]) -> None:
        """Add messages that follow those before."""
        width = max(len(one.said.ma) for one in chunk)
        self.channels = max(self.channels, width)
        said = [one.said for one in chunk]
        ma = _samples(said, width)  # (messages, channels, samples), NaN: no such sample
        counted = np.isfinite(ma).sum(axis=2)
        every_ms = np.array([[one.every_ms] for one in said], dtype=np.float64)
        set_ma = _matrix([one.set_ma for one in said], width)
        keys, ends, within = self._contractions(chunk)
        active = np.array([[key is not None] for key in keys])
        at_ms = self._at_target(said, ma, set_ma) * every_ms * active
        self._add_currents(ma, set_ma, counted, ends=ends, within=within)
        self._add_contacts(said, counted * every_ms, width)
        self.on_ms[:width] += (counted * every_ms * ends).sum(axis=0)
        self.at_ms[:width] += at_ms.sum(axis=0)
        for key, row in zip(keys, at_ms, strict=True):
            if key is not None:
                self.contractions.setdefault(key, _zeros())[:width] += row
        self.messages += len(chunk)
        self.late += sum(one.late for one in chunk)
        self.recorded_ms += int((counted.max(axis=1) * every_ms[:, 0]).sum())

    def _contractions(self, chunk: Sequence[Message]) -> tuple[list[Key | None], Floats, Floats]:
        """Return the contraction each message belongs to (None: to none), which end in one, and lie within one.

        Holes are noted on the way.
        """
        keys: list[Key | None] = []
        ends, within = np.zeros((2, len(chunk), 1))
        for n, one in enumerate(chunk):
            before, self.last = self.last, one
            follows = before is not None and _follows(before, one)
            if not follows and (before is not None or one.said.elapsed_ms > FOLLOWS_MS):
                self.holes.append(Hole(_key(before) if before else None, _key(one)))
            begins = follows and before is not None and before.said.phase is Phase.ON
            ends[n] = one.said.phase is Phase.ON
            within[n] = ends[n] and begins
            keys.append(_key(one) if ends[n] else _key(before) if begins and before else None)
        return keys, ends, within

    def _at_target(self, said: Sequence[Said], ma: Floats, set_ma: Floats) -> Floats:
        """Return how many samples of each message and channel are at target."""
        width = ma.shape[1]
        none = np.full(MAX_CHANNELS, np.nan)
        rows = [none if one.step is None else self.targets.get(one.step, none) for one in said]
        planned = np.array(rows)[:, :width]
        target = np.where(np.isnan(planned), set_ma, planned)[:, :, None]
        with np.errstate(invalid="ignore"):  # NaN is no sample, and at no target
            return np.asarray(((ma >= AT_TARGET * target) & (target > 0)).sum(axis=2), dtype=np.float64)

    def _add_currents(
        self, ma: Floats, set_ma: Floats, counted: NDArray[np.int_], *, ends: Floats, within: Floats
    ) -> None:
        width, filled, wanted = ma.shape[1], np.nan_to_num(ma), np.nan_to_num(set_ma)
        sums = filled.sum(axis=2)
        self.ending.add(counted * ends, sums, wanted)
        self.within.add(counted * within, sums, wanted)
        self.ma_max[:width] = np.maximum(self.ma_max[:width], filled.max(axis=(0, 2)))
        self.set_max[:width] = np.maximum(self.set_max[:width], wanted.max(axis=0))

    def _add_contacts(self, said: Sequence[Said], span_ms: Floats, width: int) -> None:
        ohm = _matrix([one.ohm for one in said], width)
        self.ohm_sum[:width] += np.nan_to_num(ohm).sum(axis=0)
        self.ohm_n[:width] += np.isfinite(ohm).sum(axis=0)
        codes = _matrix([[_AT[word] for word in one.contact] for one in said], width)
        for at in range(len(CONTACTS)):
            self.contact_ms[at, :width] += (span_ms * (codes == at)).sum(axis=0)

    def dose(self) -> Dose:
        """Return the sums as they stand."""
        return Dose(
            messages=self.messages,
            late=self.late,
            disputed=self.disputed,
            recorded_ms=self.recorded_ms,
            last_elapsed_ms=self.last.said.elapsed_ms if self.last else 0,
            last_placed_ms=self.last.placed_ms if self.last else None,
            channels=tuple(self._channel(at) for at in range(self.channels)),
            at_target_ms={
                key: tuple(round(ms) for ms in row[: self.channels]) for key, row in self.contractions.items()
            },
            holes=tuple(self.holes),
        )

    def _channel(self, at: int) -> ChannelDose:
        currents = self.within if self.within.count[at] else self.ending
        return ChannelDose(
            channel=at + 1,
            on_ms=round(self.on_ms[at]),
            at_target_ms=round(self.at_ms[at]),
            set_ma_mean=_mean(currents.set_ma[at], currents.count[at]),
            set_ma_max=float(self.set_max[at]),
            ma_mean=_mean(currents.ma[at], currents.count[at]),
            ma_max=float(self.ma_max[at]),
            ohm_mean=_mean(self.ohm_sum[at], self.ohm_n[at]),
            contact_ms={word: round(self.contact_ms[n, at]) for n, word in enumerate(CONTACTS)},
        )


def _key(message: Message) -> Key:
    """A device without a document may name neither step nor cycle."""
    said = message.said
    return (-1 if said.step is None else said.step, said.cycle or 0)


def _follows(before: Message, message: Message) -> bool:
    return (
        before.boot == message.boot
        and 0 <= message.up_ms - before.up_ms <= FOLLOWS_MS + message.said.every_ms
    )


def _mean(total: float, count: float) -> float | None:
    return round(float(total / count), 3) if count else None


def _samples(said: Sequence[Said], width: int) -> Floats:
    """Return the samples as (messages, channels, samples), NaN where a message has fewer."""
    depth = max(len(row) for one in said for row in one.ma)
    if all(len(one.ma) == width and all(len(row) == depth for row in one.ma) for one in said):
        return np.array([one.ma for one in said], dtype=np.float64)
    out = np.full((len(said), width, depth), np.nan)
    for n, one in enumerate(said):
        for c, row in enumerate(one.ma):
            out[n, c, : len(row)] = row
    return out


def _matrix(rows: Sequence[Sequence[float | None]], width: int) -> Floats:
    """Return (messages, channels), NaN where nothing is told."""
    if any(len(row) != width for row in rows):
        rows = [[*row, *[None] * (width - len(row))] for row in rows]
    return np.array(rows, dtype=np.float64)
