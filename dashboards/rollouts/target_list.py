"""The devices of one rollout: where each stands, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from dashboards.lists import exports
from dashboards.lists.table import Asked, Column, Field, Filter, Listing, Option
from dashboards.rollouts.shown import IN_ORDER, reason_words
from dashboards.templatetags.moments import moment, span
from dashboards.words.rollouts import TARGETS, Said, target_words
from devices.moments import from_ms, to_ms
from fleet.access.models import Site
from fleet.rollouts import queries, reports
from fleet.rollouts.models import Rollout, Target
from fleet.rollouts.reports import Report
from fleet.rollouts.states import OPEN, SUCCEEDED, WENT_WRONG

REFRESH_S: Final = 5
_GROUPS: Final = {"open": OPEN, "went_wrong": WENT_WRONG}


@dataclass(frozen=True, slots=True)
class Shown:
    """One device of the rollout as its row shows it."""

    row: Target
    rollout: Rollout
    told: Report | None
    now: datetime

    @property
    def said(self) -> Said:
        return target_words(self.row.state)

    @property
    def why(self) -> str:
        row = self.row
        return reason_words(self.rollout, row.wave, row.state, row.reason, row.facts, row.direction)

    @property
    def zone(self) -> str:
        return self.row.device.site.time_zone

    @property
    def before(self) -> str:
        had = self.row.before
        return _named(had.get("id", "?"), had.get("version", "?")) if had else ""

    @property
    def reports(self) -> str:
        """What it says that it has: by its name; where the hash is none of ours under that name, that it is another."""
        ref = None if self.told is None else self.told.protocol
        if ref is None:
            return _("no protocol") if self.told is not None else ""
        name = _named(ref.id, ref.version)
        version = self.rollout.version
        if (ref.id, ref.version) == (version.protocol_id, version.number) and ref.sha256 != version.sha256:
            return _("another protocol, as %(name)s") % {"name": name}
        return name

    @property
    def reported(self) -> str:
        """How old that is, and whether it is what the rollout wants of it."""
        if self.told is None:
            return ""
        age = span(to_ms(self.now) - self.told.told_ms)
        if not self.told.is_heard:
            return _("said %(age)s ago; not heard now") % {"age": age}
        if self.told.is_wanted and self.row.state not in SUCCEEDED:
            return _("the one it was to have, %(age)s ago") % {"age": age}
        if not self.told.is_wanted and self.row.state in SUCCEEDED:
            return _("not the one it had then, %(age)s ago") % {"age": age}
        return _("%(age)s ago") % {"age": age}


def rows(rollout: Rollout, sites: Sequence[Site], asked: Asked) -> QuerySet[Target]:
    """Return those that the reader asks for, of the devices at their sites."""
    order = [When(state=state.value, then=Value(place)) for place, state in enumerate(IN_ORDER)]
    found = queries.targets_of(rollout, [site.pk for site in sites]).annotate(
        rank=Case(*order, default=Value(99), output_field=IntegerField())
    )
    text, state, wave = asked.value("device"), asked.value("state"), asked.value("wave")
    if text is not None:
        found = found.filter(Q(device__serial__icontains=text) | Q(device__name__icontains=text))
    if state is not None:
        found = found.filter(state__in=sorted(_GROUPS.get(state, (state,))))
    if wave is not None:
        found = found.filter(wave=int(wave))
    if asked.value("site") is not None:
        found = found.filter(device__site__slug=asked.value("site"))
    if asked.value("reason") is not None:
        found = found.filter(reason=asked.value("reason"))
    return found


def listing(rollout: Rollout, sites: Sequence[Site], name: str) -> Listing[Target, Shown]:
    states = tuple(Option(state.value, said.label) for state, said in TARGETS.items())
    waves = tuple(Option(str(n), str(n)) for n in range(1, len(rollout.waves_spec) + 1))
    return Listing(
        name="rollout-devices",
        title=_("Devices of %(name)s") % {"name": name},
        columns=_columns(),
        filters=(
            Filter("device", _("Device"), hint=_("serial or name")),
            Filter(
                "state",
                _("State"),
                "choice",
                (Option("open", _("open offers")), Option("went_wrong", _("went wrong")), *states),
            ),
            Filter("wave", _("Wave"), "choice", waves),
            Filter("site", _("Site"), "choice", tuple(Option(site.slug, site.name) for site in sites)),
            Filter("reason", _("Reason, as a word"), hint=_("such as unreachable")),
        ),
        sort="state",
        prepare=lambda found: _prepare(list(found), rollout),
        key=lambda one: one.row.device.serial,
        nothing=_nothing(rollout),
        fields=_fields(),
        refresh_s=REFRESH_S,
        url=reverse("dashboards:rollout-targets", args=[rollout.pk]),
        csv_url=reverse("dashboards:rollout-targets-csv", args=[rollout.pk]),
    )


def _prepare(found: list[Target], rollout: Rollout) -> list[Shown]:
    said, now = reports.of(found), timezone.now()
    return [Shown(row, rollout, said.get(row.pk), now) for row in found]


def _named(id: object, version: object) -> str:
    return _("%(id)s version %(n)s") % {"id": id, "n": version}


def _nothing(rollout: Rollout) -> str:
    if rollout.started_at is None:
        return _(
            "Which devices take part is settled when somebody starts it. Its form shows whom it would reach now."
        )
    return _("None of its devices stands at one of your sites.")


def _columns() -> tuple[Column[Shown], ...]:
    return (
        Column("device", _("Device"), _device, ("device__serial",)),
        Column("state", _("State"), _state, ("rank", "wave", "place")),
        Column("why", _("Why"), _why, ("reason",)),
        Column("reports", _("Reports now"), _reports),
        Column("wave", _("Wave"), lambda one: str(one.row.wave), ("wave", "place"), number=True),
        Column("attempts", _("Offers"), lambda one: str(one.row.attempts), ("attempts",), number=True),
        Column("offered", _("Last offer"), _offered, (F("offered_at"),), first="descending"),
        Column("verified", _("Verified"), _verified, (F("verified_at"),), first="descending"),
        Column("before", _("Had before"), lambda one: one.before or "–"),
        Column("site", _("Site"), _site, ("device__site__name",)),
    )


def _device(one: Shown) -> str:
    device = one.row.device
    under = " · ".join(filter(None, (device.serial if device.name else "", device.room)))
    return format_html(
        '<a href="{}">{}</a><span class="under">{}</span>',
        reverse("dashboards:device", args=[device.serial]),
        device.name or device.serial,
        under,
    )


def _state(one: Shown) -> str:
    back = _("going back") if one.row.direction == "back" else ""
    return format_html(
        '<span class="ro-state" data-mark="{}" title="{}"><i aria-hidden="true"></i>{}</span>'
        '<span class="under">{}</span>',
        one.said.tone,
        one.said.meaning,
        one.said.label,
        back,
    )


def _why(one: Shown) -> str:
    return format_html('<span class="wrap">{}</span>', one.why)


def _reports(one: Shown) -> str:
    if one.told is None:
        return "–"
    return format_html(
        '<span class="wraps">{}</span><span class="under">{}</span>', one.reports, one.reported
    )


def _offered(one: Shown) -> str:
    command, at = one.row.command, moment(one.row.offered_at, one.zone, "minute")
    if command is None:
        return at
    return format_html('<a href="{}">{}</a>', reverse("dashboards:command", args=[command]), at)


def _verified(one: Shown) -> str:
    return moment(one.row.verified_at, one.zone, "minute")


def _site(one: Shown) -> str:
    return format_html('<span class="wraps">{}</span>', one.row.device.site.name)


def _fields() -> tuple[Field[Shown], ...]:
    def zone(one: Shown) -> str:
        return one.zone

    return (
        Field(_("Serial number"), lambda one: one.row.device.serial),
        Field(_("Device"), lambda one: one.row.device.name),
        Field(_("Site"), lambda one: one.row.device.site.slug),
        Field(_("Room"), lambda one: one.row.device.room),
        Field(_("Wave"), lambda one: one.row.wave),
        Field(_("State"), lambda one: one.row.state),
        Field(_("Reason"), lambda one: one.row.reason or None),
        Field(_("Why"), lambda one: one.why),
        Field(_("Direction"), lambda one: one.row.direction),
        Field(_("Offers"), lambda one: one.row.attempts),
        Field(_("Hash wanted"), lambda one: one.row.want_sha256),
        Field(_("Had before"), lambda one: one.before or None),
        Field(_("Has, or may have, taken it over"), lambda one: one.row.changed),
        Field(_("Reports now"), lambda one: one.reports or None),
        Field(_("Reports the hash wanted"), lambda one: one.told.is_wanted if one.told else None),
        Field(_("Is heard now"), lambda one: one.told.is_heard if one.told else None),
        *exports.moment_fields(
            _("Reported"), lambda one: from_ms(one.told.told_ms) if one.told else None, zone
        ),
        Field(_("Newest offer"), lambda one: str(one.row.command) if one.row.command else None),
        *exports.moment_fields(_("Last offer"), lambda one: one.row.offered_at, zone),
        *exports.moment_fields(_("Said done"), lambda one: one.row.claimed_at, zone),
        *exports.moment_fields(_("Verified"), lambda one: one.row.verified_at, zone),
        *exports.moment_fields(_("Settled"), lambda one: one.row.settled_at, zone),
    )
