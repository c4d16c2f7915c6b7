"""The shapes of the API's answers, for OpenAPI.  Units are in the names or in the description."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from ninja import Schema
from pydantic import ConfigDict, Field

from dashboards.api import examples

Item = TypeVar("Item")
Link = Literal["never", "online", "suspect", "offline", "conflict"]
State = Literal["idle", "ready", "running", "paused", "fault", "charging", "offline"]
Interval = Annotated[list[datetime], Field(min_length=2, max_length=2, description="[from, to]")]


class Strict(Schema):
    """Says every field it has, so that a test sees an undocumented one."""

    model_config = ConfigDict(extra="forbid")


class Page(Strict, Generic[Item]):
    items: list[Item]
    next: Annotated[
        str | None, Field(description="the `cursor` of the page after this; null: this is the last")
    ]


class Battery(Strict):
    soc: Annotated[float | None, Field(description="state of charge, %")]
    mv: Annotated[int | None, Field(description="voltage, mV")]
    charging: bool | None


class Protocol(Strict):
    id: str
    version: int
    sha256: Annotated[str, Field(description="of the document's RFC 8785 JSON")]


class Channel(Strict):
    n: Annotated[int, Field(description="channel, from 1")]
    set_ma: Annotated[float | None, Field(description="set peak current of one phase, mA")]
    ma: Annotated[float | None, Field(description="delivered peak current of one phase, newest sample, mA")]
    ohm: Annotated[
        float | None, Field(description="whole electrode pair, Ω; null: too little current to measure")
    ]
    contact: Annotated[str | None, Field(description="ok, low_current, electrode, timeout, unknown or off")]
    charge_uc: Annotated[float | None, Field(description="leading phase, running total of the session, µC")]


class Device(Strict):
    """A device as it is now.  What it has not said is null; silence changes `link` and nothing else."""

    serial: str
    name: str
    site: Annotated[str, Field(description="slug")]
    room: str
    uplink: Annotated[str, Field(description="access point or gateway; default the room")]
    tags: list[str]
    model: str | None
    firmware: str | None
    link: Link
    state: State | None
    output: Annotated[str | None, Field(description="off, ramping or on")]
    session: str | None
    heard_at: Annotated[datetime | None, Field(description="last live sign of life")]
    age_ms: Annotated[int | None, Field(description="since `heard_at`, when this was answered")]
    clock_skew_ms: Annotated[int | None, Field(description="device clock minus server clock")]
    battery: Battery
    temp_c: float | None
    channels: list[Channel]
    protocol: Protocol | None
    phase: Annotated[str | None, Field(description="ramp_up, on, ramp_down or rest")]
    cycle: int | None
    step: int | None
    elapsed_ms: Annotated[int | None, Field(description="of the session, pauses excluded")]
    conditions: Annotated[list[str], Field(description="present or latched, such as estop or fault:hv")]
    held: Annotated[str | None, Field(description="why a received protocol is not applied yet")]
    locked: Annotated[str | None, Field(description="why no session may begin")]
    status_at: datetime | None
    telemetry_at: datetime | None
    rev: Annotated[int, Field(description="rises with every change of this device")]
    worst_alert: Annotated[Any, Field(description="null: no alert is open")]

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [examples.DEVICE]})


class Record(Strict):
    """One stored record; (device, boot, seq) names it for good."""

    boot: int
    seq: int
    type: Literal["telemetry", "event"]
    kind: Annotated[str | None, Field(description="of an event; null for telemetry")]
    placed_at: Annotated[datetime, Field(description="when it happened, in server time")]
    placed_by: Annotated[Literal["live", "clock", "order"], Field(description="the evidence for `placed_at`")]
    received_at: datetime
    late: Annotated[bool, Field(description="placed more than 5 s before it was received, or flushed")]
    disputed: Annotated[bool, Field(description="heard while two devices shared the serial")]
    body: Annotated[
        dict[str, Any], Field(description="the device's own message, as docs/wire.md describes it")
    ]


class LedgerGap(Strict):
    from_: Annotated[int, Field(alias="from")]
    to: int
    reason: Literal["dropped", "rejected", "lost", "pruned", "awaited"]


class LedgerEntry(Strict):
    """What became of every `seq` of one boot."""

    boot: int
    first_seq: int | None
    contiguous_seq: Annotated[int | None, Field(description="up to here all is stored, dropped or rejected")]
    highest_seq: int | None
    stored: Annotated[int, Field(description="how many; pruned ones stay counted")]
    dropped: int
    rejected: int
    pruned_to: Annotated[int | None, Field(description="telemetry up to here was pruned by its age")]
    closed: Annotated[bool, Field(description="the device keeps nothing of this boot any more")]
    gaps: Annotated[list[LedgerGap], Field(description="what of first…highest was never stored, and why")]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.LEDGER_ENTRY]})


class TraceChannel(Strict):
    n: int
    set_ma: Annotated[list[float | None], Field(description="mean, mA")]
    ma_min: Annotated[list[float | None], Field(description="least sample, mA")]
    ma_max: Annotated[list[float | None], Field(description="greatest sample, mA")]
    ma: Annotated[list[float | None], Field(description="mean, mA")]
    ohm: Annotated[list[float | None], Field(description="mean of what was measured, Ω")]


GapReason = Literal["dropped", "rejected", "lost", "awaited", "pruned", "restart", "unsent", "silent"]


class Trace(Strict):
    """Columns of equal length; entry i of each belongs to the interval that begins at t[i]."""

    from_: Annotated[datetime, Field(alias="from")]
    to: datetime
    source: Annotated[Literal["telemetry", "minutes"], Field(description="what it was read from")]
    step_ms: Annotated[int, Field(description="how far apart points are where nothing is missing")]
    t: list[datetime]
    channels: list[TraceChannel]
    soc: Annotated[list[float | None], Field(description="%")]
    temp_c: list[float | None]
    gaps: Annotated[list[Interval], Field(description="in session, but without telemetry")]
    gap_reasons: Annotated[
        list[GapReason | None],
        Field(description="why, for each of the gaps; null where it is not known"),
    ]
    sessions: Annotated[list[Interval], Field(description="the parts of the range that were in session")]


class SessionChannel(Strict):
    n: int
    charge_uc: Annotated[float | None, Field(description="leading phase, µC")]
    pulses: int | None
    set_ma_mean: float | None
    ma_mean: float | None
    ma_max: float | None


class Session(Strict):
    """One session of treatment, joined over reconnects."""

    id: Annotated[str, Field(description="chosen by the device")]
    device: str
    site: str
    subject: str | None
    protocol: Protocol | None
    planned_ms: int | None
    started_at: datetime | None
    last_at: Annotated[datetime, Field(description="newest record")]
    ended_at: datetime | None
    end_reason: str | None
    elapsed_ms: int | None
    channels: list[SessionChannel]
    contractions: int | None
    disputed: bool
    gaps: Annotated[list[Interval], Field(description="stretches of over 2.5 s without telemetry")]


class PlannedChannel(Strict):
    n: int
    on_ms: Annotated[int, Field(description="in the phase `on`")]
    at_target_ms: Annotated[int, Field(description="`on`, and the top tenth of each ramp")]
    pulses: float
    charge_uc: Annotated[float | None, Field(description="leading phase, µC; null: to tolerance")]
    ma_mean: Annotated[float | None, Field(description="mean target of `on`; null: to tolerance")]
    ma_max: Annotated[float | None, Field(description="highest target; null: to tolerance")]
    limit_ma: Annotated[float, Field(description="the most that the document allows")]


class Prescribed(Strict):
    """What the protocol document plans; session time leaves pauses out."""

    length_ms: int
    contractions: Annotated[int, Field(description="`on` phases of every step, as devices count them")]
    channels: list[PlannedChannel]


class Verdict(Strict):
    """The rule is in docs/dose.md; it is bookkeeping, no clinical judgement."""

    finding: Literal["valid", "partial", "too_little", "unknown", "open", "unplanned"]
    planned: Annotated[int | None, Field(description="contractions; null: nothing to judge against")]
    reached: Annotated[int | None, Field(description="of these at target, by the channel with the fewest")]
    unseen: Annotated[int | None, Field(description="more may have been, while nothing was heard")]
    channel: Annotated[int | None, Field(description="the one it goes by")]


class DoseChannel(Strict):
    n: int
    on_ms: int
    at_target_ms: Annotated[int, Field(description="in contractions, at 90 % of the target or more")]
    contractions_at_target: int | None
    set_ma_mean: Annotated[float | None, Field(description="within contractions")]
    ma_mean: Annotated[float | None, Field(description="within contractions, without ramps")]
    ma_max: float
    ohm_mean: float | None
    contact_ms: Annotated[dict[str, int], Field(description="time of samples by contact")]


class PauseTold(Strict):
    from_: Annotated[datetime, Field(alias="from")]
    to: Annotated[datetime | None, Field(description="null: not over, or not told")]
    length_ms: Annotated[int | None, Field(description="by the device's own clock")]
    by: str | None
    resumed_by: str | None


class Dose(Strict):
    """What the samples tell that are stored; charge and pulses are the session's own, and whole."""

    recorded_ms: Annotated[int, Field(description="time that samples cover")]
    messages: Annotated[int, Field(description="that count")]
    late: int
    disputed: Annotated[
        int, Field(description="messages of two devices under one serial; they count for nothing")
    ]
    deleted: Annotated[int, Field(description="messages that were deleted by their age")]
    verdict: Verdict
    channels: list[DoseChannel]
    pauses: list[PauseTold]
    intensity_changes: int
    reconnects: int


class SessionInFull(Session):
    """A session with what was prescribed and what was given."""

    prescribed: Annotated[Prescribed | None, Field(description="null: no protocol document is kept")]
    dose: Dose


class Reject(Strict):
    """What was refused on the wire."""

    id: int
    at: datetime
    topic: str
    serial: str
    reason: str
    detail: str
    excerpt: Annotated[str, Field(description="its first 200 bytes; what is no UTF-8 is shown as \\xNN")]
    count: Annotated[int, Field(description="how many this row stands for")]


class AuditEntry(Strict):
    """One thing somebody did or was refused."""

    id: int
    number: Annotated[int | None, Field(description="place in the hash chain; null: not chained yet")]
    at: datetime
    actor: Annotated[str, Field(description="user name; `(shell)`, `(not logged in)`")]
    action: str
    site: Annotated[str | None, Field(description="slug; null: of no one site, such as a login")]
    subject: str
    detail: dict[str, Any]
    hash: Annotated[str | None, Field(description="SHA-256 over the hash before, a line feed, and the entry")]


class ProblemError(Strict):
    parameter: str
    seen: str
    detail: str


class Problem(Strict):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[ProblemError] = []

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.PROBLEM]})
