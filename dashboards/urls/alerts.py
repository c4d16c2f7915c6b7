"""Alerts, who is on duty, and how they are told."""

from django.urls import URLPattern, path

from dashboards.views.alert_deeds import acknowledge_many, deed
from dashboards.views.alert_page import alert, evidence
from dashboards.views.alerts_console import console
from dashboards.views.alerts_history import history
from dashboards.views.burden import burden
from dashboards.views.push_worker import push_worker
from dashboards.views.rules import rule, rules
from dashboards.views.rules_change import rules_change, rules_replay

urlpatterns: list[URLPattern] = [
    path("alerts/burden/", burden, name="alerts-burden"),
    path("alerts/rules/", rules, name="rules"),
    path("alerts/rules/<str:rule>/", rule, name="rule"),
    path("sites/<slug:slug>/rules/", rules_change, name="rules-change"),
    path("sites/<slug:slug>/rules/tried/<int:number>/", rules_replay, name="rules-replay"),
    path("alerts/", console, name="alerts"),
    path("alerts/acknowledge/", acknowledge_many, name="alerts-acknowledge"),
    path("alerts/history/", history, name="alerts-history"),
    path("alerts/history.csv", history, {"as_csv": True}, name="alerts-history-csv"),
    path("alerts/<int:number>/", alert, name="alert"),
    path("alerts/<int:number>/evidence.json", evidence, name="alert-evidence"),
    path("alerts/<int:number>/<slug:name>/", deed, name="alert-deed"),
    path("push-worker.js", push_worker, name="push-worker"),
]
