"""Tables of figures: for the terminal, and for docs/performance.md.

`python -m benchmarks.report var/bench/latest.jsonl` puts what that run measured between the marks of the page.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import figures
from benchmarks.figures import Figure

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
BEGIN = "<!-- made by `python -m benchmarks.report`; write nothing between here and the end mark -->"
END = "<!-- end of what is made -->"
TITLES = {
    "load": "Load: 1,000 devices, ten messages a second each",
    "limit": "What the parts cost on their own, in the same run",
    "wall": "The live wall: 500 devices, 20 viewers",
    "judge": "Judging: all rules on a telemetry message of four channels, ten samples each",
    "console": "The console: 5,000 open alerts, 20 changes a second",
    "alarm": "From a sample to its alert on the console: 500 devices, then 1,000 new alerts within 2 s",
    "stop": "Stop: from the click to the device, while 2,000 messages a second are taken in",
    "rollout": "A rollout to 10,000 devices: the clock's ticks, and how soon it stops itself",
    "simulator": "The simulator",
    "trace": "A trace of 24 hours",
}
BUSY = 0.7  # load average of a minute: above it, something else takes part of the processors
HEAD = ("", "measured", "target", "", "ratio to the limit")


def main(path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{PAGE} lacks its marks:\n{BEGIN}\n{END}")
    PAGE.write_text(f"{before}{BEGIN}\n\n{markdown(rows)}\n{END}{after}")


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the part of the page that a run fills."""
    machine = next(row for row in rows if row["what"] == "machine")
    parts = [about(machine)]
    for kind, table in _tables(figures.of(rows)):
        parts += [f"### {TITLES[kind]}", "", _line(HEAD), "|---|---:|---:|---|---|", *map(_line, table), ""]
    for row in rows:
        if "error" in row:
            parts += [f"Not measured: {row['what']}: {row['error']}", ""]
    return "\n".join(parts)


def about(machine: Mapping[str, Any]) -> str:
    """Return what was measured, on what."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    load = machine["load_before"]
    busy = (
        ""
        if load < BUSY
        else "The machine had other work to do: what is missed below is to be measured again.\n"
    )
    return (
        f"Measured {machine['at'][:10]} at commit {machine['commit']}, on {machine['processor']},"
        f" {machine['cores']} cores, {machine['memory_gb']:g} GB, {machine['system']}"
        f" (load average before: {load:g}).\n{busy}{versions}.\n"
    )


def plain(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the tables for a terminal."""
    lines = []
    for kind, table in _tables(figures.of(rows)):
        lines += ["", TITLES[kind]]
        widths = [max(len(row[n]) for row in table) for n in range(len(HEAD))]
        for row in table:
            cells = [cell.ljust(width) if n in (0, 3, 4) else cell.rjust(width)
                     for n, (cell, width) in enumerate(zip(row, widths, strict=True))]  # fmt: skip
            lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines)


def _tables(found: Iterable[Figure]) -> list[tuple[str, list[tuple[str, ...]]]]:
    tables: dict[str, list[tuple[str, ...]]] = {kind: [] for kind in TITLES}
    for figure in found:
        tables[figure.of].append(_cells(figure))
    return [(kind, table) for kind, table in tables.items() if table]


def _cells(figure: Figure) -> tuple[str, ...]:
    unit = f" {figure.unit}" if figure.unit else ""
    target = "" if figure.target is None else f"{figure.sense} {_number(figure.target)}"
    verdict = {None: "", True: "met", False: "MISSED"}[figure.met]
    ratio = (
        ""
        if figure.ratio is None
        else f"{figure.ratio:.2f} × {figure.limit_name} ({_number(figure.limit or 0)})"
    )
    return figure.name, _number(figure.value) + unit, target, verdict, ratio


def _number(value: float) -> str:
    """Three significant digits, but whole numbers whole."""
    if value == int(value) or value >= 1000:
        return f"{figures.shown(value) if value != int(value) else value:,.0f}"
    return f"{figures.shown(value):g}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
