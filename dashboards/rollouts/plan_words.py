"""How a rollout is to go on, in words: what its form asked for, as its page and its approver read it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dashboards.templatetags.moments import moment
from fleet.rollouts.models import Rollout

Row = tuple[str, str]
_DAYS: Final = {
    "mon": gettext_lazy("Mon"),
    "tue": gettext_lazy("Tue"),
    "wed": gettext_lazy("Wed"),
    "thu": gettext_lazy("Thu"),
    "fri": gettext_lazy("Fri"),
    "sat": gettext_lazy("Sat"),
    "sun": gettext_lazy("Sun"),
}
_CLASSES: Final = {
    "bench": gettext_lazy("everybody of risk class bench"),
    "staff": gettext_lazy("everybody of risk class bench or staff"),
    "low_risk": gettext_lazy("everybody of risk class bench, staff or low risk"),
}


def percent(share: float) -> str:
    """Return a share with as many digits as tell something: 95 %, 99.5 %; never rounded up to all."""
    value = 100 * share
    text = f"{value:.1f}".removesuffix(".0")
    if text == "100" and share < 1:
        text = "99.9"
    if text == "0" and share > 0:
        text = "0.1"
    return _("%(n)s %%") % {"n": text}


def reach(wave: Mapping[str, Any]) -> str:
    """Say whom a wave reaches: "25 % of all devices", "4 more devices"."""
    if "percent" in wave:
        if wave["percent"] == 100:
            return _("everybody")
        return _("up to %(share)s of all devices") % {"share": percent(wave["percent"] / 100)}
    if "count" in wave:
        return ngettext("%(n)d more device", "%(n)d more devices", wave["count"]) % {"n": wave["count"]}
    known = _CLASSES.get(wave.get("risk_class", ""))
    return str(known) if known else _("everybody")


def span_s(seconds: int) -> str:
    """Return a duration of seconds exactly: 45 s, 10 min, 1 min 30 s, 2 h."""
    parts = []
    for unit, size in ((_("h"), 3600), (_("min"), 60), (_("s"), 1)):
        n, seconds = divmod(seconds, size)
        if n:
            parts.append(f"{n} {unit}")
    return " ".join(parts) or _("no time")


def whom(spec: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Say whom a rollout is for; `names` are sites by slug."""
    if "serials" in spec:
        return ngettext(
            "%(n)d device by its serial number", "%(n)d devices by their serial numbers", len(spec["serials"])
        ) % {"n": len(spec["serials"])}
    told = []
    if "site" in spec:
        told.append(names.get(spec["site"], spec["site"]))
    if "room" in spec:
        told.append(_("room %(name)s") % {"name": spec["room"]})
    if "model" in spec:
        told.append(_("model %(name)s") % {"name": spec["model"]})
    if "tag" in spec:
        told.append(_("tag %(name)s") % {"name": spec["tag"]})
    return " · ".join(told) or _("all devices of its sites")


def rows(rollout: Rollout, zone: str) -> list[Row]:
    """Return what was decided about how it goes on, as names and sentences."""
    plan = [
        (_("Waves"), " → ".join(reach(wave) for wave in rollout.waves_spec)),
        (_("A wave is good from"), _("%(share)s verified") % {"share": percent(rollout.success_threshold)}),
        (_("It stops itself"), _stops(rollout)),
        (_("Judged from"), _evaluated(rollout.min_evaluated)),
        (_("After a good wave"), _goes_on(rollout)),
        (_("Pace"), _pace(rollout.pace_per_minute)),
        (_("Time for each device"), span_s(rollout.deadline_s)),
        (_("Offers after the first"), str(rollout.retries)),
        (_("Begins"), _begins(rollout.start_at, zone)),
        (_("Only between"), window(rollout.window)),
    ]
    return [(name, words) for name, words in plan if words]


def window(given: Mapping[str, Any] | None) -> str:
    if not given:
        return ""
    days = given.get("days") or list(_DAYS)
    named = _("every day") if len(days) == len(_DAYS) else ", ".join(str(_DAYS.get(day, day)) for day in days)
    return _("%(since)s and %(until)s, %(days)s, by the clock of each device's site") % {
        "since": str(given.get("from", ""))[:5],
        "until": str(given.get("to", ""))[:5],
        "days": named,
    }


def _stops(rollout: Rollout) -> str:
    limits = []
    if rollout.failure_threshold is not None:
        limits.append(
            _("%(share)s of a wave's evaluated devices") % {"share": percent(rollout.failure_threshold)}
        )
    if rollout.failure_count is not None:
        n = rollout.failure_count
        limits.append(ngettext("%(n)d device of a wave", "%(n)d devices of a wave", n) % {"n": n})
    return _("from %(limits)s that went wrong") % {"limits": _(" or ").join(limits)} if limits else ""


def _evaluated(n: int) -> str:
    return ngettext("%(n)d evaluated device", "%(n)d evaluated devices", n) % {"n": n}


def _goes_on(rollout: Rollout) -> str:
    if rollout.advance != "automatic":  # nobody who goes on has to wait for the time of watching
        return _("it waits until somebody goes on")
    watched = _("%(span)s of watching, then ") % {"span": span_s(rollout.soak_s)} if rollout.soak_s else ""
    return watched + _("the next wave by itself")


def _pace(n: int) -> str:
    return ngettext("at most %(n)d offer a minute", "at most %(n)d offers a minute", n) % {"n": n}


def _begins(at: datetime | None, zone: str) -> str:
    if at is None:
        return _("when somebody starts it")
    return format_html(_("not before {at}"), at=moment(at, zone, "minute"))
