"""Is a protocol legal on what a device says of itself?  Pure.

What a device never said is not held against it: that is a warning, since the device has the last word.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from devices.protocols.finding import Finding
from devices.protocols.physics import figures
from devices.protocols.policy import POLICY, Policy
from devices.protocols.rules import density
from devices.wire.messages import ProtocolDocument, Status
from devices.wire.words import Verb


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What a device said of itself in a status; None: it never did."""

    channels: int | None = None
    max_ma: float | None = None
    can: frozenset[str] | None = None  # verbs; None: all of version 1
    electrode_cm2: tuple[float | None, ...] = ()


UNHEARD: Final = DeviceFacts()


def facts_of(status: Status | None) -> DeviceFacts:
    """Return what a status says of its device; nothing of one that was never heard."""
    if status is None:
        return UNHEARD
    can = None if status.can is None else frozenset(str(getattr(one, "value", one)) for one in status.can)
    return DeviceFacts(status.channels, status.max_ma, can, status.electrode_cm2 or ())


def legal_on(document: ProtocolDocument, device: DeviceFacts, policy: Policy = POLICY) -> list[Finding]:
    """Return why the device cannot be given the document (errors), and what is not known of it (warnings)."""
    return [*_abilities(document, device), *_currents(document, device, policy)]


def _abilities(document: ProtocolDocument, device: DeviceFacts) -> Iterator[Finding]:
    if device.can is not None and Verb.APPLY_PROTOCOL.value not in device.can:
        yield Finding("", "error", "cannot_apply")
    if device.channels is None:
        yield Finding("channels_used", "warning", "channels_not_told")
        return
    for place, channel in enumerate(document.channels_used):
        if channel > device.channels:
            facts = {"channel": channel, "channels": device.channels}
            yield Finding(f"channels_used.{place}", "error", "no_such_channel", facts)


def _currents(document: ProtocolDocument, device: DeviceFacts, policy: Policy) -> Iterator[Finding]:
    if device.max_ma is None:
        yield Finding("", "warning", "max_not_told")
    for at, step in enumerate(document.steps):
        for place, (channel, ma) in enumerate(zip(document.channels_used, step.max_ma, strict=True)):
            path = f"steps.{at}.max_ma.{place}"
            if device.max_ma is not None and ma > device.max_ma:
                facts = {"channel": channel, "seen": ma, "limit": device.max_ma}
                yield Finding(path, "error", "above_device", facts)
            area = device.electrode_cm2[channel - 1] if channel <= len(device.electrode_cm2) else None
            if area:
                seen = figures(
                    waveform=document.waveform, frequency_hz=step.frequency_hz,
                    phase_us=step.phase_us, ma=ma, pad_cm2=area,
                ).density_ma_per_cm2  # fmt: skip
                if seen is not None:
                    yield from density(path, seen, area, policy)
