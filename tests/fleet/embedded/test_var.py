"""What is kept in VAR: ports, passwords, the lock, the record of processes, and where servers can reach."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.embedded import places, ports
from fleet.embedded.instance import Instance
from fleet.embedded.options import ROOT, Options, WrongOption
from fleet.embedded.processes import Program
from fleet.embedded.users import server_account
from fleet.embedded.vault import Vault

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as somebody else")


def test_the_second_start_finds_the_ports_and_passwords_of_the_first(tmp_path: Path) -> None:
    first = Vault(tmp_path)
    port, secret = first.port("postgres"), first.secret("postgres")
    again = Vault(tmp_path)
    assert (again.port("postgres"), again.secret("postgres")) == (port, secret)
    assert stat.S_IMODE((tmp_path / "vault.json").stat().st_mode) == 0o600


def test_a_remembered_port_that_somebody_took_is_replaced(tmp_path: Path) -> None:
    port = Vault(tmp_path).port("redis")
    with socket.create_server((ports.HOST, port)):
        assert Vault(tmp_path).port("redis") != port


def test_a_port_of_our_own_running_server_stays_its_port(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    port = vault.port("redis")
    with socket.create_server((ports.HOST, port)):
        assert vault.port("redis") == port


def test_free_ports_are_none_that_outgoing_connections_take() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(ports.free_port() < lowest for _ in range(20))


def test_no_port_is_given_twice_before_its_server_listens_and_processes_choose_apart() -> None:
    assert len({ports.free_port() for _ in range(100)}) == 100
    ask = "from tests import apart; print(apart.ports_of_our_own())"
    theirs = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert theirs.stdout.strip() != str(ports.span) or ports.span == ports.EVERY


def test_who_holds_a_port_is_named_with_its_process() -> None:
    with socket.create_server((ports.HOST, 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free(port)
        assert f"process {os.getpid()} (" in ports.holder(port)
    assert ports.is_free(port)


def test_a_second_demo_on_the_same_var_is_refused_with_the_process_of_the_first(tmp_path: Path) -> None:
    with Instance(tmp_path):
        code = (
            "import sys, pathlib\nfrom fleet.embedded.instance import Instance\n"
            "with Instance(pathlib.Path(sys.argv[1])): pass"
        )
        command = [sys.executable, "-c", code, str(tmp_path)]
        second = subprocess.run(command, capture_output=True, text=True, check=False)
        assert f"already runs on {tmp_path} (process {os.getpid()})" in second.stderr
    with Instance(tmp_path):
        pass


def test_the_lock_of_a_killed_demo_does_not_keep_the_next_one_out(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib\nfrom fleet.embedded.instance import Instance\n"
        "with Instance(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    with Instance(tmp_path):
        pass


def test_leftovers_of_a_killed_demo_are_ended_and_strangers_are_not(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    said: list[str] = []
    with subprocess.Popen(sleep) as ours, subprocess.Popen(sleep) as stranger:
        program = Program("ingest", sleep, ready=lambda: True)
        with Instance(tmp_path) as instance:
            instance.record({"ingest": (program, ours.pid)})
        rows = json.loads((tmp_path / "processes.json").read_text())
        rows.append(["web", stranger.pid, "when our web started", int(signal.SIGTERM)])
        (tmp_path / "processes.json").write_text(json.dumps(rows))

        with Instance(tmp_path) as instance:
            instance.clear_leftovers(said.append)

        assert ours.wait(5) == -signal.SIGTERM
        assert stranger.poll() is None
        stranger.kill()
    assert said == [f"ending ingest (process {ours.pid}), left over from a demo that was killed"]


@AS_ROOT
def test_a_var_below_a_closed_home_has_its_servers_files_where_they_can_reach(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    place = places.prepare(home / "var", server_account())
    data = place.folder("postgres")
    assert places.can_reach(place.account, data)
    assert not places.can_reach(place.account, home / "var")
    assert places.prepare(home / "var", server_account()).served == place.served

    places.remove(home / "var")
    assert not data.exists()


@AS_ROOT
def test_files_of_a_deleted_var_are_swept_at_the_next_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    first = places.prepare(home / "var", server_account())
    home.rename(tmp_path / "moved")
    places.prepare(tmp_path / "moved" / "other", server_account())
    assert not first.served.exists()
    places.remove(tmp_path / "moved" / "other")


@AS_ROOT
def test_programs_that_the_servers_cannot_read_are_copied_for_them(tmp_path: Path) -> None:
    place = places.prepare(tmp_path / "var", server_account())
    tree = tmp_path / "closed" / "bin"
    tree.mkdir(parents=True)
    (tree / "server").write_text("#!/bin/sh\necho up\n")
    (tree / "server").chmod(0o700)
    (tmp_path / "closed").chmod(0o700)

    copy = place.reachable(tmp_path / "closed", ("bin",), "server") / "bin" / "server"

    ran = subprocess.run([copy], capture_output=True, cwd="/", check=True, **place.account.popen_arguments())
    assert ran.stdout == b"up\n"
    places.remove(tmp_path / "var")


def test_options_have_the_documented_defaults() -> None:
    assert Options.read({}) == Options(8000, 1883, 24, 1, "clinic", ROOT / "var" / "demo")


@pytest.mark.parametrize(
    "environ, words",
    [
        ({"PORT": "http"}, "PORT is 'http'; expected a whole number"),
        ({"DEVICES": "-1"}, "DEVICES is '-1'; expected a whole number"),
        ({"MQTT_PORT": "8000"}, "PORT and MQTT_PORT are both 8000"),
    ],
)
def test_a_wrong_option_is_named_with_what_was_expected(environ: dict[str, str], words: str) -> None:
    with pytest.raises(WrongOption, match=words):
        Options.read(environ)


def test_the_lock_names_nobody_when_it_is_free(tmp_path: Path) -> None:
    with Instance(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    assert (tmp_path / "lock").read_text() == ""
