"""Real processes for tests: servers on free ports with data of their own, and the whole house on top.

    with House(var, env={"WATERMARK_STUCK_SECONDS": "2"}) as house:
        house.start("ingest", "dispatch")
        house.kill9("ingest")
        house.start("ingest")

Nothing is restarted behind a test's back: what was killed stays dead until the test starts it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg

from fleet.embedded import debian, ports, processes, roles
from fleet.embedded.options import PEOPLE_JSON, ROOT, Options
from fleet.embedded.processes import Program
from fleet.embedded.servers import Servers
from tests import prepared

SERVERS = ("postgres", "redis", "broker")
# Settings of tests within this process; houses have the product's own.
OF_TESTS = {"API_REQUESTS_PER_MINUTE": "0", "PAGE_REQUESTS_PER_MINUTE": "0"}
LOG_LINES = 20
SLOWER = 4  # times as long as the product waits for a part: of these tests several houses start at once


def soaking() -> bool:
    """Whether this is `make soak`, where waits have their full length."""
    return os.environ.get("SOAK") == "1"


def full_or(short: float, full: float) -> float:
    """Return how long a bad day lasts, s: its full length under `make soak`."""
    return full if soaking() else short


def chromium() -> str | None:
    """Return the machine's Chromium, for Playwright's `executable_path`."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/bin", "/usr/lib/chromium"))
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, (shutil.which(n, path=path) for n in names)), None)


