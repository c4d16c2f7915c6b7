"""What was refused on the wire, in people's words."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access.people import member
from dashboards.lists import exports
from dashboards.lists.scope import Scope, between, day_filters, scope_of
from dashboards.lists.table import Asked, Column, Field, Filter, Listing, Option
from dashboards.templatetags.moments import moment
from dashboards.words.reasons import REJECTS, Reason, reject
from devices.models import Reject
from fleet.access import queries as access

_EXCERPT = 120  # characters of the excerpt that a row shows; the CSV has all that was kept


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reject with its words."""

    row: Reject
    reason: Reason
    excerpt: str
    time_zone: str

    @property
    def zone(self) -> str:
        """Of the device's site; of a serial that stands nowhere, the zone this page shows."""
        return self.row.device.site.time_zone if self.row.device else self.time_zone


@require_safe
@never_cache
@login_required
def rejects(request: HttpRequest, *, as_csv: bool = False) -> HttpResponseBase:
    scope = scope_of(request, "see_rejects")
    unknown = access.may_anywhere(member(request), "see_unknown_rejects")
    listing = _listing(scope, unknown=unknown)
    asked = listing.ask(request.GET)
    here = scope.narrowed(asked.value("site"))
    rows = _rows(scope, here, asked, unknown=unknown)
    now = timezone.now()
    if as_csv:
        return exports.answer(request, listing, asked, rows, place=here.place, today=here.today(now))
    page = listing.page(asked, rows, now=now, time_zone=here.time_zone)
    return render(request, "dashboards/lists/page.html", {"list": page})


def _rows(scope: Scope, here: Scope, asked: Asked, *, unknown: bool) -> QuerySet[Reject]:
    """Return what the reader may see; what came under an unknown serial belongs to no site."""
    first, last = asked.value("from"), asked.value("to")
    seen = Q(device__site__in=here.ids) & here.days("at", "device__site", first, last)
    if unknown and asked.value("site") is None:
        seen |= Q(device__isnull=True) & between("at", first, last, here.time_zone)
    rows = Reject.objects.filter(seen).select_related("device__site")
    if asked.value("serial") is not None:
        rows = rows.filter(device__isnull=asked.value("serial") == "unknown")
    if asked.value("reason") is not None:
        rows = rows.filter(reason=asked.value("reason"))
    text = asked.value("device")
    if text is not None:
        rows = rows.filter(here.named(text, "device__") | Q(device__isnull=True, serial__icontains=text))
    return rows


def _listing(scope: Scope, *, unknown: bool) -> Listing[Reject, Refusal]:
    reasons = tuple(Option(name, reason.words) for name, reason in REJECTS.items())
    filters = [
        Filter("device", _("Device"), hint=_("serial or name")),
        scope.filter(),
        Filter("reason", _("Reason"), "choice", reasons),
        *day_filters(),
    ]
    if unknown:
        kinds = (Option("known", _("of a device here")), Option("unknown", _("of no device here")))
        filters.append(Filter("serial", _("Serial number"), "choice", kinds))

    def prepare(rows: Sequence[Reject]) -> list[Refusal]:
        return [_refusal(row, scope.time_zone) for row in rows]

    return Listing(
        name="rejects",
        title=_("Rejects"),
        columns=_columns(),
        filters=tuple(filters),
        sort="-at",
        prepare=prepare,
        key=lambda one: str(one.row.pk),
        nothing=scope.nothing(_("Nothing was refused in the last weeks: every message could be read.")),
        fields=_fields(),
        url=reverse("dashboards:rejects"),
        csv_url=reverse("dashboards:rejects-csv"),
        refresh_s=30,
    )


def _refusal(row: Reject, time_zone: str) -> Refusal:
    excerpt = bytes(row.excerpt).decode("utf-8", "backslashreplace")
    return Refusal(row, reject(row.reason), excerpt, time_zone)


def _columns() -> tuple[Column[Refusal], ...]:
    return (
        Column(
            "at", _("When"), lambda one: moment(one.row.at, one.zone, "full"), ("at",), first="descending"
        ),
        Column("device", _("Serial number"), _serial, ("serial",)),
        Column("reason", _("Reason, and what to do"), _reason, ("reason",), word="reject"),
        Column(
            "count", _("Count"), lambda one: f"{one.row.count:,}", ("count",), number=True, first="descending"
        ),
        Column("excerpt", _("It began with"), _excerpt),
    )


def _serial(one: Refusal) -> str:
    if one.row.device is None:
        return format_html('{}<span class="under">{}</span>', one.row.serial or "–", _("not enrolled"))
    device = one.row.device
    url = reverse("dashboards:device", args=[device.serial])
    return format_html('<a href="{}">{}</a><span class="under">{}</span>', url, device.serial, device.name)


def _reason(one: Refusal) -> str:
    return format_html(
        '<span class="wrap"><b>{}</b> <span class="mono quiet">{}</span><br>{}</span>',
        one.reason.words, one.row.detail, one.reason.remedy,
    )  # fmt: skip


def _excerpt(one: Refusal) -> str:
    short = one.excerpt[:_EXCERPT] + ("…" if len(one.excerpt) > _EXCERPT else "")
    return format_html('<code class="mono wrap" title="{}">{}</code>', one.row.topic, short)


def _fields() -> tuple[Field[Refusal], ...]:
    return (
        *exports.moment_fields(_("At"), lambda one: one.row.at, lambda one: one.zone),
        Field(_("Serial number"), lambda one: one.row.serial),
        Field(_("Site"), lambda one: one.row.device.site.slug if one.row.device else ""),
        Field(_("Topic"), lambda one: one.row.topic),
        Field(_("Reason"), lambda one: one.row.reason),
        Field(_("In words"), lambda one: one.reason.words),
        Field(_("Detail"), lambda one: one.row.detail),
        Field(_("What to do"), lambda one: one.reason.remedy),
        Field(_("Count"), lambda one: one.row.count),
        Field(_("Excerpt"), lambda one: one.excerpt),
    )
