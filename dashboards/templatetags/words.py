"""`{% word %}`: a small "?" behind a word, which opens what the word means.

    {% load words %}
    <dt>{% translate "Phase width" %} {% word "phase-width" %}</dt>

The key is one of `dashboards.words.glossary.WORDS`; another one is a mistake of the template, and says so when it is
rendered.  It is a `<details>`, so it works by keyboard and without a script, and `/help/` has all of them.
"""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dashboards.words.glossary import WORDS

register = template.Library()


@register.simple_tag
def word(key: str) -> SafeString:
    """Return the help of one word of the glossary.

    Raises:
        TemplateSyntaxError: The glossary has no such word.
    """
    if key not in WORDS:
        raise template.TemplateSyntaxError(f"{key!r} is no word of dashboards.words.glossary; add it there")
    known = WORDS[key]
    return format_html(
        '<details class="help"><summary aria-label="{}">?</summary><p><b>{}</b> {}</p></details>',
        _("What “%(word)s” means") % {"word": known.name},
        known.name,
        known.meaning,
    )
