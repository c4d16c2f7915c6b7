"""The shape of `GET alerts/metrics`, for OpenAPI.  docs/safety/burden.md says what each figure is."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from dashboards.api import alert_examples as examples
from dashboards.api.alert_schemas import Duty
from dashboards.api.schemas import Strict

Share = Annotated[float | None, Field(description="0…1; null: not known")]
Known = Annotated[float | None, Field(description="null: not known")]


class AlarmSource(Strict):
    """What rang: a rule at a device and channel, or at a group of devices or a part of the server."""

    rule: str
    device: Annotated[str | None, Field(description="serial")]
    channel: int | None
    subject: str | None


class FrequentSource(AlarmSource):
    alarms: int
    share: Annotated[float, Field(description="of all alarms, 0…1")]


class StaleSource(AlarmSource):
    since: datetime


class AlarmFlood(Strict):
    """Begins with ten alarms in ten minutes, ends below five."""

    from_: Annotated[datetime, Field(alias="from")]
    to: datetime
    alarms: int


class NonActionable(Strict):
    """How many alarms of the last 120 min were expected or false: many make people slower."""

    now: int
    most: int
    bins: Annotated[list[int], Field(description="at the end of each bin")]


class Position(Strict):
    """The figures of one operator position: a site's duty."""

    site: str
    duty: Duty
    from_: Annotated[datetime, Field(alias="from", description="where its data begins")]
    to: datetime
    days: float
    enough_data: Annotated[bool, Field(description="30 days or more: enough for a verdict")]
    alarms: Annotated[int, Field(description="how often somebody was called")]
    per_10_min: Known
    per_hour: Known
    per_day: Known
    busy_share: Annotated[float | None, Field(description="of the bins: those with more than ten alarms")]
    most_in_10_min: Annotated[int, Field(description="in any ten minutes, wherever they begin")]
    most_in_10_min_at: datetime | None
    flood_share: Share
    floods: list[AlarmFlood]
    top: Annotated[list[FrequentSource], Field(description="the ten that rang most")]
    top_share: Share
    chattering: int
    fleeting: Annotated[int, Field(description="true for less than 10 s")]
    stale: Annotated[int, Field(description="true for over 24 h, on the worst day")]
    stale_now: list[StaleSource]
    priority_share: Annotated[dict[str, float], Field(description="0…1 by priority; empty without an alarm")]
    non_actionable_120_min: NonActionable
    closed_with_a_verdict: int
    without_a_verdict: int
    answer_ms: Annotated[int | None, Field(description="median from alarm to acknowledgement")]
    slow_answer_ms: Annotated[int | None, Field(description="nine of ten answers are faster")]
    shelved_beyond_a_shift: int
    refused_suppressions: Annotated[int, Field(description="tries to shelve or change rules, refused")]
    standing: Annotated[
        dict[str, Literal["good", "watch", "over", "unknown"]],
        Field(description="of each figure to its limit"),
    ]
    bins: Annotated[list[int], Field(description="alarms in each bin, from `from` on")]


class Metrics(Strict):
    """How much alerts ask of the people on duty: the figures of ISA-18.2 and EEMUA 191."""

    from_: Annotated[datetime, Field(alias="from")]
    to: datetime
    bin_s: int
    days_for_a_verdict: int
    items: list[Position]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.METRICS]})
