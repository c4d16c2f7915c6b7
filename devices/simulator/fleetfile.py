"""Which devices are simulated: a JSON list of `{serial, password, site, room, name, model}`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devices.wire.topics import is_serial


@dataclass(frozen=True, slots=True)
class Make:
    """What all devices of one model have in common."""

    name: str
    firmware: str
    channels: int
    max_ma: float
    self_stop_ms: int


MAKES: Final = {
    make.name: make
    for make in (
        Make("RX-4", "2.3.1", 4, 100.0, 2000),
        Make("RX-2", "1.9.0", 2, 90.0, 2000),
        Make("Atlas-8", "4.0.2", 8, 130.0, 1000),
    )
}
DEFAULT_MAKE: Final = MAKES["RX-4"]


@dataclass(frozen=True, slots=True)
class Machine:
    """One simulated device: its account at the broker, and what it is."""

    serial: str
    password: str
    make: Make = DEFAULT_MAKE
    site: str = ""
    room: str = ""


def read(path: Path) -> list[Machine]:
    """Return the machines of a devices file.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no such list; the text names the entry.
    """
    entries = json.loads(path.read_text())
    if not isinstance(entries, list):
        raise ValueError(f"{path} holds {type(entries).__name__}, expected a list of devices")
    machines = [_machine(entry, f"{path}, entry {n}") for n, entry in enumerate(entries, start=1)]
    serials = [machine.serial for machine in machines]
    twice = {serial for n, serial in enumerate(sorted(serials)[1:]) if serial == sorted(serials)[n]}
    if twice:
        raise ValueError(f"{path} lists {sorted(twice)[0]} twice")
    return machines


def _machine(entry: Any, where: str) -> Machine:
    if not isinstance(entry, dict) or not is_serial(str(entry.get("serial", ""))):
        raise ValueError(
            f'{where}: expected {{"serial": …, "password": …}} with a serial of wire.md, got {entry!r:.80}'
        )
    password = entry.get("password", entry.get("mqtt_password"))
    if not isinstance(password, str) or not password:
        raise ValueError(f"{where}: {entry['serial']} has no password")
    make = MAKES.get(str(entry.get("model", "")), DEFAULT_MAKE)
    if entry.get("model") and entry["model"] not in MAKES:
        make = Make(str(entry["model"]), make.firmware, make.channels, make.max_ma, make.self_stop_ms)
    return Machine(entry["serial"], password, make, str(entry.get("site", "")), str(entry.get("room", "")))
