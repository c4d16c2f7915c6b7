"""The figures of an operator position in words: value, what is aimed at, and how they stand to each other."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dashboards.templatetags.moments import span
from fleet.safety import texts
from fleet.safety.burden import MIX, REGARD_BANDS, Source, Standing
from fleet.safety.burden_queries import Position
from fleet.safety.words import Duty, Priority

DUTIES: Final[dict[Duty, str | Promise]] = {
    Duty.CARE: gettext_lazy("People (care)"),
    Duty.TECHNICAL: gettext_lazy("Machines (technical)"),
}
PRIORITIES: Final[dict[Priority, str | Promise]] = {
    Priority.HIGH: gettext_lazy("high"),
    Priority.MEDIUM: gettext_lazy("medium"),
    Priority.LOW: gettext_lazy("low"),
    Priority.INFO: gettext_lazy("info"),
}
STANDINGS: Final[dict[Standing, str | Promise]] = {
    "good": gettext_lazy("on target"),
    "watch": gettext_lazy("above target"),
    "over": gettext_lazy("too much"),
    "unknown": gettext_lazy("not known"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: `target` in words; `note` says when it was worst, or what it is made of."""

    name: str
    label: str
    value: str
    target: str
    standing: Standing
    note: str = ""
    at: datetime | None = None

    @property
    def verdict(self) -> str:
        return str(STANDINGS[self.standing])


@dataclass(frozen=True, slots=True)
class Flood:
    began_at: datetime
    length_ms: int
    alarms: int


