"""One device, and lists of them."""

from django.urls import URLPattern, path

from dashboards.views.rejects_list import rejects

urlpatterns: list[URLPattern] = [
    path("rejects/", rejects, name="rejects"),
    path("rejects.csv", rejects, {"as_csv": True}, name="rejects-csv"),
]
