"""The list of rollouts: those that run first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Extract
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.lists import exports
from dashboards.lists.scope import Scope
from dashboards.lists.table import Asked, Column, Field, Filter, Listing, Option
from dashboards.rollouts.bars import Bar, bar
from dashboards.rollouts.picture import picture
from dashboards.templatetags.moments import moment
from dashboards.words.rollouts import ROLLOUTS, Said, rollout_words
from fleet.rollouts import queries
from fleet.rollouts.models import Rollout
from fleet.rollouts.states import EVALUATED, SUCCEEDED, WENT_WRONG, RolloutState

REFRESH_S: Final = 5
_AT_WORK: Final = "at_work"
_ORDER: Final = (
    (RolloutState.RUNNING, RolloutState.ROLLING_BACK),
    (RolloutState.PAUSED,),
    (RolloutState.SUBMITTED,),
    (RolloutState.SCHEDULED, RolloutState.APPROVED),
    (RolloutState.DRAFT,),
)
"""What is at work stands first, then what waits for somebody; what is over stands last."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One rollout as its row shows it."""

    row: Rollout
    told: dict[str, Any]
    bar: Bar
    zone: str

    @property
    def said(self) -> Said:
        return rollout_words(self.row.state, self.row.reason)

    @property
    def title(self) -> str:
        return self.row.title or self.version

    @property
    def version(self) -> str:
        return _("%(protocol)s version %(n)d") % {
            "protocol": self.row.version.protocol_id,
            "n": self.row.version.number,
        }

    def sum_of(self, states: frozenset[Any]) -> int:
        counts = self.told["counts"]
        return sum(counts.get(state, 0) for state in states)


def rows(here: Scope, asked: Asked) -> QuerySet[Rollout]:
    """Return the rollouts that the reader asks for, of those that they see."""
    found = (
        queries.visible(here.sites)
        .annotate(
            rank=Case(
                *(When(state__in=states, then=Value(rank)) for rank, states in enumerate(_ORDER)),
                default=Value(len(_ORDER)),
                output_field=IntegerField(),
            ),
            at=Coalesce("started_at", "created_at"),
        )
        .annotate(newest=-Extract("at", "epoch"))
    )
    text = asked.value("q")
    if text is not None:
        found = found.filter(
            Q(title__icontains=text)
            | Q(version__protocol_id__icontains=text)
            | Q(version__title__icontains=text)
        )
    state = asked.value("state")
    if state == _AT_WORK:
        found = found.filter(state__in=queries.AT_WORK)
    elif state is not None:
        found = found.filter(state=state)
    return found


def listing(scope: Scope, now: datetime) -> Listing[Rollout, Shown]:
    def prepare(found: Sequence[Rollout]) -> list[Shown]:
        told = queries.objects(found, scope.ids)
        return [
            Shown(row, one, bar(one["counts"], unreachable=unreachable(one)), scope.time_zone)
            for row, one in zip(found, told, strict=True)
        ]

    states = tuple(Option(state.value, said.label) for state, said in ROLLOUTS.items())
    return Listing(
        name="rollouts",
        title=_("Rollouts"),
        columns=_columns(),
        filters=(
            Filter("q", _("Rollout"), hint=_("title or protocol")),
            Filter("state", _("State"), "choice", (Option(_AT_WORK, _("at work")), *states)),
            scope.filter(),
        ),
        sort="state",
        prepare=prepare,
        key=lambda one: str(one.row.pk),
        nothing=scope.nothing(
            _(
                "No rollout is here yet. An engineer writes the first one: an approved version of a protocol, "
                "the devices that are to have it, and how carefully."
            )
        ),
        fields=_fields(),
        refresh_s=REFRESH_S,
        url=reverse("dashboards:rollouts"),
        csv_url=reverse("dashboards:rollouts-csv"),
    )


def unreachable(told: dict[str, Any]) -> int:
    return sum(int(wave["unreachable"]) for wave in told["progress"])


