"""A session's verdict and notes in words: what it comes to, and what its numbers do not include."""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.templatetags.moments import clock, span
from devices.models import Link
from devices.plan import AT_TARGET
from devices.sessions import Report
from devices.verdict import HELD, PARTIAL, VALID, Finding, Verdict

_TONES: Final = {
    Finding.VALID: "good",
    Finding.PARTIAL: "warning",
    Finding.TOO_LITTLE: "error",
    Finding.UNKNOWN: "unknown",
    Finding.OPEN: "open",
    Finding.UNPLANNED: "unknown",
}


@dataclass(frozen=True, slots=True)
class Said:
    """The verdict as the page says it; `tone` chooses mark and colour."""

    tone: str
    word: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the reader has to know before trusting a number; `level`: info or warning."""

    level: str
    text: str


def verdict_words(report: Report) -> Said:
    verdict = report.verdict
    word = {
        Finding.VALID: _("Valid"),
        Finding.PARTIAL: _("Partial"),
        Finding.TOO_LITTLE: _("Too little"),
        Finding.UNKNOWN: _("Cannot be told"),
        Finding.OPEN: _open_word(report),
        Finding.UNPLANNED: _("Not judged"),
    }[verdict.finding]
    return Said(_tone(report), word, _sentence(report, verdict))


def _tone(report: Report) -> str:
    unsure = report.verdict.finding is Finding.OPEN and (not report.is_live or _is_unheard(report))
    return "unknown" if unsure else _TONES[report.verdict.finding]


def _open_word(report: Report) -> str:
    if not report.is_live:
        return _("End not told")
    return _("Was in progress, now unknown") if _is_unheard(report) else _("In progress")


def _is_unheard(report: Report) -> bool:
    """Whether nothing certain is heard from the device at the moment."""
    live = getattr(report.session.device, "live", None)
    return live is not None and live.link in (Link.SUSPECT, Link.OFFLINE, Link.CONFLICT)


def rule_words() -> str:
    """Return the rule as it is applied."""
    return _(
        "A contraction counts as at target on a channel if at least %(target)d %% of the target current flowed "
        "for at least %(held)d %% of its planned time. The session goes by the channel with the fewest: valid "
        "from %(valid)d %% of the planned contractions on, partial from %(partial)d %%. The target is what the "
        "protocol gives; where it says “to tolerance”, what the device was set to. This is bookkeeping, not a "
        "clinical judgement (rule and source: docs/dose.md)."
    ) % {
        "target": round(100 * AT_TARGET),
        "held": round(100 * HELD),
        "valid": round(100 * VALID),
        "partial": round(100 * PARTIAL),
    }


def _sentence(report: Report, verdict: Verdict) -> str:
    if verdict.least is None or verdict.planned is None:
        return _unplanned(report)
    facts = {
        "reached": verdict.least.reached,
        "planned": verdict.planned,
        "percent": round(100 * verdict.least.reached / verdict.planned),
        "channel": verdict.least.channel,
        "unseen": verdict.least.unseen,
    }
    if verdict.finding is Finding.OPEN:
        return _("%(reached)d of %(planned)d planned contractions were at target so far.") % facts
    if verdict.finding is Finding.UNKNOWN:
        return (
            _(
                "%(reached)d of %(planned)d planned contractions were seen at target; for %(unseen)d it cannot be "
                "known: nothing was heard then, or the samples are no longer kept."
            )
            % facts
        )
    words = _("%(reached)d of %(planned)d planned contractions were at target (%(percent)d %%)") % facts
    if len({one.reached for one in verdict.channels}) > 1:
        words += _(", by channel %(channel)d, which had the fewest") % facts
    if verdict.least.unseen:
        words += _("; %(unseen)d are not known") % facts
    return f"{words}."


def _unplanned(report: Report) -> str:
    if report.is_too_long:
        return _("The protocol document has more phases than can be laid beside a session.")
    if report.document is not None:
        return _("The protocol plans no contraction.")
    if report.session.protocol_sha256:
        return _("No protocol document is kept for this session, so there is nothing to judge it against.")
    if report.session.started_at is None:
        return _("The beginning of this session was never told, so its protocol is not known.")
    return _("The device named no protocol: a free session, set by hand.")


def notes(report: Report, telemetry_days: int) -> list[Note]:
    """Return what the numbers do not include, worst first."""
    found = [*_open(report), *_disputed(report), *_gone(report, telemetry_days), *_gaps(report)]
    if report.session.protocol_sha256 and report.document is None:
        sha256 = report.session.protocol_sha256[:12]
        found.append(
            Note(
                "info",
                _(
                    "No protocol document is kept under %(sha256)s…: what was planned is not known here. "
                    "Shown is what the device was set to. An engineer adds it: manage.py protocols keep FILE"
                )
                % {"sha256": sha256},
            )
        )
    if report.dose.late:
        found.append(
            Note(
                "info",
                ngettext(
                    "%(n)d message came late, from the device's memory. It is included.",
                    "%(n)d messages came late, from the device's memory. They are included.",
                    report.dose.late,
                )
                % {"n": report.dose.late},
            )
        )
    return found


def _open(report: Report) -> list[Note]:
    if not report.is_open:
        return []
    if not report.is_live:
        return [
            Note(
                "warning",
                _(
                    "The end of this session was never told, and the device is no longer in it. The numbers "
                    "are those of its last record."
                ),
            )
        ]
    if _is_unheard(report):
        return [
            Note(
                "warning",
                _(
                    "Nothing is heard from the device at the moment. It may still be treating: look at the "
                    "device itself. The numbers are those of its last record."
                ),
            )
        ]
    return []


def _disputed(report: Report) -> list[Note]:
    if not (report.session.disputed or report.dose.disputed):
        return []
    return [
        Note(
            "warning",
            ngettext(
                "Two devices shared this serial number. %(n)d message of that time is kept, and counts for no dose.",
                "Two devices shared this serial number. %(n)d messages of that time are kept, and count for no dose.",
                report.dose.disputed,
            )
            % {"n": report.dose.disputed},
        )
    ]


def _gone(report: Report, telemetry_days: int) -> list[Note]:
    if report.is_cut:
        return [Note("warning", _("Only the first day of samples is counted below: this session is longer."))]
    if not report.gone:
        return []
    if not report.dose.messages:
        words = _(
            "The samples of this session were deleted: telemetry is kept for %(days)d days. Its totals and events "
            "remain; time at target, means and contact can no longer be told."
        )
    else:
        words = _(
            "Part of the samples of this session was deleted: telemetry is kept for %(days)d days. Time at target, "
            "contact and means cover what is left; charge and pulses are whole."
        )
    return [Note("warning", words % {"days": telemetry_days})]


def _gaps(report: Report) -> list[Note]:
    lasting = report.is_open  # the newest one may not be over: that is told as such
    gaps = [(low, high) for low, high in report.gaps if not (lasting and high > report.as_of)]
    if not gaps:
        return []
    missing_ms = sum(round(1000 * (high - low).total_seconds()) for low, high in gaps)
    words = ngettext(
        "%(time)s of telemetry are missing in %(n)d gap. Time at target, contact and means do not include it; "
        "charge and pulses do, since the device counts them itself.",
        "%(time)s of telemetry are missing in %(n)d gaps. Time at target, contact and means do not include them; "
        "charge and pulses do, since the device counts them itself.",
        len(gaps),
    )
    return [Note("warning", words % {"time": length(missing_ms), "n": len(gaps)})]


def length(ms: int | None) -> str:
    """Return a duration: seconds below a minute, m:ss above."""
    if ms is None:
        return "–"
    return span(ms) if ms < 60_000 else clock(ms)
