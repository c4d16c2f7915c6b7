"""Small filters of a device's page."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import template

from dashboards.templatetags.moments import span

register = template.Library()


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
