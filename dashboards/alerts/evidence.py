"""What a device measured around an alert: the samples before it rose and after, as columns for a small plot."""

from datetime import datetime, timedelta
from typing import Any, Final

from devices import traces
from devices.queries import moment, moment_or_none
from fleet.safety.models import Alert

BEFORE: Final = timedelta(seconds=30)
AFTER: Final = timedelta(seconds=30)
LONGEST: Final = timedelta(minutes=3)  # of what is shown after the rising
POINTS: Final = 4_000  # every sample of the longest range at 10 a second, or the extremes of each interval

_WIDER: Final = {"contact_drift", "battery_low", "battery_dying", "over_temperature", "clock_skew"}
_WIDE: Final = timedelta(minutes=20)  # before the rising of what takes minutes to come about
_MEASURES: Final = {
    "electrode_off": ("ma", "ohm"),
    "low_current": ("ma", "ohm"),
    "contact_drift": ("ohm", "ma"),
    "battery_low": ("soc",),
    "battery_dying": ("soc",),
    "over_temperature": ("temp_c", "ma"),
}


def has_evidence(alert: Alert) -> bool:
    """Whether samples may tell anything of it: an alert of a site, or of the server, has none."""
    return alert.device_id is not None


def is_moving(alert: Alert, now: datetime) -> bool:
    """Whether more of it is still to come."""
    return has_evidence(alert) and now < _high(alert, alert.risen_at + LONGEST) + AFTER


def evidence(alert: Alert, now: datetime) -> dict[str, Any]:
    """Return the samples around the last rising of an alert of a device.

    `trace` has the shape of `GET devices/<serial>/trace`; `measures` says what of it is to be drawn: `ma` and `ohm`
    of each channel in use (of `channel` alone if the alert has one), `soc` in %, `temp_c` in °C.

    Raises:
        ValueError: It is about no device.
    """
    if alert.device is None:
        raise ValueError(f"alert {alert.pk} is about no device")
    low = alert.risen_at - (_WIDE if alert.rule in _WIDER else BEFORE)
    high = min(now, _high(alert, now))
    trace = traces.trace(alert.device, low=low, high=max(high, low), points=POINTS, now=now)
    if alert.channel is not None:
        trace["channels"] = [one for one in trace["channels"] if one["n"] == alert.channel]
    return {
        "from": moment(low),
        "to": moment(max(high, low)),
        "raised_at": moment(alert.risen_at),
        "cleared_at": moment_or_none(alert.cleared_at),
        "channel": alert.channel,
        "measures": list(_MEASURES.get(alert.rule, ("ma",))),
        "trace": trace,
    }


def _high(alert: Alert, now: datetime) -> datetime:
    """Return until when samples matter: shortly after it cleared, or as long as it is true, within bounds."""
    end = alert.cleared_at or alert.closed_at or now
    return min(end, alert.risen_at + LONGEST) + AFTER
