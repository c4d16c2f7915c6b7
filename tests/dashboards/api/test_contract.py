"""Answers have the fields that others build on, and are what the OpenAPI document says."""

from datetime import timedelta
from typing import Any

import jsonschema
import pytest

from devices.models import Ledger, Reject, Session
from devices.state import to_ms
from fleet.access import service
from tests.dashboards.api.ward import Get, Ward
from tests.devices import history

# The field names of the HTTP contract (docs/api.md).  More may be there; none may be missing or renamed.
FIELDS = {
    "device": "serial name site room uplink tags model firmware link state output session heard_at age_ms"
    " clock_skew_ms battery temp_c channels protocol phase cycle elapsed_ms rev worst_alert",
    "device channel": "n set_ma ma ohm contact charge_uc",
    "battery": "soc mv charging",
    "protocol": "id version sha256",
    "record": "boot seq type kind placed_at received_at late body",
    "ledger": "boot first_seq contiguous_seq highest_seq stored dropped rejected gaps",
    "ledger gap": "from to reason",
    "trace": "t channels soc temp_c gaps",
    "trace channel": "n ma_min ma_max ma ohm",
    "session": "id device site subject protocol started_at ended_at end_reason elapsed_ms channels"
    " contractions gaps",
    "session channel": "n charge_uc pulses set_ma_mean ma_mean ma_max",
    "reject": "at topic serial reason excerpt count",
    "audit": "at actor action site subject detail",
}
PATHS = {
    "devices": "/api/v1/devices",
    "devices/EMS-0001": "/api/v1/devices/{serial}",
    "devices/EMS-0003": "/api/v1/devices/{serial}",
    "devices/EMS-0001/records": "/api/v1/devices/{serial}/records",
    "devices/EMS-0001/ledger": "/api/v1/devices/{serial}/ledger",
    "devices/EMS-0001/trace": "/api/v1/devices/{serial}/trace",
    "sessions": "/api/v1/sessions",
    f"sessions/{history.SESSION}": "/api/v1/sessions/{id}",
    "rejects": "/api/v1/rejects",
    "audit": "/api/v1/audit",
}
OF_ALERTS = {f"/api/v1/alerts{one}" for one in ("", "/metrics", "/{alert_id}")}  # see test_alerts.py
COMMANDS = "/api/v1/devices/{serial}/commands"
OF_COMMANDS = {  # see test_commands.py
    *(f"/api/v1/{one}" for one in ("commands", "commands/{command_id}", "stops", "stops/{stop_id}")),
    "/api/v1/sites/{slug}/permit",
    "/api/v1/devices/{serial}/lock",
}
WITH_A_BODY = {
    COMMANDS,
    *(f"/api/v1/sites/{{slug}}/{deed}" for deed in ("stop", "identify")),
    *(f"/api/v1/{one}/reason" for one in ("commands/{command_id}", "stops/{stop_id}")),
    "/api/v1/devices/{serial}/end-conflict",
    "/api/v1/alerts/acknowledge",
    *(f"/api/v1/alerts/{{alert_id}}/{deed}" for deed in ("shelve", "close", "assign", "comment")),
}
ACTS = WITH_A_BODY | {f"/api/v1/alerts/{{alert_id}}/{deed}" for deed in ("acknowledge", "unshelve")}
APART = ("/api/v1/protocols", "/api/v1/rollouts")  # see test_protocols.py, test_rollouts.py
WITHOUT_STATE = {  # no state forbids them
    "/api/v1/alerts/acknowledge",
    "/api/v1/alerts/{alert_id}/comment",
    "/api/v1/sites/{slug}/identify",
}


@pytest.fixture
def told(ward: Ward) -> Ward:
    """Something of everything for EMS-0001, within the last minutes."""
    start = ward.now - timedelta(seconds=60)
    for messages in ([history.telemetry(seq) for seq in (1, 2, 3, 10)], [history.telemetry(20, boot=6)]):
        history.store_telemetry(ward.running, start, messages, received_at=ward.now, rolled_up=True)
    history.store_event(ward.running, start, history.event(4, "session_paused"), received_at=ward.now)
    Ledger.objects.create(
        device=ward.running, boot=7, first_seq=1, stored=[(1, 4), (10, 10)], dropped=[(5, 6)]
    )
    Session.objects.update_or_create(
        device=ward.running,
        session=history.SESSION,
        defaults={
            "boot": 7, "subject": "tok-1", "protocol_id": "quad-strength", "protocol_version": 3,
            "protocol_sha256": "ab" * 32, "started_at": start, "started_up_ms": 0,
        },
    )  # fmt: skip
    Reject.objects.create(
        at=ward.now, hour=ward.now, serial="EMS-0001", device=ward.running, topic="ems/v1/EMS-0001/event",
        reason="json", detail="no object", excerpt=b"\xff\x00{",
    )  # fmt: skip
    service.record(None, "site.changed", site=ward.north, subject="north", name="North")
    return ward


