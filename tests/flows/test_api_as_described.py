"""The API of a running house answers as its description says: schemathesis, odd requests, the example client."""

import http.client
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.flows.devices import Air
from tests.harness import House, wait_for

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "docs" / "examples" / "client.py"
SESSION = "S-described"
PROBLEM = "application/problem+json"
UNLIMITED = {"API_REQUESTS_PER_MINUTE": "0", "PAGE_REQUESTS_PER_MINUTE": "0"}
CASES = 8  # of each operation, beside those that its description alone leads to
PATIENT_S = 280  # a busy machine takes many times as long as a quiet one


@dataclass
class Described:
    """A house with one device that has treated, an open alert of it, and what was asked of it and its site."""

    house: House
    serial: str
    site: str = ""
    alert: int = 0
    command: str = ""
    stop: str = ""
    rollout: str = ""

    def parameters(self) -> dict[str, Any]:
        return {
            "serial": self.serial, "id": SESSION, "alert_id": self.alert, "slug": self.site, "command_id": self.command,
            "stop_id": self.stop, "rollout_id": self.rollout, "protocol_id": "tka-quads", "number": 1,
        }  # fmt: skip

    def token(self, user: str) -> str:
        return str(self.house.people["users"][user]["token"])

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        who: str | None = "engineer",
        **headers: str,
    ) -> tuple[int, str, Any]:
        """Return status, content type and body (JSON where it is); the path goes out byte for byte."""
        address = urlsplit(self.house.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if who:
            headers["Authorization"] = f"Bearer {self.token(who)}"
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in {**headers, "Content-Length": str(len(body or b""))}.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            text, kind = answer.read(), answer.headers.get("Content-Type", "")
        finally:
            connection.close()
        return answer.status, kind, json.loads(text) if "json" in kind and text else text


@pytest.fixture(scope="module")
def described(make_shared_house: Callable[..., House]) -> Iterator[Described]:
    house = make_shared_house(env=UNLIMITED)
    house.start("web", "ingest")
    site = house.people["users"]["nurse"]["sites"][0]
    account = next(one for one in house.people["spare_devices"] if one["site"] == site)
    with Air(house) as air:
        device = air.device(account, boot=7)
        device.connect()
        device.session = SESSION
        device.event("session_started", _start())
        device.status()
        for _ in range(5):
            device.telemetry()
        device.seq += 3  # a gap
        device.telemetry()
        device.status(conditions=["estop"], up_ms=device.up_ms() + 10)  # newer than all before it
        device.say("event", b"no json")
        device.wait_acknowledged()
        yield _asked(_stored(Described(house, device.serial, site)))


def _start() -> dict[str, Any]:
    return {
        "protocol": {"id": "quad-strength", "version": 3, "sha256": "ab" * 32},
        "subject": "p-7f3a",
        "planned_ms": 60000,
    }


def _stored(described: Described) -> Described:
    def stored() -> list[Any]:
        said = [
            described.ask("GET", f"/api/v1/{what}")[2]["items"] for what in ("sessions", "rejects", "alerts")
        ]
        return said[-1] if all(said) else []

    alerts = wait_for(stored, within_s=20, why="the session, the reject and the alert are not stored")
    return replace(described, alert=alerts[0]["id"])


def _asked(described: Described) -> Described:
    """Nobody dispatches here: what is asked stays a wish."""

    def press(path: str, body: bytes) -> str:
        status, _kind, answer = described.ask(
            "POST", f"/api/v1/{path}", body=body, Content_Type="application/json"
        )
        assert status in (201, 202), answer
        return str(answer["id"])

    command = press(f"devices/{described.serial}/commands", b'{"verb":"stop"}')
    stop = press(f"sites/{described.site}/stop", b"{}")
    rollout = press("rollouts", json.dumps({**_ROLLOUT, "targets": {"serials": [described.serial]}}).encode())
    return replace(described, command=command, stop=stop, rollout=rollout)


_ROLLOUT: dict[str, Any] = {  # of a protocol that the demo's data holds approved
    "protocol": "tka-quads", "version": 1, "waves": [{"percent": 100}], "success_threshold": 0.95,
    "failure_count": 2, "deadline_s": 60, "pace_per_minute": 60,
}  # fmt: skip


# --- What schemathesis makes of the description ---


def _schemathesis(described: Described, folder: Path, *words: str, parameters: dict[str, Any]) -> None:
    config = folder / "schemathesis.toml"
    lines = [f'"path.{name}" = {json.dumps(value)}' for name, value in parameters.items()]
    config.write_text("\n".join(["[parameters]", *lines]) + "\n")
    program = Path(sys.executable).with_name("schemathesis")
    options = ["--mode", "all", "--generation-deterministic", "--checks", "all", "--no-color", *words]
    done = subprocess.run(
        [program, "--config-file", config, "run", f"{described.house.url}/api/v1/openapi.json", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENT_S,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    assert "No issues found" in done.stdout or "0 failures" in done.stdout or "warning" in done.stdout


@pytest.mark.timeout(PATIENT_S + 60)
def test_no_request_that_can_be_made_up_is_answered_otherwise_than_described(
    described: Described, tmp_path: Path
) -> None:
    """Left out: that whatever fits the schema is accepted.  Which cursor is good no schema can say."""
    _schemathesis(
        described,
        tmp_path,
        *("-H", f"Authorization: Bearer {described.token('engineer')}", "-n", str(CASES)),
        *("--exclude-checks", "positive_data_acceptance"),
        parameters=described.parameters(),
    )


@pytest.mark.timeout(PATIENT_S + 60)
def test_nor_one_by_nobody_about_what_does_not_exist(described: Described, tmp_path: Path) -> None:
    _schemathesis(described, tmp_path, "--phases", "examples,fuzzing", "-n", str(CASES), parameters={})


# --- Odd requests, byte for byte ---


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/devices/%ff%fe",
        "/api/v1/devices/%00",
        "/api/v1/devices/..%2f..%2fetc",
        "/api/v1/devices/%F0%9F%92%AA/records",
        "/api/v1/sessions/%C3%28",
        f"/api/v1/devices/{'x' * 3000}",
        "/api/v1/nothing",
        "/api/v2/devices",
        "/api",
    ],
)
def test_an_address_of_nothing_is_404_as_a_problem(described: Described, path: str) -> None:
    status, kind, problem = described.ask("GET", path)
    assert (status, kind, problem["status"]) == (404, PROBLEM, 404)


@pytest.mark.parametrize(
    "query,expected",
    [
        ("q=%ff%fe", 200),  # no UTF-8: nothing is called that
        ("q=%00", 422),
        ("limit=99999999999999999999999999", 422),
        ("limit=1e3", 422),
        ("limit=%EF%BC%91", 422),  # a full-width 1
        ("limit=-0", 422),
        ("limit=1_0", 422),
        ("limit=", 200),
        ("limit=5&limit=9", 200),
        ("unknown=1", 200),
        ("cursor=" + "A" * 199, 422),
        ("cursor=" + "W" * 5000, 422),
        ("&".join(["a"] * 4_500), 400),
        ("%", 200),
    ],
)
def test_odd_parameters_are_used_or_refused_in_words(described: Described, query: str, expected: int) -> None:
    status, kind, body = described.ask("GET", f"/api/v1/devices?{query}")
    assert status == expected, body
    assert kind == ("application/json" if status == 200 else PROBLEM)


@pytest.mark.parametrize(
    "body,kind,expected",
    [
        (b'{"reason":', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"reason":' + b"9" * 5000 + b"}", "application/json", 400),
        (b'{"reason":1e999}', "application/json", 422),
        (b"[]", "application/json", 422),
        (b"", "application/json", 422),
        (b'{"reason":"a\\u0000b"}', "application/json", 422),
        (b'{"reason":"half \\ud83d"}', "application/json", 422),
        (b'{"reason":"it is over"}', "text/plain", 415),
        (b"reason=it+is+over", "application/x-www-form-urlencoded", 415),
        (b'{"reason":"' + b"x" * 2_700_000 + b'"}', "application/json", 413),
        (b'{"reason":"it is over"}', "application/json", 409),
        (b'{"reason":"it is over","more":1}', "application/json; charset=utf-8", 409),
    ],
)
def test_odd_bodies_are_refused_in_words(described: Described, body: bytes, kind: str, expected: int) -> None:
    path = f"/api/v1/devices/{described.serial}/end-conflict"
    status, answered, problem = described.ask("POST", path, body=body, Content_Type=kind)
    assert (status, answered) == (expected, PROBLEM), problem


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FETCH"])
def test_another_method_is_405_and_names_those_that_are_possible(described: Described, method: str) -> None:
    status, kind, problem = described.ask(method, "/api/v1/devices")
    assert (status, kind) == (405, PROBLEM)
    assert "GET" in problem["detail"]


def test_head_is_get_without_a_body_and_health_asks_for_no_one(described: Described) -> None:
    assert described.ask("HEAD", "/api/v1/devices") == (200, "application/json", b"")
    for path in ("/healthz", "/readyz"):
        assert described.ask("HEAD", path, who=None)[0] in (200, 503)  # here no dispatch runs
        assert described.ask("OPTIONS", path, who=None)[0] == 405
    assert described.ask("GET", "/metrics", who=None)[0] == 200


# --- The example of the docs ---


@pytest.fixture
def client() -> ModuleType:
    spec = importlib.util.spec_from_file_location("client", CLIENT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_of_the_docs_is_the_file_that_is_tested() -> None:
    assert f"```python\n{CLIENT.read_text()}```" in (ROOT / "docs" / "api.md").read_text()


def test_the_example_lists_devices_and_sessions(described: Described) -> None:
    done = subprocess.run(
        [sys.executable, CLIENT, described.house.url],
        env={"MYOFLEET_TOKEN": described.token("nurse")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert f"{described.serial}" in done.stdout
    assert "mC" in done.stdout


def test_the_example_pages_to_the_end_and_follows_a_device(described: Described, client: ModuleType) -> None:
    fleet = client.Fleet(described.house.url, described.token("engineer"))
    whole = fleet.get("devices", limit=1000)["items"]
    assert [one["serial"] for one in fleet.pages("devices", limit=7)] == [one["serial"] for one in whole]
    records = fleet.follow(described.serial)
    assert [next(records)["seq"] for _ in range(6)] == [1, 2, 3, 4, 5, 6]


def test_the_example_shows_the_servers_own_words(described: Described, client: ModuleType) -> None:
    with pytest.raises(client.Problem, match="There is no device 'NOBODY'"):
        client.Fleet(described.house.url, described.token("nurse")).get("devices/NOBODY")
    with pytest.raises(client.Problem, match="401"):
        client.Fleet(described.house.url, "wrong").get("devices")


def test_the_example_waits_when_it_asks_too_often(described: Described, client: ModuleType) -> None:
    house = described.house
    house.stop("web")
    house.start("web", env={"API_REQUESTS_PER_MINUTE": "60", "API_BURST": "2"})
    try:
        began = time.monotonic()
        fleet = client.Fleet(house.url, described.token("coach"))
        for _ in range(4):
            fleet.get("devices", limit=1)
        assert time.monotonic() - began > 0.9
    finally:
        house.stop("web")
        house.start("web")


# --- The database goes away ---


def test_while_the_database_is_away_everything_says_so_at_once_and_comes_back(described: Described) -> None:
    house = described.house
    cookie = f"sessionid={'x' * 32}"
    house.stop("postgres")
    try:
        for path, kind in (("/api/v1/devices", PROBLEM), ("/", "text/html"), ("/sites/north/", "text/html")):
            began = time.monotonic()
            who = "engineer" if path.startswith("/api") else None
            status, answered, body = described.ask("GET", path, who=who, Cookie=cookie)
            assert time.monotonic() - began < 5, path
            assert (status, answered.partition(";")[0]) == (503, kind), body
            if kind == "text/html":
                assert b"Look at the devices themselves" in body
        _presses_are_answered_in_time(described)
        assert described.ask("GET", "/healthz", who=None)[0] == 200
        assert described.ask("GET", "/nothing/at/all/", who=None)[0] == 404
    finally:
        house.start("postgres")
    wait_for(
        lambda: described.ask("GET", "/api/v1/devices")[0] == 200,
        within_s=15,
        why="the web found no way back",
    )


def test_a_database_that_hangs_is_as_good_as_one_that_is_away(described: Described) -> None:
    """Frozen, it takes what is sent and never answers."""
    house = described.house
    assert described.ask("GET", "/api/v1/devices")[0] == 200  # so the pool holds a connection that lived
    frozen = _freeze(house.processes.pid("postgres"))
    try:
        for path, kind in (("/api/v1/devices", PROBLEM), ("/", "text/html")):
            began = time.monotonic()
            who = "engineer" if path.startswith("/api") else None
            status, answered, _ = described.ask("GET", path, who=who, Cookie=f"sessionid={'x' * 32}")
            assert (status, answered.partition(";")[0]) == (503, kind)
            assert time.monotonic() - began < 5, path
        _presses_are_answered_in_time(described)
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    wait_for(
        lambda: described.ask("GET", "/api/v1/devices")[0] == 200,
        within_s=20,
        why="the web found no way back",
    )


def _presses_are_answered_in_time(described: Described) -> None:
    """Whoever pressed knows within a second that the page does not, and what to do."""
    for path in (f"devices/{described.serial}/commands", f"sites/{described.site}/stop"):
        began = time.monotonic()
        status, kind, problem = described.ask(
            "POST", f"/api/v1/{path}", body=b'{"verb":"stop"}', Content_Type="application/json"
        )
        assert time.monotonic() - began < 1.5, path
        assert (status, kind) == (503, PROBLEM)
        assert "Go to the device, and stop it there." in problem["detail"]


def _freeze(postmaster: int) -> list[int]:
    """Stop the server and each process of its connections, as a hung disk would; return them."""
    os.kill(postmaster, signal.SIGSTOP)  # first: it would make new ones
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    for pid in map(int, children):
        os.kill(pid, signal.SIGSTOP)
    return [postmaster, *map(int, children)]
