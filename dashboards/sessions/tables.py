"""A session's numbers as rows of tables: prescribed against delivered, contact, turns of the knob.

A number that is not known is a dash, with the reason beside it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from dashboards.sessions.texts import length
from dashboards.templatetags.moments import clock
from devices.acts import Change
from devices.dose import ChannelDose
from devices.models import Session
from devices.plan import Planned, Segment
from devices.sessions import Report
from devices.verdict import Reached, finding_of, is_reached
from devices.wire.words import Contact

DASH: Final = "–"
MOST_CONTRACTIONS: Final = 500  # of a table that somebody could still read
_THIN: Final = "\u202f"


@dataclass(frozen=True, slots=True)
class Cell:
    """A delivered value; `of` what was planned for it, or why that is not known; `percent` of the plan."""

    value: str
    of: str = ""
    percent: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One channel, prescribed against delivered."""

    channel: int
    mean: Cell
    highest: Cell
    at_target: Cell
    contractions: Cell
    charge: Cell
    pulses: Cell
    finding: str


@dataclass(frozen=True, slots=True)
class ContactRow:
    """How long one channel's electrodes sat how well."""

    channel: int
    times: tuple[str, ...]  # in the order of `contact_words`
    ohm: str


@dataclass(frozen=True, slots=True)
class Held:
    """How long one channel was at target in one contraction; `reached`: long enough."""

    seconds: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Contraction:
    """One planned contraction; `at` is the session time at which it was to begin."""

    number: int
    step: str
    cycle: int
    at: str
    planned: str
    channels: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Turned:
    """What became of one channel's setting."""

    channel: int
    count: int
    lowest: str
    highest: str
    last: str
    by_patient: int


def rows(report: Report) -> list[Row]:
    """Return a row for each channel that was planned or used."""
    return [_row(report, channel) for channel in channels(report)]


def channels(report: Report) -> list[int]:
    """Return the channels that were planned, or had any current set or delivered."""
    session = report.session
    used = {one.channel for one in report.dose.channels if one.set_ma_max > 0 or one.ma_max > 0}
    for totals in (session.charge_uc, session.ma_max, session.set_sum):
        used |= {at + 1 for at, value in enumerate(totals) if value > 0}
    return sorted(used | set(report.plan.channels if report.plan else ()))


def contractions(report: Report) -> list[Contraction]:
    """Return a row for each planned contraction: the chart as a table, for those who do not see it."""
    plan, document = report.plan, report.document
    if plan is None or document is None or plan.contractions > MOST_CONTRACTIONS:
        return []
    on = [segment for segment in plan.segments if segment.phase == "on"]
    return [
        Contraction(
            number=number,
            step=document.steps[segment.step].name,
            cycle=segment.cycle,
            at=clock(segment.start_ms),
            planned=_seconds(segment.length_ms),
            channels=tuple(_held(report, segment, channel) for channel in plan.channels),
        )
        for number, segment in enumerate(on, start=1)
    ]


def _held(report: Report, segment: Segment, channel: int) -> Held:
    row = report.dose.at_target_ms.get((segment.step, segment.cycle))
    if row is None:
        return Held(DASH, reached=False)
    ms = row[channel - 1] if channel <= len(row) else 0
    return Held(_seconds(ms), reached=is_reached(ms, segment.length_ms))


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.1f}"


def contacts() -> dict[Contact, str]:
    """Return what each word of the device means, in the table's order."""
    return {
        Contact.OK: _("ok"),
        Contact.LOW_CURRENT: _("low current"),
        Contact.ELECTRODE: _("electrode off"),
        Contact.TIMEOUT: _("no answer"),
        Contact.UNKNOWN: _("not measurable"),
        Contact.OFF: _("not in use"),
    }


def contact_words(report: Report) -> dict[Contact, str]:
    """Return the headings of the table of contact: what was seen, and what everybody asks for."""
    asked = {Contact.OK, Contact.LOW_CURRENT, Contact.ELECTRODE}
    shown = [one for one in report.dose.channels if one.channel in channels(report)]
    return {
        word: heading
        for word, heading in contacts().items()
        if word in asked or any(one.contact_ms[word] for one in shown)
    }


def contact_rows(report: Report) -> list[ContactRow]:
    found = {one.channel: one for one in report.dose.channels}
    words = contact_words(report)
    return [_contact(found[channel], words) for channel in channels(report) if channel in found]


def turned(changes: Sequence[Change]) -> list[Turned]:
    """Return one row a channel that was turned."""
    by_channel: dict[int, list[Change]] = {}
    for change in changes:
        if change.channel is not None:
            by_channel.setdefault(change.channel, []).append(change)
    return [_turned(channel, by_channel[channel]) for channel in sorted(by_channel)]


def milliamperes(ma: float | None) -> str:
    return DASH if ma is None else f"{ma:.1f}"