def _columns() -> tuple[Column[Shown], ...]:
    return (
        Column("title", _("Rollout"), _title, ("title", "version__protocol_id")),
        Column("state", _("State"), _state, ("rank", "newest")),
        Column("devices", _("Devices"), _devices),
        Column("wave", _("Wave"), _wave, ("wave",), number=True),
        Column("sites", _("Sites"), _sites),
        Column("at", _("Started"), _started, ("at",), first="descending"),
        Column("who", _("Written by"), _who, ("created_by",)),
    )


# --- Cells ---


def _title(one: Shown) -> str:
    under = one.version if one.row.title else one.row.version.title
    return format_html(
        '<a class="wraps" href="{}">{}</a><span class="under">{}</span>',
        reverse("dashboards:rollout", args=[one.row.pk]),
        one.title,
        under,
    )


def _state(one: Shown) -> str:
    return format_html(
        '<span class="ro-state" data-mark="{}"><i aria-hidden="true"></i>{}</span>',
        one.said.tone,
        one.said.label,
    )


def _devices(one: Shown) -> str:
    if not one.bar.total and not one.bar.parts:
        return format_html('<span class="quiet">{}</span>', _("not settled yet"))
    return format_html('{}<span class="under wide">{}</span>', picture(one.bar), one.bar.words)


def _wave(one: Shown) -> str:
    waves = len(one.told["waves"])
    if not one.row.wave:
        return ngettext("%(n)d wave", "%(n)d waves", waves) % {"n": waves}
    return _("%(wave)d of %(waves)d") % {"wave": one.row.wave, "waves": waves}


def _sites(one: Shown) -> str:
    names = ", ".join(sorted(site.name for site in one.row.sites.all() if site.slug in one.told["sites"]))
    more = one.told["other_sites"]
    if more:
        names += " " + ngettext("and %(n)d other", "and %(n)d others", more) % {"n": more}
    return format_html('<span class="wraps">{}</span>', names or "–")


def _started(one: Shown) -> str:
    if one.row.started_at is None:
        written = moment(one.row.created_at, one.zone, "minute")
        return format_html('<span class="quiet">{} {}</span>', _("written"), written)
    return moment(one.row.started_at, one.zone, "minute")


def _who(one: Shown) -> str:
    return one.row.created_by or "–"


# --- CSV ---


def _fields() -> tuple[Field[Shown], ...]:
    def zone(one: Shown) -> str:
        return one.zone

    return (
        Field(_("Rollout"), lambda one: str(one.row.pk)),
        Field(_("Title"), lambda one: one.row.title),
        Field(_("Protocol"), lambda one: one.row.version.protocol_id),
        Field(_("Version"), lambda one: one.row.version.number),
        Field(_("State"), lambda one: one.row.state),
        Field(_("Reason"), lambda one: one.row.reason or None),
        Field(_("Open wave"), lambda one: one.row.wave),
        Field(_("Waves"), lambda one: len(one.told["waves"])),
        Field(_("Devices"), lambda one: one.told["devices"]),
        Field(_("Verified, or had it already"), lambda one: one.sum_of(SUCCEEDED)),
        Field(_("Went wrong"), lambda one: one.sum_of(WENT_WRONG)),
        Field(_("Evaluated"), lambda one: one.sum_of(EVALUATED)),
        Field(_("Out of reach"), lambda one: unreachable(one.told)),
        Field(_("Sites"), lambda one: " ".join(one.told["sites"])),
        Field(_("Written by"), lambda one: one.row.created_by or None),
        Field(_("Approved or rejected by"), lambda one: one.row.decided_by or None),
        *exports.moment_fields(_("Written"), lambda one: one.row.created_at, zone),
        *exports.moment_fields(_("Started"), lambda one: one.row.started_at, zone),
        *exports.moment_fields(_("Ended"), lambda one: one.row.ended_at, zone),
    )
