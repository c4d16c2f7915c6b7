"""What the OpenAPI document says beyond paths and shapes: errors, headers, examples, who may ask.

`manage.py openapi` writes it to docs/api/openapi.json; each running server answers its own.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from dashboards.api import examples, schemas
from dashboards.api.problems import MEDIA_TYPE

TEXT: Final = """Live supervision of electrical muscle stimulators.

- **Who asks**: `Authorization: Bearer <token>`, or the session cookie of somebody logged in; with the cookie, every
  method but GET and HEAD also needs Django's CSRF token (`X-CSRFToken`).
- **What you see** are the sites you are a member of.  Whoever may not see a thing gets 404, as if there were none;
  whoever may see it, but not do it, gets 403, and the attempt is on record.
- **Lists** are `{"items": [...], "next": <cursor or null>}`: ask again with `?cursor=<next>` and the same filters.
  An empty parameter asks for nothing, one that is not known is skipped.
- **Times** are ISO 8601 in UTC with milliseconds.  Units are in the names: `_ma`, `_mv`, `_ms`, `_uc`, `ohm`, `temp_c`.
- **Errors** are RFC 9457 `application/problem+json`, each path's own and these: 404 for a path that does not exist, 405
  with `Allow`, 413 for a body over 2.5 MB.  HEAD is answered like GET, without the body.
- **Limits**: requests are counted for each token, login or address; `RateLimit-*` tells what is left, 429 comes with
  `Retry-After`.
