"""The broker's password and ACL files, and telling a running Mosquitto to read them again.  No Django.

`render_*`, `hashed` and `Pace` are pure; `write_files` and `reload` touch the machine.  The files are made
from the database by `devices.accounts_sync`, never the other way.
"""

import base64
import contextlib
import hashlib
import hmac
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from devices.wire.topics import PREFIX, SERVER_STATUS, UP

PASSWD_FILE: Final = "passwd"
ACL_FILE: Final = "acl"

# Mosquitto's own default.  It hashes again for each connected client at each reload: see docs/decisions.
TYPED_ITERATIONS: Final = 101
RANDOM_ITERATIONS: Final = 10
_SALT_BYTES: Final = 12  # Mosquitto 2.0 takes no other length
_HASH_BYTES: Final = 64

# The `topic` lines of the server's own accounts.  `_ingest-2` is a second ingest, with the same rights.
_SERVER_RULES: Final[dict[str, tuple[str, ...]]] = {
    "_ingest": (
        *(f"read {PREFIX}/+/{kind}" for kind in ("status", "telemetry", "event")),
        f"write {PREFIX}/+/watermark",
        f"readwrite {SERVER_STATUS}",
        "read $SYS/#",
    ),
    "_dispatch": (f"read {PREFIX}/+/ack", f"read {PREFIX}/+/status", f"write {PREFIX}/+/command"),
    # Stops past the house: a connection of its own, see docs/dispatch.md.
    "_direct": (f"read {PREFIX}/+/status", f"write {PREFIX}/+/command"),
    "_bench": ("readwrite #",),
}
# `pattern` lines hold for every account, whichever `user` they stand below, so they name the account itself.
_PATTERNS: Final = (
    *(f"write {PREFIX}/%u/{kind}" for kind in UP),
    f"read {PREFIX}/%u/command",
    f"read {PREFIX}/%u/watermark",
    f"read {SERVER_STATUS}",  # a `topic` line above the first `user` would hold for anonymous clients only
)


def role_of(username: str) -> str | None:
    """Return which server part an account belongs to (`_ingest-2` → `_ingest`); None for all others."""
    part, _, number = username.partition("-")
    return part if part in _SERVER_RULES and (number.isdigit() or username == part) else None


def render_acl(usernames: Iterable[str]) -> str:
    """Return the ACL file: the rights of each server account, then every device's on its own topics."""
    lines = ["# Made by `manage.py enrol --sync` from the database; a change here is overwritten."]
    for username in sorted(usernames):
        role = role_of(username)
        if role is not None:
            lines += ["", f"user {username}", *(f"topic {rule}" for rule in _SERVER_RULES[role])]
    return "\n".join([*lines, "", *(f"pattern {rule}" for rule in _PATTERNS), ""])


def render_passwd(accounts: Iterable[tuple[str, str]]) -> str:
    """Return the password file of (username, hash) pairs, sorted, one a line."""
    return "".join(f"{username}:{password_hash}\n" for username, password_hash in sorted(accounts))


def hashed(password: str, *, salt: bytes, iterations: int) -> str:
    """Return the password as Mosquitto keeps it: `$7$iterations$salt$hash`, PBKDF2 with SHA-512, base64.

    Args:
        salt: 12 random bytes.
    """
    if len(salt) != _SALT_BYTES:
        raise ValueError(f"the salt has {len(salt)} bytes; Mosquitto takes {_SALT_BYTES}")
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, _HASH_BYTES)
    return f"$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def new_hash(password: str, *, iterations: int) -> str:
    """Return `hashed` with a fresh random salt."""
    return hashed(password, salt=os.urandom(_SALT_BYTES), iterations=iterations)


