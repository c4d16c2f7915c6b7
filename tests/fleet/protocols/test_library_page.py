"""docs/library.md is the library."""

from pathlib import Path

import django

django.setup()

from fleet.management.commands.library import PAGE  # noqa: E402
from fleet.protocols import library, library_page, library_texts  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_of_the_library_is_written_from_it() -> None:
    assert (ROOT / PAGE).read_text() == library_page.page(), "run: manage.py library --write"


def test_everything_that_keeps_a_row_from_a_document_has_words() -> None:
    assert set(library_texts.HINDRANCES) == set(library_texts.HINDERED) == set(library.Hindrance)
    assert set(library_texts.COLUMNS) == set(library.COLUMNS)