@dataclass(frozen=True, slots=True)
class Actor:
    """One source of many alarms, or of a stale one."""

    source: Source
    title: str
    where: str
    alarms: int = 0
    percent: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A priority's share of the alarms, beside what is aimed at; the bar's numbers are per mille."""

    priority: Priority
    label: str
    percent: str
    target: str
    left: int
    width: int
    target_left: int
    target_width: int


def label(one: Position) -> str:
    return f"{one.site.name} · {DUTIES[one.duty]}"


def overview(one: Position) -> list[tuple[str, Standing, str]]:
    """Return the four figures that tell positions apart at a glance: value, standing, and its words."""
    known = one.burden
    values = {
        "per_day": rate(known.per_day),
        "most_in_10_min": str(known.most_in_10_min),
        "flood_share": percent(known.flood_share),
        "regard_most": str(known.regard_most),
    }
    return [
        (value, standing := known.standing(name), str(STANDINGS[standing])) for name, value in values.items()
    ]


def figures(one: Position) -> list[Figure]:
    """Return every figure of the table, in the order in which the standard gives them."""
    return [*_rates(one), *_peaks(one), *_quality(one), *_people(one)]


def _rates(one: Position) -> list[Figure]:
    known = one.burden
    return [
        _figure(one, "per_10_min", _("Alarms in ten minutes, on average"), rate(known.per_10_min),
                _("about 1, at most 2")),
        _figure(one, "per_hour", _("Alarms an hour, on average"), rate(known.per_hour),
                _("about 6, at most 12")),
        _figure(one, "per_day", _("Alarms a day, on average"), rate(known.per_day),
                _("about 150, at most 300")),
    ]  # fmt: skip


def _peaks(one: Position) -> list[Figure]:
    known = one.burden
    floods = ngettext("%(n)d flood", "%(n)d floods", len(known.floods)) % {"n": len(known.floods)}
    return [
        _figure(one, "most_in_10_min", _("Most alarms in any ten minutes"), str(known.most_in_10_min),
                _("at most 10"), at=_moment(known.most_at_ms)),
        _figure(one, "busy_share", _("Ten-minute stretches with more than 10 alarms"), percent(known.busy_share),
                _("below 1 %")),
        _figure(one, "flood_share", _("Time in a flood"), percent(known.flood_share), _("below 1 %"),
                note=floods if known.floods else ""),
    ]  # fmt: skip


def _quality(one: Position) -> list[Figure]:
    known = one.burden
    return [
        _figure(one, "top_share", _("Share of the ten most frequent sources"), percent(known.top_share),
                _("1 to 5 %"), note=_("told from 100 alarms on") if known.top_share is None else ""),
        _figure(one, "chattering", _("Alerts that chattered"), str(known.chattering), _("none")),
        _figure(one, "fleeting", _("Alerts that were gone within 10 s"), str(known.fleeting), _("none")),
        _figure(one, "stale", _("Stale for over 24 h, on the worst day"), str(known.stale), _("fewer than 5")),
    ]  # fmt: skip


def _people(one: Position) -> list[Figure]:
    known = one.burden
    low, high = REGARD_BANDS
    now = _("%(n)d in the last 120 min") % {"n": known.regard_now}
    judged = ngettext(
        "%(n)d alert closed with a verdict, %(m)d without",
        "%(n)d alerts closed with a verdict, %(m)d without",
        known.judged,
    ) % {"n": known.judged, "m": known.unjudged}
    slow = _("nine of ten within %(slow)s") % {"slow": span(known.slow_answer_ms)}
    refused = ngettext("%(n)d try was refused", "%(n)d tries were refused", one.refused) % {"n": one.refused}
    return [
        _figure(one, "regard_most", _("Most non-actionable alarms in any 120 min"), str(known.regard_most),
                _("below %(low)d; from %(high)d people respond slowly") % {"low": low, "high": high},
                note=f"{now} · {judged}"),
        Figure("answer", _("From alarm to acknowledgement, median"), span(known.answer_ms), "–", "unknown",
               note=slow if known.answer_ms is not None else _("nothing was acknowledged")),
        Figure("unauthorised", _("Suppressed or changed without permission"), "0", _("none"), "good",
               note=_("Not possible here: it takes a role and a reason.") + (f" {refused}." if one.refused else "")),
        Figure("shelved_long", _("Shelved for more than a shift (8 h)"), str(one.shelved_long),
               _("each one reviewed"), "watch" if one.shelved_long else "good"),
    ]  # fmt: skip


def _figure(
    one: Position,
    name: str,
    words: str,
    value: str,
    target: str,
    *,
    note: str = "",
    at: datetime | None = None,
) -> Figure:
    return Figure(name, words, value, target, one.burden.standing(name), note, at)


def mix(one: Position) -> list[Share]:
    """Return the shares of the priorities, laid end to end; empty without an alarm."""
    found, left, target_left = [], 0, 0
    for priority, share in one.burden.mix.items():
        width, target_width = round(share * 1000), round(MIX[priority] * 1000)
        found.append(
            Share(
                priority,
                str(PRIORITIES[priority]),
                percent(share),
                percent(MIX[priority]),
                left,
                width,
                target_left,
                target_width,
            )
        )
        left, target_left = left + width, target_left + target_width
    return found


def floods(one: Position) -> list[Flood]:
    """Return the floods, the newest first."""
    return [
        Flood(datetime.fromtimestamp(it.from_ms / 1000, UTC), it.to_ms - it.from_ms, it.alarms)
        for it in reversed(one.burden.floods)
    ]


def actors(one: Position) -> list[Actor]:
    """Return the ten most frequent sources, the worst first."""
    return [
        Actor(it.source, texts.title(it.source.rule), where(it.source), it.alarms, percent(it.share))
        for it in one.burden.top
    ]


def stale(one: Position) -> list[Actor]:
    """Return what has been true for over a day and still is, the oldest first."""
    return [
        Actor(it.source, texts.title(it.source.rule), where(it.source), since=_moment(it.from_ms))
        for it in sorted(one.burden.stale_now, key=lambda it: it.from_ms)
    ]


def where(source: Source) -> str:
    """Return where an alert stands: its device and channel, or its group or part."""
    parts = [source.device, source.subject]
    if source.channel:
        parts.insert(1, _("channel %(n)d") % {"n": source.channel})
    return " · ".join(one for one in parts if one) or _("the server")


def number(value: float | None) -> str:
    if value is None:
        return "–"
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return str(number_format(value, digits, use_l10n=True, force_grouping=True))


def rate(value: float | None) -> str:
    """Return how many a unit of time; one that less time than that unit would have to tell is not made up."""
    return _("too short to say") if value is None else number(value)


def percent(share: float | None) -> str:
    """Return a share with one decimal below 10 %; what is more than nothing never reads as 0 %."""
    if share is None:
        return "–"
    if 0 < share < 0.0005:
        return _("under 0.1 %%") % {}
    value = share * 100
    return _("%(n)s %%") % {"n": number_format(value, 0 if value >= 10 or value == int(value) else 1)}


def _moment(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)
