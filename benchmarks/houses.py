"""A house for one benchmark: real servers and processes on free ports, gone when it is over."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fleet.embedded import places
from tests.harness import ROOT, House


@contextmanager
def house(**options: Any) -> Iterator[House]:
    """Give a house of its own; the options are those of `tests.harness.House`."""
    with tempfile.TemporaryDirectory(prefix="myofleet-bench-") as folder:
        var = Path(folder)
        var.chmod(0o711)  # the servers' own account must pass, when we are root
        with House(var / "house", **options) as one:
            yield one
    places.sweep()


def enrol(house: House, count: int, *, site: str | None = None) -> list[str]:
    """Enrol devices that need no accounts of their own: the bench account speaks for them.

    Args:
        site: A slug; None for the first site.
    """
    serials = [f"BENCH-{n:05d}" for n in range(count)]
    house.sql(
        "INSERT INTO devices_device (serial, site_id, name, room, uplink, model, tags, risk_class)"
        " SELECT s, (SELECT min(id) FROM access_site WHERE %s::text IS NULL OR slug = %s),"
        " 'Stimulator ' || right(s, 5)::int + 1, 'Room ' || 101 + right(s, 5)::int / 10, '', '', '{}', ''"
        " FROM unnest(%s::text[]) s",
        site,
        site,
        serials,
    )
    return serials


@contextmanager
def helper(module: str, plan: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """Run `python -m benchmarks.<module>` beside the block; it ends with the block at the latest."""
    command = [sys.executable, "-m", f"benchmarks.{module}", json.dumps(plan)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=10)


def answer(process: subprocess.Popen[str], *, within_s: float) -> dict[str, Any]:
    """Return the JSON object that a helper prints before it ends.

    Raises:
        RuntimeError: It ended without one.
    """
    said, _ = process.communicate(timeout=within_s)
    lines = said.strip().splitlines()
    if process.returncode != 0 or not lines:
        raise RuntimeError(f"{process.args!r:.200} ended with {process.returncode}")
    return dict(json.loads(lines[-1]))
