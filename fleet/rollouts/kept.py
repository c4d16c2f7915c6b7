"""What was made of rows that nobody has written since: a clock that looks every second reads the others alone.

A row's version is PostgreSQL's own (`xmin`, and `ctid` for two writes of one transaction): whoever writes it, and
however, it is another one afterwards.  So nothing here can be out of date, and nothing is lost with the process.
"""

from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")
Key = TypeVar("Key")

MOST: Final = 100_000
"""So many rows are kept of one kind; beyond that all are read anew."""


class Kept(Generic[Key, Value]):
    """What was made of rows, by their keys.  May be used by many threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._rows: dict[Key, tuple[str, Value]] = {}

    def through(
        self,
        versions: Iterable[tuple[Key, str]],
        read: Callable[[list[Key]], Iterable[tuple[Key, str, Value]]],
    ) -> dict[Key, Value]:
        """Return the rows of these keys, in their order.

        Args:
            versions: What each row is now.
            read: Reads the rows of these keys, each with its version at that moment; one that is gone is left out.
        """
        rows, found, old = self._rows, dict[Key, Value | None](), list[Key]()
        for key, version in versions:
            known = rows.get(key)
            if known is not None and known[0] == version:
                found[key] = known[1]
            else:
                found[key] = None
                old.append(key)
        if not old:
            return {key: one for key, one in found.items() if one is not None}
        if len(rows) + len(old) > self._most:
            rows.clear()
        for key, version, value in read(old):
            rows[key] = version, value
            found[key] = value
        return {key: one for key, one in found.items() if one is not None}
