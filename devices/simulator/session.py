"""A protocol document, walked step by step.  Pure: the caller keeps the time.

A step is `repeat` cycles of ramp up, on, ramp down, rest; stretches of no length are left out.  A session
ends with the last one, or when `max_session_s` of running time are over.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import msgspec

from devices.wire.messages import ProtocolDocument, ProtocolStep

LEVELS: Final = {"ramp_up": (0.0, 1.0), "on": (1.0, 1.0), "ramp_down": (1.0, 0.0), "rest": (0.0, 0.0)}
"""Share of the set amplitude at the beginning and at the end of each phase."""
OUTPUTS: Final = {"ramp_up": "ramping", "on": "on", "ramp_down": "ramping", "rest": "on"}
"""In a rest the next contraction comes without anybody's act, so the output counts as on."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One phase of one cycle."""

    step: int  # from 0
    cycle: int  # from 1
    phase: str
    length_ms: int


@dataclass(frozen=True, slots=True)
class Protocol:
    """A document with the hash it is known by."""

    document: ProtocolDocument
    sha256: str

    def ref(self) -> dict[str, Any]:
        """How status and events name it."""
        return {"id": self.document.id, "version": self.document.version, "sha256": self.sha256}

    def stretches(self) -> Iterator[Stretch]:
        """Every phase in order."""
        for number, step in enumerate(self.document.steps):
            lengths = [(phase, round(1000 * seconds)) for phase, seconds in _phases(step)]
            for cycle in range(1, step.repeat + 1):
                for phase, length_ms in lengths:
                    if length_ms > 0:
                        yield Stretch(number, cycle, phase, length_ms)

    def planned_ms(self) -> int:
        """Running time from start to end."""
        whole = sum(
            step.repeat * sum(seconds for _, seconds in _phases(step)) for step in self.document.steps
        )
        return min(round(1000 * whole), 1000 * self.document.limits.max_session_s)

    def per_channel(self, values: tuple[float | None, ...] | None, channels: int) -> list[float | None]:
        """Spread one value a used channel over all channels of a device; None where none is given."""
        out: list[float | None] = [None] * channels
        for n, channel in enumerate(self.document.channels_used):
            if channel <= channels and values is not None and n < len(values):
                out[channel - 1] = values[n]
        return out

    def fits(self, channels: int, max_ma: float) -> bool:
        """Whether a device with so many channels can carry it out as written."""
        return max(self.document.channels_used) <= channels and all(
            max(step.max_ma) <= max_ma and step.frequency_hz * (2 * step.phase_us + step.interphase_us) <= 1e6
            for step in self.document.steps
        )


def _phases(step: ProtocolStep) -> tuple[tuple[str, float], ...]:
    return (
        ("ramp_up", step.ramp_up_s),
        ("on", step.on_s),
        ("ramp_down", step.ramp_down_s),
        ("rest", step.off_s),
    )


def canonical(document: dict[str, Any]) -> bytes:
    """Return a document as RFC 8785 JSON.

    Exact for what protocol documents hold: ASCII keys, and numbers that are whole or short decimals.
    """
    return json.dumps(_plain(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def read(payload: bytes) -> Protocol:
    """Return the protocol that these very bytes hold, under their hash.  Raises msgspec.DecodeError."""
    document = msgspec.json.decode(payload, type=ProtocolDocument)
    return Protocol(document, hashlib.sha256(payload).hexdigest())


def built_in() -> dict[str, Protocol]:
    """Return the protocols that simulated devices come with, by id."""
    folder = resources.files("devices.simulator") / "protocols"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name
    )
    found = [read(canonical(json.loads(file.read_text()))) for file in files]
    return {protocol.document.id: protocol for protocol in found}
