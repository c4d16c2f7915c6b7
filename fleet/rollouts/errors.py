"""Why nothing came of a wish about a rollout.  Each text is for whoever asked."""

from fleet.access.errors import Denied, Refused


class Unusable(Refused):
    """What is asked for cannot be; `path` names the field, such as `waves.0.percent`; blank: all of it."""

    def __init__(self, text: str, *, path: str = "") -> None:
        super().__init__(text)
        self.path = path


class NotNow(Refused):
    """As the rollout stands, it is not done; the text says why, and what to do instead."""


class Taken(NotNow):
    """The id belongs to another rollout."""


class OwnWork(Denied):
    """Nobody approves what they wrote any part of."""

    def __init__(self, text: str) -> None:
        self.verb = "approve_rollout"
        Exception.__init__(self, text)
