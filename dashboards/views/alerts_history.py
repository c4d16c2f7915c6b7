"""Every alert there was at one's sites, open and closed: found, read, and taken along as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.lists import exports
from dashboards.lists.scope import Scope, between, day_filters, scope_of
from dashboards.lists.table import Asked, Column, Field, Filter, Listing, Option
from dashboards.templatetags.moments import moment, span
from dashboards.words.alert_texts import DISPOSITIONS, DUTIES, PRIORITIES, STATES, disposition
from fleet.access.people import called
from fleet.safety import queries, texts
from fleet.safety.models import Alert
from fleet.safety.rules import RULES
from fleet.safety.words import OPEN, RANK, TRUE, State


@dataclass(frozen=True, slots=True)
class Shown:
    """One alert as its row shows it."""

    row: Alert
    text: str
    now: datetime

    @property
    def zone(self) -> str:
        return self.row.site.time_zone if self.row.site else str(settings.DISPLAY_TIME_ZONE)

    @property
    def place(self) -> str:
        if self.row.device is not None:
            return self.row.device.name or self.row.device.serial
        return self.row.subject or (self.row.site.name if self.row.site else _("the server itself"))

    @property
    def lasted(self) -> timedelta:
        """How long it was true, from its first rising to its last clearing; so far, if it still is."""
        end = self.now if self.row.state in TRUE else self.row.cleared_at or self.row.closed_at or self.now
        return max(timedelta(), end - self.row.raised_at)

    @property
    def answered(self) -> timedelta | None:
        """How long nobody had it; None if nobody ever did, or if it was taken away since."""
        if self.row.acknowledged_at is None:
            return None
        return max(timedelta(), self.row.acknowledged_at - self.row.risen_at)


@require_safe
@never_cache
@login_required
def history(request: HttpRequest, *, as_csv: bool = False) -> HttpResponseBase:
    scope = scope_of(request)
    now = timezone.now()
    listing = _listing(scope, now)
    asked = listing.ask(request.GET)
    here = scope.narrowed(asked.value("site"))
    rows = _rows(scope, here, asked)
    if as_csv:
        return exports.answer(request, listing, asked, rows, place=here.place, today=here.today(now))
    page = listing.page(asked, rows, now=now, time_zone=here.time_zone)
    return render(request, "dashboards/alerts/history.html", {"list": page})


def _rows(scope: Scope, here: Scope, asked: Asked) -> QuerySet[Alert]:
    """Return what the reader may see; the server's own alerts belong to no site, and to everybody who has one."""
    first, last = asked.value("from"), asked.value("to")
    seen = Q(site__in=here.ids) & here.days("raised_at", "site", first, last)
    if scope.sites and asked.value("site") is None:
        seen |= Q(site__isnull=True) & between("raised_at", first, last, here.time_zone)
    rank = Case(*(When(priority=one, then=Value(n)) for one, n in RANK.items()), output_field=IntegerField())
    rows = queries.alerts().filter(seen).annotate(rank=rank)
    for name in ("priority", "rule", "duty", "disposition"):
        if asked.value(name) is not None:
            rows = rows.filter(**{name: asked.value(name)})
    if asked.value("state") is not None:
        rows = rows.filter(state__in=OPEN if asked.value("state") == "open" else [asked.value("state")])
    return rows if asked.value("q") is None else rows.filter(_said(asked.value("q")))


def _said(text: str) -> Q:
    """Return that an alert has every word in what it is about: its rule, device, room, group, or notes.

    Sentences are made when they are read, so it is the titles of rules that are searched.
    """
    whole = Q()
    for word in text.split():
        rules = [rule for rule in RULES if word.casefold() in f"{rule} {texts.title(rule)}".casefold()]
        one = Q(rule__in=rules) | Q(subject__icontains=word) | Q(note__icontains=word)
        for name in ("serial", "name", "room"):
            one |= Q(**{f"device__{name}__icontains": word})
        if word.isdecimal() and len(word) < 19:
            one |= Q(pk=int(word))
        whole &= one
    return whole


def _listing(scope: Scope, now: datetime) -> Listing[Alert, Shown]:
    def prepare(rows: Sequence[Alert]) -> list[Shown]:
        return [Shown(row, texts.sentence(row), now) for row in rows]

    return Listing(
        name="alerts",
        title=_("Alerts: history"),
        columns=_columns(),
        filters=_filters(scope),
        sort="-rose",
        prepare=prepare,
        key=lambda one: str(one.row.pk),
        nothing=scope.nothing(_("No alert rose at your sites yet.")),
        fields=_fields(),
        url=reverse("dashboards:alerts-history"),
        csv_url=reverse("dashboards:alerts-history-csv"),
        refresh_s=30,
    )


def _filters(scope: Scope) -> tuple[Filter, ...]:
    rules = sorted((texts.title(rule), rule) for rule in RULES)
    states = (Option("open", _("open, all of them")), *(Option(*one) for one in STATES.items()))
    return (
        Filter("q", _("Search"), hint=_("rule, device, room, note, number")),
        scope.filter(),
        Filter("priority", _("Priority"), "choice", tuple(Option(*one) for one in PRIORITIES.items())),
        Filter("rule", _("Rule"), "choice", tuple(Option(rule, title) for title, rule in rules)),
        *day_filters(),
        Filter("state", _("State"), "choice", states),
        Filter(
            "disposition",
            _("What it was"),
            "choice",
            tuple(Option(value, words[0]) for value, words in DISPOSITIONS.items()),
        ),
        Filter("duty", _("Duty"), "choice", tuple(Option(*one) for one in DUTIES.items())),
    )