"""

TAGS: Final = {
    "devices": "Devices as they are now, and what they said: records, the ledger of every record, traces.",
    "alerts": "What is wrong, who has it, and what became of it.",
    "commands": "What is asked of devices, and whether it happened.  Nothing starts or raises anything.",
    "protocols": "What is done to people, by version: written by one, approved by another, read back by its hash.",
    "rollouts": "A version to a set of devices, in waves, never inside a session; verified is what was read back.",
    "sessions": "Sessions of treatment, one row each, joined over reconnects.",
    "rejects": "What was refused on the wire, and why.",
    "audit": "Who did what.",
}

_PROBLEMS: Final = {
    "400": "The request itself cannot be used: a body that is no JSON, too many parameters, a foreign host.",
    "401": "Nobody is logged in, or the token is no good.",
    "403": "You may see it, but not do it; or the CSRF token, or a second factor that is required, is missing.",
    "404": "There is none, or you may not see it.",
    "409": "Its state forbids it.",
    "413": "The body is too large.",
    "415": "The body is no `application/json`.",
    "422": "Something sent cannot be used; `errors` says which, what was seen and what was expected.",
    "429": "Too many requests; `Retry-After` says when again.",
    "500": "Something unforeseen; `detail` names it as the server's log does.",
    "503": "The database does not answer; `Retry-After` says when to try again.",
}
_ALWAYS: Final = ("400", "401", "403", "404", "429", "500", "503")
_WITH_BODY: Final = ("413", "415", "422")
_OWN: Final = {
    "endConflict": ("409",),
    "getSession": ("409",),
    "acknowledgeAlert": ("409",),
    "shelveAlert": ("409",),
    "unshelveAlert": ("409",),
    "closeAlert": ("409",),
    "assignAlert": ("409",),
    "askDevice": ("409",),
    "giveCommandReason": ("409",),
    "stopSite": ("409",),
    "giveStopReason": ("409",),
    "writeRollout": ("409",),
    "rewriteRollout": ("409",),
    "askRollout": ("409",),
    "createProtocol": ("409",),
    "draftLibraryRow": ("409",),
    "editProtocolVersion": ("409",),
    "submitProtocolVersion": ("409",),
    "approveProtocolVersion": ("409",),
    "rejectProtocolVersion": ("409",),
    "withdrawProtocolVersion": ("409",),
}
"""What single operations answer besides, by operation id."""

_DETAILS: Final = {
    "400": "The body is no JSON.",
    "401": "Log in, or send `Authorization: Bearer <token>` with a token that is still good.",
    "403": "Your role at North does not allow ending an identity conflict; ask an administrator of the site.",
    "404": "There is no device 'EMS-0009' that you may see.",
    "409": "EMS-0001 is in no identity conflict.",
    "413": "At most 2621440 bytes may be sent.",
    "415": "Content-Type: application/json expected; seen: 'text/plain'",
    "429": "Too many requests: wait 2 s.",
    "500": "Unforeseen; the server's log knows it as 5f1c09ab.",
    "503": "The database does not answer at the moment; try again.",
}
_PARAMETERS: Final = {
    "serial": "of the device",
    "id": "of the session, chosen by its device",
    "room": "exactly this room",
    "tag": "devices that carry this tag",
    "link": "whether it is heard: `conflict` is two devices under one serial",
    "state": "what it last said it is doing",
    "points": "at most so many in the answer",
    "reason": "why it was refused",
    "alert_id": "of the alert",
    "priority": "how soon somebody must act",
    "command_id": "of the command",
    "stop_id": "of the stop",
    "slug": "of the site",
    "protocol_id": "of the protocol",
    "rollout_id": "of the rollout",
    "number": "of the version, from 1",
    "row": "of the library, from 1",
    "duty": "who is asked first: `care` with people, `technical` with machines",
}
"""What a parameter means where its own path does not say."""

_INTEGER = {"schema": {"type": "string", "pattern": "^[0-9]+$"}}
_LIMITS: Final = {
    "RateLimit-Limit": {"description": "how many requests at once", "example": "600"} | _INTEGER,
    "RateLimit-Remaining": {"description": "how many of them are left", "example": "598"} | _INTEGER,
    "RateLimit-Reset": {"description": "seconds until all are back", "example": "1"} | _INTEGER,
}
_RETRY_AFTER: Final = {"description": "seconds to wait", "required": True, "example": "5"} | _INTEGER
_CHALLENGE: Final = {"schema": {"type": "string"}, "required": True, "example": 'Bearer realm="myofleet"'}


def complete(document: dict[str, Any]) -> None:
    """Add to what the framework knows; `document` is changed."""
    document["info"]["description"] = TEXT
    document["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    document["externalDocs"] = {"url": "/api/v1/docs", "description": "the same for people"}
    document["servers"] = [{"url": "/", "description": "this server"}]
    components = document["components"]
    components["headers"] = {name.replace("-", ""): header for name, header in _LIMITS.items()}
    components["securitySchemes"] = {
        "TokenAuth": {"type": "http", "scheme": "bearer", "description": "`manage.py token` makes one"},
        "SessionAuth": {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "a login"},
    }
    problem = schemas.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= problem.pop("$defs", {}) | {"Problem": problem}
    used = set()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _operation(path, operation)
            used |= set(operation["tags"])
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items() if name in used]
    components["schemas"] = _reached(document, components["schemas"])


def _operation(path: str, operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    parameters, body = operation.get("parameters", []), operation.get("requestBody")
    for parameter in parameters:
        own = {"cursor": examples.CURSORS.get(name)} | examples.OWN_PARAMETERS.get(name, {})
        _parameter(parameter, examples.PARAMETERS | own)
    if body:
        body["content"]["application/json"]["example"] = examples.BODIES[name]
    operation["responses"] = {str(status): answer for status, answer in operation["responses"].items()}
    success = next(answer for status, answer in operation["responses"].items() if status < "300")
    success["content"]["application/json"]["example"] = examples.ANSWERS[name]
    statuses = [*_ALWAYS, *(_WITH_BODY if body else ()), *_OWN.get(name, ())]
    if any(parameter["in"] == "query" for parameter in parameters):
        statuses.append("422")
    for status in sorted(set(statuses)):
        operation["responses"][status] = _problem(status, path)
    for answer in operation["responses"].values():
        answer.setdefault("headers", {}).update(
            {one: {"$ref": f"#/components/headers/{one.replace('-', '')}"} for one in _LIMITS}
        )


def _parameter(parameter: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Say plainly what may be given: an absent value is no `null` in an address."""
    choices = [one for one in parameter["schema"].pop("anyOf", []) if one.get("type") != "null"]
    for one in choices:
        parameter["schema"] |= one
    for name in ("title", "description", "examples"):
        parameter["schema"].pop(name, None)
    parameter.pop("examples", None)
    if parameter["schema"].get("default", 0) is None:
        del parameter["schema"]["default"]
    if parameter["in"] == "query":
        parameter["allowEmptyValue"] = True
    if not parameter.get("description"):
        parameter["description"] = _PARAMETERS[parameter["name"]]
    parameter["example"] = values[parameter["name"]]


def _problem(status: str, path: str) -> dict[str, Any]:
    where = path
    for name, value in examples.PARAMETERS.items():
        where = where.replace(f"{{{name}}}", str(value))
    example = {
        "type": "about:blank",
        "title": HTTPStatus(int(status)).phrase,
        "status": int(status),
        "detail": _DETAILS.get(status, ""),
        "instance": where,
    }
    if status == "422":
        detail = "limit: Input should be less than or equal to 1000; seen: '5000'"
        example |= {
            "detail": detail,
            "errors": [{"parameter": "limit", "seen": "'5000'", "detail": detail}],
        }
    headers: dict[str, Any] = {}
    if status in ("429", "503"):
        headers["Retry-After"] = _RETRY_AFTER
    if status == "401":
        headers["WWW-Authenticate"] = _CHALLENGE
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {MEDIA_TYPE: {"schema": schema, "example": example}}
    return {"description": _PROBLEMS[status], "content": content, "headers": headers}


def _reached(document: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    """Return the shapes that some path leads to; the framework also lists how it groups parameters."""
    reached: set[str] = set()
    waiting = list(_references(document["paths"]))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += _references(kept[name])
    return {name: kept[name] for name in sorted(reached)}


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref" and str(value).startswith("#/components/schemas/"):
                yield str(value).rpartition("/")[2]
            else:
                yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)