def millicoulombs(uc: float | None) -> str:
    """Return µC as mC; what is under 1 mC with more places."""
    if uc is None:
        return DASH
    return f"{uc / 1000:.1f}" if uc >= 1000 or uc == 0 else f"{uc / 1000:.3f}"


def count(number: float | None) -> str:
    return DASH if number is None else f"{round(number):,}".replace(",", _THIN)


def percent(part: float | None, whole: float | None) -> str:
    return "" if part is None or not whole else _("%(n)d %%") % {"n": round(100 * part / whole)}


def _of(planned: str) -> str:
    return _("of %(planned)s") % {"planned": planned}


def _row(report: Report, channel: int) -> Row:
    given = next((one for one in report.dose.channels if one.channel == channel), None)
    plan = report.plan
    planned = next((one for one in plan.by_channel if one.channel == channel), None) if plan else None
    reached = next((one for one in report.verdict.channels if one.channel == channel), None)
    seen = given if report.dose.messages else None
    return Row(
        channel=channel,
        mean=_mean(seen, planned),
        highest=_highest(report.session, channel, planned),
        at_target=_at_target(seen, planned),
        contractions=_contractions(report, reached),
        charge=_charge(report.session, channel, planned),
        pulses=_pulses(report.session, channel, planned),
        finding=_finding(report, reached),
    )


def _mean(seen: ChannelDose | None, planned: Planned | None) -> Cell:
    ma = seen.ma_mean if seen else None
    note = _("set %(ma)s") % {"ma": milliamperes(seen.set_ma_mean)} if seen else ""
    if planned is None:
        return Cell(milliamperes(ma), note=note)
    if planned.ma_mean is None:
        return Cell(milliamperes(ma), _("to tolerance"), note=note)
    return Cell(milliamperes(ma), _of(milliamperes(planned.ma_mean)), percent(ma, planned.ma_mean), note)


def _highest(session: Session, channel: int, planned: Planned | None) -> Cell:
    ma = _entry(session.ma_max, channel)
    return Cell(milliamperes(ma), _("at most %(ma)s") % {"ma": f"{planned.limit_ma:g}"} if planned else "")


def _at_target(seen: ChannelDose | None, planned: Planned | None) -> Cell:
    ms = seen.at_target_ms if seen else None
    if planned is None:
        return Cell(length(ms))
    return Cell(length(ms), _of(length(planned.at_target_ms)), percent(ms, planned.at_target_ms))


def _contractions(report: Report, reached: Reached | None) -> Cell:
    total = report.verdict.planned
    if reached is None or total is None:
        return Cell(DASH)
    if not report.dose.messages:
        return Cell(DASH, _of(str(total)))
    note = _("%(n)d not known") % {"n": reached.unseen} if reached.unseen else ""
    return Cell(str(reached.reached), _of(str(total)), percent(reached.reached, total), note)


def _charge(session: Session, channel: int, planned: Planned | None) -> Cell:
    uc = _entry(session.charge_uc, channel)
    if planned is None:
        return Cell(millicoulombs(uc))
    if planned.charge_uc is None:
        return Cell(millicoulombs(uc), _("to tolerance"))
    return Cell(millicoulombs(uc), _of(millicoulombs(planned.charge_uc)), percent(uc, planned.charge_uc))


def _pulses(session: Session, channel: int, planned: Planned | None) -> Cell:
    told = _entry(session.pulses, channel)
    if planned is None:
        return Cell(count(told))
    return Cell(count(told), _of(count(planned.pulses)), percent(told, planned.pulses))


def _finding(report: Report, reached: Reached | None) -> str:
    total = report.verdict.planned
    if reached is None or not total or report.is_open:
        return ""
    finding = finding_of(reached.reached, total)
    if finding is not finding_of(reached.reached + reached.unseen, total):
        return _("cannot be told")
    return {"valid": _("valid"), "partial": _("partial"), "too_little": _("too little")}[finding.value]


def _contact(given: ChannelDose, words: Iterable[Contact]) -> ContactRow:
    times = tuple(length(given.contact_ms[word]) if given.contact_ms[word] else "0" for word in words)
    ohm = DASH if given.ohm_mean is None else f"{given.ohm_mean:.0f}"
    return ContactRow(given.channel, times, ohm)


def _turned(channel: int, changes: Sequence[Change]) -> Turned:
    ends = [ma for one in changes for ma in (one.from_ma, one.to_ma) if ma is not None]
    return Turned(
        channel,
        len(changes),
        milliamperes(min(ends, default=None)),
        milliamperes(max(ends, default=None)),
        milliamperes(changes[-1].to_ma),
        sum(one.by == "patient" for one in changes),
    )


def _entry(values: Sequence[float], channel: int) -> float | None:
    return values[channel - 1] if channel <= len(values) else None
