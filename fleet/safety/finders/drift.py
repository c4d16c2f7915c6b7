"""Contact that gets worse slowly: the trend of a pad's impedance over minutes.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

MINUTE_MS: Final = 60_000
SMOOTH: Final = 2  # minutes a mean is taken over
LEAST: Final = 4  # minutes with a measurement, before a trend is one


class Trend(NamedTuple):
    """What a pad measured at its best within the window, and now, Ω."""

    ohm_before: float
    ohm: float


def trend(minutes: Sequence[tuple[int, float]], *, now_ms: int, window_min: float) -> Trend | None:
    """Return the trend of one channel, or None where too little was measured, or nothing of late.

    A pad is compared with its best: gel wets the skin in the first minutes, which is no getting worse.

    Args:
        minutes: (start of the minute, mean Ω in it) of this session, oldest first; minutes without a measurement
            are left out.
    """
    recent = [(ms, ohm) for ms, ohm in minutes if now_ms - ms <= (window_min + 1) * MINUTE_MS]
    if len(recent) < LEAST or now_ms - recent[-1][0] > 3 * MINUTE_MS:
        return None
    ohms = [ohm for _ms, ohm in recent]
    means = [sum(ohms[at : at + SMOOTH]) / SMOOTH for at in range(len(ohms) - SMOOTH + 1)]
    return Trend(min(means[:-1]), means[-1])


def holds(found: Trend, limits: Mapping[str, float], told_before: float | None) -> bool:
    """Return whether it has got worse by more than the limit.

    One that is told is measured against what it was then, less the deadband: a pad that stays bad does not become
    good because the window has moved on.
    """
    if told_before is None:
        return found.ohm >= found.ohm_before * (1 + limits["rise_percent"] / 100)
    return found.ohm >= told_before * (1 + (limits["rise_percent"] - limits["deadband_percent"]) / 100)
