"""Where stops go past the database is set in words that a wrong value is told in."""

import pytest
from pytest_django import Settings

from fleet import checks, env


@pytest.fixture
def problems(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    monkeypatch.setattr(env, "problems", [])
    return env.problems


def test_an_address_is_a_host_and_a_port(
    monkeypatch: pytest.MonkeyPatch, problems: list[tuple[str, str, str]]
) -> None:
    monkeypatch.setenv("DIRECT_URL", "tcp://dispatch:8765")
    assert env.endpoint("DIRECT_URL") == ("dispatch", 8765)
    monkeypatch.setenv("DIRECT_URL", "tcp://[::1]:8765")
    assert env.endpoint("DIRECT_URL") == ("::1", 8765)
    monkeypatch.delenv("DIRECT_URL")
    assert env.endpoint("DIRECT_URL") is None
    assert problems == []


@pytest.mark.parametrize(
    "wrong", ["http://dispatch:8765", "8765", "tcp://dispatch", "tcp://:8765", "tcp://a:b"]
)
def test_what_is_none_is_a_problem_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, problems: list[tuple[str, str, str]], wrong: str
) -> None:
    monkeypatch.setenv("DIRECT_LISTEN", wrong)
    assert env.endpoint("DIRECT_LISTEN") is None
    assert [name for name, _, _ in problems] == ["DIRECT_LISTEN"]
    assert "tcp://host:port" in problems[0][2]


def test_a_port_without_a_way_to_the_broker_stops_the_start(settings: Settings) -> None:
    settings.DIRECT_LISTEN, settings.DIRECT_MQTT_URL = ("127.0.0.1", 8765), ""
    (error,) = checks.direct_path()
    assert (error.id, "DIRECT_MQTT_URL" in error.msg) == ("fleet.E005", True)
    settings.DIRECT_MQTT_URL = "mqtt://_direct:word@broker:1883"
    assert checks.direct_path() == []
