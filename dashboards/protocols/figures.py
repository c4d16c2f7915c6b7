"""What a document comes to, beside each limit that it is held against."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.protocols import LIMITS, Limit, step_figures
from devices.protocols.physics import rms_limit_name
from fleet.protocols import texts

CONFIDENCE: Final[dict[str, Promise]] = {
    "found": gettext_lazy("read in the source"),
    "memory": gettext_lazy("from memory, not checked against a text"),
    "own": gettext_lazy("this product's own choice"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One limit, and the highest that the document comes to; `where` it does, in words."""

    limit: Limit
    most: float
    where: str
    standing: str  # good, watch or over

    @property
    def words(self) -> str:
        return f"{texts.number(float(self.most))} {self.limit.unit}"

    @property
    def limit_words(self) -> str:
        return f"{texts.number(self.limit.value)} {self.limit.unit}"

    @property
    def source(self) -> str:
        return self.limit.source.replace("`", "")  # written for a page of the documents

    @property
    def confidence(self) -> str:
        return str(CONFIDENCE[self.limit.confidence])


def against_limits(document: Mapping[str, Any]) -> list[Seen]:
    """Return each limit of one pulse that the document can be held against, at the maximum currents."""
    most: dict[str, tuple[float, str]] = {}
    for name, value, where in _values(document):
        if name not in most or value > most[name][0]:
            most[name] = (value, where)
    return [
        Seen(limit, *most[name], _standing(limit, most[name][0]))
        for name, limit in LIMITS.items()
        if name in most
    ]


def _values(document: Mapping[str, Any]) -> Iterator[tuple[str, float, str]]:
    policy = texts.policy()
    steps, channels = document.get("steps") or (), document.get("channels_used") or ()
    for at, place, seen in step_figures(document, policy):
        step = steps[at]
        where = _("step %(step)d, channel %(channel)s") % {
            "step": at + 1,
            "channel": channels[place] if place < len(channels) else "?",
        }
        values = {
            "peak_ma": step["max_ma"][place],
            "charge_uc": seen.charge_uc,
            rms_limit_name(str(document.get("waveform")), step["frequency_hz"]): seen.rms_ma,
            "mean_ma": seen.mean_ma,
            "density_ma_per_cm2": seen.density_ma_per_cm2,
            "power_w_per_cm2": seen.power_w_per_cm2,
            "energy_mj": seen.energy_mj,
            "galvanic_ma_per_cm2": None if not seen.net_ma else seen.net_ma / policy.pad_cm2,
        }
        yield from ((name, float(value), where) for name, value in values.items() if value is not None)


def _standing(limit: Limit, value: float) -> str:
    if value <= limit.value:
        return "good"
    return "over" if limit.severity == "error" else "watch"
