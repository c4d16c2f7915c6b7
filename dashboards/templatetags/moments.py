"""Moments and durations in templates: a site's local time to read, UTC on hover, both for machines."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import template
from django.utils import dateformat
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dashboards.words import faces
from devices import queries

register = template.Library()

_FORMATS = {
    "full": "j M Y H:i:s",
    "minute": "j M H:i",
    "time": "H:i:s",
    "clock": "H:i",
    "day": "j M Y",
    "weekday": "D j M",
}


@register.simple_tag
def moment(at: datetime | None, time_zone: str, style: str = "full") -> SafeString:
    """Return `<time>` in the zone of its site; `style`: a key of `_FORMATS`.  A dash for no moment."""
    if at is None:
        return format_html('<span class="quiet">{}</span>', "–")
    utc = at.astimezone(UTC)
    local = at.astimezone(ZoneInfo(time_zone))
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        queries.moment(at),
        _("%(utc)s UTC · shown in %(zone)s")
        % {"utc": dateformat.format(utc, "Y-m-d H:i:s"), "zone": time_zone.replace("_", " ")},
        dateformat.format(local, _FORMATS[style]),
    )


@register.simple_tag
def calendar_day(day: date) -> SafeString:
    """Return a day of the calendar, which is the same in any zone."""
    return format_html('<time datetime="{}">{}</time>', day.isoformat(), dateformat.format(day, "j M Y"))


@register.filter
def wall_clock(at: time) -> str:
    """Return a time that the clock on a site's wall shows, on any day."""
    return f"{at:%H:%M}"


@register.simple_tag
def zone_words(time_zone: str) -> str:
    """Say whose clock a page shows that belongs to no single site."""
    return _("times in %(zone)s") % {"zone": time_zone.replace("_", " ")}


@register.simple_tag
def age(at: datetime | None, now: datetime) -> str:
    """Return how long ago, in its largest whole unit: s, min, h, d."""
    return (
        _("never")
        if at is None
        else _("%(age)s ago") % {"age": span((now - at) // timedelta(milliseconds=1))}
    )


@register.filter
def span(ms: int | None) -> str:
    """Return a duration of milliseconds in its largest whole unit: s, min, h, d."""
    if ms is None:
        return "–"
    seconds = max(0, int(ms) // 1000)
    if seconds < 60:
        return _("%(n)d s") % {"n": seconds}
    if seconds < 3600:
        return _("%(n)d min") % {"n": seconds // 60}
    if seconds < 172_800:
        return _("%(n)d h") % {"n": seconds // 3600}
    return _("%(n)d d") % {"n": seconds // 86_400}


@register.filter
def clock(ms: int | None) -> str:
    """Return a duration of milliseconds as m:ss, or h:mm:ss from an hour on."""
    return "–" if ms is None else faces.clock(ms)
