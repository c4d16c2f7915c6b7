"""What people ask of devices: one of them, a room, a site; and what became of it."""

from django.urls import URLPattern, path

from dashboards.views.command_page import command, reason
from dashboards.views.commands_list import commands
from dashboards.views.device_commands import ask, device_commands
from dashboards.views.permit import permit
from dashboards.views.stop import room_identify, site_stop, stop, stop_reason

urlpatterns: list[URLPattern] = [
    path("commands/", commands, name="commands"),
    path("commands.csv", commands, {"as_csv": True}, name="commands-csv"),
    path("commands/<uuid:number>/", command, name="command"),
    path("commands/<uuid:number>/reason/", reason, name="command-reason"),
    path("devices/<str:serial>/commands/", device_commands, name="device-commands"),
    path("devices/<str:serial>/ask/", ask, name="device-ask"),
    path("stops/<uuid:number>/", stop, name="stop"),
    path("stops/<uuid:number>/reason/", stop_reason, name="stop-reason"),
    path("sites/<slug:slug>/stop/", site_stop, name="site-stop"),
    path("sites/<slug:slug>/identify/", room_identify, name="room-identify"),
    path("sites/<slug:slug>/permit/", permit, name="permit"),
]
