"""Protocols: their versions, who approves them, the library they may be taken from, and how they go in and out.

Fixed words stand before `<str:id>`: no protocol can have one of them as its id (`dashboards.protocols.names`).
"""

from django.urls import URLPattern, path

from dashboards.views.protocols_list import protocols

urlpatterns: list[URLPattern] = [
    path("protocols/", protocols, name="protocols"),
    # The library, import.
    # One protocol.
]
