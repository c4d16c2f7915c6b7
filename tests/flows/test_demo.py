"""`make demo` from outside: ready, restarted, refused, ended.  The real thing, on ports of its own."""

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fleet.embedded import places, ports, roles
from fleet.embedded.options import ROOT
from fleet.embedded.processes import Identity
from tests.harness import wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]
PARTS = ("web", "ingest", "dispatch", "worker", "courier", "beat", "broker", "redis", "postgres", "simulator")


class Demo:
    """One run of the demo; `start` may follow `wait_end` on the same VAR."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.env = {
            **{
                name: value for name, value in os.environ.items() if name not in ("PLAIN_STATIC", "MAKELEVEL")
            },
            "VAR": str(var),
            "PORT": str(ports.free_port()),
            "MQTT_PORT": str(ports.free_port()),
            "DEVICES": "6",
        }
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start it, and return the line that it prints when the wall is fed."""
        self.process = self.popen()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"no line on standard output:\n{self.said()}"
        return line

    def popen(self) -> subprocess.Popen[str]:
        with (self.var.parent / "said").open("a") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "fleet.embedded", "demo"],
                cwd=ROOT,
                env=self.env,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                start_new_session=True,
            )

    def said(self) -> str:
        return (self.var.parent / "said").read_text()

    def json(self) -> dict[str, Any]:
        return dict(json.loads((self.var / "demo.json").read_text()))

    def identities(self) -> dict[str, Identity]:
        found = {name: Identity.of(pid) for name, pid in self.json()["pids"].items()}
        return {name: identity for name, identity in found.items() if identity is not None}

    def works_since(self, since_s: float, part: str) -> bool:
        """Say whether the part has had a pulse, and a device was heard, after the Unix time `since_s`."""
        about = self.json()
        status, body = roles.get(f"{about['url']}/readyz")
        if status != 200:
            return False
        pulse_s = time.time() - json.loads(body)["parts"].get(part, {}).get("age_ms", 0) / 1000
        token = about["users"]["nurse"]["token"]
        devices = json.loads(roles.get(f"{about['url']}/api/v1/devices?limit=1000", token=token)[1])["items"]
        heard = [datetime.fromisoformat(d["heard_at"]).timestamp() for d in devices if d["heard_at"]]
        return pulse_s > since_s and max(heard) > since_s

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="myofleet-demo-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "var"
        places.remove(Path(folder) / "var")


@pytest.fixture(scope="module")
def demo(var: Path) -> Iterator[Demo]:
    demo = Demo(var)
    try:
        demo.start()
        yield demo
    finally:
        demo.end()


def test_demo_json_says_where_everything_is_and_only_its_owner_reads_it(demo: Demo) -> None:
    about = demo.json()
    assert stat.S_IMODE((demo.var / "demo.json").stat().st_mode) == 0o600
    assert set(about["pids"]) == set(PARTS)
    assert about["url"] == f"http://127.0.0.1:{demo.env['PORT']}"
    assert about["mqtt"] == {"host": "127.0.0.1", "port": int(demo.env["MQTT_PORT"])}
    assert len(about["devices"]) == 6
    assert len(about["spare_devices"]) >= 20
    assert {device["site"] for device in about["spare_devices"]} == set(about["users"]["nurse"]["sites"])
    assert not set(about["users"]["stranger"]["sites"]) & set(about["users"]["nurse"]["sites"])


def test_everybody_named_there_sees_the_devices_of_their_sites_and_no_others(demo: Demo) -> None:
    about = demo.json()
    for user in about["users"].values():
        status, body = roles.get(f"{about['url']}/api/v1/devices?limit=1000", token=user["token"])
        assert status == 200
        assert {device["site"] for device in json.loads(body)["items"]} == set(user["sites"])


def test_the_record_begins_with_the_demos_own_preparation(demo: Demo) -> None:
    about = demo.json()
    url = f"{about['url']}/api/v1/audit?limit=1000"
    status, body = roles.get(url, token=about["users"]["admin"]["token"])
    assert status == 200
    made = {(entry["action"], entry["subject"]) for entry in json.loads(body)["items"]}
    assert ("site.made", "north-rehab") in made
    assert {("membership.granted", "nurse"), ("token.issued", "nurse")} <= made
    assert ("device.enrolled", about["devices"][0]["serial"]) in made


@pytest.mark.parametrize("name", PARTS)
def test_a_killed_part_is_restarted_says_so_and_works_again(demo: Demo, name: str) -> None:
    pid = demo.json()["pids"][name]
    os.kill(pid, signal.SIGKILL)

    wait_for(lambda: demo.json()["pids"][name] != pid, within_s=15, why=f"{name} was not started again")
    assert f"{name} was ended by SIGKILL" in demo.said()
    assert f"{name} started again, process {demo.json()['pids'][name]}" in demo.said()
    restarted_s = time.time()
    why = f"{name} was started again, but does not work"
    wait_for(lambda: demo.works_since(restarted_s, name), within_s=40, every_s=0.3, why=why)


def test_a_second_demo_on_the_same_var_is_refused(demo: Demo) -> None:
    second = demo.popen()
    assert second.wait(20) == 1
    assert demo.process is not None
    assert f"already runs on {demo.var} (process {demo.process.pid})" in demo.said()


def test_a_demo_on_a_taken_port_says_who_holds_it_and_which_variable_to_set(demo: Demo, var: Path) -> None:
    other = Demo(var.parent / "other" / "var")
    other.var.mkdir(parents=True)
    other.env["PORT"] = demo.env["PORT"]
    assert other.popen().wait(20) == 1
    assert f"port {demo.env['PORT']} is taken by process {demo.json()['pids']['web']} (" in other.said()
    assert "PORT=<port>" in other.said()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_group_leaves_no_process_behind(demo: Demo, number: signal.Signals) -> None:
    if demo.process is None or demo.process.poll() is not None:
        demo.start()
    assert demo.process is not None
    running = demo.identities()

    os.killpg(demo.process.pid, number)

    assert demo.process.wait(40) == 0
    assert [name for name, identity in running.items() if identity.lives()] == []
    assert ports.is_free(int(demo.env["PORT"]))


def test_the_parts_of_a_killed_supervisor_end_with_it_and_the_next_start_comes_up(demo: Demo) -> None:
    if demo.process is None or demo.process.poll() is not None:
        demo.start()
    assert demo.process is not None
    running = demo.identities()
    tokens = {name: user["token"] for name, user in demo.json()["users"].items()}

    demo.process.kill()
    demo.process.wait()

    assert demo.start() == f"ready {demo.json()['url']}\n"
    assert [name for name, identity in running.items() if identity.lives()] == []
    assert {name: user["token"] for name, user in demo.json()["users"].items()} == tokens


def test_an_interrupt_that_reaches_make_alone_ends_the_demo(demo: Demo) -> None:
    if demo.process is not None and demo.process.poll() is None:
        demo.end()
    recipe = demo.var.parent / "Makefile"
    recipe.write_text(f"demo:\n\t@exec {sys.executable} -m fleet.embedded demo\n")
    # tests that a script started in the background inherit that an interrupt is ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    make = subprocess.Popen(
        ["make", "-f", str(recipe), "demo"], cwd=ROOT, env=demo.env, stdout=subprocess.PIPE, text=True
    )
    assert make.stdout is not None
    assert make.stdout.readline() == f"ready http://127.0.0.1:{demo.env['PORT']}\n"
    running = demo.identities()

    make.send_signal(signal.SIGINT)

    make.wait(40)
    assert [name for name, identity in running.items() if identity.lives()] == []
