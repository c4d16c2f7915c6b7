"""Puts the API together: `/api/v1`, OpenAPI included."""

from typing import Any

from django.conf import settings
from ninja.openapi.schema import OpenAPISchema

from dashboards.api import (
    alerts,
    audit,
    commands,
    description,
    devices,
    library,
    permits,
    protocols,
    rejects,
    rollouts,
    sessions,
)
from dashboards.api.auth import CREDENTIALS
from dashboards.api.problems import ProblemAPI


class FleetAPI(ProblemAPI):
    _described: OpenAPISchema | None = None

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """Add what the framework does not know, such as every path's problems.  Made once a process."""
        if self._described is None:
            document = super().get_openapi_schema(**options)
            description.complete(document)
            self._described = document
        return self._described


api = FleetAPI(
    title="Myofleet",
    version=settings.VERSION,
    urls_namespace="api",
    docs_url=None,
    auth=CREDENTIALS,
)
for part in (devices, alerts, commands, permits, library, protocols, rollouts, sessions, rejects, audit):
    api.add_router("", part.router)
