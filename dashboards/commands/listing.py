"""Lists of commands: of all one's sites, and of one device."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from dashboards.commands.timeline import asker
from dashboards.commands.wording import asked, state_options, verb_options
from dashboards.lists import exports
from dashboards.lists.scope import Scope, day_filters
from dashboards.lists.table import Asked, Column, Field, Filter, Listing
from dashboards.templatetags.amounts import millis
from dashboards.templatetags.moments import moment
from dashboards.words import commands as words
from devices.models import Device
from devices.moments import to_ms
from devices.wire.words import Verb
from fleet.control import queries
from fleet.control.lifecycle import OPEN
from fleet.control.models import Command

REFRESH_S: Final = 5  # somebody may be waiting for a proof
_OPEN: Final = "open"


@dataclass(frozen=True, slots=True)
class Shown:
    """One command as its row shows it."""

    row: Command
    face: words.Face

    @property
    def text(self) -> str:
        return " ".join(filter(None, (self.face["long"], self.face["next"])))

    @property
    def zone(self) -> str:
        return site_zone(self.row)

    @property
    def proof(self) -> timedelta | None:
        """How long after it was asked for it was proved; None if it was not."""
        at = self.row.confirmed_at
        return None if at is None else max(timedelta(), at - self.row.requested_at)


def site_zone(command: Command) -> str:
    """Return the zone of where the device stood; of a site that is no more, the one that this server shows."""
    return command.site.time_zone if command.site else str(settings.DISPLAY_TIME_ZONE)


def rows(scope: Scope, here: Scope, asked: Asked, device: Device | None = None) -> QuerySet[Command]:
    """Return what the reader asks for: commands of devices that stood at their sites, asked for there."""
    found = queries.commands().select_related("stop").filter(site__in=here.ids)
    found = found.filter(here.days("requested_at", "site", asked.value("from"), asked.value("to")))
    if device is not None:
        found = found.filter(device=device)
    elif asked.value("device") is not None:
        found = found.filter(here.named(asked.value("device"), "device__"))
    if asked.value("verb") is not None:
        found = found.filter(verb=asked.value("verb"))
    else:
        found = found.exclude(verb=Verb.REBIRTH)  # the server's own housekeeping, unless asked for
    if asked.value("who") is not None:
        found = found.filter(actor_name__icontains=asked.value("who"))
    state = asked.value("state")
    if state is not None:
        found = found.filter(state__in=OPEN if state == _OPEN else [state])
    return found


def listing(scope: Scope, now: datetime, *, device: Device | None = None) -> Listing[Command, Shown]:
    texts, now_ms = words.command_texts(), to_ms(now)

    def prepare(found: Sequence[Command]) -> list[Shown]:
        return [Shown(row, words.face(queries.command_object(row), now_ms, texts)) for row in found]

    url, csv_url = reverse("dashboards:commands"), reverse("dashboards:commands-csv")
    if device is not None:
        url, csv_url = reverse("dashboards:device-commands", args=[device.serial]), ""
    return Listing(
        name="commands",
        title=_("Commands"),
        columns=_columns(one_device=device is not None),
        filters=_filters(scope, one_device=device is not None),
        sort="-asked",
        prepare=prepare,
        key=lambda one: str(one.row.pk),
        nothing=scope.nothing(_nothing(device)),
        fields=_fields(),
        refresh_s=REFRESH_S,
        url=url,
        csv_url=csv_url,
    )


def _nothing(device: Device | None) -> str:
    if device is not None:
        return _("Nothing was asked of this device yet.")
    return _("Nothing was asked of a device at your sites yet. A stop, a pause and the rest appear here.")


def _filters(scope: Scope, *, one_device: bool) -> tuple[Filter, ...]:
    verb = Filter("verb", _("What"), "choice", verb_options())
    state = Filter("state", _("State"), "choice", state_options(_OPEN))
    who = Filter("who", _("Who"), hint=_("user name"))
    if one_device:
        return verb, state, who, *day_filters()
    device = Filter("device", _("Device"), hint=_("serial or name"))
    return device, scope.filter(), verb, state, who, *day_filters()


def _columns(*, one_device: bool) -> tuple[Column[Shown], ...]:
    places: tuple[Column[Shown], ...] = (
        Column("device", _("Device"), _device, ("device__serial",)),
        Column("site", _("Site"), _site, (F("site__name"),)),
    )
    return (
        Column("asked", _("Asked for"), _when, ("requested_at",), first="descending"),
        Column("what", _("What"), _what, ("verb",)),
        *(() if one_device else places),
        Column("became", _("What became of it"), _became, ("state",)),
        Column("proof", _("Proved after"), _proof, (F("confirmed_at") - F("requested_at"),), number=True),
        Column("who", _("Who"), _who, ("actor_name",)),
        Column("why", _("Why"), _why),
    )


# --- Cells ---


def _under(words: str) -> str:
    return format_html('<span class="under">{}</span>', words) if words else ""


def _when(one: Shown) -> str:
    day, time = (moment(one.row.requested_at, one.zone, style) for style in ("day", "time"))
    return format_html(
        '<a href="{}">{}<br>{}</a>', reverse("dashboards:command", args=[one.row.pk]), day, time
    )


def _what(one: Shown) -> str:
    return format_html('<b class="wraps">{}</b>{}', asked(one.row), _part(one.row))


def _part(command: Command) -> str:
    """Say what it is part of, with a link to the whole."""
    if command.stop is None:
        return ""
    room = command.stop.room
    words = _("of the stop of %(room)s") % {"room": room} if room else _("of the stop of the whole site")
    url = reverse("dashboards:stop", args=[command.stop_id])
    return format_html('<span class="under"><a href="{}">{}</a></span>', url, words)


def _device(one: Shown) -> str:
    device = one.row.device
    under = " · ".join(filter(None, (device.serial if device.name else "", device.room)))
    url = reverse("dashboards:device", args=[device.serial])
    return format_html('<a href="{}">{}</a>{}', url, device.name or device.serial, _under(under))


def _site(one: Shown) -> str:
    return format_html('<span class="wraps">{}</span>', one.row.site.name if one.row.site else "–")


def _became(one: Shown) -> str:
    sign = '<span class="asked lists-asked" data-tone="{}"><i aria-hidden="true"></i><b>{}</b>{}</span>'
    to_do = one.face["next"]
    next_step = format_html('<span class="next-step">{}</span>', to_do) if to_do else ""
    return format_html(sign, one.face["tone"], one.face["long"], next_step)


def _proof(one: Shown) -> str:
    return "–" if one.proof is None else millis(one.proof // timedelta(milliseconds=1))


def _who(one: Shown) -> str:
    return asker(one.row) or _("the server")


def _why(one: Shown) -> str:
    return format_html('<span class="wrap">{}</span>', one.row.reason) if one.row.reason else "–"


# --- CSV ---


def _fields() -> tuple[Field[Shown], ...]:
    times = (
        (_("Asked for"), "requested_at"),
        (_("Handed to the broker"), "published_at"),
        (_("Received by the device"), "received_at"),
        (_("Device says done"), "done_at"),
        (_("Confirmed"), "confirmed_at"),
        (_("Not confirmed"), "unconfirmed_at"),
        (_("Refuted"), "refuted_at"),
        (_("Refused"), "refused_at"),
        (_("Expired"), "expired_at"),
    )
    return (
        Field(_("Command"), lambda one: str(one.row.pk)),
        Field(_("Part of stop"), lambda one: str(one.row.stop_id) if one.row.stop_id else None),
        Field(_("Site"), lambda one: one.row.site.slug if one.row.site else None),
        Field(_("Serial number"), lambda one: one.row.device.serial),
        Field(_("Device"), lambda one: one.row.device.name),
        Field(_("Room"), lambda one: one.row.device.room),
        Field(_("Verb"), lambda one: one.row.verb),
        Field(_("Arguments"), lambda one: one.row.args),
        Field(_("State"), lambda one: one.row.state),
        Field(_("What became of it"), lambda one: one.text),
        Field(_("Who"), lambda one: one.row.actor_name or None),
        Field(_("Why"), lambda one: one.row.reason),
        Field(_("Why written down by"), lambda one: one.row.reason_by or None),
        Field(_("Way"), lambda one: one.row.via),
        Field(_("Answers"), lambda one: one.row.acks),
        *(field for label, name in times for field in _moment(label, name)),
    )


def _moment(label: str, name: str) -> tuple[Field[Shown], Field[Shown]]:
    def at(one: Shown) -> Any:
        value: datetime | None = getattr(one.row, name)
        return value

    return exports.moment_fields(label, at, lambda one: one.zone)
