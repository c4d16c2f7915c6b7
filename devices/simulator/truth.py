"""The truth log: what each simulated device really did, so that any claim of the server can be scored.

One JSON object a line, each with `at` (monotonic ms of the simulation), `wall` (Unix ms, by a right clock),
`serial` and `what`:

| what | fields |
|---|---|
| `record` | `boot, seq, up_ms, kind`; telemetry: `session, ma` (true peak a channel); `spoiled`: malformed |
| `power` | `on`, `boot` |
| `connect`, `disconnect` | `boot, conn`, `why` |
| `birth`, `goodbye` | `boot, conn, up_ms` |
| `output` | `boot, up_ms, state, output, session`: each time one of them changes |
| `command` | `id, verb, boot, up_ms, outcome, reason, executed`: whether it did, whatever it answered |
| `protocol` | `boot, up_ms, session, id, version, sha256`: what it took over for its next session, whatever it says |
| `ignored` | `why`, `retain`: a command that was not heard, is none, or was retained |
| `watermark` | `boot, seq` obeyed; `forgot`: first and last seq deleted for it, or null |
| `dropped` | `boot, seq`: deleted because the buffer was full |
| `session` | `boot, up_ms, session, reason, elapsed_ms, charge_uc, pulses`: when it ended |
| `fault` | `name, on` and its arguments |
| `garbage` | `topic, why, bytes`: a message malformed on purpose that belongs to no record |
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import msgspec

MAX_LINES = 20_000  # held back at most, if nobody flushes
MAX_BYTES = 2**30  # of a file; then it becomes `<name>.1`, in place of an older one


class Sink(Protocol):
    """Where truth goes."""

    def tell(self, at_ms: int, serial: str, what: str, **fields: Any) -> None:
        """Note one thing that happened."""


class Silent:
    """Keeps nothing."""

    def tell(self, at_ms: int, serial: str, what: str, **fields: Any) -> None:
        """Forget it."""


class Memory:
    """Keeps everything in a list, without wall times: the same seed gives the same list."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def tell(self, at_ms: int, serial: str, what: str, **fields: Any) -> None:
        """Keep one line."""
        self.lines.append({"at": at_ms, "serial": serial, "what": what, **fields})


class File:
    """A truth log on disk, appended to; it and its predecessor together never grow beyond twice `most_bytes`."""

    def __init__(self, path: Path, *, most_bytes: int = MAX_BYTES) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._most_bytes = path, most_bytes
        self._file = path.open("ab")

    def write(self, data: bytes) -> int:
        """Append whole lines."""
        if self._file.tell() + len(data) > self._most_bytes:
            self._file.close()
            self._path.replace(earlier(self._path))
            self._file = self._path.open("ab")
        return self._file.write(data)

    def flush(self) -> None:
        """Hand all to the operating system."""
        self._file.flush()

    def __enter__(self) -> File:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


def earlier(path: Path) -> Path:
    """Where a full log goes."""
    return path.with_name(f"{path.name}.1")


class Writer:
    """Writes lines to a file, when `flush` is called (about once a second)."""

    def __init__(self, file: BinaryIO | File, wall_ms: Callable[[int], int]) -> None:
        """`wall_ms` gives the Unix time of a simulation time."""
        self._file, self._wall_ms = file, wall_ms
        self._lines: list[bytes] = []
        self.records = 0
        self._encode = msgspec.json.Encoder().encode

    def tell(self, at_ms: int, serial: str, what: str, **fields: Any) -> None:
        """Note one line."""
        self.records += what == "record"
        line = {"at": at_ms, "wall": self._wall_ms(at_ms), "serial": serial, "what": what, **fields}
        self._lines.append(self._encode(line))
        if len(self._lines) >= MAX_LINES:
            self.flush()

    def flush(self) -> None:
        """Hand all to the operating system."""
        if self._lines:
            self._file.write(b"\n".join(self._lines) + b"\n")
            self._file.flush()
            self._lines.clear()


@dataclass(slots=True)
class Score:
    """What a claim about stored records gets right and wrong."""

    missing: dict[tuple[str, int], list[int]] = field(default_factory=dict)  # made, not dropped, not claimed
    invented: dict[tuple[str, int], list[int]] = field(default_factory=dict)  # claimed, never made
    wrong: list[str] = field(default_factory=list)  # claimed under another up_ms or kind
    forgotten_unstored: dict[tuple[str, int], list[int]] = field(
        default_factory=dict
    )  # the worst: lost for good

    def perfect(self) -> bool:
        """Whether nothing is missing, invented or wrong."""
        return not (self.missing or self.invented or self.wrong or self.forgotten_unstored)


