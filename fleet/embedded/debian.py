"""Debian's Mosquitto, unpacked below `.tools/` without root, where the machine has none of its own."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from fleet.embedded import mosquitto
from fleet.embedded.mosquitto import Installation

TOOLS = Path(__file__).resolve().parents[2] / ".tools"
_FALLBACK = ("mosquitto", "libmosquitto1", "libcjson1", "libwebsockets17", "libdlt2")  # of Debian 12
_REMEDY = (
    "install Mosquitto 2 (Debian and Ubuntu: apt-get install mosquitto; Fedora: dnf install mosquitto; "
    "macOS: brew install mosquitto), or set MOSQUITTO to where it is"
)


def broker() -> Installation:
    """Return the broker that MOSQUITTO names, the machine's own, or else Debian's, fetched once.

    Raises:
        RuntimeError: If there is none to be had; the text says what to install.
    """
    wanted = os.environ.get("MOSQUITTO", "")
    found = Path(wanted) if wanted and wanted != "debian" else mosquitto.find()
    if found is not None and wanted != "debian":
        if not os.access(found, os.X_OK):
            raise RuntimeError(f"MOSQUITTO is {found}, which is no program; {_REMEDY}")
        return Installation(found)
    unpacked = TOOLS / "mosquitto"
    if not (unpacked / "usr/sbin/mosquitto").exists():
        _fetch(unpacked)
    return _installation(unpacked)


def _installation(unpacked: Path) -> Installation:
    folders = sorted({path.parent for path in unpacked.rglob("*.so.*")})
    installation = Installation(unpacked / "usr/sbin/mosquitto", tuple(folders))
    tried = subprocess.run(
        [str(installation.binary), "-h"],
        env={"LD_LIBRARY_PATH": installation.library_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    if "mosquitto version" not in tried.stdout:
        raise RuntimeError(f"Debian's Mosquitto does not run here ({tried.stderr.strip()}); {_REMEDY}")
    return installation


def _fetch(unpacked: Path) -> None:
    """Download the packages that this machine lacks, with its own lists of packages or with fresh ones."""
    if not all(map(shutil.which, ("apt-get", "dpkg", "dpkg-query"))):
        raise RuntimeError(f"there is no Mosquitto on this machine: {_REMEDY}")
    unpacked.parent.mkdir(parents=True, exist_ok=True)
    # a folder of its own: two that fetch at the same moment must not throw away each other's
    work = Path(tempfile.mkdtemp(prefix="mosquitto.", dir=unpacked.parent))
    for folder in ("lists/partial", "cache/archives/partial", "debs", "root"):
        (work / folder).mkdir(parents=True)
    own_lists = [
        f"-oDir::State::Lists={work}/lists",
        f"-oDir::Cache={work}/cache",
        "-oAPT::Sandbox::User=root",
    ]
    try:
        _download([], work) or (_apt(own_lists, "update") and _download(own_lists, work))
        archives = sorted((work / "debs").glob("*.deb"))
        for archive in archives:
            subprocess.run(["dpkg", "-x", str(archive), str(work / "root")], check=True)
        if not (work / "root/usr/sbin/mosquitto").exists():
            raise RuntimeError(f"Debian's packages could not be downloaded (see above); {_REMEDY}")
        if not (unpacked / "usr/sbin/mosquitto").exists():
            shutil.rmtree(unpacked, ignore_errors=True)
        with contextlib.suppress(OSError):  # somebody else put theirs there meanwhile
            (work / "root").rename(unpacked)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _download(options: list[str], work: Path) -> bool:
    """Download Mosquitto and what it needs and this machine lacks; say whether that worked."""
    planned = subprocess.run(
        ["apt-get", *options, "--simulate", "--no-install-recommends", "install", "mosquitto"],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )
    names = re.findall(r"^Inst (\S+)", planned.stdout, re.MULTILINE)
    if "mosquitto" not in names:  # not known, or (its file deleted) installed already
        names = list(_FALLBACK)
    return _apt(options, "download", *names, folder=work / "debs")


def _apt(options: list[str], *words: str, folder: Path | None = None) -> bool:
    command = ["apt-get", "--quiet", *options, "-oAPT::Sandbox::User=root", *words]
    return subprocess.run(command, cwd=folder, stdout=2, check=False).returncode == 0
