"""What a fault is: a pair of functions, strike, and (if it can end) mend.

Both get a `Site`: the struck device with its network, and a way to do something later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from devices.simulator.body import Body
from devices.simulator.connection import Connection


class Swarm(Protocol):
    """What faults need of the swarm."""

    def at(self, at_ms: int, act: Callable[[int], None]) -> None:
        """Do something at a simulation time."""

    def clone(self, body: Body, boot: int) -> Connection | None:
        """Put a second device under the same serial onto the network."""

    def remove_clone(self, connection: Connection) -> None:
        """Take it away."""


@dataclass(slots=True)
class Site:
    """Where a fault strikes.  `on` is False once it is mended; `args` have their defaults filled in."""

    swarm: Swarm
    body: Body
    link: Connection
    args: dict[str, Any]
    on: bool = True
    kept: dict[str, Any] = field(default_factory=dict)  # what mending needs

    def later(self, at_ms: int, act: Callable[[int], None]) -> None:
        """Do something at a time, unless the fault is over by then."""
        self.swarm.at(at_ms, lambda now_ms: act(now_ms) if self.on else None)

    def channel(self) -> int:
        """The struck channel, from 0."""
        return min(max(int(self.args["channel"]), 1), self.body.channels) - 1


Act = Callable[[Site, int], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, the arguments it takes (with defaults), and how it begins and ends."""

    text: str
    strike: Act
    mend: Act = lambda site, now_ms: None
    args: dict[str, Any] = field(default_factory=dict)
