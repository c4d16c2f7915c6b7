"""The OpenAPI document: complete, with an example of everything, and published as it is."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from dashboards.api.root import api
from fleet.management.commands import openapi

DOCUMENT: dict[str, Any] = json.loads(openapi.text())
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
operations = pytest.mark.parametrize(
    "operation", [one for _, one in OPERATIONS], ids=[n for n, _ in OPERATIONS]
)


def fits(example: Any, schema: dict[str, Any]) -> None:
    jsonschema.validate(
        example,
        schema | {"components": DOCUMENT["components"]},
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


def contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every content of a request or an answer."""
    for part in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from part.get("content", {}).values()


@operations
def test_every_operation_says_what_it_is_for(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["operationId"]
    assert set(operation["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}
    assert operation["security"] == [{"TokenAuth": []}, {"SessionAuth": []}]


@operations
def test_every_answer_and_every_body_has_an_example_that_fits_its_schema(operation: dict[str, Any]) -> None:
    for content in contents(operation):
        fits(content["example"], content["schema"])


@operations
def test_every_parameter_has_an_example_that_fits_its_schema(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        fits(parameter["example"], parameter["schema"])
        assert "anyOf" not in parameter["schema"], "an address holds no null"
        assert parameter["description"]


@operations
def test_every_error_is_a_problem_of_its_own_status(operation: dict[str, Any]) -> None:
    errors = {status: one for status, one in operation["responses"].items() if status >= "400"}
    assert {"401", "403", "404", "429", "500", "503"} <= set(errors)
    for status, answer in errors.items():
        [(media_type, content)] = answer["content"].items()
        assert media_type == "application/problem+json"
        assert content["example"]["status"] == int(status)
        assert content["example"]["instance"].startswith("/api/v1/")
        assert "{" not in content["example"]["instance"]
    assert {"Retry-After"} <= set(errors["429"]["headers"]) & set(errors["503"]["headers"])


def test_what_is_described_is_reached_by_some_path() -> None:
    text = openapi.text()
    for name in DOCUMENT["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name


def test_every_name_in_the_document_exists() -> None:
    """No `$ref` leads nowhere."""
    jsonschema.Draft202012Validator.check_schema({"$defs": DOCUMENT["components"]["schemas"]})
    for reference in set(re.findall(r'"#/components/([^"]+)"', openapi.text())):
        kind, _, name = reference.partition("/")
        assert name in DOCUMENT["components"][kind], reference


def test_the_published_document_is_current() -> None:
    try:
        call_command("openapi", check=True)
    except CommandError as error:
        pytest.fail(str(error))


def test_the_document_is_the_same_however_often_it_is_made() -> None:
    assert api.get_openapi_schema()
    assert openapi.text() == openapi.text()


def test_people_read_the_same_as_a_page_without_a_login(client: Client) -> None:
    page = client.get("/api/v1/docs").content.decode()
    for name, operation in OPERATIONS:
        assert f'id="{operation["operationId"]}"' in page
        assert name in page
    assert "<script>" not in page
