"""One session of treatment: what was prescribed against what was delivered."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access.people import member
from dashboards.commands import endings
from dashboards.downloads import download
from dashboards.sessions import plot as session_plot
from dashboards.sessions import samples_csv as session_csv
from dashboards.sessions import tables as session_tables
from dashboards.sessions import texts as session_texts
from dashboards.words import event_words
from devices import acts, sessions, state
from devices.models import Session
from devices.sessions import Report
from devices.wire import topics
from fleet.access import queries as access
from fleet.access.service import record


def seen_session(request: HttpRequest, serial: str, session: str) -> Session:
    """Return a session of a device of a site of the reader.  Raises Http404 if they see none."""
    found = None
    if topics.is_serial(serial) and "\0" not in session:
        mine = Session.objects.filter(device__serial=serial, session=session)
        mine = mine.filter(device__site__in=access.sites_of(member(request)))
        found = mine.select_related("device__site", "device__live").first()
    if found is None:
        raise Http404
    return found


@require_safe
@never_cache
@login_required
def session(request: HttpRequest, serial: str, session: str) -> HttpResponse:
    """The page; `session.js` asks for it again while the session is open."""
    row = seen_session(request, serial, session)
    return render(request, "dashboards/session.html", _page(sessions.report(row, timezone.now())))


@require_safe
@never_cache
@login_required
def plot(request: HttpRequest, serial: str, session: str) -> JsonResponse:
    """What the page's charts are drawn from."""
    row = seen_session(request, serial, session)
    pauses = acts.pauses_of(sessions.events(row), ended_ms=None)
    plan = sessions.plan_for(row)
    return JsonResponse(session_plot.plot(sessions.messages(row), plan, pauses))


@require_safe
@never_cache
@login_required
def samples(request: HttpRequest, serial: str, session: str) -> StreamingHttpResponse:
    """Every sample as CSV."""
    row = seen_session(request, serial, session)
    record(request.user, "data.exported", site=row.device.site, subject=f"{serial} {session}")
    parts = session_csv.lines(row, telemetry_days=settings.TELEMETRY_DAYS)
    return download(request, parts, name=session_csv.name(row))


def _page(report: Report) -> dict[str, Any]:
    row = report.session
    address = {"serial": row.device.serial, "session": row.session}
    return {
        "report": report,
        "session": row,
        "device": row.device,
        "site": row.device.site,
        "zone": row.device.site.time_zone,
        "now": report.now,
        "verdict": session_texts.verdict_words(report),
        "rule": session_texts.rule_words(),
        "notes": session_texts.notes(report, settings.TELEMETRY_DAYS),
        "rows": session_tables.rows(report),
        "contractions": session_tables.contractions(report),
        "contacts": session_tables.contact_words(report).values(),
        "contact_rows": session_tables.contact_rows(report),
        "pauses": [_pause(one) for one in report.pauses],
        "paused": session_texts.length(sum(one.length_ms or 0 for one in report.pauses)),
        "changes": [_change(one) for one in report.changes],
        "turned": session_tables.turned(report.changes),
        "happened": _happened(report),
        "gaps": [(low, high, session_texts.length(_ms(low, high))) for low, high in report.gaps],
        "ended_by": event_words.end_words(row.end_reason),
        "stopped_by": endings.stopped_by(row),
        "wall_ms": None if row.started_at is None else _ms(row.started_at, row.ended_at or report.as_of),
        "plot_url": reverse("dashboards:session-plot", kwargs=address),
        "csv_url": reverse("dashboards:session-csv", kwargs=address),
        "plot_texts": _plot_texts(),
    }


def _pause(one: acts.Pause) -> dict[str, Any]:
    return {
        "from": state.from_ms(one.from_ms),
        "length": session_texts.length(one.length_ms),
        "by": event_words.by_words(one.by) or "–",
        "resumed_by": event_words.by_words(one.resumed_by) or "–",
    }


def _change(one: acts.Change) -> dict[str, Any]:
    return {
        "at": state.from_ms(one.at_ms),
        "channel": one.channel,
        "from": session_tables.milliamperes(one.from_ma),
        "to": session_tables.milliamperes(one.to_ma),
        "by": event_words.by_words(one.by) or "–",
    }


def _happened(report: Report) -> list[dict[str, Any]]:
    """Return what has no table of its own: electrodes, faults, refusals, and the ends."""
    told = {"session_paused", "session_resumed", "intensity_changed"}
    return [
        {
            "at": state.from_ms(one.placed_ms),
            "what": event_words.told(one.body),
            "level": event_words.tone(one.event.kind),
            "late": one.late,
        }
        for one in report.events
        if one.event.kind not in told
    ]


def _ms(low: datetime, high: datetime) -> int:
    return round(1000 * (high - low).total_seconds())


def _plot_texts() -> dict[str, str]:
    """Return the words of the charts; `session-plot.js` fills in `{…}`."""
    return {
        "planned": _("planned"),
        "limit": _("planned to tolerance, at most"),
        "set": _("set"),
        "delivered": _("delivered"),
        "time": _("session time"),
        "ma": _("mA"),
        "label": _(
            "Channel {n}: planned, set and delivered current over session time. The tables here have its numbers."
        ),
        "none": _("No samples are kept for this channel."),
        "failed": _("The chart could not be loaded. Reload the page to try again."),
        "stale": _("Not refreshed since {time}: the server does not answer. Trying again by itself…"),
        "pause": _("pause"),
        "late": _("late data"),
    }
