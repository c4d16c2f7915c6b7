"""From what was measured to the figures that are promised: value, target, and ratio to the limit.  Pure.

Each figure is judged as it is printed, at three significant digits.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value."""

    of: str
    name: str
    value: float
    unit: str
    target: float | None = None
    sense: Literal["≤", "≥"] = "≤"
    limit: float | None = None
    """What the parts cost on their own, or a protocol's own pace: what this figure can at best come near."""
    limit_name: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return shown(self.value) <= self.target if self.sense == "≤" else shown(self.value) >= self.target

    @property
    def ratio(self) -> float | None:
        """How many times the limit."""
        return None if not self.limit else self.value / self.limit

    def as_row(self) -> dict[str, Any]:
        """Return what is printed as JSON."""
        return {"what": "figure", **asdict(self), "met": self.met, "ratio": self.ratio}


def shown(value: float) -> float:
    """Return the value at three significant digits."""
    return float(f"{value:.3g}")


def of(rows: Iterable[Row]) -> list[Figure]:
    """Return the figures that these rows hold, in the order they are promised."""
    measured = {row["what"]: row for row in rows if "error" not in row}
    found: list[Figure] = []
    for what, figures in _OF.items():
        if what in measured:
            found += figures(measured[what], measured)
    return found


def _limits(_row: Row, measured: Mapping[str, Row]) -> list[Figure]:
    names = {
        "limit_raw_socket": "a bare socket that cuts packets and acknowledges",
        "limit_link": "our link with nothing behind it",
        "limit_paho": "bare paho, acknowledging in batches of 200",
    }
    figures = [
        Figure("limit", f"receive: {name}", measured[what]["cpu_us"], "µs CPU a message")
        for what, name in names.items()
        if what in measured
    ]
    if copy := measured.get("limit_copy"):
        figures.append(Figure("limit", "write: bare binary COPY, ours", copy["cpu_us"], "µs CPU a message"))
        postgres_us = copy["postgres_cpu_us"]
        figures.append(
            Figure("limit", "write: bare binary COPY, PostgreSQL's", postgres_us, "µs CPU a message")
        )
    return figures


def _load(row: Row, measured: Mapping[str, Row]) -> list[Figure]:
    ours = row["ingest_cpu_us"]
    both = ours + row["postgres_cpu_us"]
    lost = row["sent"] - row["stored_once"]
    growth_ms = max(0.0, row["age_p95_ms_late"] - row["age_p95_ms_early"])
    receive, paho, copy = (_cpu(measured, f"limit_{name}") for name in ("raw_socket", "paho", "copy"))
    least = receive + copy if receive and copy else None
    least_both = least + measured["limit_copy"]["postgres_cpu_us"] if least else None
    bare = "bare socket + bare COPY"
    memory_mb = row["memory_mb_last"]
    return [
        Figure("load", "messages a second, sent", row["sent_per_s"], "/s", row["wanted_per_s"], "≥"),
        Figure("load", "messages a second, stored, first to last", row["stored_per_s"], "/s"),
        Figure("load", "messages lost", lost, "", 0),
        Figure("load", "messages stored twice", row["stored_twice"], "", 0),
        Figure("load", "age when written, p95, last third", row["age_p95_ms_late"], "ms"),
        Figure("load", "growth of that over the run", growth_ms, "ms", 250),
        Figure("load", "all stored after the last was sent", row["drained_after_s"], "s", 2),
        Figure("load", "ingest", ours, "µs CPU a message", 60, limit=least, limit_name=bare),
        Figure("load", "ingest, against paho", ours, "µs CPU a message", limit=paho, limit_name="bare paho"),
        Figure(
            "load", "ingest and PostgreSQL", both, "µs CPU a message", 90,
            limit=least_both, limit_name=f"{bare}, both sides",
        ),
        Figure("load", "memory of ingest", memory_mb, "MB", 150),
        Figure("load", "growth of that since the start", memory_mb - row["memory_mb_first"], "MB", 10),
    ]  # fmt: skip


def _judging(row: Row, _measured: Mapping[str, Row]) -> list[Figure]:
    return [
        Figure("judge", "all rules, a calm fleet", row["cpu_us"], "µs CPU a message", 15),
        Figure(
            "judge", "all rules, every tenth device complains", row["complaining_cpu_us"], "µs CPU a message", 15
        ),
    ]  # fmt: skip


def _cpu(measured: Mapping[str, Row], what: str) -> float | None:
    row = measured.get(what)
    return None if row is None else float(row["cpu_us"])


def _wall(row: Row, _measured: Mapping[str, Row]) -> list[Figure]:
    drawn = row["published"] - row["never_drawn"]
    return [
        Figure("wall", "updates published and drawn", drawn, "", 10_000, "≥"),
        Figure("wall", "publish → drawn, p50", row["p50_ms"], "ms", 150),
        Figure("wall", "publish → drawn, p95", row["p95_ms"], "ms", 400),
        Figure("wall", "publish → drawn, p99", row["p99_ms"], "ms"),
        Figure("wall", "updates never drawn", row["never_drawn"], "", 0),
        Figure("wall", "updates that newer ones superseded", row["superseded"], ""),
        Figure("wall", "time the page said that it was not live", row["not_live_s"], "s", 0),
        Figure("wall", "tasks over 50 ms in the page", row["long_tasks"], "", 0),
        Figure("wall", "longest task over 50 ms", row["longest_task_ms"], "ms"),
        Figure("wall", f"first paint with {row['devices']} tiles", row["first_paint_ms"], "ms", 1000),
        *(
            [Figure("wall", "largest paint", row["largest_paint_ms"], "ms")]
            if row["largest_paint_ms"]
            else []
        ),
        Figure("wall", "daphne, 20 viewers", row["web_cores"], "cores"),
    ]


