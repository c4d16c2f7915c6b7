"""Where addresses lead."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from dashboards.api.problems import no_such_path
from dashboards.api.root import api
from dashboards.system import health
from dashboards.views.api_reference import api_reference
from fleet.admin import facts

handler400 = "dashboards.errors.bad_request"
handler403 = "dashboards.errors.forbidden"
handler404 = "dashboards.errors.not_found"
handler429 = "dashboards.errors.too_many"  # django-allauth looks for it
handler500 = "dashboards.errors.server_error"
urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.prometheus),
    path("api/v1/docs", api_reference, name="api-reference"),
    path("api/v1/", api.urls),
    re_path(r"^api(?:/|$)", no_such_path),
    path("admin/", facts.urls),
    path("", include("dashboards.urls.door")),
    path("", include("dashboards.urls")),
]
