"""What the plots of the burden page draw: columns of numbers, bands of targets, and their words."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from fleet.safety.burden import BIN_MS, FLOOD_FROM, LIMITS, REGARD_BANDS
from fleet.safety.burden_queries import Position


def data(one: Position) -> dict[str, Any]:
    """Return the columns of a position; times are Unix seconds."""
    known = one.burden
    first_s, last_s = known.from_ms // 1000, known.to_ms // 1000
    day = LIMITS["per_day"]
    return {
        "zone": one.site.time_zone,
        "from_s": first_s,
        "to_s": last_s,
        "bin_s": BIN_MS // 1000,
        "plots": [
            _plot("bins", _("Alarms in each ten minutes"), known.bins, [2, FLOOD_FROM]),
            _plot("days", _("Alarms a day"), _by_day(one), [day.target, day.upper]),
            _plot("regard", _("Non-actionable alarms of the last 120 min"), known.regard, [*REGARD_BANDS]),
        ],
        "texts": {"none": _("There is no data to draw yet.")},
    }


def _plot(name: str, label: str, values: Any, bands: list[Any]) -> dict[str, Any]:
    """`bands`: up to where it is good, and from where it is too much; what lies between is borne."""
    return {"name": name, "label": label, "values": values, "bands": bands}


def _by_day(one: Position) -> list[list[float]]:
    """Return [noon of the day, alarms of its bins] in the site's zone; a bin counts for the day it begins in."""
    zone = ZoneInfo(one.site.time_zone)
    counts: dict[datetime, int] = {}
    for n, count in enumerate(one.burden.bins):
        at = datetime.fromtimestamp((one.burden.from_ms + n * BIN_MS) / 1000, UTC).astimezone(zone)
        noon = at.replace(hour=12, minute=0, second=0, microsecond=0)
        counts[noon] = counts.get(noon, 0) + count
    return [[noon.timestamp(), count] for noon, count in counts.items()]
