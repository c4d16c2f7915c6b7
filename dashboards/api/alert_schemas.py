"""The shapes of alerts in the API's answers, for OpenAPI.  Units are in the names or in the description."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from dashboards.api import alert_examples as examples
from dashboards.api.schemas import Strict

Priority = Literal["high", "medium", "low", "info"]
State = Literal["raised", "acknowledged", "cleared", "closed"]
Duty = Literal["care", "technical"]
Disposition = Literal["actionable", "expected", "false_data", "false_rule", "undetermined"]


class Alert(Strict):
    """Something is wrong, or was.  Of each device, rule and channel one alert at most is open."""

    id: int
    device: Annotated[str | None, Field(description="serial; null: of a group of devices, or of the server")]
    device_name: str | None
    room: str | None
    site: Annotated[str | None, Field(description="slug; null: of the server itself, so of every site")]
    rule: Annotated[str, Field(description="as docs/safety/rules.md names it")]
    rule_version: Annotated[int, Field(description="of the site's rule set; 0: the product's own")]
    duty: Annotated[Duty, Field(description="who is asked first")]
    priority: Priority
    channel: Annotated[int | None, Field(description="from 1")]
    subject: Annotated[str, Field(description="the group or part it is about")]
    title: str
    text: str
    facts: Annotated[dict[str, Any], Field(description="the numbers of the text; units in the names")]
    state: Annotated[
        State,
        Field(
            description="`raised`: true, and nobody has it; `acknowledged`: true, and somebody has it; `cleared`: true"
            " no longer, still open"
        ),
    ]
    session: str | None
    in_session: Annotated[bool, Field(description="current could flow into somebody")]
    raised_at: Annotated[datetime, Field(description="when it was first true")]
    risen_at: Annotated[datetime, Field(description="when it last became true")]
    noted_at: Annotated[datetime, Field(description="when the server took note of it")]
    acknowledged_at: datetime | None
    acknowledged_by: Annotated[str | None, Field(description="username")]
    cleared_at: datetime | None
    closed_at: datetime | None
    closed_by: Annotated[str | None, Field(description="username; null: it closed itself")]
    disposition: Disposition | None
    note: str
    assignee: Annotated[str | None, Field(description="username")]
    shelved_until: datetime | None
    shelved_by: Annotated[str | None, Field(description="username")]
    shelf_reason: str
    one_shot: Annotated[bool, Field(description="the shelf ends when it clears, too")]
    latched: Annotated[bool, Field(description="waits for a person, though it is over")]
    late: Annotated[bool, Field(description="known from late records only: nobody was called")]
    chattering: Annotated[bool, Field(description="comes and goes: told as one")]
    cause: Annotated[int | None, Field(description="`id` of the alert that explains it; null: a top line")]
    count: Annotated[int, Field(description="how often it became true")]
    episode: Annotated[int, Field(description="how often it was told anew; 0: never")]
    close_at: Annotated[datetime | None, Field(description="when it closes itself")]
    rev: Annotated[int, Field(description="rises with every change of this alert")]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.ALERT]})


class JournalEntry(Strict):
    at: datetime
    kind: str
    by: Annotated[str | None, Field(description="username; null: a rule, or time")]
    text: str
    data: dict[str, Any]


class AlertInFull(Alert):
    """An alert with what to do, and what became of it so far."""

    to_do: str
    why: Annotated[str, Field(description="why its rule exists")]
    journal: Annotated[list[JournalEntry], Field(description="the oldest entry first")]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.ALERT_IN_FULL]})
