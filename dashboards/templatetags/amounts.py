"""Amounts in templates: bytes, and numbers with as many digits as tell something."""

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()

_UNITS = ("B", "kB", "MB", "GB", "TB")


@register.filter
def size(amount: float | None) -> str:
    """Return bytes in their largest unit of 1,000, three digits at most; a dash for none."""
    if amount is None:
        return "–"
    for unit in _UNITS:
        if abs(amount) < 999.5 or unit == _UNITS[-1]:
            break
        amount /= 1000
    return _("%(amount)s %(unit)s") % {"amount": brief(amount), "unit": unit}


@register.filter
def brief(amount: float | None) -> str:
    """Return a number: below 10 with one decimal unless that is 0, above without any; thousands grouped."""
    if amount is None:
        return "–"
    decimals = 1 if abs(amount) < 9.95 and round(amount, 1) != round(amount) else 0
    return number_format(round(amount, decimals), decimals, use_l10n=True, force_grouping=True)


@register.filter
def millis(ms: float | None) -> str:
    """Return a short duration: ms below a second, then s with one decimal, then whole s."""
    if ms is None:
        return "–"
    if ms < 1000:
        return _("%(n)s ms") % {"n": round(ms)}
    return _("%(n)s s") % {"n": brief(ms / 1000)}
