"""Small filters of a device's page."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboards.templatetags.moments import age, span

register = template.Library()


@register.simple_tag
def ticking(at: datetime | None, now: datetime) -> SafeString:
    """Return how long ago, which the page's script keeps true."""
    if at is None:
        return format_html('<span class="age">{}</span>', age(at, now))
    iso = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return format_html('<time class="age" datetime="{}" data-age="{}">{}</time>', iso, iso, age(at, now))


@register.filter
def text(texts: Mapping[str, str], name: str) -> str:
    """Return one of the page's texts by its name, which may hold a dot."""
    return texts[name]


@register.filter
def entry(values: Sequence[Any], at: int) -> Any:
    """Return an entry of a list by its place."""
    return values[at]


@register.filter
def of(words: Mapping[str, Any], name: str) -> Any:
    """Return what a word of the contract is called; the word itself where it is not known."""
    return words.get(name, name)


@register.filter
def in_ms(duration: timedelta) -> int:
    """Return a duration in ms, for `span` and `clock`."""
    return duration // timedelta(milliseconds=1)


@register.filter
def magnitude(ms: int | None) -> str:
    """Return how far, whichever way: milliseconds below a second, else the largest whole unit."""
    if ms is None:
        return "–"
    return f"{abs(ms)} ms" if abs(ms) < 1000 else span(abs(ms))


@register.filter
def percent(share: float | None) -> str:
    """Return a share of 0…1 in percent; never rounded up to all or down to nothing."""
    if share is None:
        return "–"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return f"{share * 100:.1f} %"
