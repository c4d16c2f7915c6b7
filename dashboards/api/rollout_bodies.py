"""What is asked of rollouts, for OpenAPI.  `fleet.rollouts.drafting` reads it, strictly: a text is no number."""

from typing import Annotated, Any, Final

from ninja import Schema
from pydantic import ConfigDict, Field, StrictInt, WithJsonSchema

from dashboards.api.params import Storable
from fleet.rollouts import plan

_SHARE: Final = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}
_WORD: Final = {"type": ["string", "null"], "maxLength": 64}
_TIME: Final = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
_TARGETS: Final = {
    "oneOf": [
        {
            "type": "object",
            "properties": {
                "serials": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}
            },
            "required": ["serials"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "description": "at least one; all that are given must hold",
            "properties": dict.fromkeys(("site", "room", "model", "tag"), _WORD),
            "minProperties": 1,
            "additionalProperties": False,
        },
    ]
}


def _only(name: str, kind: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: kind}, "required": [name], "additionalProperties": False}


_WAVES: Final = {
    "type": "array",
    "description": "the last one reaches everybody",
    "minItems": 1,
    "maxItems": plan.MOST_WAVES,
    "items": {
        "oneOf": [
            _only("count", {"type": "integer", "minimum": 1, "description": "so many devices more"}),
            _only(
                "percent",
                {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "maximum": 100,
                    "description": "of all devices, those of the waves before included",
                },
            ),
            _only(
                "risk_class",
                {
                    "enum": [one.value for one in plan.ORDER],
                    "description": "everybody of this class, and of the safer ones",
                },
            ),
        ]
    },
}
_WINDOW: Final = {
    "type": ["object", "null"],
    "description": "when devices may be offered it, by the clock of each device's site",
    "properties": {
        "days": {"type": "array", "items": {"enum": list(plan.DAYS)}, "minItems": 1},
        "from": _TIME,
        "to": {**_TIME, "description": "at or before `from`: on the next day"},
    },
    "required": ["from", "to"],
    "additionalProperties": False,
}


def _field(schema: dict[str, Any], said: str = "") -> Any:
    return WithJsonSchema(schema | ({"description": said} if said else {}))


def _number(low: int, high: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


class Wanted(Schema):
    """A rollout to be."""

    title: Annotated[Any, _field({"type": ["string", "null"], "maxLength": 120})] = None
    protocol: Annotated[Any, _field({"type": "string"}, "id of the protocol")]
    version: Annotated[Any, _field(_number(1, 2**31 - 1), "that is approved")]
    targets: Annotated[Any, _field(_TARGETS, "a list, or a filter")]
    waves: Annotated[Any, _field(_WAVES)]
    success_threshold: Annotated[Any, _field(_SHARE, "a wave that ends below it stops the rollout")]
    failure_threshold: Annotated[Any, _field(_or_null(_SHARE), "share of a wave at which it stops")] = None
    failure_count: Annotated[
        Any,
        _field(
            _or_null(_number(1, plan.MOST_DEVICES)),
            "devices of a wave at which it stops; this or `failure_threshold` is needed",
        ),
    ] = None
    min_evaluated: Annotated[
        Any, _field(_number(1, plan.MOST_DEVICES), "below so many no share is judged; default 1")
    ] = None
    deadline_s: Annotated[Any, _field(_number(1, plan.LONGEST_DEADLINE_S), "from the offer")]
    soak_s: Annotated[Any, _field(_number(0, plan.LONGEST_SOAK_S), "between waves; default 0")] = None
    pace_per_minute: Annotated[Any, _field(_number(1, plan.MOST_A_MINUTE), "at most so many offers")]
    retries: Annotated[Any, _field(_number(0, plan.MOST_RETRIES), "default 0")] = None
    advance: Annotated[Any, _field({"enum": [one.value for one in plan.Advance]}, "default `automatic`")] = (
        None
    )
    start_at: Annotated[
        Any,
        _field({"type": ["string", "null"]}, "ISO 8601; without an offset by the clock of the site"),
    ] = None
    window: Annotated[Any, _field(_WINDOW)] = None
    id: Annotated[
        Any,
        _field(
            {"type": ["string", "null"], "format": "uuid"},
            "chosen by you, so that a request that you repeat is the same one; default: a new one",
        ),
    ] = None

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """Return what was sent, as it was sent."""
        return self.model_dump(exclude_unset=True)


class Rewritten(Wanted):
    """A draft, written anew."""

    id: Annotated[Any, _field({"type": "null"})] = None
    rev: Annotated[
        Any, _field(_or_null(_number(0, 2**53)), "of the draft that you changed; null: whichever it has")
    ] = None


class Said(Schema):
    """What goes with a verb."""

    reason: Annotated[
        str | None,
        Field(max_length=300, description="why, in your words; needed to approve or reject"),
        Storable,
    ] = None
    wave: Annotated[
        StrictInt | None,
        Field(ge=0, le=plan.MOST_WAVES, description="for `advance`: the wave that you saw open"),
    ] = None
    rev: Annotated[
        StrictInt | None,
        Field(
            ge=0,
            le=2**53,
            description="for `submit`, `approve`, `reject`: the `rev` that you read; 409 if it is another by now",
        ),
    ] = None
    also: Annotated[
        list[str] | None,
        Field(max_length=2, description="for `retry`: `failed`, `timed_out`, with attempts begun anew"),
    ] = None

    model_config = ConfigDict(extra="forbid")


NOTHING: Final = Said()
