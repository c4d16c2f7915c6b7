"""Sums of telemetry by minute and by session.  Pure.

Sums, counts, minima and maxima add up in any order, so a late record mends a minute by being added to it.
What gathers here between two flushes is a delta; the row in the database is the sum of all of them.
"""

from dataclasses import dataclass, field

from devices.wire.messages import Telemetry

MINUTE_MS = 60_000


@dataclass(slots=True)
class MinuteSum:
    """What one minute of one device adds up to; lists hold one entry a channel."""

    messages: int = 0
    samples: int = 0
    set_sum: list[float] = field(default_factory=list)
    ma_min: list[float] = field(default_factory=list)
    ma_max: list[float] = field(default_factory=list)
    ma_sum: list[float] = field(default_factory=list)
    ohm_sum: list[float] = field(default_factory=list)
    ohm_n: list[int] = field(default_factory=list)
    soc_sum: float = 0.0
    soc_n: int = 0
    temp_sum: float = 0.0
    temp_n: int = 0


@dataclass(slots=True)
class SessionSum:
    """What the telemetry of one session adds up to, and where its newest message stands."""

    boot: int
    first_up_ms: int
    last_up_ms: int
    last_ms: int
    elapsed_ms: int = 0
    messages: int = 0
    samples: int = 0
    set_sum: list[float] = field(default_factory=list)
    ma_sum: list[float] = field(default_factory=list)
    ma_max: list[float] = field(default_factory=list)
    charge_uc: list[float] = field(default_factory=list)
    pulses: list[float] = field(default_factory=list)
    disputed: bool = False


class Rollup:
    """Deltas since the last flush, keyed by (device, minute) and (device, session)."""

    def __init__(self) -> None:
        self.minutes: dict[tuple[int, int], MinuteSum] = {}
        self.sessions: dict[tuple[int, str], SessionSum] = {}

    def __bool__(self) -> bool:
        return bool(self.minutes or self.sessions)

    def add(self, device_id: int, message: Telemetry, placed_ms: int, *, disputed: bool) -> None:
        """Add one stored telemetry message; disputed ones count for no dose."""
        ma = message.ma
        lows, highs, sums = list(map(min, ma)), list(map(max, ma)), list(map(sum, ma))
        self._add_minute(device_id, message, placed_ms, lows, highs, sums)
        self._add_session(device_id, message, placed_ms, highs, sums, disputed=disputed)

    def _add_minute(
        self,
        device_id: int,
        message: Telemetry,
        placed_ms: int,
        lows: list[float],
        highs: list[float],
        sums: list[float],
    ) -> None:
        key = (device_id, placed_ms - placed_ms % MINUTE_MS)
        minute = self.minutes.get(key)
        ohm = message.ohm
        if minute is None:
            minute = self.minutes[key] = MinuteSum(
                set_sum=list(message.set_ma),
                ma_min=lows,
                ma_max=highs,
                ma_sum=sums,
                ohm_sum=[value or 0.0 for value in ohm],
                ohm_n=[int(value is not None) for value in ohm],
            )
        else:
            _widen(minute, len(highs))
            for n, (low, high, total, wanted, measured) in enumerate(
                zip(lows, highs, sums, message.set_ma, ohm, strict=True)
            ):
                if low < minute.ma_min[n]:
                    minute.ma_min[n] = low
                if high > minute.ma_max[n]:
                    minute.ma_max[n] = high
                minute.ma_sum[n] += total
                minute.set_sum[n] += wanted
                if measured is not None:
                    minute.ohm_sum[n] += measured
                    minute.ohm_n[n] += 1
        minute.messages += 1
        minute.samples += len(message.ma[0])
        if message.soc is not None:
            minute.soc_sum += message.soc
            minute.soc_n += 1
        if message.temp_c is not None:
            minute.temp_sum += message.temp_c
            minute.temp_n += 1

    def _add_session(
        self,
        device_id: int,
        message: Telemetry,
        placed_ms: int,
        highs: list[float],
        sums: list[float],
        *,
        disputed: bool,
    ) -> None:
        key = (device_id, message.session)
        total = self.sessions.get(key)
        if total is None:
            total = self.sessions[key] = SessionSum(message.boot, message.up_ms, message.up_ms, placed_ms)
        if disputed:
            total.disputed = True
            return
        _widen(total, len(highs))
        for n, (high, sum_, wanted) in enumerate(zip(highs, sums, message.set_ma, strict=True)):
            if high > total.ma_max[n]:
                total.ma_max[n] = high
            total.ma_sum[n] += sum_
            total.set_sum[n] += wanted
        if (message.boot, message.up_ms) >= (total.boot, total.last_up_ms):
            total.boot, total.last_up_ms, total.last_ms = message.boot, message.up_ms, placed_ms
            # Running totals; a channel that is gone keeps what it had.
            channels = len(message.charge_uc)
            total.charge_uc[:channels], total.pulses[:channels] = message.charge_uc, message.pulses
        elif message.up_ms < total.first_up_ms:
            total.first_up_ms = message.up_ms
        total.elapsed_ms = max(total.elapsed_ms, message.elapsed_ms)
        total.messages += 1
        total.samples += len(message.ma[0])


def _widen(totals: MinuteSum | SessionSum, channels: int) -> None:
    """A device may show more channels than it did before: the new ones start at nothing."""
    extra = channels - len(totals.ma_sum)
    if extra <= 0:
        return
    totals.set_sum.extend([0.0] * extra)
    totals.ma_sum.extend([0.0] * extra)
    totals.ma_max.extend([0.0] * extra)
    if isinstance(totals, MinuteSum):
        totals.ma_min.extend([float("inf")] * extra)
        totals.ohm_sum.extend([0.0] * extra)
        totals.ohm_n.extend([0] * extra)
