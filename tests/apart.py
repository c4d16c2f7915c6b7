"""Test processes that run at the same moment take ports from ranges of their own.

A port that one of them chose and does not listen on yet, or whose server it has just killed, is free to every probe.
"""

import socket
import sys

from fleet.embedded import ports

_A_PROCESS = 1_000
_held: list[socket.socket] = []


def ports_of_our_own() -> range:
    """Return a range that is this process's until it ends, or all where none is left.

    A name of Linux's abstract sockets says whose it is: it ends with its process, and leaves no file.
    """
    if sys.platform == "linux":
        for first in ports.EVERY[::_A_PROCESS]:
            claim = socket.socket(socket.AF_UNIX)
            try:
                claim.bind(f"\0myofleet-tests-{first}")
            except OSError:
                claim.close()
                continue
            _held.append(claim)
            return range(first, min(first + _A_PROCESS, ports.EVERY.stop))
    return ports.EVERY
