"""Where addresses lead."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from dashboards import health
from dashboards.api.problems import no_such_path
from dashboards.api.root import api

handler400 = "dashboards.api.problems.bad_request"
handler500 = "dashboards.api.problems.server_error"
urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.prometheus),
    path("api/v1/", api.urls),
    re_path(r"^api(?:/|$)", no_such_path),
    path("", include("dashboards.urls")),
]
