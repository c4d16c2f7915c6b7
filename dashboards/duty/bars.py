"""The days of a rota as bars: plain SVG markup, no script and no style attribute.  The words beside say the same."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dashboards.duty.week import Block, Day, share

_LANE: Final = 28  # px: a bar with its gap
_BAR: Final = 24
_TINTS: Final = 6  # css/duty.css: .who-0 and on
_READABLE: Final = 15  # percent of a day
_HOURS: Final = (6, 12, 18)


def is_narrow(day: Day) -> bool:
    """Whether a bar of the day is too short for its name."""
    return any(block.width < _READABLE for block in day.blocks)


def bar(day: Day, names: Mapping[int, str], zone: ZoneInfo, now: datetime) -> SafeString:
    """Return a day's bars, one lane above the other, with lines at 6, 12 and 18 hours of its clock and at `now`."""
    height = day.lanes * _LANE
    lines = format_html_join(
        "",
        '<line class="hour" x1="{0}%" x2="{0}%" y1="0" y2="{1}"/>',
        ((x, height) for x in _hours(day, zone)),
    )
    blocks = format_html_join("", "{}", ((_block(block, day, names, zone),) for block in day.blocks))
    line = ""
    if day.starts <= now < day.ends:
        x = round(share(now, day.starts, day.ends), 3)
        line = format_html('<line class="now" x1="{0}%" x2="{0}%" y1="0" y2="{1}"/>', x, height)
    return format_html(
        '<svg class="bars" aria-hidden="true" width="100%" height="{}">{}{}{}</svg>',
        height,
        lines,
        blocks,
        line,
    )


def _hours(day: Day, zone: ZoneInfo) -> list[float]:
    moments = (
        datetime.combine(day.day, datetime.min.time().replace(hour=hour), tzinfo=zone) for hour in _HOURS
    )
    return [round(share(at, day.starts, day.ends), 3) for at in moments]


def _block(block: Block, day: Day, names: Mapping[int, str], zone: ZoneInfo) -> SafeString:
    """One bar; an inner `svg` cuts off a name that is longer than its bar."""
    name = _("nobody") if block.who is None else names.get(block.who, "?")
    look = "nobody" if block.who is None else f"who who-{tint(block.who)}"
    is_whole = block.width > 99.9 and block.ends - block.starts == day.ends - day.starts
    hours = "" if is_whole else f"{block.starts.astimezone(zone):%H:%M}–{block.ends.astimezone(zone):%H:%M}"
    return format_html(
        '<svg x="{}%" width="{}%" y="{}" height="{}" class="{}">'
        '<rect width="100%" height="100%" rx="4"/><text x="6" y="{}">{} <tspan>{}</tspan></text></svg>',
        block.left, block.width, block.lane * _LANE, _BAR, look, _BAR - 7, name, hours,
    )  # fmt: skip


def tint(who: int) -> int:
    """Return which of the tints somebody has: the same on each page."""
    return who % _TINTS
