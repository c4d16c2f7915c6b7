"""From when a message was sent to when the page showed it, or something newer.  Pure; all times Unix s."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass
class Latencies:
    """What became of each message.

    A message that newer ones overtook on the way (the newest of each device wins while the page draws) is counted
    with the draw that superseded it: from then on the page showed a state at least as new.
    """

    shown_ms: list[float] = field(default_factory=list)
    """Of each message: from sent to shown, itself or superseded."""
    superseded: int = 0
    never_shown: int = 0

    def percentile_ms(self, share: float) -> float:
        """Return the latency that this share of the messages did not exceed (nearest rank).

        Raises RuntimeError if nothing was drawn.
        """
        ordered = sorted(self.shown_ms)
        if not ordered:
            raise RuntimeError("no message was drawn: the page opened after the sending was over, or never")
        return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def of(
    sent: Mapping[str, Sequence[tuple[int, float]]], drawn: Mapping[str, Sequence[tuple[int, float]]]
) -> Latencies:
    """Match messages to draws, device by device.

    Args:
        sent: By serial, the number and time of each message, in order.
        drawn: By serial, the number of the message that each draw showed, and when, in order of time.
    """
    result = Latencies()
    for serial, messages in sent.items():
        draws = drawn.get(serial, ())
        at = 0
        for number, sent_s in messages:
            while at < len(draws) and draws[at][0] < number:
                at += 1
            if at == len(draws):
                result.never_shown += 1
                continue
            result.superseded += draws[at][0] > number
            result.shown_ms.append((draws[at][1] - sent_s) * 1000)
    return result
