"""Rollouts: a version to many devices, in waves."""

from django.urls import URLPattern, path

from dashboards.views.device_risk import device_risk
from dashboards.views.rollouts_list import rollouts

urlpatterns: list[URLPattern] = [
    path("rollouts/", rollouts, name="rollouts"),
    path("rollouts.csv", rollouts, {"as_csv": True}, name="rollouts-csv"),
    path("devices/<str:serial>/risk/", device_risk, name="device-risk"),
]
