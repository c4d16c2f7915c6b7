"""What is known of a device, and what follows from it for the offer that is out.  Pure.

Facts are what a device's live status shows; an answer is the device's word, and proves nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Link(StrEnum):
    """As `devices.models.Link`."""

    ONLINE = "online"
    SUSPECT = "suspect"
    OFFLINE = "offline"
    NEVER = "never"


class Outcome(StrEnum):
    """What a device has answered to a command."""

    RECEIVED = "received"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Status:
    """The newest full status that came live: not a retained copy, not a will.

    `placed_ms` is when it was said, Unix ms by the server's clock; `protocol` is {id, version, sha256} or None.
    `session` is what this very status says: that, and the hash beside it, were so at the same moment.
    """

    boot: int
    up_ms: int
    placed_ms: int
    protocol: Mapping[str, Any] | None
    session: str | None
    held: str | None

    @property
    def sha256(self) -> str | None:
        """The hash that was read back."""
        return self.protocol["sha256"] if self.protocol else None


@dataclass(frozen=True, slots=True)
class Answer:
    """One command of ours, and what the device has answered to it.  Times are Unix ms of the server's clock.

    A `protocol_applied` that the device tells as an event is the outcome `done`; `protocol_rejected` is `refused`.
    That dispatch has given a command up for lack of an answer is no outcome; that it was cancelled before it left is
    `expired`, why `cancelled`.  `boot` and `up_ms` are the device's own time of its answer; None: not known.
    `tried`: dispatch has taken it up at least once, so that it may have left, whether or not the broker said so.
    """

    command: str
    requested_ms: int
    expires_ms: int
    published_ms: int | None = None
    outcome: Outcome | None = None
    why: str = ""  # the device's reason
    boot: int | None = None
    up_ms: int | None = None
    tried: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one device now.  `offer` and `withdrawal` are those of the target's newest offer."""

    link: Link
    status: Status | None = None
    conflict: bool = False  # two devices speak under its serial
    revoked: bool = False
    incapable: tuple[str, ...] = ()  # why the document is not for it: codes of the findings; empty: it is
    other_rollout: str | None = None  # that has an offer out to it
    offer: Answer | None = None
    withdrawal: Answer | None = None

    @property
    def reachable(self) -> bool:
        """Whether it may be offered something: it is there, it is one, and it has said what it runs."""
        return self.link in (Link.ONLINE, Link.SUSPECT) and not self.conflict and self.status is not None
