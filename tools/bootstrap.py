"""Install what uv.lock names into .venv, then become the given Python command.  Standard library only.

    tools/run runtime -m fleet.embedded demo     what the product needs
    tools/run dev -m pytest                      and what its tests need
    tools/run none tools/clean.py                nothing: the Python that was found

Nothing is done when the lock file has not changed since the last time.  uv itself comes through pip,
into .tools/: a bare Debian has no venv module, and its pip installs nowhere else (PEP 668).
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
STAMP = VENV / "installed-from"
# What would lead uv away from the locked index, or to another environment than ours.
MISLEADING = {
    *("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX"),
    *("UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "UV_FROZEN", "VIRTUAL_ENV", "PYTHONHOME"),
}


class Failed(Exception):
    """Something could not be installed; the text says what to do."""


def main(arguments: list[str]) -> int:
    group, *command = arguments
    if group == "none":
        _become(Path(sys.executable), command)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if not _is_installed(group):
            TOOLS.mkdir(exist_ok=True)
            with (TOOLS / "lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # two `make`s on a clean clone
                if not _is_installed(group):
                    _install(group)
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return _become(VENV / "bin" / "python", command)


def _become(python: Path, command: list[str]) -> NoReturn:
    os.execv(python, [str(python), *command])  # noqa: S606  the same process, so that signals find it


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt  # ends the child that is waited for, too


def _wanted(group: str) -> str:
    return f"{hashlib.sha256((ROOT / 'uv.lock').read_bytes()).hexdigest()} {group}"


def _is_installed(group: str) -> bool:
    """The development group holds everything that the product needs, too."""
    try:
        return (VENV / "bin" / "python").exists() and STAMP.read_text() in (_wanted(group), _wanted("dev"))
    except OSError:
        return False


def _install(group: str) -> None:
    print("installing the locked dependencies into .venv …", file=sys.stderr, flush=True)
    uv = _uv()
    STAMP.unlink(missing_ok=True)
    selection = ["--locked", "--inexact", *([] if group == "dev" else ["--no-dev"])]
    synced = _try(uv, "sync", "--python", sys.executable, *selection)
    if synced is not None and not _installed_by_pip(uv, group):
        raise Failed(f"the dependencies could not be installed:\n{synced}")
    STAMP.write_text(_wanted(group))


def _uv() -> str:
    """Return a uv that runs: ours, one that pip installs for us, or the machine's."""
    ours = TOOLS / "uv" / "bin" / "uv"
    if _try(str(ours), "--version") is None:
        return str(ours)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--upgrade",
        "--target",
        str(TOOLS / "uv"),
        "uv>=0.9,<1",
    ]
    problem = _try(*pip)
    if problem is None and _try(str(ours), "--version") is None:
        return str(ours)
    machines = shutil.which("uv")
    if machines is not None:
        return machines
    raise Failed(
        f"uv, which installs the dependencies, could not be installed by pip:\n{problem}\n"
        "Install pip for this Python (Debian: apt-get install python3-pip), or uv (https://docs.astral.sh/uv)."
    )


def _installed_by_pip(uv: str, group: str) -> bool:
    """Where uv cannot reach the public index, pip may know another: same versions, same hashes."""
    listed = TOOLS / "requirements.txt"
    selection = ["--frozen", "--no-emit-project", *([] if group == "dev" else ["--no-dev"])]
    venv = ["--allow-existing", "--python", sys.executable, str(VENV)]
    pip = [sys.executable, "-m", "pip", "--python", str(VENV / "bin" / "python"), "install", "--quiet"]
    steps = (
        [uv, "export", "--quiet", *selection, "--output-file", str(listed)],
        [uv, "venv", *venv],
        [*pip, "--require-hashes", "--no-deps", "--requirement", str(listed)],
    )
    return all(_try(*step) is None for step in steps)


def _try(*command: str) -> str | None:
    """Run the command in the project's folder; return None if it worked, else what it said."""
    env = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    env |= {"UV_PYTHON_DOWNLOADS": "never", "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}
    env |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    if not os.access(Path.home(), os.W_OK):
        env |= {"UV_CACHE_DIR": str(TOOLS / "cache"), "PIP_CACHE_DIR": str(TOOLS / "pip-cache")}
    try:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    try:
        output = process.communicate()[0].decode(errors="replace")
    except KeyboardInterrupt:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        process.wait()
        raise
    return (
        None if process.returncode == 0 else output.strip() or f"{command[0]} ended with {process.returncode}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
