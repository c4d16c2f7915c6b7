"""Who the servers run as: ourselves, or, when we are root, an account that owns nothing else."""

import grp
import os
import pwd
from dataclasses import dataclass
from typing import TypedDict


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group id; both None means the account we already have."""

    uid: int | None = None
    gid: int | None = None

    @property
    def is_other(self) -> bool:
        return self.uid is not None

    def popen_arguments(self) -> _Identity:
        """Arguments of `subprocess.Popen` that start a process under this account."""
        if self.uid is None or self.gid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: str | os.PathLike[str]) -> None:
        """Give the file or folder to this account; nothing to do when it is ours."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


OURSELVES = Account()


def server_account() -> Account:
    """Return the account for PostgreSQL (which refuses root), Redis and the broker.

    Raises:
        RuntimeError: If we are root and the machine has no `nobody`.
    """
    if os.geteuid() != 0:
        return OURSELVES
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise RuntimeError(
            "PostgreSQL refuses to run as root, and this machine has no user `nobody` to run it as; "
            "create one, or start this as an ordinary user"
        ) from None
    try:
        return Account(entry.pw_uid, grp.getgrnam("nogroup").gr_gid)
    except KeyError:
        return Account(entry.pw_uid, entry.pw_gid)
