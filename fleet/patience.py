"""Database connections that do not wait for a server that hangs.

A server that is gone refuses at once; one that is frozen (its disk, its machine) takes what is sent and never
answers.  The pool asks each connection whether it lives before it hands it out: that question has a second, so that
a request is answered 503 in time rather than never.
"""

from typing import Any

import psycopg

CHECK_S = 1.0


class Connection(psycopg.Connection[Any]):
    """One whose empty query, by which the pool asks whether it lives, must be answered within `CHECK_S`."""

    _patience_s: float | None = None  # None: as long as it takes

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Raises psycopg.OperationalError when the check has taken too long."""
        return super().wait(gen, interval, self._patience_s if timeout is None else timeout)

    def execute(self, query: Any, *arguments: Any, **options: Any) -> psycopg.Cursor[Any]:
        if query != "":
            return super().execute(query, *arguments, **options)
        self._patience_s = CHECK_S
        try:
            return super().execute(query, *arguments, **options)
        finally:
            self._patience_s = None
