"""Who did what: the record of my sites in plain words, whether it is whole, and all of it to take away."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dashboards.access import soundness
from dashboards.access.guards import page, require_anywhere
from dashboards.access.people import member
from dashboards.lists import exports
from dashboards.lists.scope import Scope, between, day_filters, scope_of
from dashboards.lists.table import Asked, Column, Field, Filter, Listing, Option
from dashboards.templatetags.moments import moment
from dashboards.words import deeds
from fleet.access import roster, service
from fleet.access.models import AuditEntry

VERB = "see_audit"


@dataclass(frozen=True, slots=True)
class Deed:
    """One entry in words."""

    entry: AuditEntry
    words: str
    number: int | None  # in the chain
    zone: str


@require_safe
@page
def audit(request: HttpRequest, *, as_file: str = "") -> HttpResponseBase:
    require_anywhere(request, VERB)
    scope = scope_of(request, VERB)
    asked = _listing(request, scope, scope.time_zone).ask(request.GET)
    here = scope.narrowed(asked.value("site"))
    listing = _listing(request, scope, here.time_zone)
    rows = rows_for(member(request), here, asked)
    now = timezone.now()
    if as_file:
        service.record(member(request), "audit.exported", form=as_file, filters=_filters(asked))
    if as_file == "csv":
        return exports.answer(request, listing, asked, rows, place=here.place, today=here.today(now))
    if as_file == "jsonl":
        name = f"audit-{here.place}-{here.today(now).isoformat()}.jsonl"
        return exports.lines(request, rows.order_by("at", "pk"), _line, name=name)
    context = {
        "list": listing.page(asked, rows, now=now, time_zone=here.time_zone, is_one_zone=True),
        "lines_url": listing.address(asked, base=reverse("dashboards:audit-lines")),
        "chain": soundness.recent(now),
        "zone": here.time_zone,
        "now": now,
    }
    return render(request, "dashboards/access/audit.html", context)


@require_POST
@page
def check(request: HttpRequest) -> HttpResponse:
    """Follow the whole chain now."""
    require_anywhere(request, VERB)
    if soundness.check(timezone.now()).why:
        messages.error(request, _("The record is not whole. Read what is said about it below."))
    else:
        messages.success(request, _("The record is whole."))
    return HttpResponseRedirect(reverse("dashboards:audit"))


def rows_for(reader: User, here: Scope, asked: Asked) -> QuerySet[AuditEntry]:
    """Return what the reader may see of what was asked for; what belongs to no site only where none is named."""
    first, last = asked.value("from"), asked.value("to")
    within = Q(site__in=here.ids)
    if asked.value("site") is None:
        within |= Q(site=None)
    within &= between("at", first, last, here.time_zone)
    rows = roster.record_for(reader).filter(within).select_related("site", "link")
    if asked.value("action") is not None:
        action = asked.value("action")
        rows = rows.filter(Q(action=action) | Q(action__startswith=f"{action}."))
    for field, text in (("actor_name", asked.value("actor")), ("subject", asked.value("subject"))):
        if text is not None:
            rows = rows.filter(
                Q(**{f"{field}__icontains": text}) | Q(**{f"{field}__in": _named(reader, text)})
            )
    return rows


def _filters(asked: Asked) -> dict[str, str]:
    return {name: asked.texts[name] for name in asked.values}


def _named(reader: User, text: str) -> list[str]:
    """Return the user names of the people of that name whom the reader may know."""
    people = roster.people_of(reader).only("username", "first_name", "last_name")
    words = text.lower()
    return [one.username for one in people.iterator(500) if words in one.get_full_name().lower()]


def _listing(request: HttpRequest, scope: Scope, zone: str) -> Listing[AuditEntry, Deed]:
    """All times stand in one zone: what happened at one site after another reads in its order."""
    reader = member(request)

    def prepare(rows: Sequence[AuditEntry]) -> list[Deed]:
        names = roster.names_for(reader, {name for row in rows for name in (row.actor_name, row.subject)})
        return [_deed(row, names, zone) for row in rows]

    return Listing(
        name="audit",
        title=_("Audit"),
        columns=_columns(),
        filters=(
            scope.filter(),
            Filter("actor", _("Who"), hint=_("name or user name")),
            Filter(
                "action",
                _("What"),
                "choice",
                tuple(Option(key, words) for key, words in deeds.GROUPS.items()),
            ),
            Filter("subject", _("About"), hint=_("person, serial or name")),
            *day_filters(),
        ),
        sort="-at",
        prepare=prepare,
        key=lambda one: str(one.entry.pk),
        nothing=_("Nothing is on record yet."),
        fields=_fields(),
        url=reverse("dashboards:audit"),
        csv_url=reverse("dashboards:audit-csv"),
    )


def _deed(entry: AuditEntry, names: dict[str, str], zone: str) -> Deed:
    link = getattr(entry, "link", None)
    return Deed(
        entry,
        deeds.sentence(entry, names),
        link.number if link else None,
        zone,
    )


def _columns() -> tuple[Column[Deed], ...]:
    return (
        Column(
            "at", _("When"), lambda one: moment(one.entry.at, one.zone, "full"), ("at",), first="descending"
        ),
        Column("what", _("What happened"), _what),
        Column("site", _("Site"), lambda one: one.entry.site.name if one.entry.site else "–"),
        Column("number", _("No."), lambda one: f"{one.number:,}" if one.number else "–", number=True),
    )


def _what(one: Deed) -> str:
    return format_html(
        '<span class="wrap">{}</span><details class="raw"><summary>{}</summary><pre class="mono">{}</pre></details>',
        one.words, _("As it was written"), json.dumps(deeds.as_object(one.entry), indent=1, ensure_ascii=False),
    )  # fmt: skip


def _fields() -> tuple[Field[Deed], ...]:
    return (
        Field(_("No."), lambda one: one.number),
        *exports.moment_fields(_("At"), lambda one: one.entry.at, _zone_there),
        Field(_("Who"), lambda one: one.entry.actor_name),
        Field(_("Action"), lambda one: one.entry.action),
        Field(_("Site"), lambda one: one.entry.site.slug if one.entry.site else ""),
        Field(_("About"), lambda one: one.entry.subject),
        Field(_("In words"), lambda one: one.words),
        Field(_("Detail"), lambda one: json.dumps(one.entry.detail, ensure_ascii=False)),
        Field(_("Hash"), lambda one: one.entry.link.hash if one.number else ""),
    )


def _zone_there(one: Deed) -> str:
    return one.entry.site.time_zone if one.entry.site else one.zone


def _line(entry: AuditEntry) -> bytes:
    return json.dumps(deeds.as_object(entry), ensure_ascii=False).encode() + b"\n"
