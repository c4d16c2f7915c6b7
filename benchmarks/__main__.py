"""`make bench`: measure all, or what is named, and print a table and one JSON object a line.

    python -m benchmarks                      everything: about ten minutes
    python -m benchmarks load wall --quick    some of it, and shorter: to see that it works, not to be quoted

A figure that is missed is printed as it is.  The exit code is 1 only if something could not be measured.
"""

import argparse
import json
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from benchmarks import (
    alarm,
    console,
    figures,
    houses,
    judging,
    limits,
    load,
    machine,
    report,
    rollout,
    simulator,
    stop,
    trace,
    wall,
)
from tests.harness import ROOT

OUT = ROOT / "var" / "bench" / "latest.jsonl"

Row = dict[str, Any]


def _limits(quick: bool) -> list[Row]:
    with houses.house(bench=True) as house:
        return limits.measure(house, [f"BENCH-{n:05d}" for n in range(1000)], 10.0, 3.0 if quick else 15.0)


def _load(quick: bool) -> list[Row]:
    with houses.house(bench=True) as house:
        return [load.measure(house, 1000, 10.0, 6.0 if quick else 60.0)]


def _wall(quick: bool) -> list[Row]:
    with houses.house(bench=True) as house:
        return [wall.measure(house, seconds=5.0 if quick else 40.0)]


def _console(quick: bool) -> list[Row]:
    with houses.house(bench=True) as house:
        return [console.measure(house, seconds=5.0 if quick else 30.0)]


def _alarm(quick: bool) -> list[Row]:
    with houses.house(bench=True) as house:
        return [alarm.measure(house, seconds=5.0 if quick else 15.0)]


def _stop(quick: bool) -> list[Row]:
    with houses.house(bench=True, devices=stop.DEVICES) as house:
        return [stop.measure(house, presses=20, rounds=2) if quick else stop.measure(house)]


def _rollout(quick: bool) -> list[Row]:
    with houses.house() as house:
        return [rollout.measure(house, devices=1000, stops=3) if quick else rollout.measure(house)]


def _simulator(quick: bool) -> list[Row]:
    devices = 100 if quick else 1000
    with houses.house(devices=devices, scenario="load") as house:
        return [simulator.measure(house, devices=devices, seconds=5.0 if quick else 30.0)]


def _trace(quick: bool) -> list[Row]:
    with houses.house() as house:
        return [trace.measure(house)]


def _judge(quick: bool) -> list[Row]:
    return [judging.measure(rounds=10 if quick else judging.ROUNDS)]


BENCHMARKS = {
    "judge": _judge,
    "limits": _limits,
    "load": _load,
    "wall": _wall,
    "console": _console,
    "alarm": _alarm,
    "stop": _stop,
    "rollout": _rollout,
    "simulator": _simulator,
    "trace": _trace,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="shorter; its figures are not to be quoted")
    parser.add_argument("--out", type=Path, default=OUT, help="also write the JSON lines here")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no benchmark is called {sorted(unknown)[0]}; there are {', '.join(BENCHMARKS)}")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for figures
    rows = run(options.names or list(BENCHMARKS), quick=options.quick)
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    lines += [json.dumps(figure.as_row(), ensure_ascii=False) for figure in figures.of(rows)]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text("\n".join(lines) + "\n")
    print(report.about(rows[0]), report.plain(rows), "", *lines, sep="\n", flush=True)
    return int(any("error" in row for row in rows))


def run(names: list[str], *, quick: bool) -> list[Row]:
    """Measure one after the other; what cannot be measured stops no other."""
    rows: list[Row] = [machine.describe() | {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "quick": quick}]
    for name in names:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        started = time.monotonic()
        try:
            rows += BENCHMARKS[name](quick)
        except Exception as error:
            traceback.print_exc()
            rows.append({"what": name, "error": f"{type(error).__name__}: {error}"})
        print(f"  {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main())