def matches(password: str, password_hash: str) -> bool:
    """Whether the password is the one that was hashed."""
    _, _, iterations, salt, _ = password_hash.split("$")
    again = hashed(password, salt=base64.b64decode(salt), iterations=int(iterations))
    return hmac.compare_digest(again, password_hash)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the broker may be told to reload: a burst of six, then one in ten seconds.

    A reload makes the broker deaf for a moment, so a flood of changes is collected; a single change, and
    the few that a person makes right after it, need not wait.  Times are Unix seconds.
    """

    last: float = 0.0
    filled: float = 0.0  # when the burst will be whole again

    GAP_S = 1.0
    EVERY_S = 10.0
    BURST = 6

    def due(self, now: float) -> float:
        """Return the earliest time for the next reload."""
        if self.last > now:  # the clock was set back: do not wait for the old time to come again
            return now
        return max(self.last + self.GAP_S, self.filled - (self.BURST - 1) * self.EVERY_S)

    def after(self, now: float) -> "Pace":
        """Return the pace after a reload at `now`."""
        filled = self.filled if self.last <= now else 0.0
        return Pace(last=now, filled=max(now, filled) + self.EVERY_S)


def write_files(folder: Path, accounts: Iterable[tuple[str, str]]) -> None:
    """Replace both files, each atomically and only if it changed; rules first, then who may connect.

    The caller sees to it that nobody else writes at the same time.

    Raises:
        OSError: The folder is missing or not writable.
    """
    pairs = list(accounts)
    write_atomically(folder / ACL_FILE, render_acl(username for username, _ in pairs))
    write_atomically(folder / PASSWD_FILE, render_passwd(pairs))


def write_atomically(path: Path, text: str) -> None:
    """Replace a file of the broker's folder: mode 0640, the folder's owner and group if we may set them."""
    content = text.encode()
    with contextlib.suppress(OSError):
        if path.read_bytes() == content:
            return
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    # O_EXCL follows no link that the broker's own account may have laid there.
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        folder = path.parent.stat()
        if os.geteuid() == 0:
            os.fchown(descriptor, folder.st_uid, folder.st_gid)
        else:
            with contextlib.suppress(
                PermissionError
            ):  # not our group: a set-group-id folder has done it already
                os.fchown(descriptor, -1, folder.st_gid)
        os.fchmod(descriptor, 0o640)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)


@dataclass(frozen=True, slots=True)
class Reload:
    """What became of telling the broker; `advice` is for people, empty when nothing is left to do."""

    outcome: Literal["reloaded", "not_running", "starting", "out_of_reach"]
    advice: str = ""


def reload(pid_file: Path) -> Reload:
    """Send SIGHUP to the Mosquitto that the file names, after making sure that it is one and can take it."""
    try:
        pid = int(pid_file.read_text())
        handle = os.pidfd_open(pid)  # from here on the number cannot come to mean another process
    except (FileNotFoundError, ProcessLookupError):
        return Reload("not_running", "the broker is not running; it reads the files when it starts.")
    except (OSError, ValueError, AttributeError) as error:
        return Reload("out_of_reach", f"cannot tell which broker {pid_file} names ({error}). {_BY_HAND}")
    try:
        return _signal(pid, handle)
    finally:
        os.close(handle)


_BY_HAND: Final = (
    "Send SIGHUP to the broker yourself: kill -HUP <its pid>, or docker kill -s HUP <its container>."
)


def _signal(pid: int, handle: int) -> Reload:
    status = _status_of(pid)
    name = status.get("Name", "a process that cannot be looked at")
    if name != "mosquitto":  # a stale file, or the number means something in another container
        return Reload("out_of_reach", f"MQTT_PID_FILE names {name} (pid {pid}), no mosquitto. {_BY_HAND}")
    if not int(status.get("SigCgt", "0"), 16) & 1 << (signal.SIGHUP - 1):
        return Reload("starting", f"the broker (pid {pid}) is still starting; SIGHUP would end it.")
    try:
        signal.pidfd_send_signal(handle, signal.SIGHUP)
    except ProcessLookupError:
        return Reload("not_running", "the broker has just ended; it reads the files when it starts.")
    except PermissionError:
        uid = status.get("Uid", "?").split()[0]
        return Reload(
            "out_of_reach", f"the broker (pid {pid}) runs as uid {uid}, we as {os.geteuid()}. {_BY_HAND}"
        )
    return Reload("reloaded")


def _status_of(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
