"""Keeps processes running: starts them in order, restarts those that end, stops them in reverse."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fleet.embedded import processes
from fleet.embedded.processes import Program

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0
_SETTLED_S = 20.0  # a process that ran this long ended by accident, not by a fault of its own
_POLL_S = 0.05


class Stopped(Exception):
    """A stop was asked for while something was being waited for."""


class Failed(Exception):
    """A process did not become ready; the text says why, with the end of its log."""


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    started_s: float
    pause_s: float = _FIRST_PAUSE_S
    again_s: float | None = None  # when to start it again; None while it runs


class Supervisor:
    """Children by name, in the order they were added.  All methods belong to the main thread."""

    def __init__(self, logs: Path, env: Mapping[str, str]) -> None:
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        for log in logs.glob("*.log"):
            processes.rotate(log)
        self._logs = logs
        self._env = dict(env)
        self._children: dict[str, _Child] = {}
        self._stopping = False
        self.changed: Callable[[], None] = lambda: None  # called whenever a process was started
        self.given_up: Callable[[], bool] = lambda: False  # asked while waiting; true is as good as a signal
        self._wake, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    # --- signals ---

    def listen(self) -> None:
        """Let SIGINT, SIGTERM and SIGHUP ask for a stop, and wake up when a child ends."""
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken

    def _ask_to_stop(self, *_: object) -> None:
        self._stopping = True

    @property
    def stopping(self) -> bool:
        return self._stopping

    # --- processes ---

    @property
    def pids(self) -> dict[str, int]:
        return {name: child.process.pid for name, child in self._children.items()}

    @property
    def programs(self) -> dict[str, tuple[Program, int]]:
        return {name: (child.program, child.process.pid) for name, child in self._children.items()}

    def start(self, program: Program) -> None:
        """Start the program; it is watched from now on."""
        self._children[program.name] = _Child(program, self._spawn(program), time.monotonic())
        self.changed()

    def wait_ready(self, *names: str) -> None:
        """Return when all of them are ready.

        Raises:
            Failed: If any child ended, or one of them took too long.
            Stopped: If a stop was asked for meanwhile.
        """
        for name in names:
            program = self._children[name].program
            why = partial(self._too_slow, program)
            self.wait_until(program.ready, within_s=program.ready_within_s, why=why)

    def wait_until(self, true: Callable[[], bool], *, within_s: float, why: Callable[[], str]) -> None:
        """Return when it is true; meanwhile every child must keep running.

        Raises:
            Failed: If one ended, or `why`, if it took too long.
            Stopped: If a stop was asked for meanwhile.
        """
        deadline = time.monotonic() + within_s
        while not true():
            for child in self._children.values():
                if child.process.poll() is not None:
                    raise Failed(self._why(child))
            if time.monotonic() > deadline:
                raise Failed(why())
            self.pause(_POLL_S)

    def run_once(self, program: Program, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Run a program that ends, and return when it has.

        Args:
            program: It is not one of the children: nobody starts it again.
            meanwhile: Called many times a second, such as `tend`.

        Raises:
            Failed: If it ended with anything but 0.
            Stopped: If a stop was asked for meanwhile.
        """
        child = _Child(program, self._spawn(program), time.monotonic())
        try:
            while child.process.poll() is None:
                meanwhile()
                self.pause(_POLL_S)
        finally:
            processes.stop([(child.process, program)])
        if child.process.returncode != 0:
            raise Failed(self._why(child))

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until a child ends or a signal comes.

        Raises:
            Stopped: If a stop was asked for, or who wanted us has given up.
        """
        if self._stopping:
            raise Stopped
        if select.select([self._wake], [], [], seconds)[0]:
            os.read(self._wake, 4096)
        if self._stopping or self.given_up():
            raise Stopped

    def tend_forever(self) -> None:
        """Keep the children running.

        Raises:
            Stopped: When a stop is asked for.
        """
        while True:
            self.tend()
            pending = [child.again_s for child in self._children.values() if child.again_s is not None]
            self.pause(min([1.0, *(max(0.0, due_s - time.monotonic()) for due_s in pending)]))

    def tend(self) -> None:
        """Restart what has ended, each after a pause that grows while it keeps ending."""
        now_s = time.monotonic()
        for name, child in self._children.items():
            if child.again_s is None and child.process.poll() is not None:
                if now_s - child.started_s > _SETTLED_S:
                    child.pause_s = _FIRST_PAUSE_S
                child.again_s = now_s + child.pause_s
                say(f"{self._why(child, lines=3)}; starting it again")
                child.pause_s = min(child.pause_s * 2, _LONGEST_PAUSE_S)
            if child.again_s is not None and now_s >= child.again_s:
                child.process = self._spawn(child.program)
                child.started_s, child.again_s = time.monotonic(), None
                say(f"{name} started again, process {child.process.pid}")
                self.changed()

    def stop(self) -> None:
        """End all children, tier by tier.  Signals that come meanwhile change nothing."""
        self._stopping = True
        for tier in sorted({child.program.tier for child in self._children.values()}, reverse=True):
            ending = [child for child in self._children.values() if child.program.tier == tier]
            for name in processes.stop((child.process, child.program) for child in ending):
                say(f"{name} did not stop in time and was killed")
        self._children.clear()

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        return processes.start(program, self._log(program.name), env=self._env)

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _why(self, child: _Child, lines: int = 12) -> str:
        code = child.process.returncode
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"{child.program.name} {how}{self._log_of(child.program.name, lines) if code > 0 else ''}"

    def _too_slow(self, program: Program) -> str:
        return (
            f"{program.name} was not ready after {program.ready_within_s:.0f} s{self._log_of(program.name)}"
        )

    def _log_of(self, name: str, lines: int = 12) -> str:
        return f"; the end of {self._log(name)}:\n{processes.tail(self._log(name), lines)}\n"


def say(text: str) -> None:
    """Tell the person at the terminal; standard output is kept for the one line that scripts wait for."""
    print(text, file=sys.stderr, flush=True)