def _console(row: Row, _measured: Mapping[str, Row]) -> list[Figure]:
    return [
        Figure("console", "tasks over 50 ms in the page", row["long_tasks"], "", 0),
        Figure("console", "longest task over 50 ms", row["longest_task_ms"], "ms"),
        Figure("console", "high alert: committed → drawn, p50", row["p50_ms"], "ms"),
        Figure("console", "high alert: committed → drawn, slowest", row["max_ms"], "ms"),
        Figure("console", "high alerts never drawn", row["never_drawn"], "", 0),
        Figure("console", "lines that exist at once, at most", row["most_lines_drawn"], ""),
        Figure("console", "first paint", row["first_paint_ms"], "ms", 1000),
        Figure("console", f"all {row['alerts']:,} alerts in the list", row["first_line_ms"], "ms"),
    ]


def _alarm(row: Row, _measured: Mapping[str, Row]) -> list[Figure]:
    never = row["calm_never_drawn"] + row["flood_never_drawn"]
    return [
        Figure("alarm", "sample on the wire → alert drawn, p50", row["calm_p50_ms"], "ms"),
        Figure("alarm", "sample on the wire → alert drawn, p95", row["calm_p95_ms"], "ms", 1000),
        Figure("alarm", "the same in the flood, p50", row["flood_p50_ms"], "ms"),
        Figure("alarm", "the same in the flood, p95", row["flood_p95_ms"], "ms", 2000),
        Figure("alarm", "alerts of the flood, raised", row["flood_alerts"], "", row["flooded"], "≥"),
        Figure("alarm", "alerts of the flood, never drawn", row["flood_never_drawn_of_all"], "", 0),
        Figure("alarm", "alerts that were timed, never drawn", never, "", 0),
        Figure("alarm", "tasks over 50 ms in the page", row["long_tasks"], ""),
        Figure("alarm", "longest task over 50 ms", row["longest_task_ms"], "ms"),
    ]


def _stop(row: Row, _measured: Mapping[str, Row]) -> list[Figure]:
    many, direct = f"a site of {row['devices']}", "the direct path"
    return [
        Figure("stop", "messages stored meanwhile", row["stored_per_s"], "/s", 2000, "≥"),
        Figure("stop", "click → the device has it, p50", row["p50_ms"], "ms", 50),
        Figure("stop", "click → the device has it, p95", row["p95_ms"], "ms", 150),
        Figure("stop", "click → the device has it, slowest", row["max_ms"], "ms"),
        *(
            Figure("stop", f"click → confirmed by the device, {share}", row[f"confirmed_{share}_ms"], "ms")
            for share in ("p50", "p95")
            if f"confirmed_{share}_ms" in row
        ),
        Figure("stop", "stops that were not confirmed", row["never_confirmed"], "", 0),
        Figure("stop", f"{many}: click → all published, slowest", row["site_published_ms"], "ms", 300),
        Figure("stop", f"{many}: click → the last device has it, slowest", row["site_heard_ms"], "ms"),
        Figure("stop", f"{direct}: click → the device has it, p50", row["direct_p50_ms"], "ms"),
        Figure("stop", f"{direct}: click → the device has it, p95", row["direct_p95_ms"], "ms"),
        Figure("stop", f"{direct} while PostgreSQL is frozen, p50", row["frozen_p50_ms"], "ms"),
        Figure("stop", f"{direct} while PostgreSQL is frozen, slowest", row["frozen_max_ms"], "ms"),
    ]


def _rollout(row: Row, _measured: Mapping[str, Row]) -> list[Figure]:
    ticks, devices = row["ticks_s"], f"{row['devices']:,}"
    doing = {
        "offering": "a tick that offers, slowest",
        "waiting": f"a tick in which {devices} offers are out and nothing happens, p50",
        "claiming": f"a tick in which {devices} devices have answered",
        "verifying": f"a tick in which {devices} devices have shown the hash",
    }
    stop = f"the {row['failures']}th refusal → stopped"
    return [
        Figure("rollout", f"written and approved for {devices} devices", row["written_s"], "s"),
        Figure("rollout", "started", row["started_s"], "s"),
        *(
            Figure("rollout", text, (median if text.endswith("p50") else max)(ticks[what]), "s", 2)
            for what, text in doing.items()
        ),
        Figure("rollout", f"{stop}, p50", median(row["stops_s"]), "s"),
        Figure("rollout", f"{stop}, slowest of {len(row['stops_s'])}", max(row["stops_s"]), "s", 2),
    ]


def _simulator(row: Row, _measured: Mapping[str, Row]) -> list[Figure]:
    return [
        Figure("simulator", f"{row['devices']} devices in session", row["cores"], "cores", 0.5),
        Figure("simulator", "records stored meanwhile", row["stored_per_s"], "/s", row["devices"], "≥"),
        Figure("simulator", "a record", row["cpu_us"], "µs CPU"),
        Figure("simulator", "memory", row["memory_mb"], "MB"),
    ]


def _trace(row: Row, _measured: Mapping[str, Row]) -> list[Figure]:
    return [
        Figure("trace", "a day, 1,000 points, p50", row["p50_ms"], "ms", 100),
        Figure("trace", "a day, 1,000 points, slowest of 20", row["max_ms"], "ms", 100),
        Figure("trace", "a day, first request of a fresh process", row["first_ms"], "ms"),
    ]


_OF: Mapping[str, Callable[[Row, Mapping[str, Row]], list[Figure]]] = {
    "limit_raw_socket": _limits,
    "load": _load,
    "wall": _wall,
    "console": _console,
    "alarm": _alarm,
    "stop": _stop,
    "rollout": _rollout,
    "simulator": _simulator,
    "trace": _trace,
    "judging": _judging,
}
