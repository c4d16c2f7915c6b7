"""Every message of the contract, as frozen types.

Unknown fields are skipped, so newer firmware may add some; none may change meaning.  Field names are
those of the wire (`from_` and `class_` stand for `from` and `class`).  Ranges hold for what `codec.decode`
returns; constructing a message here checks nothing.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct, field

from . import units as u
from . import words as w

V = Literal[1]


class ProtocolRef(Struct, frozen=True, kw_only=True):
    """Names one version of a protocol document."""

    id: u.Token
    version: u.CountFromOne
    sha256: u.Sha256  # of the document's RFC 8785 JSON


class Battery(Struct, frozen=True, kw_only=True):
    """The battery as the device measures it."""

    soc: u.Percent
    mv: u.Mv
    charging: bool


class BufferedRange(Struct, frozen=True, kw_only=True):
    """Records of an earlier boot that the device still keeps, both ends included."""

    boot: u.Boot
    from_: u.Seq = field(name="from")
    to: u.Seq


class Status(Struct, frozen=True, kw_only=True):
    """Birth, heartbeat or goodbye: everything that holds now."""

    v: V = 1
    state: w.State
    boot: u.Boot  # rises with each start, never reused
    conn: u.Conn  # connects since boot
    up_ms: u.DurationMs  # monotonic since boot
    t: u.UnixMs  # the device's wall clock; may be wrong
    output: w.Output  # `off` only when no current can flow without a new act at the device
    model: u.Name
    firmware: u.Name
    channels: u.Channel  # how many the device has
    session: u.Token | None
    conditions: Annotated[tuple[u.Name, ...], Meta(max_length=64)]  # present or latched: `estop`, `fault:hv`…
    seq: u.SeqOrNone  # the last record given out in this boot
    max_ma: u.Ma | None = None  # the most the device can give on a channel
    electrode_cm2: u.Cm2PerChannel | None = None
    self_stop_ms: u.DurationMs | None = None  # the device stops itself within
    protocol: ProtocolRef | None = None
    held: w.Held | None = None  # why a received protocol is not applied yet
    locked: w.LockReason | None = None
    battery: Battery | None = None
    temp_c: u.Celsius | None = None
    rssi_dbm: u.Dbm | None = None
    buffered: Annotated[tuple[BufferedRange, ...], Meta(max_length=64)] = ()  # earlier boots only
    can: Annotated[tuple[u.Name, ...], Meta(max_length=64)] | None = None  # None: all verbs of version 1


class Will(Struct, frozen=True, kw_only=True):
    """What the broker publishes when a connection breaks: that connection's boot and conn, no more."""

    v: V = 1
    state: Literal["offline"] = "offline"
    boot: u.Boot
    conn: u.Conn


class Telemetry(Struct, frozen=True, kw_only=True):
    """One second of an open session; one entry a channel, in channel order."""

    v: V = 1
    boot: u.Boot
    seq: u.Seq  # +1 per record: (serial, boot, seq) names it for good
    up_ms: u.DurationMs  # when the last samples were taken
    t: u.UnixMs
    late: bool = False  # sent from the device's buffer
    session: u.Token
    step: u.Count | None = None  # of the protocol document, from 0; None: no document
    phase: w.Phase
    cycle: u.CountFromOne | None = None  # within the step, from 1
    elapsed_ms: u.DurationMs  # of the session, pauses excluded
    every_ms: u.EveryMs  # between samples
    set_ma: u.MaPerChannel
    ma: u.SamplesPerChannel  # peak of one phase; the last sample at `up_ms`
    ohm: u.OhmPerChannel  # whole electrode pair; None: too little current to measure
    contact: Annotated[tuple[w.Contact, ...], Meta(min_length=1, max_length=u.MAX_CHANNELS)]
    charge_uc: u.ChargePerChannel  # leading phase, running total of the session
    pulses: u.PulsesPerChannel  # running total of the session
    force_n: u.ForcePerChannel | None = None
    soc: u.Percent | None = None
    mv: u.Mv | None = None
    temp_c: u.Celsius | None = None


