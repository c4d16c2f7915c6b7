"""Addresses of pages.  Each area keeps its own list; the names are what templates and tests use."""

from django.urls import URLPattern, URLResolver, path

from dashboards.urls import (
    access,
    alerts,
    commands,
    devices,
    duty,
    protocols,
    rollouts,
    sessions,
    sites,
    system,
)
from dashboards.views.home import home

app_name = "dashboards"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    *sites.urlpatterns,
    *devices.urlpatterns,
    *sessions.urlpatterns,
    *protocols.urlpatterns,
    *rollouts.urlpatterns,
    *alerts.urlpatterns,
    *commands.urlpatterns,
    *duty.urlpatterns,
    *system.urlpatterns,
    *access.urlpatterns,
]