def _columns() -> tuple[Column[Shown], ...]:
    return (
        Column("rose", _("Rose"), _rose, ("raised_at",), first="descending"),
        Column("priority", _("Priority"), _priority, (F("rank"),)),
        Column("what", _("What"), _what, ("rule",)),
        Column("device", _("Where"), _where, (F("device__serial"),)),
        Column("site", _("Site"), _site, (F("site__name"),)),
        Column("lasted", _("True for"), _lasted, number=True),
        Column(
            "count", _("Times"), lambda one: str(one.row.count), ("count",), number=True, first="descending"
        ),
        Column("state", _("State"), _state, ("state",)),
        Column("who", _("Who had it"), _who),
        Column("was", _("What it was"), _was, (F("disposition"),)),
    )


# --- Cells ---


def _under(words: str) -> str:
    return format_html('<span class="under">{}</span>', words) if words else ""


def _wrapped(words: str) -> str:
    return format_html('<span class="wraps">{}</span>', words)


def _rose(one: Shown) -> str:
    url = reverse("dashboards:alert", args=[one.row.pk])
    day, time = (moment(one.row.raised_at, one.zone, style) for style in ("day", "time"))
    return format_html('<a href="{}">{}<br>{}</a>', url, day, time)


def _priority(one: Shown) -> str:
    words = PRIORITIES.get(one.row.priority, one.row.priority)
    mark = '<span class="of-prio" data-priority="{}"><i class="prio" aria-hidden="true"></i> {}</span>'
    return format_html(mark, one.row.priority, words)


def _what(one: Shown) -> str:
    marks = [_("in session")] if one.row.in_session else []
    marks += [_("late")] if one.row.late else []
    marks += [_("chatters")] if one.row.chattering else []
    marks += [_("explained by alert %(n)d") % {"n": one.row.cause_id}] if one.row.cause_id else []
    return format_html('<span class="wrap">{}{}</span>', one.text, _under(" · ".join(marks)))


def _where(one: Shown) -> str:
    device = one.row.device
    if device is None:
        return _wrapped(one.place)
    url = reverse("dashboards:device", args=[device.serial])
    under = " · ".join(filter(None, (device.serial if device.name else "", device.room)))
    return format_html('<a href="{}">{}</a>{}', url, one.place, _under(under))


def _site(one: Shown) -> str:
    return _wrapped(one.row.site.name) if one.row.site else "–"


def _lasted(one: Shown) -> str:
    words = span(one.lasted // timedelta(milliseconds=1))
    return _("%(time)s so far") % {"time": words} if one.row.state in TRUE else words


def _state(one: Shown) -> str:
    words = STATES.get(one.row.state, one.row.state)
    if one.row.state == State.CLOSED:
        by = called(one.row.closed_by) if one.row.closed_by else _("by itself")
        return format_html("{}{}", words, _under(by))
    return _wrapped(str(words))


def _who(one: Shown) -> str:
    if one.row.acknowledged_at is None:
        return _("nobody")
    name = called(one.row.acknowledged_by) if one.row.acknowledged_by else _("somebody")
    after = "" if one.answered is None else span(one.answered // timedelta(milliseconds=1))
    return format_html("{}{}", name, _under(_("after %(time)s") % {"time": after}) if after else "")


def _was(one: Shown) -> str:
    if one.row.disposition is None:
        return "–"
    return format_html("{}{}", _wrapped(disposition(one.row.disposition)), _under(one.row.note[:80]))


def _fields() -> tuple[Field[Shown], ...]:
    zone = lambda one: one.zone  # noqa: E731  said five times below
    return (
        Field(_("Alert"), lambda one: one.row.pk),
        Field(_("Site"), lambda one: one.row.site.slug if one.row.site else None),
        Field(_("Serial number"), lambda one: one.row.device.serial if one.row.device else None),
        Field(_("Device"), lambda one: one.row.device.name if one.row.device else None),
        Field(_("Room"), lambda one: one.row.device.room if one.row.device else None),
        Field(_("Rule"), lambda one: one.row.rule),
        Field(_("Rule set version"), lambda one: one.row.rule_version),
        Field(_("Channel"), lambda one: one.row.channel),
        Field(_("Group or part"), lambda one: one.row.subject),
        Field(_("Text"), lambda one: one.text),
        Field(_("Priority"), lambda one: one.row.priority),
        Field(_("Duty"), lambda one: one.row.duty),
        Field(_("State"), lambda one: one.row.state),
        *exports.moment_fields(_("Rose"), lambda one: one.row.raised_at, zone),
        *exports.moment_fields(_("Rose last"), lambda one: one.row.risen_at, zone),
        *exports.moment_fields(_("Acknowledged"), lambda one: one.row.acknowledged_at, zone),
        Field(_("Acknowledged by"), lambda one: _name(one.row.acknowledged_by)),
        *exports.moment_fields(_("Cleared"), lambda one: one.row.cleared_at, zone),
        *exports.moment_fields(_("Closed"), lambda one: one.row.closed_at, zone),
        Field(_("Closed by"), lambda one: _name(one.row.closed_by)),
        Field(_("What it was"), lambda one: one.row.disposition),
        Field(_("Note"), lambda one: one.row.note),
        Field(_("Times"), lambda one: one.row.count),
        Field(_("In session"), lambda one: one.row.in_session),
        Field(_("Late"), lambda one: one.row.late),
        Field(_("Explained by alert"), lambda one: one.row.cause_id),
    )


def _name(user: object) -> str | None:
    return None if user is None else str(user)
