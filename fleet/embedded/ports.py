"""TCP ports on loopback: a free one, whether one is taken, and by whom."""

import contextlib
import errno
import random
import socket
from pathlib import Path

HOST = "127.0.0.1"
EVERY = range(15_000, 32_000)
"""Below those that the system gives to outgoing connections: one of these could hold the port of a server that
was killed, and keep it from starting again."""
span = EVERY
"""Where this process looks; processes that look at the same moment do so apart."""
_given: set[int] = set()
_random = random.SystemRandom()  # whoever seeds the other would choose what another process did
_LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp


def free_port() -> int:
    """Return a port of `span` that nobody listens on now, and that was not returned before.

    Whoever got it may not listen yet, or may have been killed and come back.
    """
    if 2 * len(_given) > len(span):
        _given.clear()
    while (port := _random.choice(span)) in _given or not is_free(port):
        pass
    _given.add(port)
    return port


def is_free(port: int, host: str = HOST) -> bool:
    """Say whether a server could listen on the port: a closed connection that lingers does not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def answers(port: int, host: str = HOST, *, timeout_s: float = 0.5) -> bool:
    """Say whether something accepts connections on the port."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except OSError:
        return False


def holder(port: int) -> str:
    """Say in words who listens on the port, as far as this user may see."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for entry in Path("/proc").glob("[0-9]*"):
        if sockets & _open_files(entry):
            return f"process {entry.name} ({_name(entry)})"
    return "a process that this user may not see"


def _open_files(entry: Path) -> set[str]:
    found: set[str] = set()
    with contextlib.suppress(OSError):  # the process is gone, or another user's
        for descriptor in (entry / "fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                found.add(str(descriptor.readlink()))
    return found


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(fields[9])
    return found


def _name(entry: Path) -> str:
    try:
        words = (entry / "cmdline").read_bytes().split(b"\0")
        return b" ".join(words).decode(errors="replace").strip()[:80] or (entry / "comm").read_text().strip()
    except OSError:
        return "name unknown"
