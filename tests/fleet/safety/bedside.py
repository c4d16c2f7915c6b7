"""A device at a bedside, and the rules that watch it: what it says goes in, news come out.  No database."""

from typing import Any

import msgspec

from devices.batch.desk import Happened, Told
from devices.wire import codec
from devices.wire.canonical import decode_protocol
from devices.wire.data import data_of
from devices.wire.messages import Battery, Event, ProtocolDocument, ProtocolRef, Status, Telemetry
from devices.wire.words import EventKind
from fleet.safety.judging import Watch
from fleet.safety.rules import Limits, limits_of
from fleet.safety.signals import Fall, News, Rise, Weigh
from fleet.safety.yardstick import Knowledge

T0 = 1_763_788_000_000
"""When boot 7 began, in server time."""
SESSION = "01JD2"
PROTOCOL = ProtocolRef(id="tka-quads", version=1, sha256="ab" * 32)


def document(**step: Any) -> ProtocolDocument:
    """A protocol of one step on channels 1 and 2: 50 Hz, 250 µs, at most 80 mA."""
    fields = {
        "name": "work", "kind": "work", "repeat": 15, "frequency_hz": 50, "phase_us": 250, "interphase_us": 0,
        "ramp_up_s": 3, "on_s": 15, "ramp_down_s": 1, "off_s": 45, "target_ma": [60, 60], "max_ma": [80, 80],
    }  # fmt: skip
    whole = {
        "id": "tka-quads", "version": 1, "title": "Quadriceps", "indication": "tka", "channels_used": [1, 2],
        "waveform": step.pop("waveform", "symmetric_biphasic"), "steps": [fields | step],
        "limits": {"max_session_s": 1200, "max_sessions_per_day": 2, "min_rest_h": 4},
    }  # fmt: skip
    return decode_protocol(msgspec.json.encode(whole))


def telemetry(second: int, **other: Any) -> Telemetry:
    """One second of two channels in use and one that is not, as it comes off the wire."""
    fields: dict[str, Any] = {
        "v": 1, "boot": 7, "seq": second + 1, "up_ms": 1000 * second, "t": T0 + 1000 * second, "session": SESSION,
        "step": 0, "phase": "on", "cycle": 1, "elapsed_ms": 1000 * second, "every_ms": 100,
        "set_ma": [40.0, 40.0, 0], "ma": [[39.8] * 10, [39.9] * 10, [0.0] * 10], "ohm": [820, 905, None],
        "contact": ["ok", "ok", "off"], "charge_uc": [500.0 * second, 500.0 * second, 0],
        "pulses": [50 * second, 50 * second, 0], "soc": 86.9, "mv": 3889, "temp_c": 31.4,
    }  # fmt: skip
    said = codec.decode("telemetry", msgspec.json.encode(fields | other))
    assert isinstance(said, Telemetry)
    return said


def status(second: float, **other: Any) -> Status:
    fields: dict[str, Any] = {
        "state": "running", "boot": 7, "conn": 1, "up_ms": int(1000 * second), "t": T0 + int(1000 * second),
        "output": "on", "model": "RX-4", "firmware": "2.3.1", "channels": 3, "max_ma": 100.0,
        "electrode_cm2": (50.0, 50.0, 50.0), "protocol": PROTOCOL, "session": SESSION, "conditions": (),
        "battery": Battery(soc=87.0, mv=3890, charging=False), "temp_c": 31.2, "seq": 60,
    }  # fmt: skip
    return Status(**(fields | other))


def idle(second: float, **other: Any) -> Status:
    """A status between sessions."""
    return status(second, **({"state": "idle", "output": "off", "session": None} | other))


class Bedside:
    """The rules at one device.  Every method returns the news that it brought about."""

    def __init__(
        self,
        *,
        knowledge: Knowledge | None = None,
        limits: Limits | None = None,
        **said: Any,
    ) -> None:
        known = knowledge or Knowledge(document(), is_approved=True)
        self.broken: list[str] = []
        self.watch = Watch(
            1, knows=lambda _protocol: known, on_broken=lambda rule, _error: self.broken.append(rule)
        )
        self.watch.measure_by(limits or limits_of({}))
        self.watch.planned = (SESSION, 1_200_000)
        self.status(0, **said)

    def telemetry(
        self, second: int, *, late: bool = False, disputed: bool = False, **other: Any
    ) -> list[News]:
        said = telemetry(second, late=late, **other)
        self.watch.telemetry(said, T0 + said.up_ms, late=late, disputed=disputed)
        return self._news()

    def status(self, second: float, *, is_live: bool = True, **other: Any) -> list[News]:
        return self.says(status(second, **other), is_live=is_live)

    def says(self, said: Status, *, is_live: bool = True) -> list[News]:
        self.watch.heard_status(Told(1, said, T0 + said.up_ms, is_live))
        return self._news()

    def event(
        self,
        second: float,
        kind: str,
        *,
        late: bool = False,
        heard_s: float | None = None,
        channel: int | None = None,
        **data: Any,
    ) -> list[News]:
        at_ms = int(1000 * second)
        event = Event(
            boot=7, seq=9000, up_ms=at_ms, t=T0 + at_ms, late=late, session=SESSION, kind=EventKind(kind),
            channel=channel, data=data,
        )  # fmt: skip
        since_ms = T0 + at_ms if heard_s is None else T0 + int(1000 * heard_s)
        self.watch.happened(Happened(1, event, data_of(event), T0 + at_ms, late, False), since_ms)
        return self._news()

    def link(self, link: str, second: float) -> list[News]:
        self.watch.link(link, T0 + int(1000 * second))
        return self._news()

    def refused(self, times: int, second: float) -> list[News]:
        self.watch.refused(times, T0 + int(1000 * second), "schema")
        return self._news()

    def _news(self) -> list[News]:
        news, self.watch.news = self.watch.news, []
        return news


def told(news: list[News]) -> list[tuple[str, str, int | None]]:
    """Return (what, rule, channel) of each: `+` rises, `~` is weighed, `-` falls; `late` for a late rising."""
    return [(_sign(one), one.key.rule, one.key.channel) for one in news]


def _sign(one: News) -> str:
    if isinstance(one, Rise):
        return "late" if one.late else "+"
    return "~" if isinstance(one, Weigh) else "-" if isinstance(one, Fall) else "?"


def only(news: list[News]) -> Rise:
    """Return the one rising that the news are."""
    assert len(news) == 1, told(news)
    assert isinstance(news[0], Rise), told(news)
    return news[0]
