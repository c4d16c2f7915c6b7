"""`make clean`: remove what the other targets made, unless a demo is running on it."""

import fcntl
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from fleet.embedded import places  # noqa: E402  standard library only, as this is

MADE = (
    *(".venv", ".tools", "test-artifacts", "myofleet.egg-info"),
    *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache"),
)


def main() -> int:
    running = [lock.parent for lock in (ROOT / "var").glob("*/lock") if _is_held(lock)]
    if running:
        print(
            f"{running[0]} is in use by a running demo: stop that first (Ctrl-C where it runs)",
            file=sys.stderr,
        )
        return 1
    places.remove(ROOT / "var")
    for name in MADE:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for layer in ("devices", "fleet", "dashboards", "tests", "tools", "benchmarks"):
        for cache in list((ROOT / layer).rglob("__pycache__")):
            shutil.rmtree(cache, ignore_errors=True)
    return 0


def _is_held(lock: Path) -> bool:
    with lock.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