def _first(response: Any) -> Any:
    assert response.status_code == 200, response.content
    return response.json()["items"][0]


@pytest.mark.usefixtures("told")
def test_no_field_of_the_contract_is_missing(get: Get) -> None:
    device = get("devices/EMS-0001").json()
    ledger, session = _first(get("devices/EMS-0001/ledger")), _first(get("sessions"))
    trace = get("devices/EMS-0001/trace").json()
    seen = {
        "device": device,
        "device channel": device["channels"][0],
        "battery": device["battery"],
        "protocol": device["protocol"],
        "record": _first(get("devices/EMS-0001/records")),
        "ledger": ledger,
        "ledger gap": ledger["gaps"][0],
        "trace": trace,
        "trace channel": trace["channels"][0],
        "session": session,
        "session channel": session["channels"][0],
        "reject": _first(get("rejects")),
        "audit": _first(get("audit", "admin")),
    }
    missing = {name: set(FIELDS[name].split()) - set(answer) for name, answer in seen.items()}
    assert missing == {name: set() for name in FIELDS}


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("path", PATHS)
def test_answers_are_what_the_openapi_document_says(get: Get, path: str) -> None:
    document = get("openapi.json", None).json()
    response = get(path, "admin" if path == "audit" else "nurse")
    assert response.status_code == 200, response.content
    described = document["paths"][PATHS[path]]["get"]["responses"]["200"]["content"]["application/json"][
        "schema"
    ]
    jsonschema.validate(response.json(), described | {"components": document["components"]})


def test_the_openapi_document_describes_every_path_with_its_errors_and_no_other(get: Get) -> None:
    document = get("openapi.json", None).json()
    paths = {name: path for name, path in document["paths"].items() if not name.startswith(APART)}
    assert set(paths) == set(PATHS.values()) | OF_ALERTS | OF_COMMANDS | ACTS
    for name, path in paths.items():
        method = "post" if name in ACTS else "get"
        assert set(path) == {method}
        success = "202" if name == COMMANDS or ("/sites/{slug}/" in name and name in ACTS) else "200"
        expected = {success, "401", "403", "404"} | ({"422"} if name in WITH_A_BODY else set())
        expected |= {"409"} if name in ACTS - WITHOUT_STATE else set()
        assert expected <= set(path[method]["responses"])
        assert "application/problem+json" in path[method]["responses"]["404"]["content"]
        assert path[method]["security"]
    assert document["components"]["schemas"]["Device"]["examples"]


def test_the_examples_of_the_openapi_document_fit_their_own_schemas(get: Get) -> None:
    document = get("openapi.json", None).json()
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", []):
            jsonschema.validate(
                example, {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
            )


@pytest.mark.usefixtures("told")
def test_times_are_iso_8601_in_utc(get: Get, ward: Ward) -> None:
    heard_at = get("devices/EMS-0001").json()["heard_at"]
    assert len(heard_at) == len("2026-11-22T07:40:00.123Z")
    assert heard_at.endswith("Z")
    assert get("devices/EMS-0001/trace").json()["t"][0].endswith("Z")
    assert _first(get("rejects"))["at"][:23] == ward.now.isoformat()[:23]


@pytest.mark.usefixtures("told")
def test_a_record_carries_the_devices_own_words(get: Get) -> None:
    items = get("devices/EMS-0001/records").json()["items"]
    assert [(one["boot"], one["seq"], one["type"], one["kind"]) for one in items] == [
        (6, 20, "telemetry", None), (7, 1, "telemetry", None), (7, 2, "telemetry", None),
        (7, 3, "telemetry", None), (7, 4, "event", "session_paused"), (7, 10, "telemetry", None),
    ]  # fmt: skip
    assert items[1]["body"]["ma"][0] == [31.9] * 10


@pytest.mark.usefixtures("told")
def test_a_reject_shows_bytes_that_are_no_text(get: Get) -> None:
    assert _first(get("rejects"))["excerpt"] == "\\xff\0{"


@pytest.mark.usefixtures("told")
def test_moments_may_be_in_any_zone_and_without_one_are_utc(get: Get, ward: Ward) -> None:
    start = ward.now - timedelta(seconds=60)
    for text in (start.isoformat(), start.strftime("%Y-%m-%dT%H:%M:%S.%f"), start.astimezone().isoformat()):
        assert (
            get("devices/EMS-0001/trace", from_=text, points=9).json()["from"] == start.isoformat()[:23] + "Z"
        )


@pytest.mark.usefixtures("told")
def test_two_devices_with_one_session_id_are_told_apart(get: Get, ward: Ward) -> None:
    Session.objects.create(
        device=ward.silent, session=history.SESSION, boot=1, last_at=ward.now, last_up_ms=to_ms(ward.now)
    )
    assert get(f"sessions/{history.SESSION}").status_code == 409
    assert get(f"sessions/{history.SESSION}", device="EMS-0002").json()["device"] == "EMS-0002"
