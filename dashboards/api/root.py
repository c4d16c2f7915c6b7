"""Puts the API together: `/api/v1`, OpenAPI included."""

from typing import Any

from django.conf import settings
from ninja.openapi.schema import OpenAPISchema

from dashboards.api import audit, description, devices, rejects, sessions
from dashboards.api.auth import CREDENTIALS
from dashboards.api.problems import ProblemAPI


class FleetAPI(ProblemAPI):
    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """Add what the framework does not know, such as every path's problems."""
        document = super().get_openapi_schema(**options)
        description.complete(document)
        return document


api = FleetAPI(
    title="Myofleet",
    version=settings.VERSION,
    urls_namespace="api",
    docs_url=None,
    auth=CREDENTIALS,
)
for part in (devices, sessions, rejects, audit):
    api.add_router("", part.router)
