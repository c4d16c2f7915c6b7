"""One process: start it so that it ends with us, know it again after a restart of ours, end it."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from fleet.embedded.users import OURSELVES, Account

_START = "=== started"  # in a log: what follows is of this start
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, as whom, how to see that it is ready, and how it likes to be ended."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    account: Account = OURSELVES
    folder: Path | None = None
    before: Callable[[], None] = lambda: None  # clears what a killed predecessor left
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL  # sent by the kernel when the supervisor dies
    tier: int = 0  # the highest stop first, those of one tier together
    stop_within_s: float = 10.0
    ready_within_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Identity:
    """A process, told apart from a later one with the same number by when it started."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        started = _started(pid)
        return None if started is None else cls(pid, started)

    def lives(self) -> bool:
        return _started(self.pid) == self.started

    def end(self, stop_signal: signal.Signals, *, within_s: float) -> None:
        """Ask it to stop, then make it; return when it is gone."""
        for number, patience_s in ((stop_signal, within_s), (signal.SIGKILL, 5.0)):
            deadline = time.monotonic() + patience_s
            with contextlib.suppress(ProcessLookupError):
                if self.lives():
                    os.kill(self.pid, number)
            while self.lives():
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)  # not our child, so nothing tells us when it ends
            else:
                return


def start(program: Program, log: Path, *, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the program in a session of its own, so that Ctrl-C reaches the supervisor alone.

    Must be called from the main thread: the kernel ties the child to the thread that started it.
    """
    program.before()
    with log.open("ab") as output:
        output.write(f"{_START} {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {program.name}\n".encode())
        output.flush()
        return subprocess.Popen(
            list(program.command),
            cwd=program.folder,
            env={**env, **program.env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_tie(program.orphan_signal, os.getpid()),  # noqa: PLW1509  the supervisor has no threads
            **program.account.popen_arguments(),
        )


def stop(children: Iterable[tuple[subprocess.Popen[bytes], Program]]) -> list[str]:
    """End them together, with whatever they started; return the names of those that had to be killed."""
    asked = list(children)
    for process, program in asked:
        if process.poll() is None:
            process.send_signal(program.stop_signal)
    started_s = time.monotonic()
    killed = []
    for process, program in asked:
        try:
            process.wait(max(0.0, started_s + program.stop_within_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed.append(program.name)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # its session: helpers that outlived it
    return killed


def tail(log: Path, lines: int = 12) -> str:
    """Return the last lines that the process wrote since its latest start."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            text = file.read().decode(errors="replace")
    except OSError as error:
        return f"(no log: {error.strerror})"
    since = text.rpartition(_START)[2].partition("\n")[2] if _START in text else text
    return "\n".join(since.splitlines()[-lines:])


def rotate(log: Path, *, above_bytes: int = 10_000_000) -> None:
    """Put a log that has grown large aside, in place of the one before."""
    if log.exists() and log.stat().st_size > above_bytes:
        log.replace(log.with_suffix(".log.1"))


def _tie(number: signal.Signals, parent: int) -> Callable[[], None]:
    """Return what the child does before exec: ask the kernel for a signal when the supervisor dies.

    Runs after the change of account, which would clear the request.
    """

    def tie() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
            if os.getppid() != parent:  # it died before we asked
                os._exit(1)

    return tie


def _started(pid: int) -> str | None:
    """Return when a process started, in the system's own units; None if it is gone or a zombie."""
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[19]
    found = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None
