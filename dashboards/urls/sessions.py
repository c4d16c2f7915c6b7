"""Sessions of treatment."""

from django.urls import URLPattern, path

from dashboards.views.sessions_list import sessions

urlpatterns: list[URLPattern] = [
    path("sessions/", sessions, name="sessions"),
    path("sessions.csv", sessions, {"as_csv": True}, name="sessions-csv"),
]
