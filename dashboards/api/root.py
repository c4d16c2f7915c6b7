"""Puts the API together: `/api/v1`, OpenAPI included."""

from typing import Any

from django.conf import settings
from ninja.openapi.schema import OpenAPISchema

from dashboards.api import devices, rejects, schemas, sessions
from dashboards.api.auth import CREDENTIALS
from dashboards.api.problems import MEDIA_TYPE, ProblemAPI

_PROBLEMS = {
    "401": "Nobody is logged in, or the token is no good.",
    "403": "You may see it, but not do it.",
    "404": "There is none, or you may not see it.",
    "409": "Its state forbids it.",
    "422": "A parameter cannot be used; `errors` says which, what was seen and what was expected.",
    "500": "Something unforeseen; it is logged.",
    "503": "The database does not answer.",
}
_ALWAYS = ("401", "404", "422", "500", "503")
_OF_ACTS = ("403", "409")


class FleetAPI(ProblemAPI):
    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """Add what every path may answer besides success."""
        document = super().get_openapi_schema(**options)
        components = document["components"]["schemas"]
        components["Problem"] = schemas.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components |= components["Problem"].pop("$defs", {})
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for path in document["paths"].values():
            for method, operation in path.items():
                for status in _ALWAYS if method == "get" else (*_ALWAYS, *_OF_ACTS):
                    operation["responses"][status] = {"description": _PROBLEMS[status], "content": content}
        return document


api = FleetAPI(
    title="Myofleet",
    version=settings.VERSION,
    description="Live supervision of electrical muscle stimulators.  `docs/api.md` tells more.",
    urls_namespace="api",
    docs_url=None,
    auth=CREDENTIALS,
)
for part in (devices, sessions, rejects):
    api.add_router("", part.router)
