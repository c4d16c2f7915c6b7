"""`make check`, `make test` and `make soak`: which tools and tests run, in which order.

    python -m tools.tests check | all | soak

Sync Playwright leaves an event loop behind that pytest-asyncio cannot share: browser tests have a session of
their own.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("devices", "fleet", "dashboards", "tests", "tools", "benchmarks", "docker", "manage.py")
PURE = "not servers and not long and not browser and not soak"
REAL = "(servers or long) and not browser and not soak"
IN_TIME = f"{REAL} and in_time"
BROWSER = "browser and not soak"
GIVES_WAY = 10
"""A tenth of a busy processor; with 19 it would be a seventieth, and nobody answers in any time."""
# Whole days wait most of their time, and pure tests have two processors.  Each process has servers of its own,
# and each file stays in one, because the tests of a file share a house.
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
NOT_IN_TIME = (f"{REAL} and not in_time", *SIDE_BY_SIDE, "--ignore=tests/flows", "--ignore=tests/browser")
"""Tests with servers that nobody has to be quick in: they take what time those in a browser leave of the processors."""


def main(arguments: Sequence[str]) -> int:
    stages = {"check": check, "all": everything, "soak": soak}
    if len(arguments) != 1 or arguments[0] not in stages:
        print(f"usage: python -m tools.tests {' | '.join(stages)}", file=sys.stderr)
        return 2
    return stages[arguments[0]]()


def check() -> int:
    """Format, lint, types, import contracts, docs and pure tests: all of them, even if one fails.

    The tools run while the tests do: there is a minute for all, and two processors.
    """
    sources = [name for name in SOURCES if (ROOT / name).exists()]
    tools = (
        ["ruff", "format", "--check", "--quiet", *sources],
        ["ruff", "check", "--quiet", *sources],
        ["mypy", "--no-error-summary"],
        ["lint-imports", "--no-logo"],
    )
    running = [(words, _start(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)) for words in tools]
    worst = _pytest("pure tests", PURE, *SIDE_BY_SIDE)
    for words, process in running:
        output = process.communicate()[0].decode(errors="replace")
        if process.returncode != 0:
            _say(f"{' '.join(words[:2])} found:\n{output}")
        worst = worst or process.returncode
    if worst == 0:
        _say("format, lint, types, import contracts, docs and pure tests are in order")
    return worst


def everything() -> int:
    """All tests, at the lengths that fit into a quarter of an hour; where `check` fails, nothing else runs."""
    _provide_chromium()
    _provide_broker()
    worst = check()
    if worst:
        return worst
    with tempfile.TemporaryFile() as told:
        behind = _start(["pytest", "-q", "-m", *NOT_IN_TIME], stdout=told, stderr=told, preexec_fn=_give_way)
        try:
            codes = [  # whatever fails, the others still say what else does
                _pytest("browser tests", BROWSER, "tests/browser"),
                _wait("tests with servers", behind),  # nothing runs beside what is held to seconds
                _pytest("whole days, and what is held to seconds", IN_TIME, *SIDE_BY_SIDE, *_in_time()),
            ]
        finally:
            if behind.poll() is None:
                behind.terminate()
                behind.wait()
        told.seek(0)
        _say(f"tests with servers, which ran behind these:\n{told.read().decode(errors='replace')}")
    return next(filter(None, codes), 0)  # one that was killed has a negative one


def _in_time() -> list[str]:
    """Return where the tests stand that are held to seconds: to read all others takes each process ten."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    marked = [str(path.relative_to(ROOT)) for path in files if "pytest.mark.in_time" in path.read_text()]
    return ["tests/flows", *marked]


def soak() -> int:
    """The bad days at their full length."""
    environ = {"SOAK": "1"}
    return _pytest("bad days at full length", "not browser", "tests/flows", "--timeout=7200", environ=environ)


def _provide_chromium() -> None:
    from tests.harness import chromium  # needs what `check` has no use for

    if chromium() is not None:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _say("installing Chromium (apt-get install chromium)")
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "chromium"]
        if subprocess.run(install, env=environ, stdout=2, check=False).returncode != 0:
            subprocess.run(["apt-get", "update", "--quiet"], env=environ, stdout=2, check=False)
            subprocess.run(install, env=environ, stdout=2, check=False)
    if chromium() is None:
        _say(
            "LEFT OUT: the browser tests (tests/browser), because this machine has no Chromium. "
            "Install it (Debian: apt-get install chromium), or set CHROMIUM to where it is."
        )


def _provide_broker() -> None:
    """Fetch it once where there is none, rather than in several test processes at the same time."""
    from fleet.embedded import debian

    try:
        debian.broker()
    except RuntimeError as error:
        _say(f"LEFT OUT: what needs a broker, because: {error}")


def _pytest(title: str, marks: str, *words: str, environ: dict[str, str] | None = None) -> int:
    """Run a pytest session; one that found no test of its kind is no failure."""
    command = ["pytest", "-q", "-m", marks, *words]
    _say(f"{title}: {shlex.join(command)}")
    code = _wait(title, _start(command, env={**os.environ, **(environ or {})}))
    return 0 if code == 5 else code


def _wait(title: str, process: subprocess.Popen[bytes]) -> int:
    """Return the exit code; tell how long that took, and what it used of the processors, servers and all."""
    began_s, before = time.monotonic(), os.times()
    code = process.wait()
    after = os.times()
    used_s = after.children_user + after.children_system - before.children_user - before.children_system
    _say(
        f"{title}: waited {time.monotonic() - began_s:.0f} s for them; they used {used_s:.0f} s of processors"
    )
    return code


def _give_way() -> None:
    os.nice(GIVES_WAY)


def _start(words: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name(words[0])
    return subprocess.Popen([str(program), *words[1:]], cwd=ROOT, **options)


def _say(text: str) -> None:
    print(f"== {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
