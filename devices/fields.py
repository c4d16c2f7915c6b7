"""A model field for PostgreSQL's `int8multirange`, which Django does not know."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models
from psycopg.types.multirange import Multirange

Spans = list[tuple[int, int]]
"""Sorted, joined, inclusive ranges of sequence numbers: [(1, 500), (502, 502)]."""


def spans_of(value: Multirange[int]) -> Spans:
    """Return inclusive spans; the database always answers half-open, lower-bounded ranges."""
    return [
        (piece.lower, piece.upper - 1)
        for piece in value
        if piece.lower is not None and piece.upper is not None
    ]


def text_of(spans: Iterable[Sequence[int]]) -> str:
    """Return the multirange literal of inclusive spans."""
    return "{" + ",".join(f"[{low},{high}]" for low, high in spans) + "}"


class SpansField(models.Field):
    """Inclusive spans of whole numbers, kept as `int8multirange`."""

    def db_type(self, connection: Any) -> str:
        return "int8multirange"

    def from_db_value(
        self, value: Multirange[int] | None, _expression: Any, _connection: Any
    ) -> Spans | None:
        return None if value is None else spans_of(value)

    def get_prep_value(self, value: Iterable[Sequence[int]] | None) -> str | None:
        return None if value is None else text_of(value)

    def get_placeholder(self, _value: Any, _compiler: Any, _connection: Any) -> str:
        return "%s::int8multirange"
