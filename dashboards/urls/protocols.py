"""Protocols: their versions, who approves them, the library they may be taken from, and how they go in and out.

Fixed words stand before `<str:id>`: no protocol can have one of them as its id (`dashboards.protocols.found`).
"""

from django.urls import URLPattern, path

from dashboards.views.approvals import approvals
from dashboards.views.protocol_deeds import approve, begin_next, reject, submit, withdraw
from dashboards.views.protocol_devices import devices, lock_all, roll_back_all
from dashboards.views.protocol_edit import edit, new
from dashboards.views.protocol_import import import_protocol
from dashboards.views.protocol_library import library, library_row
from dashboards.views.protocol_page import protocol, version
from dashboards.views.protocol_paper import export, print_version
from dashboards.views.protocols_list import protocols

urlpatterns: list[URLPattern] = [
    path("protocols/", protocols, name="protocols"),
    path("protocols/new/", new, name="protocol-new"),
    path("protocols/approvals/", approvals, name="approvals"),
    # The library, import.
    path("protocols/library/", library, name="library"),
    path("protocols/library/<int:row>/", library_row, name="library-row"),
    path("protocols/import/", import_protocol, name="protocol-import"),
    # One protocol.
    path("protocols/<str:id>/", protocol, name="protocol"),
    path("protocols/<str:id>/versions/<int:number>/", version, name="protocol-version"),
    path("protocols/<str:id>/versions/<int:number>/edit/", edit, name="protocol-edit"),
    path("protocols/<str:id>/versions/<int:number>/submit/", submit, name="protocol-submit"),
    path("protocols/<str:id>/versions/<int:number>/next/", begin_next, name="protocol-next"),
    path("protocols/<str:id>/versions/<int:number>/approve/", approve, name="protocol-approve"),
    path("protocols/<str:id>/versions/<int:number>/reject/", reject, name="protocol-reject"),
    path("protocols/<str:id>/versions/<int:number>/withdraw/", withdraw, name="protocol-withdraw"),
    path("protocols/<str:id>/versions/<int:number>/devices/", devices, name="protocol-devices"),
    path("protocols/<str:id>/versions/<int:number>/devices/lock/", lock_all, name="protocol-lock"),
    path("protocols/<str:id>/versions/<int:number>/devices/back/", roll_back_all, name="protocol-back"),
    path("protocols/<str:id>/versions/<int:number>/print/", print_version, name="protocol-print"),
    path("protocols/<str:id>/versions/<int:number>.json", export, name="protocol-json"),
]
