"""A figure is printed as it is: met or missed, with its ratio to the limit."""

from typing import Any

import pytest

from benchmarks import figures, report
from benchmarks.figures import Figure

MACHINE: dict[str, Any] = {
    "what": "machine",
    "at": "2026-11-22T08:00:00Z",
    "commit": "0123456789",
    "processor": "a processor",
    "cores": 2,
    "memory_gb": 24.0,
    "system": "Debian",
    "load_before": 0.1,
    "versions": {"python": "3.11.7"},
}
TRACE = {"what": "trace", "p50_ms": 55.6, "max_ms": 292.6, "first_ms": 93.5}


@pytest.mark.parametrize(
    "value, sense, met", [(60.04, "≤", True), (60.1, "≤", False), (9_996, "≥", True), (9_940, "≥", False)]
)
def test_a_figure_is_judged_as_it_is_printed(value: float, sense: Any, met: bool) -> None:
    target = 60 if sense == "≤" else 10_000
    assert Figure("load", "it", value, "µs", target, sense).met is met


def test_a_missed_figure_says_so_on_the_page_and_in_the_terminal() -> None:
    for text in (report.plain([MACHINE, TRACE]), report.markdown([MACHINE, TRACE])):
        (line,) = [line for line in text.splitlines() if "slowest" in line]
        assert "293 ms" in line
        assert "MISSED" in line


def test_what_could_not_be_measured_is_told_on_the_page() -> None:
    text = report.markdown([MACHINE, {"what": "wall", "error": "RuntimeError: there is no Chromium"}])
    assert "Not measured: wall: RuntimeError: there is no Chromium" in text


def test_ingest_is_compared_with_a_bare_socket_and_a_bare_copy() -> None:
    load = {
        "what": "load", "sent": 10, "stored_once": 10, "stored_twice": 0, "stored_per_s": 9_990.0,
        "sent_per_s": 10_000.0,
        "wanted_per_s": 10_000.0, "ingest_cpu_us": 45.0, "postgres_cpu_us": 20.0, "age_p95_ms_late": 200.0,
        "age_p95_ms_early": 190.0, "drained_after_s": 1.0, "memory_mb_last": 90.0, "memory_mb_first": 88.0,
    }  # fmt: skip
    limits = [
        {"what": "limit_raw_socket", "cpu_us": 10.0},
        {"what": "limit_copy", "cpu_us": 5.0, "postgres_cpu_us": 15.0},
    ]
    ratios = {one.name: one.ratio for one in figures.of([load, *limits])}
    assert ratios["ingest"] == pytest.approx(45 / 15)
    assert ratios["ingest and PostgreSQL"] == pytest.approx(65 / 30)