@dataclass(slots=True)
class Truth:
    """A truth log, read back."""

    lines: list[dict[str, Any]]

    def about(self, serial: str, what: str) -> list[dict[str, Any]]:
        """Every line of one kind about a device, in order."""
        return [line for line in self.lines if line["serial"] == serial and line["what"] == what]

    def serials(self) -> list[str]:
        """All devices that made a record."""
        return sorted({line["serial"] for line in self.lines if line["what"] == "record"})

    def records(self) -> dict[tuple[str, int], dict[int, dict[str, Any]]]:
        """Every record made, by (serial, boot), then seq."""
        found: dict[tuple[str, int], dict[int, dict[str, Any]]] = defaultdict(dict)
        for line in self.lines:
            if line["what"] == "record":
                found[line["serial"], line["boot"]][line["seq"]] = line
        return dict(found)

    def dropped(self) -> dict[tuple[str, int], set[int]]:
        """Seqs that a full buffer deleted."""
        found: dict[tuple[str, int], set[int]] = defaultdict(set)
        for line in self.lines:
            if line["what"] == "dropped":
                found[line["serial"], line["boot"]].add(line["seq"])
        return dict(found)

    def forgotten(self) -> dict[tuple[str, int], int]:
        """Highest seq deleted because a watermark covered it, by (serial, boot)."""
        found: dict[tuple[str, int], int] = {}
        for line in self.lines:
            if line["what"] == "watermark" and line["forgot"]:
                found[line["serial"], line["boot"]] = line["forgot"][1]
        return found

    def score(
        self, claims: Iterable[tuple[str, int, int, int, str]], *, serials: set[str] | None = None
    ) -> Score:
        """Score stored records, claimed as (serial, boot, seq, up_ms, kind); of `serials` only, if given.

        Spoiled and dropped records need not be claimed, but may be; the kind of an event is its `kind`, of
        telemetry `telemetry`.
        """
        score, made, dropped = Score(), self.records(), self.dropped()
        forgotten = self.forgotten()
        claimed: dict[tuple[str, int], set[int]] = defaultdict(set)
        for serial, boot, seq, up_ms, kind in claims:
            key = (serial, boot)
            if serials is not None and serial not in serials:
                continue
            if seq in claimed[key]:
                score.wrong.append(f"{serial} boot {boot} seq {seq} is stored twice")
            claimed[key].add(seq)
            line = made.get(key, {}).get(seq)
            if line is None:
                score.invented.setdefault(key, []).append(seq)
            elif (line["up_ms"], line["kind"]) != (up_ms, kind):
                truly = f"{line['kind']} at {line['up_ms']}"
                score.wrong.append(f"{serial} boot {boot} seq {seq}: {kind} at {up_ms}, was {truly}")
        for key, lines in made.items():
            if serials is not None and key[0] not in serials:
                continue
            excused = dropped.get(key, set()) | {seq for seq, line in lines.items() if line.get("spoiled")}
            missing = sorted(lines.keys() - claimed[key] - excused)
            if missing:
                score.missing[key] = missing
            gone = [seq for seq in missing if seq <= forgotten.get(key, 0)]
            if gone:
                score.forgotten_unstored[key] = gone
        return score

    def output_at(self, serial: str, wall_ms: int) -> dict[str, Any] | None:
        """State, output and session of a device at an instant; None before it was first switched on."""
        before = [line for line in self.about(serial, "output") if line["wall"] <= wall_ms]
        return before[-1] if before else None

    def executions(self, serial: str) -> dict[str, int]:
        """How often each command id was carried out: never more than once."""
        found: dict[str, int] = defaultdict(int)
        for line in self.about(serial, "command"):
            found[line["id"]] += bool(line["executed"])
        return dict(found)


def read(path: Path) -> Truth:
    """Return a truth log, with the full one before it; a line cut short by a killed simulator is left out."""
    lines = []
    for each in (earlier(path), path):
        for text in each.read_text().splitlines() if each == path or each.exists() else ():
            with suppress(ValueError):
                lines.append(json.loads(text))
    return Truth(lines)
