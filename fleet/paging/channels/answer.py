"""What came of one try to tell somebody.  Pure."""

from dataclasses import dataclass

_LONGEST = 300  # characters: what a row of the outbox keeps


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said.

    `final`: trying again would change nothing.  `gone`: the address is no more, which is nobody's fault.
    """

    taken: bool
    text: str
    final: bool = False
    gone: bool = False
    retry_after_s: float | None = None


def said(text: str) -> str:
    """Return what somebody else's server said, fit to be kept and shown: one line, printable, not long."""
    printable = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(printable.split())[:_LONGEST]
