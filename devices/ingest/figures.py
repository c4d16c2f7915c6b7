"""What ingest can say about itself: figures for its pulse, what the broker tells of itself, and slow spells."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from devices.ingest.inbox import is_late
from devices.mqtt.client import Message
from devices.rates import Rates
from devices.spells import Round, Stopwatch, Watch, in_ms
from devices.store import spells

# What Mosquitto publishes about itself, each 10 s and only what changed.  Other brokers may not: then it is not known.
BROKER_TOPICS = {
    f"$SYS/broker/{topic}": name
    for topic, name in {
        "version": "version",
        "uptime": "uptime_s",
        "clients/connected": "clients_connected",
        "clients/total": "clients_total",
        "retained messages/count": "retained",
        "store/messages/count": "stored",
        "store/messages/bytes": "stored_bytes",
        "publish/messages/dropped": "dropped",
        "messages/received": "received",
        "messages/sent": "sent",
        "heap/current": "heap_bytes",
    }.items()
}
_TEXTS = ("version",)
_RISING = ("broker_dropped", "broker_received", "broker_sent")
Figures = Mapping[str, Mapping[str, float]]


class Logbook:
    """Times the rounds of ingest, and puts together what its pulse says.

    Args:
        own: What the process can say about itself: counters and gauges by name.
        slow_ms: From how long on a round is slow.
    """

    def __init__(self, own: Callable[[], Figures] = dict, slow_ms: float = 500) -> None:
        self._own = own
        self._watch = Watch(slow_ms)
        self._rates = Rates()
        self._broker_rates = Rates(over_s=60)  # it speaks each 10 s only
        self._stopwatch = Stopwatch()
        self.lap = self._stopwatch.lap
        self._waited_ms = self._messages = self._backlog = 0
        self.broker: dict[str, float | str] = {}
        self.broker_ms = 0  # when it last said something, Unix ms

    # --- rounds ---

    def begin(self, batch: Sequence[Message], backlog: int) -> None:
        """A round begins.  What is late waits by design: only live messages tell how far behind we are."""
        self._stopwatch.start()
        is_live = bool(batch) and not is_late(batch[0].payload)
        self._waited_ms = max(0, time.time_ns() // 1_000_000 - batch[0].arrival_ms) if is_live else 0
        self._messages, self._backlog = len(batch), backlog

    def end(self) -> None:
        steps = in_ms(self._stopwatch.laps)
        one = Round(steps, self._waited_ms, self._messages, self._backlog)
        self._watch.note(one, time.time_ns() // 1_000_000)

    def keep_spell(self) -> None:
        """Write a slow spell down, if there is news of one."""
        spell = self._watch.news()
        if spell is not None:
            spells.keep("ingest", spell)

    # --- the broker about itself (link thread) ---

    def hear_broker(self, message: Message) -> None:
        name = BROKER_TOPICS.get(message.topic.decode(errors="replace"))
        if name is None:
            return
        text = message.payload[:100].decode(errors="replace")
        try:
            told: float | str = text if name in _TEXTS else float(text.removesuffix(" seconds"))
        except ValueError:
            return
        self.broker = {**self.broker, name: told}  # replaced, never changed: the pulse reads it meanwhile
        self.broker_ms = message.arrival_ms

    # --- the pulse ---

    def detail(self, counters: Mapping[str, float], gauges: Mapping[str, float]) -> dict[str, Any]:
        """Return counters, gauges, rates and what the broker said, for the detail of the pulse."""
        own = self._own()
        counters = {**own.get("counters", {}), **counters, "slow_rounds": self._watch.rounds}
        numbers = {f"broker_{name}": told for name, told in self.broker.items() if not isinstance(told, str)}
        return {
            "counters": counters,
            "gauges": {**own.get("gauges", {}), **gauges, **numbers},
            "rates": self._rates.of(counters, time.monotonic()),
            "broker_told": {**self.broker, "at_ms": self.broker_ms} if self.broker else None,
            "broker_rates": self._broker_rates.of(
                {name: total for name, total in numbers.items() if name in _RISING}, time.monotonic()
            ),
        }
