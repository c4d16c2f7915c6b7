"""One running demo a VAR: the lock that says so, and the record by which a later one clears up after it."""

import fcntl
import json
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

from fleet.embedded.processes import Identity, Program
from fleet.embedded.vault import write_private

_ENDS_WITHIN_S = 10.0


class Taken(Exception):
    """Another demo runs on this VAR; the text names its process."""


class Instance:
    """Holds VAR/lock while it lives: the kernel lets go of it when we die, however we die."""

    def __init__(self, var: Path) -> None:
        self._var = var
        self._record = var / "processes.json"
        self._lock: IO[str] | None = None

    def __enter__(self) -> "Instance":
        lock = (self._var / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            pid = lock.read().strip() or "unknown"
            lock.close()
            raise Taken(
                f"a demo already runs on {self._var} (process {pid}): "
                "stop it, or choose another folder with VAR=<folder>"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.truncate(0)
            self._lock.close()

    def record(self, programs: Mapping[str, tuple[Program, int]]) -> None:
        """Write down which processes are ours, in the order they were started."""
        rows = []
        for name, (program, pid) in programs.items():
            identity = Identity.of(pid)
            if identity is not None:
                rows.append([name, pid, identity.started, int(program.stop_signal)])
        write_private(self._record, json.dumps(rows))

    def clear_leftovers(self, say: Callable[[str], None]) -> None:
        """End what a killed supervisor left, the last started first."""
        try:
            rows = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return
        for name, pid, started, number in reversed(rows):
            left = Identity(pid, started)
            if left.lives():
                say(f"ending {name} (process {pid}), left over from a demo that was killed")
                left.end(signal.Signals(number), within_s=_ENDS_WITHIN_S)
        self._record.unlink(missing_ok=True)
