"""How much alerts ask of the people on duty: the figures of ISA-18.2 and EEMUA 191, an operator position.  Pure.

An alarm here is one ring: an alert that was raised or came back and was told anew.  What people did with it, what a
cause explains, what was on a shelf, late records and chatter after the first ring are no alarms: nobody was called.
Times are Unix ms; a span is [from, to).  Sources: docs/safety/burden.md.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from fleet.safety.words import RANK, Disposition, Priority

BIN_MS: Final = 600_000
DAY_MS: Final = 86_400_000
ENOUGH_DAYS: Final = 30
FLOOD_FROM, FLOOD_BELOW = 10, 5  # alarms in ten minutes: a flood begins at the one, and ends below the other
STALE_MS: Final = DAY_MS
FLEETING_MS: Final = 10_000
REGARD_MS: Final = 120 * 60_000  # false alarms of so long make people slower
REGARD_BANDS: Final = (30, 80)
TOP: Final = 10
TELLING: Final = 100  # alarms: of fewer, ten sources always have most
NON_ACTIONABLE: Final = frozenset({Disposition.EXPECTED, Disposition.FALSE_DATA, Disposition.FALSE_RULE})

Standing = Literal["good", "watch", "over", "unknown"]


class Source(NamedTuple):
    """What rang: one rule at one device and channel, or at a group or part."""

    rule: str
    device: str  # serial; "" for none
    channel: int | None
    subject: str = ""


class Ring(NamedTuple):
    """One alarm: somebody was called."""

    at_ms: int
    priority: Priority
    source: Source


class Stand(NamedTuple):
    """A stretch in which an alert was true; `to_ms` None: it still is."""

    from_ms: int
    to_ms: int | None
    source: Source


class Verdict(NamedTuple):
    """What an alert turned out to be, by when it was raised; None: nobody has said, or nobody could tell."""

    at_ms: int
    disposition: Disposition | None


@dataclass(frozen=True, slots=True)
class Told:
    """All that is known of one position in a span of time."""

    rings: Sequence[Ring] = ()
    stands: Sequence[Stand] = ()
    verdicts: Sequence[Verdict] = ()
    chatters: int = 0
    answers_ms: Sequence[int] = ()  # from raising to acknowledging


@dataclass(frozen=True, slots=True)
class Limit:
    """What is aimed at, and what is still borne.  A value at the limit keeps it unless `below`."""

    target: float
    upper: float | None = None
    below: bool = False

    def standing(self, value: float | None) -> Standing:
        if value is None:
            return "unknown"
        if self._keeps(value, self.target):
            return "good"
        return "watch" if self.upper is not None and self._keeps(value, self.upper) else "over"

    def _keeps(self, value: float, limit: float) -> bool:
        return value < limit if self.below else value <= limit


LIMITS: Final[dict[str, Limit]] = {
    "per_10_min": Limit(1, 2),
    "per_hour": Limit(6, 12),
    "per_day": Limit(150, 300),
    "busy_share": Limit(0.01, below=True),
    "most_in_10_min": Limit(10),
    "flood_share": Limit(0.01, below=True),
    "top_share": Limit(0.01, 0.05),
    "chattering": Limit(0),
    "fleeting": Limit(0),
    "stale": Limit(5, below=True),
    "high_share": Limit(0.05),
    "regard_most": Limit(REGARD_BANDS[0], REGARD_BANDS[1], below=True),
}
"""Figures of ISA-18.2 Table 7 and EEMUA 191; `regard_most`: bins of a study of response times (see the docs)."""

MIX: Final = {Priority.HIGH: 0.05, Priority.MEDIUM: 0.15, Priority.LOW: 0.80}


class Flood(NamedTuple):
    from_ms: int
    to_ms: int
    alarms: int


class Actor(NamedTuple):
    """A source with what it adds to the load."""

    source: Source
    alarms: int
    share: float


@dataclass(frozen=True, slots=True)
class Burden:
    """The figures of one position; None: not known, because there is no time or no alarm to tell it from."""

    from_ms: int
    to_ms: int
    bins: list[int]
    alarms: int
    per_10_min: float | None
    per_hour: float | None
    per_day: float | None
    busy_share: float | None  # of the ten-minute bins: those with more than ten alarms
    most_in_10_min: int
    most_at_ms: int | None
    flood_share: float | None
    floods: list[Flood]
    top: list[Actor]
    top_share: float | None
    chattering: int
    fleeting: int
    stale: int  # on the worst day
    stale_now: list[Stand]
    mix: dict[Priority, float]
    regard: list[int]  # non-actionable alarms of the 120 min before the end of each bin
    regard_now: int
    regard_most: int
    judged: int
    unjudged: int
    answer_ms: int | None  # the median
    slow_answer_ms: int | None  # nine of ten are faster

    @property
    def high_share(self) -> float | None:
        return self.mix[Priority.HIGH] if self.mix else None

    def standing(self, name: str) -> Standing:
        """Return how a figure stands to its limit.  Raises KeyError for one that has none."""
        return LIMITS[name].standing(getattr(self, name))


def burden(told: Told, from_ms: int, to_ms: int, midnights_ms: Sequence[int] = ()) -> Burden:
    """Return the figures of a span of time.

    Args:
        told: Rings, stands and verdicts may reach beyond the span: stands are cut, the others left out, but for
            what the 120 minutes before its first bins hold.
        to_ms: Where the span ends: never after now.
        midnights_ms: The first instants of the days in question, rising, in the zone of the site.
    """
    rings = sorted((one for one in told.rings if from_ms <= one.at_ms < to_ms), key=lambda one: one.at_ms)
    times = [one.at_ms for one in rings]
    counts = bins(times, from_ms, to_ms)
    found = floods(counts, from_ms, to_ms)
    most, most_at_ms = most_in_any(times, BIN_MS)
    top = actors(rings)
    regarded = sorted(one.at_ms for one in told.verdicts if one.disposition in NON_ACTIONABLE)
    judged, unjudged = _judged(told.verdicts, from_ms, to_ms)
    span_ms = to_ms - from_ms
    return Burden(
        from_ms=from_ms,
        to_ms=to_ms,
        bins=counts,
        alarms=len(rings),
        per_10_min=_rate(len(rings), span_ms, BIN_MS, least_ms=3_600_000),
        per_hour=_rate(len(rings), span_ms, 3_600_000),
        per_day=_rate(len(rings), span_ms, DAY_MS),
        busy_share=sum(one > FLOOD_FROM for one in counts) / len(counts) if counts else None,
        most_in_10_min=most,
        most_at_ms=most_at_ms,
        flood_share=sum(one.to_ms - one.from_ms for one in found) / span_ms if span_ms > 0 else None,
        floods=found,
        top=top,
        top_share=sum(one.share for one in top) if len(rings) >= TELLING else None,
        chattering=told.chatters,
        fleeting=sum(_is_fleeting(one, from_ms, to_ms) for one in told.stands),
        stale=most_stale(told.stands, midnights_ms, to_ms),
        stale_now=[one for one in told.stands if one.to_ms is None and to_ms - one.from_ms > STALE_MS],
        mix=mix(rings),
        regard=[_within(regarded, end - REGARD_MS, end) for end in _ends(from_ms, to_ms)],
        regard_now=_within(regarded, to_ms - REGARD_MS, to_ms),
        regard_most=most_in_any([one for one in regarded if from_ms <= one < to_ms], REGARD_MS)[0],
        judged=judged,
        unjudged=unjudged,
        answer_ms=_quantile(told.answers_ms, 0.5),
        slow_answer_ms=_quantile(told.answers_ms, 0.9),
    )


def _judged(verdicts: Iterable[Verdict], from_ms: int, to_ms: int) -> tuple[int, int]:
    """Return how many alerts of the span carry a verdict of a person, and how many do not."""
    here = [one for one in verdicts if from_ms <= one.at_ms < to_ms]
    judged = sum(one.disposition not in (None, Disposition.UNDETERMINED) for one in here)
    return judged, len(here) - judged


def bins(times_ms: Sequence[int], from_ms: int, to_ms: int) -> list[int]:
    """Return how many fall into each ten minutes from the start on; the last bin may be shorter."""
    counts = [0] * len(_ends(from_ms, to_ms))
    for at_ms in times_ms:
        counts[(at_ms - from_ms) // BIN_MS] += 1
    return counts


def _ends(from_ms: int, to_ms: int) -> list[int]:
    return [min(at + BIN_MS, to_ms) for at in range(from_ms, to_ms, BIN_MS)]


def most_in_any(times_ms: Sequence[int], width_ms: int) -> tuple[int, int | None]:
    """Return the most that fall into any stretch of that width, wherever it begins, and where the first such begins.

    Args:
        times_ms: In rising order.
    """
    most, at_ms, low = 0, None, 0
    for high, time_ms in enumerate(times_ms):
        while time_ms - times_ms[low] >= width_ms:
            low += 1
        if high - low + 1 > most:
            most, at_ms = high - low + 1, times_ms[low]
    return most, at_ms


def floods(counts: Sequence[int], from_ms: int, to_ms: int) -> list[Flood]:
    """Return the stretches that begin with a bin of ten or more alarms and end before one of fewer than five."""
    found: list[Flood] = []
    first: int | None = None
    for n, count in enumerate([*counts, 0]):
        if first is None and count >= FLOOD_FROM:
            first = n
        elif first is not None and count < FLOOD_BELOW:
            end_ms = min(from_ms + n * BIN_MS, to_ms)
            found.append(Flood(from_ms + first * BIN_MS, end_ms, sum(counts[first:n])))
            first = None
    return found


def actors(rings: Iterable[Ring]) -> list[Actor]:
    """Return the ten sources that rang most, the most frequent first."""
    counts = Counter(one.source for one in rings)
    whole = counts.total()
    ordered = sorted(
        counts.items(), key=lambda one: (-one[1], one[0].rule, one[0].device, one[0].channel or 0)
    )
    return [Actor(source, count, count / whole) for source, count in ordered[:TOP]]


def mix(rings: Sequence[Ring]) -> dict[Priority, float]:
    """Return the share of each priority but `info`, which calls nobody; empty without a ring."""
    counts: Counter[Priority] = Counter(one.priority for one in rings if one.priority is not Priority.INFO)
    whole = counts.total()
    return {one: counts[one] / whole for one in sorted(MIX, key=RANK.__getitem__)} if whole else {}


def most_stale(stands: Iterable[Stand], midnights_ms: Sequence[int], now_ms: int) -> int:
    """Return how many were stale (true for over 24 h without a break) on the worst of these days."""
    old = [
        (one.from_ms + STALE_MS, to_ms)
        for one in stands
        if (to_ms := now_ms if one.to_ms is None else one.to_ms) - one.from_ms > STALE_MS
    ]
    ends = [*midnights_ms[1:], now_ms]
    days = zip(midnights_ms, ends, strict=True) if midnights_ms else ()
    return max((sum(low < end and high > begin for low, high in old) for begin, end in days), default=0)


def _is_fleeting(one: Stand, from_ms: int, to_ms: int) -> bool:
    return from_ms <= one.from_ms < to_ms and one.to_ms is not None and one.to_ms - one.from_ms < FLEETING_MS


def _within(times_ms: Sequence[int], low_ms: int, high_ms: int) -> int:
    return bisect_left(times_ms, high_ms) - bisect_left(times_ms, low_ms)


def _rate(count: int, span_ms: int, unit_ms: int, *, least_ms: int = 0) -> float | None:
    """Return how many a unit of time; None where there is less than one unit (or `least_ms`) to tell it from."""
    return count * unit_ms / span_ms if span_ms >= max(unit_ms, least_ms) else None


def _quantile(values: Sequence[int], share: float) -> int | None:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None
