"""Protocols in templates: where a version stands, how long a session lasts, which way a value went."""

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.protocols import words
from dashboards.templatetags.moments import clock
from devices.plan import Plan
from fleet.protocols import texts

register = template.Library()


@register.simple_tag
def version_state(state: str) -> SafeString:
    """Return where a version stands, as a mark with its word."""
    return words.badge(state)


@register.simple_tag
def session_length(plan: Plan) -> str:
    """Return "15:20 in all · 15 contractions"."""
    count = ngettext("%(n)s contraction", "%(n)s contractions", plan.contractions)
    return _("%(time)s in all · %(contractions)s") % {
        "time": clock(plan.length_ms),
        "contractions": count % {"n": f"{plan.contractions:,}"},
    }


@register.simple_tag
def direction(level: str) -> str:
    """Return which way a difference goes: stronger, weaker, different."""
    return str(texts.DIRECTIONS[level])
