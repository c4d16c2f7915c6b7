"""Where the servers keep what they need: in VAR, or, when they cannot reach it, beside it.

Started by root, the servers run as `nobody`, and a VAR below a 0700 home is closed to them.  Then their files
live in a folder of their own under /var/lib/myofleet (or /var/tmp), which VAR/outside points to.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet.embedded.users import Account

_ORIGIN = "origin"  # in each outside folder: the VAR it belongs to
_BASES = (Path("/var/lib/myofleet"), Path("/var/tmp/myofleet-0"))  # noqa: S108  root's own, checked below
_POINTER = "outside"  # in VAR: where its servers' files are


@dataclass(frozen=True, slots=True)
class Place:
    """VAR, and the folder that the servers' account can reach."""

    var: Path
    served: Path
    account: Account

    def folder(self, name: str, *, mode: int = 0o700) -> Path:
        """Return a folder that belongs to the servers' account."""
        path = self.served / name
        path.mkdir(mode=mode, exist_ok=True)
        self.account.own(path)
        path.chmod(mode)
        return path

    def reachable(self, root: Path, parts: Sequence[str], name: str) -> Path:
        """Return `root` if the servers' account can read those parts of it, else a copy it can read."""
        trees = [root / part for part in parts]
        if all(can_reach(self.account, tree) and all(map(_is_public, tree.rglob("*"))) for tree in trees):
            return root
        copy = self.served / f"{name}-{_fingerprint(trees)}"
        if not copy.exists():
            fresh = self.served / f".{name}.{secrets.token_hex(4)}"
            fresh.mkdir(mode=0o755)
            for part, tree in zip(parts, trees, strict=True):
                shutil.copytree(tree, fresh / part, symlinks=True, dirs_exist_ok=True)
            _publish(fresh)
            fresh.rename(copy)
        return copy


def prepare(var: Path, account: Account) -> Place:
    """Make VAR and find the folder for the servers' files, the same one at each start."""
    var.mkdir(parents=True, exist_ok=True, mode=0o711 if account.is_other else 0o700)
    var = var.resolve()
    sweep()
    if can_reach(account, var):
        return Place(var, var, account)
    pointer = var / _POINTER
    if pointer.is_symlink() and _origin(pointer.resolve()) == str(var):
        return Place(var, pointer.resolve(), account)
    outside = _outside_base() / secrets.token_hex(8)
    outside.mkdir(mode=0o711)
    outside.chmod(0o711)
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(outside)
    (outside / _ORIGIN).write_text(
        str(var)
    )  # last: from now on another start may sweep what nothing points to
    return Place(var, outside, account)


def remove(var: Path) -> None:
    """Remove VAR and what belongs to it outside."""
    if var.is_dir():
        shutil.rmtree(var)
    sweep()


def sweep() -> None:
    """Remove outside folders whose VAR is gone or points elsewhere, such as that of a deleted clone."""
    for base in _outside_candidates():
        for outside in base.glob("*"):
            origin = _origin(outside)
            if origin is None:
                continue
            if (Path(origin) / _POINTER).resolve() != outside.resolve():
                shutil.rmtree(outside, ignore_errors=True)
        with contextlib.suppress(OSError):
            base.rmdir()  # only when empty


def can_reach(account: Account, path: Path) -> bool:
    """Say whether the account can enter the folder; asked of the system, since ACLs may decide too."""
    if not account.is_other:
        return os.access(path, os.R_OK | os.X_OK)
    probe = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)], cwd="/", check=False, **account.popen_arguments()
    )
    return probe.returncode == 0


def _outside_candidates() -> list[Path]:
    if os.geteuid() != 0:
        return []
    return [base for base in _BASES if _is_ours(base)]


def _outside_base() -> Path:
    for base in _BASES:
        with contextlib.suppress(OSError):
            base.mkdir(mode=0o711, exist_ok=True)
            if _is_ours(base):
                base.chmod(0o711)
                return base
    raise RuntimeError(
        "the servers run as `nobody`, and neither /var/lib nor /var/tmp lets us make a folder for them"
    )


def _is_ours(path: Path) -> bool:
    """Root's own folder, not one (or a link) that somebody else put there."""
    try:
        return path.is_dir() and not path.is_symlink() and path.lstat().st_uid == os.geteuid()
    except OSError:
        return False


def _origin(outside: Path) -> str | None:
    try:
        return (outside / _ORIGIN).read_text()
    except OSError:
        return None


def _is_public(path: Path) -> bool:
    if path.is_symlink():
        return True
    mode = path.stat().st_mode
    return mode & 0o005 == 0o005 if path.is_dir() else bool(mode & 0o004)


def _fingerprint(trees: Sequence[Path]) -> str:
    """A short name for what the trees hold, so that an upgrade is copied anew."""
    seen = hashlib.sha256()
    for path in sorted(path for tree in trees for path in tree.rglob("*")):
        seen.update(f"{path.name}:{path.lstat().st_size}\n".encode())
    return seen.hexdigest()[:12]


def _publish(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(
                path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444)
            )
