"""Why something was not asked of a device.  Each text is for whoever asked."""

from fleet.access.errors import Refused


class Unusable(Refused):
    """What is asked for cannot be: an unknown verb, or arguments that no device could follow."""


class NotNow(Refused):
    """As things are now, it is not done; the text says why, and what to do instead."""


class Taken(NotNow):
    """The id belongs to something else that was asked for."""
