"""/healthz, /readyz and /metrics: who may ask, and what they say on good and bad days."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from dashboards.system import health
from devices.models import Pulse
from tests.dashboards.api.ward import furnish

PARTS = ("ingest", "dispatch", "worker", "courier", "beat")
DEAD_REDIS = "redis://127.0.0.1:1/0"  # nobody listens on port 1


@pytest.fixture
def pulses(db: None) -> None:
    for part in PARTS:
        Pulse.objects.create(part=part, at=timezone.now())
    _tell("ingest", broker=True, counters={"messages_total": 120, "process_cpu_seconds_total": 3.5})


def _tell(part: str, **detail: Any) -> None:
    Pulse.objects.filter(part=part).update(detail=detail)


def _silence(part: str, seconds: float) -> None:
    Pulse.objects.filter(part=part).update(at=timezone.now() - timedelta(seconds=seconds))


def _dead(*_: object) -> None:
    raise OperationalError("connection refused to db.internal")


def _metrics(**request: Any) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    response = Client().get("/metrics", **request)
    assert response.status_code == 200, response.content
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


# --- Alive ---


def test_alive_without_a_database() -> None:
    """No `db` fixture: pytest-django fails whoever opens the database here."""
    assert Client().get("/healthz").json() == {"status": "alive"}


# --- Ready ---


@pytest.mark.usefixtures("pulses")
def test_ready_when_every_part_lives_and_each_tells_its_age() -> None:
    response = Client().get("/readyz")
    parts = response.json()["parts"]
    assert (response.status_code, response.json()["status"]) == (200, "ready"), parts
    assert set(parts) == {"database", "redis", "broker", *PARTS}
    assert all(0 <= parts[part]["age_ms"] < 5_000 for part in (*PARTS, "broker"))


@pytest.mark.usefixtures("pulses")
@pytest.mark.parametrize(
    "part,seconds", [("ingest", 5.1), ("dispatch", 5.1), ("worker", 10.1), ("courier", 10.1), ("beat", 10.1)]
)
def test_a_silent_part_is_named(part: str, seconds: float) -> None:
    _silence(part, seconds)
    response = Client().get("/readyz")
    told = response.json()["parts"][part]
    assert response.status_code == 503
    assert "silent" in told["why"]
    assert told["age_ms"] >= seconds * 1000


@pytest.mark.usefixtures("pulses")
def test_a_part_that_never_spoke_is_not_ready() -> None:
    Pulse.objects.filter(part="worker").delete()
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["parts"]["worker"] == {"ok": False, "why": "no pulse is known"}


@pytest.mark.usefixtures("pulses")
def test_a_dispatcher_without_its_broker_is_not_ready() -> None:
    _tell("dispatch", broker=False)
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["parts"]["dispatch"]["why"] == "it is not connected to the broker"


@pytest.mark.usefixtures("pulses")
def test_the_broker_is_as_far_away_as_ingest_says() -> None:
    _tell("ingest", broker=False)
    assert not Client().get("/readyz").json()["parts"]["broker"]["ok"]
    _tell("ingest", broker=True)
    _silence("ingest", 60)
    assert not Client().get("/readyz").json()["parts"]["broker"]["ok"]


@pytest.mark.usefixtures("pulses")
def test_a_dead_redis_is_named_within_its_timeout(settings: Settings) -> None:
    settings.REDIS_URL = DEAD_REDIS
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["parts"]["redis"]["why"].startswith("does not answer")


@pytest.mark.usefixtures("pulses")
def test_a_dead_database_is_503_and_tells_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.Pulse.objects, "all", _dead)
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert not response.json()["parts"]["database"]["ok"]
    assert "db.internal" not in response.content.decode()


# --- Metrics ---


@pytest.mark.usefixtures("pulses")
def test_one_answer_holds_the_figures_of_every_process() -> None:
    _tell("worker", counters={"ticks": 9}, gauges={"queue-depth": 4})
    _tell("dispatch", counters={"ticks": 7}, rejects={"json": 2})
    seen = _metrics()
    assert seen["myofleet_ticks_total", (("part", "worker"),)] == 9
    assert seen["myofleet_ticks_total", (("part", "dispatch"),)] == 7
    assert seen["myofleet_queue_depth", (("part", "worker"),)] == 4
    assert seen["myofleet_rejects_total", (("part", "dispatch"), ("reason", "json"))] == 2
    assert seen["myofleet_messages_total", (("part", "ingest"),)] == 120
    assert seen["process_cpu_seconds_total", (("part", "ingest"),)] == 3.5
    assert seen["process_cpu_seconds_total", (("part", "web"),)] > 0
    assert 0 <= seen["myofleet_pulse_age_seconds", (("part", "beat"),)] < 5
    assert seen["myofleet_devices_by_link", (("link", "online"),)] == 0
    assert seen["myofleet_alerts_open", (("priority", "high"), ("state", "raised"))] == 0
    assert seen["myofleet_alerts_waiting_seconds", (("priority", "high"),)] == 0
    assert seen["myofleet_commands_last_hour", (("state", "unconfirmed"), ("verb", "stop"))] == 0
    assert seen["myofleet_database_up", ()] == 1


@pytest.mark.usefixtures("pulses")
def test_what_a_part_should_not_have_said_breaks_no_scrape() -> None:
    _tell(
        "ingest",
        counters={"a b": "many", "ok": 1, "c": None},
        gauges=["x"],
        rejects={'"\n': 1, "n": float("1e308")},
    )
    _tell("worker", gauges={"ok": True, "ok_total": 2, "devices_in_session": 9, "database_up": 7})
    seen = _metrics()
    assert seen["myofleet_database_up", ()] == 1
    assert ("myofleet_devices_in_session", (("part", "worker"),)) not in seen
    assert seen["myofleet_ok_total", (("part", "ingest"),)] == 1
    assert seen["myofleet_rejects_total", (("part", "ingest"), ("reason", '"\n'))] == 1


@pytest.mark.usefixtures("pulses")
@pytest.mark.parametrize(
    "request_", [{"REMOTE_ADDR": "192.0.2.7"}, {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, {"REMOTE_ADDR": ""}]
)
def test_metrics_are_for_loopback_or_the_token_of_whoever_may_see_the_system(
    request_: dict[str, str],
) -> None:
    assert Client().get("/metrics", **request_).status_code == 401
    assert Client().get("/metrics", **request_, HTTP_AUTHORIZATION="Bearer wrong").status_code == 401
    furnish()
    nurse, engineer = ("Bearer token of nurse", "Bearer token of engineer")
    assert Client().get("/metrics", **request_, HTTP_AUTHORIZATION=nurse).status_code == 403
    assert _metrics(**request_, HTTP_AUTHORIZATION=engineer)


@pytest.mark.usefixtures("pulses")
def test_without_a_database_the_web_still_tells_what_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.Pulse.objects, "order_by", _dead)
    seen = _metrics()
    assert seen["myofleet_database_up", ()] == 0
    assert seen["process_cpu_seconds_total", (("part", "web"),)] > 0


@pytest.mark.usefixtures("pulses")
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_health_is_only_read_and_never_cached(path: str) -> None:
    assert Client().post(path).status_code == 405
    assert Client().get(path)["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_versions_of_protocols_are_counted_by_where_they_stand() -> None:
    seen = _metrics()
    states = {dict(labels)["state"] for name, labels in seen if name == "myofleet_protocol_versions"}
    assert states == {"draft", "submitted", "approved", "rejected", "withdrawn"}
