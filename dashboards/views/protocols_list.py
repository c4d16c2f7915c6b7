"""Protocols that one may see, with where their versions stand."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, Max, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.lists.scope import Scope, scope_of
from dashboards.lists.table import Asked, Column, Filter, Listing, Option
from dashboards.protocols import words
from dashboards.templatetags.moments import moment
from fleet.protocols import queries, texts
from fleet.protocols.lifecycle import State
from fleet.protocols.models import Protocol, Version


@dataclass(frozen=True, slots=True)
class Shown:
    """One protocol as its row shows it; `versions` newest first."""

    row: Protocol
    versions: tuple[Version, ...]
    zone: str

    @property
    def newest(self) -> Version:
        return self.versions[0]

    @property
    def approved(self) -> Version | None:
        return next((one for one in self.versions if one.state == State.APPROVED), None)


@require_safe
@page
def protocols(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request)
    now = timezone.now()
    listing = _listing(scope)
    asked = listing.ask(request.GET)
    here = scope.narrowed(asked.value("site"))
    page = listing.page(
        asked, _rows(here, asked), now=now, time_zone=scope.time_zone, is_one_zone=len(scope.sites) > 1
    )
    return render(
        request,
        "dashboards/protocols/list.html",
        {
            "list": page,
            "may_write": bool(scope_of(request, "write_protocol").sites),
            "waiting": sum(not wrote for _version, wrote in queries.waiting(member(request))),
        },
    )


def _rows(here: Scope, asked: Asked) -> QuerySet[Protocol]:
    rows = Protocol.objects.filter(
        pk__in=Protocol.sites.through.objects.filter(site__in=here.ids).values("protocol")
    )
    rows = rows.annotate(edited=Max("versions__edited_at"))
    text = asked.value("q")
    if text is not None:
        titled = Version.objects.filter(protocol=OuterRef("pk"), title__icontains=text)
        rows = rows.filter(
            Exists(titled) | Exists(Protocol.objects.filter(pk=OuterRef("pk"), id__icontains=text))
        )
    if asked.value("state") is not None:
        rows = rows.filter(
            Exists(Version.objects.filter(protocol=OuterRef("pk"), state=asked.value("state")))
        )
    return rows


def _listing(scope: Scope) -> Listing[Protocol, Shown]:
    def prepare(rows: Sequence[Protocol]) -> list[Shown]:
        versions: dict[str, list[Version]] = defaultdict(list)
        for one in Version.objects.filter(protocol__in=rows).defer("body").order_by("-number"):
            versions[one.protocol_id].append(one)
        return [Shown(row, tuple(versions[row.pk]), scope.time_zone) for row in rows if versions[row.pk]]

    return Listing(
        name="protocols",
        title=_("Protocols"),
        columns=_columns(),
        filters=(
            Filter("q", _("Protocol"), hint=_("id, or part of a title")),
            Filter(
                "state",
                _("Has a version that is"),
                "choice",
                tuple(Option(state, label) for state, label in texts.STATES.items()),
            ),
            scope.filter(),
        ),
        sort="id",
        prepare=prepare,
        key=lambda one: one.row.pk,
        nothing=scope.nothing(
            _("No protocol is here yet. A clinician writes the first one, or takes it from the library.")
        ),
        url=reverse("dashboards:protocols"),
    )


def _columns() -> tuple[Column[Shown], ...]:
    return (
        Column("id", _("Protocol"), _name, ("id",)),
        Column("approved", _("May be used"), _approved, word="approved-version"),
        Column("newest", _("Newest version"), _newest),
        Column("edited", _("Last edited"), _edited, (F("edited"),), first="descending"),
    )


# --- Cells ---


def _name(one: Shown) -> str:
    url = reverse("dashboards:protocol", args=[one.row.pk])
    return format_html(
        '<a href="{}">{}</a><span class="under">{}</span>',
        url,
        one.newest.title or _("no title yet"),
        one.row.pk,
    )


def _approved(one: Shown) -> str:
    if one.approved is None:
        return format_html('<span class="quiet">{}</span>', _("none"))
    return _version(one.approved)


def _newest(one: Shown) -> str:
    return _version(one.newest)


def _version(version: Version) -> str:
    url = reverse("dashboards:protocol-version", args=[version.protocol_id, version.number])
    number = _("Version %(n)d") % {"n": version.number}
    return format_html('<a href="{}">{}</a> {}', url, number, words.badge(version.state))


def _edited(one: Shown) -> Any:
    return moment(one.newest.edited_at, one.zone, "minute")
