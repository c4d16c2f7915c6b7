"""Sessions of treatment."""

from django.urls import URLPattern, path

from dashboards.views.session import plot, samples, session
from dashboards.views.sessions_list import sessions

urlpatterns: list[URLPattern] = [
    path("sessions/", sessions, name="sessions"),
    path("sessions.csv", sessions, {"as_csv": True}, name="sessions-csv"),
    path("sessions/<str:serial>/<str:session>/", session, name="session"),
    path("sessions/<str:serial>/<str:session>/plot.json", plot, name="session-plot"),
    path("sessions/<str:serial>/<str:session>/samples.csv", samples, name="session-csv"),
]
