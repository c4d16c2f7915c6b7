"""The supervisor, with programs that are a line of Python each."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fleet.embedded.processes import Identity, Program
from fleet.embedded.supervisor import Failed, Stopped, Supervisor
from tests.harness import wait_for

SLEEP = "import time; time.sleep(600)"


def program(name: str, code: str = SLEEP, **options: object) -> Program:
    return Program(name, [sys.executable, "-c", code], ready=lambda: True, **options)  # type: ignore[arg-type]


def tend_until(supervisor: Supervisor, true: Callable[[], bool], *, within_s: float) -> None:
    def tended() -> bool:
        supervisor.tend()
        return true()

    wait_for(tended, within_s=within_s, why="it was not started again")


def wait_until_up(folder: Path, name: str) -> None:
    log = folder / "logs" / f"{name}.log"
    wait_for(lambda: "up" in log.read_text().splitlines(), within_s=10, why=f"{name} is not up")


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "logs", os.environ)
    yield supervisor
    supervisor.stop()


def test_a_killed_process_is_started_again_and_says_so(
    supervisor: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor.start(program("ingest"))
    before = supervisor.pids["ingest"]
    told: list[int] = []
    supervisor.changed = lambda: told.append(supervisor.pids["ingest"])

    os.kill(before, signal.SIGKILL)
    tend_until(supervisor, lambda: supervisor.pids["ingest"] != before, within_s=5)

    assert told == [supervisor.pids["ingest"]]
    assert "ingest was ended by SIGKILL" in (said := capsys.readouterr().err)
    assert f"ingest started again, process {told[0]}" in said


def test_a_process_that_keeps_ending_is_started_less_and_less_often(
    supervisor: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    starts: list[float] = []
    supervisor.changed = lambda: starts.append(time.monotonic())
    supervisor.start(program("worker", "print('the queue is on fire'); raise SystemExit(3)"))

    tend_until(supervisor, lambda: len(starts) == 4, within_s=15)

    pauses = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert pauses[1] > pauses[0] + 0.1
    assert pauses[2] > pauses[1] + 0.2
    assert "worker ended with exit code 3" in (said := capsys.readouterr().err)
    assert "the queue is on fire" in said


def test_what_cannot_start_is_told_with_the_end_of_its_log(supervisor: Supervisor) -> None:
    supervisor.start(program("web"))
    supervisor.start(program("ingest", "raise SystemExit('no MQTT broker at 127.0.0.1:1')"))
    with pytest.raises(Failed, match=r"ingest ended with exit code 1[^$]*no MQTT broker at 127\.0\.0\.1:1"):
        supervisor.wait_until(lambda: False, within_s=10, why=lambda: "too slow")


def test_the_fleet_stops_first_and_the_database_last(supervisor: Supervisor, tmp_path: Path) -> None:
    order = tmp_path / "order"
    code = (
        "import signal, sys, pathlib, time\n"
        "def end(*_):\n"
        f"    with pathlib.Path({str(order)!r}).open('a') as file: file.write(sys.argv[1] + ' ')\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(600)"
    )
    for name, tier in (("postgres", 0), ("web", 2), ("simulator", 3), ("ingest", 1)):
        supervisor.start(Program(name, [sys.executable, "-c", code, name], ready=lambda: True, tier=tier))
        wait_until_up(tmp_path, name)

    supervisor.stop()

    assert order.read_text().split() == ["simulator", "web", "ingest", "postgres"]


def test_a_process_that_ignores_the_request_to_stop_is_killed(
    supervisor: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); " + SLEEP
    supervisor.start(program("web", code, stop_within_s=0.2))
    identity = Identity.of(supervisor.pids["web"])
    wait_until_up(tmp_path, "web")

    supervisor.stop()

    assert identity is not None
    assert not identity.lives()
    assert "web did not stop in time" in capsys.readouterr().err


def test_what_a_process_said_before_its_latest_start_is_not_told_again(supervisor: Supervisor) -> None:
    with pytest.raises(Failed, match="the disk is full"):
        supervisor.run_once(program("prepare", "raise SystemExit('the disk is full')"))
    with pytest.raises(Failed) as second:
        supervisor.run_once(program("prepare", "raise SystemExit('the network is gone')"))
    assert "the network is gone" in str(second.value)
    assert "the disk is full" not in str(second.value)


def test_a_program_that_runs_once_fails_with_its_own_words(supervisor: Supervisor) -> None:
    supervisor.run_once(program("prepare", "pass"))
    with pytest.raises(Failed, match="relation exists already"):
        supervisor.run_once(program("prepare", "raise SystemExit('relation exists already')"))


def test_who_ends_while_a_program_runs_once_is_started_again_before_that_has_ended(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    started_again = tmp_path / "started-again"
    supervisor.start(program("ingest"))
    supervisor.changed = started_again.touch
    code = f"import pathlib, time\nwhile not pathlib.Path({str(started_again)!r}).exists(): time.sleep(0.02)"

    os.kill(supervisor.pids["ingest"], signal.SIGKILL)
    supervisor.run_once(program("story", code), meanwhile=supervisor.tend)

    assert set(supervisor.pids) == {"ingest"}, "what runs once is nobody to be started again"


def test_every_wait_ends_when_whoever_wanted_us_is_gone(supervisor: Supervisor) -> None:
    supervisor.start(program("ingest"))
    supervisor.given_up = lambda: True
    with pytest.raises(Stopped):
        supervisor.wait_until(lambda: False, within_s=60, why=lambda: "nobody noticed")
    with pytest.raises(Stopped):
        supervisor.run_once(program("story"))
    with pytest.raises(Stopped):
        supervisor.tend_forever()


def test_a_signal_ends_every_wait(supervisor: Supervisor) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    child = signal.getsignal(signal.SIGCHLD)
    try:
        supervisor.listen()
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Stopped):
            supervisor.wait_until(lambda: False, within_s=60, why=lambda: "the signal went unseen")
    finally:
        for number, handler in {**before, signal.SIGCHLD: child}.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed parent")
def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, time\n"
        "from fleet.embedded.processes import Program\n"
        "from fleet.embedded.supervisor import Supervisor\n"
        "supervisor = Supervisor(pathlib.Path(sys.argv[1]), {})\n"
        "child = Program('c', [sys.executable, '-c', 'import time; time.sleep(600)'], ready=lambda: True)\n"
        "supervisor.start(child); print(supervisor.pids['c'], flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = Identity.of(int(parent.stdout.readline()))
        assert child is not None
        parent.kill()
    wait_for(lambda: not child.lives(), within_s=5, why="the child outlived its supervisor")


def test_a_number_that_was_given_to_another_process_is_not_taken_for_ours() -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEP]) as other:
        identity = Identity.of(other.pid)
        assert identity is not None
        assert identity.lives()
        assert not Identity(other.pid, "an earlier start").lives()
        identity.end(signal.SIGKILL, within_s=5)
    assert not identity.lives()
