"""Whether news gets through, from the devices to the people and back, as the parts of the server say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from dashboards.system.health import SILENT_AFTER
from devices.models import Pulse

LIMIT_MS = SILENT_AFTER["ingest"] // timedelta(milliseconds=1)
_BEHIND_MS = 5_000


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not get through; `deaf`: what the pages show of devices is old."""

    part: str
    words: str
    deaf: bool = False
    age_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What stands in the way, the worst first; `heard_ms`: how old ingest's last sign of life is."""

    faults: tuple[Fault, ...]
    heard_ms: int | None

    @property
    def state(self) -> str:
        """`live`, `impaired`, or `deaf`."""
        if any(fault.deaf for fault in self.faults):
            return "deaf"
        return "impaired" if self.faults else "live"


def deaf_words() -> str:
    """Return what stands on a page when ingest is silent; its age follows."""
    return _(
        "The server hears nothing from the devices. What you see is old: look at the devices themselves."
    )


def pipeline(pulses: Mapping[str, Pulse], now: datetime) -> Pipeline:
    """Return whether news gets through."""
    ages = {part: max(0, (now - pulse.at) // timedelta(milliseconds=1)) for part, pulse in pulses.items()}
    faults = []
    if ages.get("ingest", LIMIT_MS + 1) > LIMIT_MS:
        faults.append(Fault("ingest", deaf_words(), deaf=True, age_ms=ages.get("ingest")))
    else:
        faults += _of_ingest(pulses["ingest"])
    for part, words in (
        (
            "worker",
            _("The clock of alerts stands still: ingest alone looks who falls silent, until it is back."),
        ),
        ("dispatch", _("Commands do not go out to the devices. Go to the device itself.")),
        ("courier", _("No e-mail, push or webhook goes out: alerts are told on these pages only.")),
    ):
        is_cut = part == "dispatch" and part in pulses and pulses[part].detail.get("broker") is False
        if is_cut or part not in ages or ages[part] > SILENT_AFTER[part] // timedelta(milliseconds=1):
            faults.append(Fault(part, words, age_ms=None if is_cut else ages.get(part)))
    return Pipeline(tuple(faults), ages.get("ingest"))


def _of_ingest(pulse: Pulse) -> list[Fault]:
    """What ingest, which lives, says of its neighbours."""
    if not pulse.detail.get("broker"):
        words = _(
            "The server is cut off from the message broker and hears no device. "
            "What you see is old: look at the devices themselves."
        )
        return [Fault("broker", words, deaf=True)]
    gauges, rates = pulse.detail.get("gauges", {}), pulse.detail.get("rates", {})
    faults = []
    if gauges.get("lag_ms", 0) > _BEHIND_MS and gauges.get("inbox_live", 0):
        faults.append(Fault("backlog", _("More comes in than is stored: what you see is some seconds old.")))
    if rates.get("announcements_failed", 0) > 0:
        words = _("Live walls are not told what changes, and say so themselves. This page reads by itself.")
        faults.append(Fault("redis", words))
    return faults
