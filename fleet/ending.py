"""The web process ends when it is told to, though a request still waits.

A request that was given up while the database hung may leave its thread waiting for a coroutine of the event loop,
which runs no more once daphne stops; Python joins such a thread before it exits, and would wait for good.
"""

import os
import sys
import threading
from typing import Final

GRACE_S: Final = 3.0  # for requests in hand, of which daphne has told what it ended


def end_in_time() -> None:
    """Let the process end `GRACE_S` after daphne has stopped, whatever its threads still wait for."""
    if "daphne.server" not in sys.modules:  # another server has its own way to end
        return
    from twisted.internet import reactor

    reactor.addSystemEventTrigger("after", "shutdown", _begin)  # type: ignore[arg-type]


def _begin() -> None:
    timer = threading.Timer(GRACE_S, os._exit, [0])
    timer.daemon = True
    timer.start()
