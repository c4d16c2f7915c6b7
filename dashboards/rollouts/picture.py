"""A bar as an SVG: its colours repeat what its words say."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards.rollouts.bars import Bar


def picture(shown: Bar) -> SafeString:
    parts = ((part.key, f"{part.left:.1f}", f"{part.width:.1f}") for part in shown.parts if part.width)
    return format_html(
        '<svg class="ro-bar" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        shown.words,
        format_html_join("", '<rect data-part="{}" x="{}" width="{}" height="10"/>', parts),
    )
