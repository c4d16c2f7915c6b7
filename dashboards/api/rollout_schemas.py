"""The shapes of rollouts in the API's answers, for OpenAPI; `rollout_bodies` has those of what is asked."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from dashboards.api import rollout_examples as examples
from dashboards.api.schemas import Strict

State = Literal[
    "draft",
    "submitted",
    "approved",
    "scheduled",
    "running",
    "paused",
    "completed",
    "aborted",
    "rolling_back",
    "rolled_back",
]
TargetState = Literal[
    "planned",
    "offered",
    "received",
    "held",
    "applying",
    "claimed",
    "verified",
    "already_current",
    "rejected",
    "failed",
    "timed_out",
    "withdrawn",
]
Verb = Literal[
    "submit", "approve", "reject", "start", "pause", "resume", "advance", "abort", "rollback", "retry"
]

# --- what was asked for ---


class WaveOfCount(Strict):
    count: Annotated[int, Field(ge=1, description="so many devices more")]


class WaveOfPercent(Strict):
    percent: Annotated[
        float, Field(gt=0, le=100, description="of all devices, those of the waves before included")
    ]


class WaveOfClass(Strict):
    risk_class: Annotated[
        Literal["bench", "staff", "low_risk", ""],
        Field(description='everybody of this class, and of the safer ones; "": everybody'),
    ]


class OfferWindow(Strict):
    days: Annotated[
        list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] | None,
        Field(description="on which it begins; null: every day"),
    ] = None
    from_: Annotated[str, Field(alias="from", pattern="^[0-2][0-9]:[0-5][0-9]$", examples=["06:00"])]
    to: Annotated[
        str,
        Field(pattern="^[0-2][0-9]:[0-5][0-9]$", description="at or before `from`: on the next day"),
    ]


# --- what is answered ---


class Progress(Strict):
    """How far a wave is."""

    wave: Annotated[int, Field(description="from 1")]
    opened_at: datetime | None
    over_at: Annotated[datetime | None, Field(description="no reachable device of it is open any more")]
    passed_at: Annotated[datetime | None, Field(description="the next one was opened, or the rollout ended")]
    waived_at: Annotated[
        datetime | None, Field(description="somebody went on in spite of its thresholds: judged no more")
    ]
    waived_by: Annotated[str | None, Field(description="username")]
    devices: int
    counts: Annotated[dict[str, int], Field(description="devices by state; what none is in is left out")]
    reasons: Annotated[
        dict[str, dict[str, int]], Field(description="by state, how many are in it for which reason")
    ]
    evaluated: Annotated[
        int,
        Field(
            description="what thresholds are judged over: `verified`, `already_current`, `failed`, `rejected`,"
            " `timed_out`"
        ),
    ]
    succeeded: Annotated[int, Field(description="of the evaluated: `verified`, `already_current`")]
    went_wrong: Annotated[int, Field(description="of the evaluated: `failed`, `rejected`, `timed_out`")]
    unreachable: Annotated[
        int, Field(description="planned, but offline or in conflict: no wave waits for them")
    ]


class Rollout(Strict):
    """One version of a protocol on its way to a set of devices."""

    id: UUID
    title: str
    protocol: Annotated[str, Field(description="id of the protocol")]
    version: int
    sha256: Annotated[str | None, Field(description="of the document; what has to be read back")]
    sites: Annotated[list[str], Field(description="slugs, as far as you see them")]
    other_sites: Annotated[int, Field(description="how many more there are")]
    state: Annotated[
        State,
        Field(description="one that stopped itself is `paused`, with the `reason`; see docs/rollouts.md"),
    ]
    reason: Annotated[str | None, Field(description="a word: why it stands where it does")]
    facts: Annotated[dict[str, Any], Field(description="the numbers of that reason")]
    text: Annotated[str, Field(description="where it stands, in words")]
    wave: Annotated[int, Field(description="the one that is open; 0: none yet")]
    devices: Annotated[int, Field(description="of all its sites; 0 until it was started")]
    counts: Annotated[dict[str, int], Field(description="devices by state; what none is in is left out")]
    progress: list[Progress]
    waves: Annotated[
        list[WaveOfCount | WaveOfPercent | WaveOfClass], Field(description="as they were asked for")
    ]
    success_threshold: Annotated[float, Field(description="share of a wave's evaluated devices, in (0, 1]")]
    failure_threshold: Annotated[float | None, Field(description="share at which it stops itself, in (0, 1]")]
    failure_count: Annotated[int | None, Field(description="devices of a wave at which it stops itself")]
    min_evaluated: Annotated[int, Field(description="devices below which a wave is not judged by shares")]
    deadline_s: Annotated[int, Field(description="from the offer; stands still while a device holds it")]
    soak_s: Annotated[int, Field(description="between waves")]
    pace_per_minute: Annotated[int, Field(description="at most so many offers in any 60 s")]
    retries: Annotated[int, Field(description="more offers to a device that stayed silent or showed another")]
    advance: Annotated[
        Literal["automatic", "manual"], Field(description="`manual`: somebody opens each wave")
    ]
    start_at: datetime | None
    window: Annotated[
        OfferWindow | None, Field(description="when devices may be offered it, in their site's zone")
    ]
    created_at: datetime
    created_by: Annotated[str | None, Field(description="username")]
    submitted_at: datetime | None
    submitted_by: str | None
    decided_at: Annotated[datetime | None, Field(description="approved or sent back")]
    decided_by: str | None
    decision_reason: str
    started_at: datetime | None
    started_by: str | None
    ended_at: datetime | None
    decisions: Annotated[int, Field(description="how many were made")]
    rev: Annotated[int, Field(description="rises with each change of it, its waves or its devices")]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.ROLLOUT]})


class Next(Strict):
    """What happens next, as far as it can be known."""

    what: Annotated[
        Literal[
            "submit",
            "decide",
            "start",
            "begin",
            "wave",
            "offers",
            "window",
            "answers",
            "held",
            "hearing",
            "soak",
            "gate",
            "complete",
            "person",
            "nothing",
        ],
        Field(
            description="`submit`, `decide`, `start`, `gate`, `person`: somebody has to; `begin`: its time;"
            " `offers`: the pace; `window`: the earliest opening; `answers`: devices, at the latest then;"
            " `held`: devices that hold it; `hearing`: ingest; `wave`, `soak`: the next wave opens"
        ),
    ]
    at: Annotated[datetime | None, Field(description="null: it is not the clock that decides")]
    facts: dict[str, Any]


class RolloutInFull(Rollout):
    """A rollout in words, and which devices it was written for."""

    targets: Annotated[
        dict[str, Any], Field(description="as asked for; serials of sites that you do not see are left out")
    ]
    next: Next

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.IN_FULL]})


class Before(Strict):
    id: str
    version: int
    sha256: str


class Report(Strict):
    """What a device said last of its protocol."""

    protocol: Annotated[Before | None, Field(description="null: it says that it has none")]
    is_wanted: Annotated[bool, Field(description="it has the hash `want_sha256`")]
    heard: Annotated[bool, Field(description="it is heard now; else what it has is not known any more")]
    told_at: Annotated[datetime, Field(description="when it said so, by the server's clock")]
    age_ms: Annotated[int, Field(description="since `told_at`, when this was answered")]


class Target(Strict):
    """One device of a rollout."""

    serial: str
    name: str
    room: str
    site: Annotated[str, Field(description="slug")]
    wave: Annotated[int, Field(description="from 1")]
    state: Annotated[
        TargetState,
        Field(description="`claimed` is the device's word; `verified`: the hash was read back, live"),
    ]
    reason: Annotated[str | None, Field(description="a word: why it is there, or what it waits for")]
    facts: dict[str, Any]
    text: Annotated[str, Field(description="the same as a sentence")]
    direction: Annotated[
        Literal["out", "back"], Field(description="`back`: on its way to what it had before")
    ]
    attempts: Annotated[int, Field(description="offers in this direction; at most 1 + retries")]
    want_sha256: Annotated[str, Field(description="what has to be read back")]
    before: Annotated[Before | None, Field(description="what it reported before it was first offered this")]
    changed: Annotated[bool, Field(description="it has, or may have, taken the version over")]
    reports: Annotated[
        Report | None,
        Field(description="now, whatever `state` said when it was decided; null: it has said nothing"),
    ]
    command: Annotated[UUID | None, Field(description="the newest offer")]
    joined_at: datetime
    offered_at: datetime | None
    held_since: Annotated[datetime | None, Field(description="the deadline stands still since then")]
    claimed_at: datetime | None
    verified_at: datetime | None
    settled_at: datetime | None
    rev: int

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.TARGET]})


class Decision(Strict):
    """One decision; played back in order, they give the rollout as it stands."""

    number: Annotated[int, Field(description="within the rollout, from 1")]
    at: datetime
    kind: str
    serial: Annotated[str | None, Field(description="null: about the rollout or a wave")]
    wave: int | None
    to: Annotated[str | None, Field(description="the state that it led to")]
    reason: str | None
    facts: dict[str, Any]
    actor: Annotated[str | None, Field(description="username; null: the clock")]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.DECISION]})


Outcome = Literal[
    "offered",
    "in_session",
    "already_current",
    "window",
    "unreachable",
    "conflict",
    "other_rollout",
    "incapable",
    "revoked",
]


class Foreseen(Strict):
    """One device, and what would become of it."""

    serial: str
    name: str
    room: str
    site: Annotated[str, Field(description="slug")]
    risk_class: Annotated[str | None, Field(description="null: the rest")]
    wave: Annotated[int | None, Field(description="from 1; null: in none")]
    outcome: Annotated[
        Outcome,
        Field(
            description="`offered` and `in_session` are reached: in a session a device holds it until that is over"
        ),
    ]
    facts: dict[str, Any]
    text: str


class ForeseenWave(Strict):
    wave: Annotated[int, Field(description="from 1")]
    devices: int
    reached: int
    counts: Annotated[dict[str, int], Field(description="devices by outcome")]


class Preview(Strict):
    """Who would be reached, and who not and why, as the devices are now."""

    protocol: str
    version: int
    sha256: str
    sites: Annotated[list[str], Field(description="slugs")]
    devices: int
    reached: int
    counts: Annotated[dict[str, int], Field(description="devices by outcome")]
    waves: list[ForeseenWave]
    items: Annotated[list[Foreseen], Field(description="in the order of their turn")]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.PREVIEW]})
