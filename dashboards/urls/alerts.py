"""Alerts, who is on duty, and how they are told."""

from django.urls import URLPattern, path

from dashboards.views.alert_deeds import acknowledge_many, deed
from dashboards.views.alert_page import alert, evidence
from dashboards.views.alerts_console import console
from dashboards.views.alerts_history import history

urlpatterns: list[URLPattern] = [
    path("alerts/", console, name="alerts"),
    path("alerts/acknowledge/", acknowledge_many, name="alerts-acknowledge"),
    path("alerts/history/", history, name="alerts-history"),
    path("alerts/history.csv", history, {"as_csv": True}, name="alerts-history-csv"),
    path("alerts/<int:number>/", alert, name="alert"),
    path("alerts/<int:number>/evidence.json", evidence, name="alert-evidence"),
    path("alerts/<int:number>/<slug:name>/", deed, name="alert-deed"),
]
