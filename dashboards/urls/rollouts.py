"""Rollouts: a version to many devices, in waves."""

from django.urls import URLPattern, path

from dashboards.views.device_risk import device_risk
from dashboards.views.rollout_deeds import deed
from dashboards.views.rollout_form import rollout_edit, rollout_new
from dashboards.views.rollout_page import decisions, rollout
from dashboards.views.rollout_targets import targets
from dashboards.views.rollouts_list import rollouts

urlpatterns: list[URLPattern] = [
    path("rollouts/", rollouts, name="rollouts"),
    path("rollouts.csv", rollouts, {"as_csv": True}, name="rollouts-csv"),
    path("rollouts/new/", rollout_new, name="rollout-new"),
    path("rollouts/<uuid:number>/", rollout, name="rollout"),
    path("rollouts/<uuid:number>/edit/", rollout_edit, name="rollout-edit"),
    path("rollouts/<uuid:number>/targets/", targets, name="rollout-targets"),
    path("rollouts/<uuid:number>/targets.csv", targets, {"as_csv": True}, name="rollout-targets-csv"),
    path("rollouts/<uuid:number>/decisions/", decisions, name="rollout-decisions"),
    path("rollouts/<uuid:number>/<slug:verb>/", deed, name="rollout-do"),
    path("devices/<str:serial>/risk/", device_risk, name="device-risk"),
]
