"""One device, and lists of them."""

from django.urls import URLPattern, path

from dashboards.views.device import device, recent
from dashboards.views.device_credentials import deed
from dashboards.views.device_credentials import overview as credentials
from dashboards.views.device_history import envelope_json, history
from dashboards.views.device_past import contact, events, evidence, sessions
from dashboards.views.device_service import back as back_in_service
from dashboards.views.device_service import out as out_of_service
from dashboards.views.devices_list import devices
from dashboards.views.rejects_list import rejects

urlpatterns: list[URLPattern] = [
    path("devices/", devices, name="devices"),
    path("devices.csv", devices, {"as_csv": True}, name="devices-csv"),
    path("devices/<str:serial>/", device, name="device"),
    path("devices/<str:serial>/history/", history, name="device-history"),
    path("devices/<str:serial>/recent.json", recent, name="device-recent"),
    path("devices/<str:serial>/envelope.json", envelope_json, name="device-envelope"),
    path("devices/<str:serial>/sessions/", sessions, name="device-sessions"),
    path("devices/<str:serial>/events/", events, name="device-events"),
    path("devices/<str:serial>/contact/", contact, name="device-link"),
    path("devices/<str:serial>/evidence/", evidence, name="device-records"),
    path("devices/<str:serial>/service/", out_of_service, name="device-service"),
    path("devices/<str:serial>/service/back/", back_in_service, name="device-back"),
    path("devices/<str:serial>/credentials/", credentials, name="device-credentials"),
    path("devices/<str:serial>/credentials/<slug:name>/", deed, name="device-deed"),
    path("rejects/", rejects, name="rejects"),
    path("rejects.csv", rejects, {"as_csv": True}, name="rejects-csv"),
]
