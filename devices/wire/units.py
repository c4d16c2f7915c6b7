"""The number and text types of the contract: units in names, ranges in types.

Ranges keep out nonsense, never danger: a frightening value is stored and alerts.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

MAX_COUNT: Final = 2**53 - 1  # the largest integer that every JSON reader keeps exactly
MAX_INT4: Final = 2**31 - 1
INT8_MIN: Final = -(2**63)
INT8_MAX: Final = 2**63 - 1
MAX_CHANNELS: Final = 16
MAX_SAMPLES: Final = 100
MAX_TEXT: Final = 200
T_MIN_MS: Final = -62_135_596_800_000  # 0001-01-01T00:00:00Z
T_MAX_MS: Final = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z

Boot = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_COUNT,
        description="number of this start of the device: rises with each start, never reused",
    ),
]
Conn = Annotated[int, Meta(ge=1, le=MAX_COUNT, description="number of this connection since boot")]
Seq = Annotated[int, Meta(ge=1, le=MAX_COUNT, description="number of a record within its boot")]
SeqOrNone = Annotated[
    int, Meta(ge=0, le=MAX_COUNT, description="number of a record within its boot; 0: none yet")
]
DurationMs = Annotated[int, Meta(ge=0, le=MAX_COUNT, description="ms")]
UnixMs = Annotated[
    int,
    Meta(
        ge=INT8_MIN,
        le=INT8_MAX,
        description="ms since 1970-01-01T00:00:00Z; read as the nearest of years 1 to 9999",
    ),
]  # the codec moves it into T_MIN_MS…T_MAX_MS
Count = Annotated[int, Meta(ge=0, le=MAX_INT4)]
CountFromOne = Annotated[int, Meta(ge=1, le=MAX_INT4)]
Channel = Annotated[int, Meta(ge=1, le=MAX_CHANNELS, description="channel, from 1")]
EveryMs = Annotated[int, Meta(ge=1, le=60_000, description="ms between samples")]

Ma = Annotated[float, Meta(ge=0, le=10_000, description="mA, peak of one phase")]
Ohm = Annotated[float, Meta(ge=0, le=10**8, description="Ω, whole electrode pair")]
ChargeUc = Annotated[
    float, Meta(ge=0, le=10**12, description="µC of the leading phase, running total of the session")
]
Pulses = Annotated[int, Meta(ge=0, le=10**12, description="pulses, running total of the session")]
ForceN = Annotated[
    float, Meta(ge=-(10**6), le=10**6, description="N")
]  # a sensor at rest reads a little below zero
Percent = Annotated[float, Meta(ge=0, le=110, description="%")]
Mv = Annotated[int, Meta(ge=0, le=10**6, description="mV")]
Celsius = Annotated[float, Meta(ge=-100, le=1_000, description="°C")]
Dbm = Annotated[int, Meta(ge=-1_000, le=1_000, description="dBm")]
Cm2 = Annotated[float, Meta(ge=0, le=10**5, description="cm², conducting area of the smaller electrode")]

Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Name = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
Token = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$", description="opaque identifier")]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256, lower-case hex")]
Uuid = Annotated[
    str, Meta(pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", description="UUID, 8-4-4-4-12")
]

_CHANNELS = Meta(min_length=1, max_length=MAX_CHANNELS)  # one entry a channel, in channel order
Samples = Annotated[tuple[Ma, ...], Meta(min_length=1, max_length=MAX_SAMPLES)]
SamplesPerChannel = Annotated[tuple[Samples, ...], _CHANNELS]
MaPerChannel = Annotated[tuple[Ma, ...], _CHANNELS]
TargetPerChannel = Annotated[tuple[Ma | None, ...], _CHANNELS]
OhmPerChannel = Annotated[tuple[Ohm | None, ...], _CHANNELS]
ChargePerChannel = Annotated[tuple[ChargeUc, ...], _CHANNELS]
PulsesPerChannel = Annotated[tuple[Pulses, ...], _CHANNELS]
ForcePerChannel = Annotated[tuple[ForceN | None, ...], _CHANNELS]
Cm2PerChannel = Annotated[tuple[Cm2 | None, ...], _CHANNELS]

SeqRange = tuple[Seq, Seq]  # first and last, both included
