"""A day in a clinic for tests of time's work: who speaks when, second by second, and what the look at silence makes
of it.  The clock is an argument; what devices say is written to their live states as ingest leaves them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from devices.models import Device, Pulse, State
from fleet.access.models import Site
from fleet.safety.models import Alert
from fleet.safety.sweep import Sweep
from fleet.safety.words import OPEN

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

Speaks = Callable[[Device, float], bool]


@dataclass
class Clinic:
    """One site; `at_s` is now, seconds after noon."""

    site: Site
    sweep: Sweep = field(default_factory=Sweep)
    at_s: float = 0.0
    noon: datetime = NOON

    @property
    def now(self) -> datetime:
        return self.noon + timedelta(seconds=self.at_s)

    def devices(
        self, count: int, *, uplink: str = "", session: bool = True, every_s: float = 1.0
    ) -> list[Device]:
        """Enrol devices that were all heard just now; idle ones in turn, as they speak every 15 s."""
        first = Device.objects.count()
        made = Device.objects.bulk_create(
            Device(serial=f"D-{first + n:04}", site=self.site, uplink=uplink, room="3") for n in range(count)
        )
        State.objects.bulk_create(
            State(
                device=device,
                link="online",
                heard_at=self.now - timedelta(seconds=n % every_s if every_s > 1 else 0),
                telemetry_at=self.now,
                session=f"s{device.pk}" if session else None,
                output="on" if session else "off",
            )
            for n, device in enumerate(made)
        )
        return made

    def hear(self, devices: Iterable[Device]) -> None:
        """They spoke just now."""
        mine = State.objects.filter(device__in=[one.pk for one in devices])
        mine.update(heard_at=self.now, telemetry_at=self.now, link="online")

    def ingest_lives(self, silence_counts_from_s: float = -60.0) -> None:
        from_ms = round((self.noon + timedelta(seconds=silence_counts_from_s)).timestamp() * 1000)
        detail = {"silence_counts_from_ms": from_ms, "broker": True}
        Pulse.objects.update_or_create(part="ingest", defaults={"at": self.now, "detail": detail})

    def look(self) -> None:
        self.sweep.look(self.now)

    def go_on(
        self, until_s: float, devices: Sequence[Device] = (), speaks: Speaks = lambda _device, _at_s: True
    ) -> None:
        """Let time pass, a second at a time; `devices` speak when `speaks` says so."""
        while self.at_s < until_s:
            self.at_s += 1.0
            self.ingest_lives()
            self.hear([one for one in devices if speaks(one, self.at_s)])
            self.look()

    # --- what is open ---

    def top_lines(self) -> list[Alert]:
        """What a person sees: open, and explained by no other."""
        return list(Alert.objects.filter(state__in=OPEN, cause=None).order_by("pk"))

    def under(self, alert: Alert) -> list[Alert]:
        return list(Alert.objects.filter(state__in=OPEN, cause=alert).order_by("pk"))