class Event(Struct, frozen=True, kw_only=True):
    """Something happened at an instant; `data` goes by `kind`."""

    v: V = 1
    boot: u.Boot
    seq: u.Seq
    up_ms: u.DurationMs
    t: u.UnixMs
    late: bool = False
    session: u.Token | None = None
    kind: w.EventKind
    channel: u.Channel | None = None
    data: dict[str, Any] = {}  # devices.wire.data.data_of reads it as a type


class Ack(Struct, frozen=True, kw_only=True):
    """The answer to a command: the device's word, not proof."""

    v: V = 1
    id: u.Uuid
    boot: u.Boot
    up_ms: u.DurationMs
    outcome: w.Outcome
    reason: w.RefusalReason | None = None
    output: w.Output


class Command(Struct, frozen=True, kw_only=True):
    """One wish; never retained, carried out at most once; `args` go by `verb`."""

    v: V = 1
    id: u.Uuid
    verb: w.Verb
    args: Raw  # kept as bytes, because a protocol's hash is over them; devices.wire.commands.args_of reads it
    issued: u.UnixMs  # server time
    ttl_ms: Annotated[int, Meta(ge=1, le=86_400_000)]


class Watermark(Struct, frozen=True, kw_only=True):
    """What the server has stored for good, so that the device may forget it."""

    v: V = 1
    boot: u.Boot
    seq: u.SeqOrNone
    missing: Annotated[tuple[u.SeqRange, ...], Meta(max_length=32)] = ()
    window: Annotated[int, Meta(ge=0, le=10_000)]  # late records on their way beyond the watermark
    t: u.UnixMs  # server time
    up_ms: u.DurationMs | None = None  # newest of this boot that the server had handled; None: none yet


class ServerStatus(Struct, frozen=True, kw_only=True):
    """Whether the server takes records: birth, every 30 s, will."""

    v: V = 1
    state: Literal["online", "offline"]
    server: u.Name
    t: u.UnixMs


class ProtocolStep(Struct, frozen=True, kw_only=True):
    """One step of a protocol; durations in seconds, `on_s` includes neither ramp."""

    name: u.Text
    kind: w.StepKind
    repeat: Annotated[int, Meta(ge=1, le=100_000)]
    frequency_hz: Annotated[float, Meta(gt=0, le=100_000)]
    phase_us: Annotated[float, Meta(gt=0, le=10**6)]  # ONE phase
    interphase_us: Annotated[float, Meta(ge=0, le=10**6)] = 0.0
    ramp_up_s: Annotated[float, Meta(ge=0, le=86_400)]
    on_s: Annotated[float, Meta(ge=0, le=86_400)]
    ramp_down_s: Annotated[float, Meta(ge=0, le=86_400)]
    off_s: Annotated[float, Meta(ge=0, le=86_400)]
    target_ma: u.TargetPerChannel | None  # None: to tolerance, up to max_ma
    max_ma: u.MaPerChannel


class Limits(Struct, frozen=True, kw_only=True):
    """How much of a protocol a person may have."""

    max_session_s: Annotated[int, Meta(ge=1, le=86_400)]
    max_sessions_per_day: Annotated[int, Meta(ge=1, le=1_000)]
    min_rest_h: Annotated[float, Meta(ge=0, le=8_760)]


class ProtocolDocument(Struct, frozen=True, kw_only=True):
    """A stimulation protocol; immutable once it has a version."""

    id: u.Token
    version: u.CountFromOne
    title: u.Name
    indication: u.Text
    channels_used: Annotated[tuple[u.Channel, ...], Meta(min_length=1, max_length=u.MAX_CHANNELS)]
    waveform: w.Waveform
    steps: Annotated[tuple[ProtocolStep, ...], Meta(min_length=1, max_length=64)]
    limits: Limits


Message = Status | Will | Telemetry | Event | Ack | Command | Watermark | ServerStatus
