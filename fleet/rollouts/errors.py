"""Why nothing came of a wish about a rollout.  Each text is for whoever asked."""

from collections.abc import Sequence

from fleet.access.errors import Denied, Refused


class Unusable(Refused):
    """What is asked for cannot be.

    Attributes:
        path: The field that is wrong, such as `waves.0.percent`; blank: all of it.
        each: (path, text) of everything that is wrong, this one first.
    """

    def __init__(self, text: str, *, path: str = "", each: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(text)
        self.path = path
        self.each = tuple(each) or ((path, text),)


class NotNow(Refused):
    """As the rollout stands, it is not done; the text says why, and what to do instead."""

    def __init__(self, text: str, *, reason: str = "") -> None:
        super().__init__(text)
        self.reason = reason


class Taken(NotNow):
    """The id belongs to another rollout."""


class OwnWork(Denied):
    """Nobody approves what they wrote any part of."""

    def __init__(self, text: str) -> None:
        self.verb = "approve_rollout"
        Exception.__init__(self, text)