def wait_for(
    true: Callable[[], Any], *, within_s: float, why: str | Callable[[], str], every_s: float = 0.05
) -> Any:
    """Return what `true` returns as soon as that is true.

    Raises:
        TimeoutError: With `why`, if it did not become true in time.
    """
    deadline = time.monotonic() + within_s
    while not (found := true()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{why if isinstance(why, str) else why()} (waited {within_s:g} s)")
        time.sleep(every_s)  # another process, which cannot tell us
    return found


class Processes:
    """Programs by name, each with its log in VAR/logs."""

    def __init__(self, var: Path, env: Mapping[str, str]) -> None:
        self.logs = var / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._env = dict(env)
        self._running: dict[str, tuple[subprocess.Popen[bytes], Program]] = {}

    def start(self, program: Program) -> None:
        """Start the program; it need not be ready."""
        log = self.logs / f"{program.name}.log"
        program = replace(program, stop_within_s=SLOWER * program.stop_within_s)
        self._running[program.name] = (processes.start(program, log, env=self._env), program)

    def wait_ready(self, name: str) -> None:
        process, program = self._running[name]

        def ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended with {process.returncode}:\n{self.tail(name)}")
            return program.ready()

        wait_for(
            ready,
            within_s=SLOWER * program.ready_within_s,
            why=lambda: f"{name} is not ready:\n{self.tail(name)}",
        )

    def run(self, program: Program) -> None:
        """Run a program that ends; anything but 0 is an error with the end of its log."""
        self.start(program)
        process, _ = self._running.pop(program.name)
        if process.wait(SLOWER * program.ready_within_s) != 0:
            raise RuntimeError(f"{program.name} ended with {process.returncode}:\n{self.tail(program.name)}")

    def pid(self, name: str) -> int:
        return self._running[name][0].pid

    def is_running(self, name: str) -> bool:
        return name in self._running and self._running[name][0].poll() is None

    def signal(self, name: str, number: signal.Signals) -> None:
        self._running[name][0].send_signal(number)

    def kill9(self, name: str) -> None:
        """End it as a power cut would; it is gone when this returns."""
        process, _ = self._running.pop(name)
        process.kill()
        process.wait()

    def stop(self, *names: str) -> None:
        """End them in the order of their tiers, or all; one that has to be killed is an error."""
        chosen = [self._running.pop(name) for name in (names or tuple(self._running))]
        killed: list[str] = []
        for tier in sorted({program.tier for _, program in chosen}, reverse=True):
            killed += processes.stop(child for child in chosen if child[1].tier == tier)
        if killed:
            ends = "\n".join(f"{name}:\n{self.tail(name)}" for name in killed)
            raise RuntimeError(f"did not stop in time and were killed: {ends}")

    def tail(self, name: str, lines: int = LOG_LINES) -> str:
        return processes.tail(self.logs / f"{name}.log", lines)


class House:
    """The product with servers of its own.  A context manager: everything ends with the block.

    Args:
        var: A folder of its own, which `conftest.house` makes and removes.
        env: Settings in place of the usual ones, such as `TELEMETRY_DAYS`; also for one process, see `start`.
        devices: Devices that the demo's data holds for `manage.py simulate`; 24 spare ones come on top.
        bench: Whether there is an account `_bench`, which may publish anywhere.
    """

    def __init__(
        self,
        var: Path,
        *,
        env: Mapping[str, str] | None = None,
        devices: int = 0,
        scenario: str = "clinic",
        seed: int = 1,
        bench: bool = False,
    ) -> None:
        self.servers: Servers = prepared.furnished(var, House)
        options = Options(ports.free_port(), self.servers.mqtt_port, devices, seed, scenario, self.var)
        self.house = roles.House(self.servers, options)
        bench_account = (
            {"MQTT_BENCH_ACCOUNT": f"_bench:{self.servers.vault.secret('_bench')}"} if bench else {}
        )
        outer = {name: value for name, value in os.environ.items() if name not in {"PLAIN_STATIC", *OF_TESTS}}
        static = {"STATIC_ROOT": str(self.var.parent / "static")}  # the same for each house: collected once
        self.env = self.house.environment({**outer, **bench_account}) | static | dict(env or {})
        self.processes = Processes(self.var, self.env)
        self._broker = debian.broker()

    @property
    def var(self) -> Path:
        return self.servers.place.var

    @property
    def url(self) -> str:
        return self.house.url

    @property
    def mqtt_port(self) -> int:
        return self.servers.mqtt_port

    def __enter__(self) -> "House":
        """Start the servers and make the demo's data: people, sites, devices, broker accounts."""
        try:
            self.start("postgres", "redis")
            self.servers.create_database()
            self.processes.run(self.house.preparation())
            self.start("broker")
        except BaseException:
            self.processes.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(KeyError):
            self.processes.stop()

    # --- processes ---

    def start(self, *names: str, env: Mapping[str, str] | None = None) -> None:
        """Start servers or processes (`web`, `ingest`, …, `simulator`) and wait until they answer.

        Ingest does when it has the database, and the broker sends it what devices say.

        Args:
            env: Settings for these alone.
        """
        self.launch(*names, env=env)
        for name in names:
            self.processes.wait_ready(name)

    def launch(self, *names: str, env: Mapping[str, str] | None = None) -> None:
        """Start them without waiting, such as an ingest whose database is away."""
        for name in names:
            self.processes.start(_with_env(self._program(name), env or {}))

    def kill9(self, *names: str) -> None:
        for name in names:
            self.processes.kill9(name)

    def stop(self, *names: str) -> None:
        """End them properly; the others keep running.  Without names: all, in order."""
        self.processes.stop(*names)

    def pause(self, name: str) -> None:
        """Freeze the process, as a machine that swaps or a hung disk would."""
        self.processes.signal(name, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        self.processes.signal(name, signal.SIGCONT)

    def wipe_broker(self) -> None:
        """Kill the broker, and give it back with an empty disk; its accounts are the server's, and stay."""
        if self.processes.is_running("broker"):
            self.kill9("broker")
        shutil.rmtree(self.servers.place.folder("broker"))
        self.start("broker")

    def manage(self, *words: str) -> str:
        """Run `manage.py`, and return what it prints."""
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        done = subprocess.run(command, env=self.env, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"manage.py {' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    # --- what it knows ---

    @property
    def people(self) -> dict[str, Any]:
        """`users`, `devices` and `spare_devices`, as in demo.json."""
        return dict(json.loads((self.var / PEOPLE_JSON).read_text()))

    def mqtt_url(self, account: str) -> str:
        """Return the broker's address for a server account; `_bench` only with `bench=True`."""
        if account == "_bench":
            password = self.servers.vault.secret("_bench")
            return f"mqtt://_bench:{password}@{ports.HOST}:{self.mqtt_port}"
        return self.servers.mqtt_url(account)

    def sql(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query, in a transaction of its own."""
        with psycopg.connect(self.servers.database_url(), connect_timeout=5) as connection:
            cursor = connection.execute(query, parameters)
            return list(cursor.fetchall()) if cursor.description else []

    def api(self, path: str, *, user: str = "nurse") -> tuple[int, Any]:
        """GET /api/v1/<path> as one of the demo's people; return status and JSON."""
        token = self.people["users"][user]["token"]
        status, body = roles.get(f"{self.url}/api/v1/{path.removeprefix('/')}", token=token)
        return status, json.loads(body) if body[:1] in ("{", "[") else body

    def _program(self, name: str) -> Program:
        if name == "broker":
            return self.servers.broker(self._broker)
        if name in SERVERS:
            return self.servers.postgres() if name == "postgres" else self.servers.redis()
        program = next(program for program in self.house.programs() if program.name == name)
        return replace(program, ready=self._ingest_since(datetime.now(UTC))) if name == "ingest" else program

    def _ingest_since(self, moment: datetime) -> Callable[[], bool]:
        """Return whether ingest has said since then that it lives, and has the broker."""
        query = "SELECT 1 FROM devices_pulse WHERE part = 'ingest' AND at > %s AND (detail->>'broker')::bool"

        def is_ready() -> bool:
            with suppress(psycopg.OperationalError):
                return bool(self.sql(query, moment))
            return False

        return is_ready


def _with_env(program: Program, env: Mapping[str, str]) -> Program:
    return replace(program, env={**program.env, **env})
