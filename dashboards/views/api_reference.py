"""The reference of the HTTP API for people: the OpenAPI document as a page, without foreign scripts."""

import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from dashboards.api.root import api


@require_safe
def api_reference(request: HttpRequest) -> HttpResponse:
    """Every path with its parameters, answers and examples; for everybody, as the document itself."""
    document = api.get_openapi_schema()
    operations = list(_operations(document))
    groups = [
        {
            "name": tag["name"],
            "text": tag["description"],
            "operations": [one for one in operations if tag["name"] in one["tags"]],
        }
        for tag in document["tags"]
    ]
    context = {"groups": groups, "version": document["info"]["version"]}
    return render(request, "dashboards/api_reference.html", context)


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            answers = operation["responses"].items()
            success = next(answer for status, answer in answers if status < "300")
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            yield {
                "id": operation["operationId"],
                "tags": operation["tags"],
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "text": _marked(operation["description"]),
                "parameters": [_parameter(one) for one in operation.get("parameters", [])],
                "body": _example(body) if body else "",
                "answer": _example(success["content"]["application/json"]),
                "errors": [
                    (status, _marked(one["description"])) for status, one in answers if status >= "400"
                ],
            }


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    schema = parameter["schema"]
    limits = ""
    if "maximum" in schema:
        limits = f"{schema['minimum']}…{schema['maximum']}"
    elif "maxLength" in schema:
        limits = f"≤ {schema['maxLength']}"
    kinds = schema.get("enum") or [schema.get("format", schema["type"])]
    return {
        "name": parameter["name"],
        "kind": " | ".join(kinds),
        "limits": limits,
        "text": _marked(parameter["description"]),
        "default": schema.get("default"),
        "example": parameter["example"],
        "required": parameter["required"],
    }


def _example(content: dict[str, Any]) -> str:
    return json.dumps(content["example"], indent=1, ensure_ascii=False)


def _marked(text: str) -> SafeString:
    """Return the text with what stands between backquotes as code."""
    shapes = ("{}", "<code>{}</code>")
    parts = [format_html(shapes[n % 2], one) for n, one in enumerate(text.split("`"))]
    return format_html_join("", "{}", ((one,) for one in parts))
