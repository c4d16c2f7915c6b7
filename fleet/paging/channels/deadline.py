"""One deadline for a whole conversation.

A socket's own timeout begins anew with every byte, so whoever answers one byte every few seconds would keep us for
as long as they like.
"""

import socket
import threading
import time
from types import TracebackType


class Deadline:
    """Cuts the connections it watches once its time is over.  Use it in a `with`."""

    def __init__(self, seconds: float) -> None:
        self._over_at = time.monotonic() + seconds
        self._watched: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for one in self._watched:
                one.close()
            self._watched.clear()

    def left_s(self) -> float:
        """Return the seconds that are left.  Raises TimeoutError if none are."""
        left = self._over_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("no time left")
        return left

    def connect(self, host: str, port: int) -> socket.socket:
        """Return a connection that ends with the deadline, whatever is wrapped around it."""
        sock = socket.create_connection((host, port), timeout=self.left_s())
        with self._lock:
            self._watched.append(
                sock.dup()
            )  # TLS takes the socket itself over; its twin still reaches the peer
        return sock

    def _cut(self) -> None:
        with self._lock:
            for one in self._watched:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it has ended by itself
