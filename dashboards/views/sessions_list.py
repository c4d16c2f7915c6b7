"""Sessions of treatment at one's sites, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.decorators import login_required
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.lists import exports
from dashboards.lists.scope import Scope, day_filters, scope_of
from dashboards.lists.table import Asked, Column, Field, Filter, Listing, Option
from dashboards.templatetags.moments import clock, moment, span
from dashboards.words.reasons import END_REASONS, end_reason
from devices import queries
from devices.models import ProtocolDocument, Session
from fleet.access.models import Site

_TITLES = 200  # protocols that are offered while typing


@dataclass(frozen=True, slots=True)
class Shown:
    """One session as its row shows it."""

    row: Session
    gaps: list[tuple[datetime, datetime]]
    open: bool

    @property
    def site(self) -> Site:
        return self.row.device.site

    @property
    def began(self) -> datetime:
        return self.row.started_at or self.row.last_at

    @property
    def elapsed_ms(self) -> int | None:
        if self.row.elapsed_ms is not None or self.row.started_up_ms is None:
            return self.row.elapsed_ms
        return self.row.last_up_ms - self.row.started_up_ms

    @property
    def missing(self) -> timedelta:
        return sum((high - low for low, high in self.gaps), timedelta())

    @property
    def charge_uc(self) -> float | None:
        return sum(self.row.charge_uc) if self.row.charge_uc else None


@require_safe
@never_cache
@login_required
def sessions(request: HttpRequest, *, as_csv: bool = False) -> HttpResponseBase:
    scope = scope_of(request)
    now = timezone.now()
    listing = _listing(scope, now)
    asked = listing.ask(request.GET)
    here = scope.narrowed(asked.value("site"))
    rows = _rows(here, asked)
    if as_csv:
        return exports.answer(request, listing, asked, rows, place=here.place, today=here.today(now))
    page = listing.page(asked, rows, now=now, time_zone=here.time_zone)
    return render(request, "dashboards/lists/page.html", {"list": page})


def _rows(here: Scope, asked: Asked) -> QuerySet[Session]:
    rows = (
        Session.objects.filter(device__site__in=here.ids)
        .annotate(began=Coalesce("started_at", "last_at"))
        .select_related("device__site", "device__live")
        .defer("device__live__status", "device__live__telemetry", "device__live__lives")
    )
    if asked.value("device") is not None:
        rows = rows.filter(here.named(asked.value("device"), "device__"))
    if asked.value("subject") is not None:
        rows = rows.filter(subject=asked.value("subject"))
    if asked.value("protocol") is not None:
        rows = rows.filter(protocol_id__icontains=asked.value("protocol"))
    if asked.value("ended") is not None:
        rows = rows.filter(_ENDED[asked.value("ended")])
    if asked.value("reason") is not None:
        rows = rows.filter(end_reason=asked.value("reason"))
    first, last = asked.value("from"), asked.value("to")
    return rows.filter(here.days("began", "device__site", first, last))


_IN_IT = Q(ended_at__isnull=True, device__live__session=F("session"))
_ENDED = {
    "open": _IN_IT,
    "unknown": Q(ended_at__isnull=True)
    & (Q(device__live__session__isnull=True) | ~Q(device__live__session=F("session"))),
    "ended": Q(ended_at__isnull=False),
}


def _listing(scope: Scope, now: datetime) -> Listing[Session, Shown]:
    known = ProtocolDocument.objects.order_by("protocol_id", "-version").distinct("protocol_id")[:_TITLES]
    protocols = tuple(Option(one.protocol_id, one.title) for one in known)
    reasons = tuple(Option(*one) for one in END_REASONS.items())
    ended = (
        Option("open", _("in progress now")),
        Option("ended", _("ended")),
        Option("unknown", _("no end was told")),
    )

    def prepare(rows: Sequence[Session]) -> list[Shown]:
        gaps = queries.session_gaps(rows, now)
        return [Shown(row, lost, _is_open(row)) for row, lost in zip(rows, gaps, strict=True)]

    return Listing(
        name="sessions",
        title=_("Sessions"),
        columns=_columns(),
        filters=(
            Filter("device", _("Device"), hint=_("serial or name")),
            scope.filter(),
            Filter("subject", _("Subject"), hint=_("token of the person")),
            Filter("protocol", _("Protocol"), options=protocols, hint=_("part of its name")),
            *day_filters(),
            Filter("ended", _("How far"), "choice", ended),
            Filter("reason", _("Ended by"), "choice", reasons),
        ),
        sort="-start",
        prepare=prepare,
        key=lambda one: f"{one.row.device.serial}/{one.row.session}",
        nothing=scope.nothing(
            _("No session was recorded at your sites yet. One appears here as soon as a device begins it.")
        ),
        fields=_fields(),
        url=reverse("dashboards:sessions"),
        csv_url=reverse("dashboards:sessions-csv"),
        refresh_s=30,
    )


def _is_open(row: Session) -> bool:
    return row.ended_at is None and queries.is_in(row)


def _columns() -> tuple[Column[Shown], ...]:
    return (
        Column("start", _("Start"), _start, (F("began"),), first="descending"),
        Column("device", _("Device"), _device, ("device__serial",)),
        Column("site", _("Site"), lambda one: _wrapped(one.site.name), ("device__site__name",)),
        Column("subject", _("Subject"), lambda one: one.row.subject or "–", (F("subject"),), word="subject"),
        Column("protocol", _("Protocol"), _protocol, (F("protocol_id"), F("protocol_version")), word="protocol"),
        Column("duration", _("Duration"), _duration, (F("elapsed_ms"),), number=True, word="duration"),
        Column("contractions", _("Contractions"), _contractions, (F("contractions"),), number=True,
               word="contraction"),
        Column("charge", _("Charge"), _charge, number=True, word="charge"),
        Column("end", _("Ended by"), _end, (F("end_reason"),)),
        Column("gaps", _("Gaps"), _gaps, word="gap"),
    )  # fmt: skip


# --- Cells ---


def _under(words: str) -> str:
    return format_html('<span class="under">{}</span>', words) if words else ""


def _wrapped(words: str) -> str:
    return format_html('<span class="wraps">{}</span>', words)


def _start(one: Shown) -> str:
    url = reverse("dashboards:session", args=[one.row.device.serial, one.row.session])
    day, time = (moment(one.began, one.site.time_zone, style) for style in ("day", "time"))
    under = "" if one.row.started_at else _("or before: its start was not heard")
    return format_html('<a href="{}">{}<br>{}</a>{}', url, day, time, _under(under))


def _device(one: Shown) -> str:
    device = one.row.device
    url = reverse("dashboards:device", args=[device.serial])
    under = device.serial if device.name else ""
    return format_html('<a href="{}">{}</a>{}', url, device.name or device.serial, _under(under))


def _protocol(one: Shown) -> str:
    if one.row.protocol_id is None:
        return _("set by hand")
    version = _("version %(n)s") % {"n": one.row.protocol_version}
    return format_html("{}{}", one.row.protocol_id, _under(version))


def _duration(one: Shown) -> str:
    if one.row.planned_ms is None:
        return clock(one.elapsed_ms)
    return _("%(time)s of %(planned)s") % {
        "time": clock(one.elapsed_ms),
        "planned": clock(one.row.planned_ms),
    }


def _contractions(one: Shown) -> str:
    return "–" if one.row.contractions is None else f"{one.row.contractions:,}"


def _charge(one: Shown) -> str:
    return "–" if one.charge_uc is None else _("%(n)s mC") % {"n": f"{one.charge_uc / 1000:,.1f}"}


def _end(one: Shown) -> str:
    if one.row.ended_at is not None:
        return _wrapped(str(end_reason(one.row.end_reason) or _("no reason told")))
    if one.open:
        return format_html('<span class="state" data-tone="on"><b>{}</b></span>', _("in progress"))
    return _("no end was told")


def _gaps(one: Shown) -> str:
    words = [_("disputed")] if one.row.disputed else []
    missing = ""
    if one.gaps:
        words.append(ngettext("%(n)d gap", "%(n)d gaps", len(one.gaps)) % {"n": len(one.gaps)})
        missing = _("%(time)s missing") % {"time": span(one.missing // timedelta(milliseconds=1))}
    if not words:
        return _("none")
    return format_html('<b class="warns">{}</b>{}', " · ".join(words), _under(missing))


def _fields() -> tuple[Field[Shown], ...]:
    zone = lambda one: one.site.time_zone  # noqa: E731  said four times below
    return (
        Field(_("Session"), lambda one: one.row.session),
        Field(_("Serial number"), lambda one: one.row.device.serial),
        Field(_("Device"), lambda one: one.row.device.name),
        Field(_("Site"), lambda one: one.site.slug),
        Field(_("Subject"), lambda one: one.row.subject),
        Field(_("Protocol"), lambda one: one.row.protocol_id),
        Field(_("Protocol version"), lambda one: one.row.protocol_version),
        Field(_("Protocol SHA-256"), lambda one: one.row.protocol_sha256),
        *exports.moment_fields(_("Start"), lambda one: one.row.started_at, zone),
        *exports.moment_fields(_("End"), lambda one: one.row.ended_at, zone),
        *exports.moment_fields(_("Last record"), lambda one: one.row.last_at, zone),
        Field(_("Duration (s)"), lambda one: _seconds(one.elapsed_ms)),
        Field(_("Planned (s)"), lambda one: _seconds(one.row.planned_ms)),
        Field(_("Contractions"), lambda one: one.row.contractions),
        Field(_("Charge, all channels (µC)"), lambda one: one.charge_uc),
        Field(_("Ended by"), lambda one: one.row.end_reason),
        Field(_("In progress"), lambda one: one.open),
        Field(_("Gaps"), lambda one: len(one.gaps)),
        Field(_("Missing (s)"), lambda one: round(one.missing.total_seconds(), 3)),
        Field(_("Disputed"), lambda one: one.row.disputed),
    )


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
