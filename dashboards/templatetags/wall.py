"""What the templates of a wall need."""

from urllib.parse import quote

from django import template

register = template.Library()

ANY_SERIAL = "0SERIAL0"
"""Stands for a serial in an address that is made once, for hundreds of tiles and for the page's script."""


@register.filter
def serial(address: str, of: str) -> str:
    """Return the address with this serial in it."""
    return address.replace(ANY_SERIAL, quote(of, safe=""))
