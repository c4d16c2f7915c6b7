"""All devices of one's sites: found by what they are and how they fare."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.lists import exports
from dashboards.lists.scope import Scope, scope_of
from dashboards.lists.table import Asked, Column, Field, Filter, Listing, Option
from dashboards.live import reads
from dashboards.system.pipeline import pipeline
from dashboards.templatetags.moments import age, moment
from dashboards.words import texts, worst
from dashboards.words.faces import Face, face
from devices import queries
from devices.briefs import Brief, briefs
from devices.models import Device, Link
from fleet.access.models import Site

_SILENT = ("suspect", "offline")
_LINKS = ("conflict", "offline", "suspect", "never", "online")  # in the order of trouble


@dataclass(frozen=True, slots=True)
class Shown:
    """One device as its row shows it."""

    device: dict[str, Any]
    face: Face
    site: Site
    heard_at: datetime | None
    now: datetime


@require_safe
@never_cache
@login_required
def devices(request: HttpRequest, *, as_csv: bool = False) -> HttpResponseBase:
    scope = scope_of(request)
    here = scope.narrowed(request.GET.get("site", "").strip() or None)
    if not here.sites:
        here = scope  # the list itself says which sites there are
    now = timezone.now()
    desk = _Desk(here, now)
    listing = desk.listing(scope)
    said = request.GET.copy()
    if len(here.sites) == 1 and said.get("sort", "").removeprefix("-") == "site":
        del said["sort"]  # an order among several, kept in the address while one of them was chosen
    asked = listing.ask(said)
    rows = desk.found(asked)
    if as_csv:
        return exports.answer(request, listing, asked, rows, place=here.place, today=here.today(now))
    page = listing.page(asked, rows, now=now, time_zone=here.time_zone)
    heard = pipeline(queries.pulses(), now)
    return render(request, "dashboards/lists/devices.html", {"list": page, "pipeline": heard})


class _Desk:
    """The devices in service at some sites, read once."""

    def __init__(self, scope: Scope, now: datetime) -> None:
        self.scope, self.now = scope, now
        self.texts = texts.wall_texts()
        self.sites = {site.pk: site for site in scope.sites}
        self.all = briefs(queries.in_service(scope.devices()).order_by("serial"))
        self._troubles: dict[tuple[Any, ...], tuple[int, Face]] = {}

    def listing(self, scope: Scope) -> Listing[Brief, Shown]:
        """Return the list with what can be chosen here; `scope` is all that the reader may choose from."""
        return Listing(
            name="devices",
            title=_("Devices"),
            columns=self._columns(),
            filters=self._filters(scope),
            sort="site" if len(self.sites) > 1 else "room",
            prepare=self.prepare,
            key=lambda one: one.device["serial"],
            nothing=scope.nothing(_("No device is enrolled at your sites yet. An engineer enrols them.")),
            fields=_fields(),
            url=reverse("dashboards:devices"),
            csv_url=reverse("dashboards:devices-csv"),
            per_page=100,
            refresh_s=10,
        )

    def found(self, asked: Asked) -> list[Brief]:
        """Return the devices that every filter leaves."""
        exact = {name: asked.value(name) for name in ("room", "state", "model")}
        exact = {name: value for name, value in exact.items() if value is not None}
        tag, firmware, link, fares = (asked.value(name) for name in ("tag", "firmware", "link", "fares"))
        words = (asked.value("q") or "").casefold().split()
        links = _SILENT if link == "silent" else (link,)
        return [
            one
            for one in self.all
            if all(getattr(one, name) == value for name, value in exact.items())
            and (link is None or one.link in links)
            and (tag is None or tag in one.tags)
            and (firmware is None or one.said.firmware == firmware)
            and (not words or self._says(one, words))
            and (fares is None or self._fares(one, fares))
        ]

    def prepare(self, rows: Sequence[Brief]) -> list[Shown]:
        known = Device.objects.filter(pk__in=[one.pk for one in rows])
        made = {one["serial"]: one for one in queries.device_objects(known, self.now)}
        return [
            Shown(device, face(device, self.texts), self.sites[one.site_id], one.heard_at, self.now)
            for one in rows
            if (device := made.get(one.serial))
        ]

    def _says(self, one: Brief, words: Sequence[str]) -> bool:
        site = self.sites[one.site_id].name
        said = " ".join((one.serial, one.name, one.room, one.model, site, *one.tags)).casefold()
        return all(word in said for word in words)

    def _fares(self, one: Brief, how: str) -> bool:
        if how == "in_session":
            return one.session is not None
        return bool(self._trouble(one)[1]["attention"])

    def trouble(self, one: Brief) -> tuple[Any, ...]:
        """Return the key that sorts the worst first; of equals, the one not heard for longest."""
        heard = one.heard_at.timestamp() if one.heard_at else 0.0
        return self._trouble(one)[0], heard, one.serial

    def _trouble(self, one: Brief) -> tuple[int, Face]:
        """Return the rank and face of all devices that fare alike: a fleet has few ways to fare."""
        alike = (one.link, one.state, one.output, one.session is None, one.said.conditions, one.contacts)
        if alike not in self._troubles:
            device = _outline(one)
            seen = face(device, self.texts)
            self._troubles[alike] = worst.rank(device, seen), seen
        return self._troubles[alike]

    def place(self, one: Brief) -> tuple[Any, ...]:
        return self.sites[one.site_id].name.casefold(), *self.stands(one)

    def stands(self, one: Brief) -> tuple[Any, ...]:
        return reads.place({"room": one.room, "name": one.name, "serial": one.serial})

    def _columns(self) -> tuple[Column[Shown], ...]:
        def by(name: str) -> Any:
            return lambda one: getattr(one, name)

        return (
            Column("name", _("Device"), _name, key=lambda one: (one.name or one.serial).casefold()),
            Column("trouble", _("State"), _state, key=self.trouble, word="state"),
            Column("serial", _("Serial number"), lambda one: one.device["serial"], key=by("serial")),
            *([Column("site", _("Site"), _site, key=self.place)] if len(self.sites) > 1 else []),
            Column("room", _("Room"), lambda one: _wrapped(one.device["room"]), key=self.stands),
            Column("model", _("Model"), lambda one: _wrapped(one.device["model"] or "–"), key=by("model")),
            Column("firmware", _("Firmware"), _firmware, key=lambda one: _counted(one.said.firmware)),
            Column("battery", _("Battery"), _battery, key=by("soc"), number=True),
            Column("heard", _("Last heard"), _heard, key=by("heard_at"), first="descending", word="heard"),
            Column("link", _("Link"), _link, key=lambda one: _LINKS.index(one.link), word="suspect"),
            Column(
                "skew", _("Clock skew"), _skew, key=_distance, number=True, first="descending", word="skew"
            ),
        )

    def _filters(self, scope: Scope) -> tuple[Filter, ...]:
        states = {key: self.texts[f"state.{key}"] for key in queries.STATES}
        states["running"] = _("Running")
        links = [(Link.ONLINE, "online"), (Link.SUSPECT, "suspect"), (Link.OFFLINE, "offline")]
        return (
            Filter("q", _("Search"), hint=_("serial, name, room, model, tag")),
            scope.filter(),
            self._filter("room", _("Room"), sorted({one.room for one in self.all}, key=_counted)),
            Filter("fares", _("How it fares"), "choice", (
                Option("attention", _("needs attention")), Option("in_session", _("in session")),
            )),
            Filter("state", _("State"), "choice", tuple(Option(*one) for one in states.items())),
            Filter("link", _("Link"), "choice", (
                *(Option(value, self.texts[f"word.{word}"]) for value, word in links),
                Option("silent", _("silent (overdue or no contact)")),
                Option("never", _("never heard")),
                Option("conflict", self.texts["word.conflict"]),
            )),
            self._filter("model", _("Model"), sorted({one.model for one in self.all})),
            self._filter("firmware", _("Firmware"), sorted({one.said.firmware for one in self.all}, key=_counted)),
            self._filter("tag", _("Tag"), sorted({tag for one in self.all for tag in one.tags})),
        )  # fmt: skip

    def _filter(self, name: str, label: str, values: Sequence[str]) -> Filter:
        return Filter(name, label, "choice", tuple(Option(value, value) for value in values if value))


def _outline(one: Brief) -> dict[str, Any]:
    """Return as much of a device object as decides how badly off the device is."""
    nothing = dict.fromkeys(("set_ma", "ma", "ohm", "charge_uc"))
    return {
        "link": one.link,
        "state": one.state,
        "output": one.output,
        "session": one.session,
        "conditions": list(one.said.conditions),
        "channels": [{"n": n, "contact": contact} | nothing for n, contact in enumerate(one.contacts, 1)],
        **dict.fromkeys(("battery", "clock_skew_ms", "elapsed_ms", "held", "locked", "phase", "cycle")),
    }


def _counted(text: str) -> tuple[Any, ...]:
    """Return a key that sorts numbers as numbers."""
    return reads.place({"room": text, "name": "", "serial": ""})


def _distance(one: Brief) -> int | None:
    return None if one.skew_ms is None else abs(one.skew_ms)


# --- Cells ---


def _wrapped(text: str) -> str:
    return format_html('<span class="wraps narrow">{}</span>', text)


def _name(one: Shown) -> str:
    serial = one.device["serial"]
    address, name = reverse("dashboards:device", args=[serial]), one.device["name"] or serial
    return format_html('<a class="wraps" href="{}">{}</a>', address, name)


def _state(one: Shown) -> str:
    under = one.face["note"] if one.face["marked"] else one.face["timing"]
    return format_html(
        '<span class="state" data-tone="{}"><i class="shape" aria-hidden="true"></i>{}</span>{}',
        one.face["tone"],
        one.face["status"],
        format_html('<span class="under">{}</span>', under) if under else "",
    )


def _site(one: Shown) -> str:
    address = reverse("dashboards:wall", args=[one.site.slug])
    return format_html('<a class="wraps" href="{}">{}</a>', address, one.site.name)


def _firmware(one: Shown) -> str:
    return _wrapped(one.device["firmware"] or "–")


def _battery(one: Shown) -> str:
    """The figure, and under it what is to be known of it, such as that it charges."""
    return format_html('<span class="wraps word">{}</span>', one.face["battery"])


def _heard(one: Shown) -> str:
    if one.heard_at is None:
        return _("never")
    style = "time" if one.now - one.heard_at < timedelta(hours=20) else "minute"
    ago, at = age(one.heard_at, one.now), moment(one.heard_at, one.site.time_zone, style)
    return format_html('{} <span class="under">{}</span>', ago, at)


def _link(one: Shown) -> str:
    return _("never heard") if one.device["link"] == Link.NEVER else str(one.face["link"])


def _skew(one: Shown) -> str:
    ms = one.device["clock_skew_ms"]
    if ms is None:
        return "–"
    if abs(ms) < 1_000:
        return _("%(n)s ms") % {"n": f"{ms:+d}" if ms else 0}
    if abs(ms) < 120_000:
        return _("%(n)s s") % {"n": f"{ms / 1000:+.1f}"}
    return _("%(n)s min") % {"n": f"{ms / 60_000:+,.0f}"}


def _fields() -> tuple[Field[Shown], ...]:
    def of(name: str) -> Any:
        return lambda one: one.device[name]

    def battery(name: str) -> Any:
        return lambda one: (one.device["battery"] or {}).get(name)

    return (
        Field(_("Serial number"), of("serial")),
        Field(_("Name"), of("name")),
        Field(_("Site"), lambda one: one.site.slug),
        Field(_("Room"), of("room")),
        Field(_("Uplink"), of("uplink")),
        Field(_("Tags"), lambda one: " ".join(one.device["tags"])),
        Field(_("Model"), of("model")),
        Field(_("Firmware"), of("firmware")),
        Field(_("In words"), lambda one: one.face["status"]),
        Field(_("State"), of("state")),
        Field(_("Output"), of("output")),
        Field(_("Link"), of("link")),
        Field(_("Conditions"), lambda one: " ".join(one.device["conditions"])),
        Field(_("Session"), of("session")),
        Field(_("Battery (%)"), battery("soc")),
        Field(_("Battery (mV)"), battery("mv")),
        Field(_("Charging"), battery("charging")),
        Field(_("Temperature (°C)"), of("temp_c")),
        *exports.moment_fields(_("Last heard"), lambda one: one.heard_at, lambda one: one.site.time_zone),
        Field(_("Age (s)"), lambda one: None if (ms := one.device["age_ms"]) is None else ms // 1000),
        Field(_("Clock skew (ms)"), of("clock_skew_ms")),
    )
