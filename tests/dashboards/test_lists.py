"""Lists: filters, order and pages in the address; the same rows as CSV; nothing of other sites."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import QueryDict

from dashboards import downloads
from dashboards.lists.table import Column, Field, Filter, Listing, Option

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def numbers(**other: Any) -> Listing[int, int]:
    """A list of whole numbers, in memory."""
    known: dict[str, Any] = {
        "name": "numbers",
        "title": "Numbers",
        "columns": (
            Column("n", "Number", str, key=lambda n: n),
            Column("rest", "Rest", lambda n: str(n % 3), key=lambda n: n % 3 or None),
            Column("words", "Words", lambda n: "many"),
        ),
        "filters": (
            Filter("size", "Size", "choice", (Option("small", "small"), Option("big", "big"))),
            Filter("day", "Day", "date"),
            Filter("q", "Search"),
        ),
        "sort": "n",
        "prepare": list,
        "key": str,
        "nothing": "There are no numbers.",
        "fields": (Field("Number", lambda n: n),),
        "per_page": 10,
        "url": "/numbers/",
        "csv_url": "/numbers.csv",
    }
    return Listing(**(known | other))


def page(address: str = "", rows: Any = range(1, 36)) -> Any:
    listing = numbers()
    return listing.page(listing.ask(QueryDict(address)), list(rows), now=NOON)


def shown(address: str, rows: Any = range(1, 36)) -> list[str]:
    return [row.key for row in page(address, rows).rows]


def test_a_wrong_filter_is_named_with_what_is_allowed_and_the_good_one_beside_it_holds() -> None:
    asked = numbers().ask(QueryDict("size=huge&day=2026-11-22&colour=red"))
    assert asked.value("size") is None
    assert asked.value("day").isoformat() == "2026-11-22"
    assert asked.complaints == [
        "This list has no filter “colour”; it has: size, day, q.",
        "Size “huge” is not known here; there are: small, big.",
    ]


@pytest.mark.parametrize("wrong", ["22.11.2026", "2026-13-01", "soon"])
def test_a_day_that_is_none_is_told_how_to_write_one(wrong: str) -> None:
    [complaint] = numbers().ask(QueryDict(f"day={wrong}")).complaints
    assert complaint == f"Day “{wrong}” is no day; write it like 2026-11-22."


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "٣"])
def test_a_page_that_is_none_is_told_and_the_first_is_shown(wrong: str) -> None:
    found = page(f"page={wrong}")
    assert found.rows[0].key == "1"
    assert f"“{wrong}” is no page number" in found.complaints[0]


def test_a_page_past_the_end_shows_the_last_one() -> None:
    found = page("page=99")
    assert [row.key for row in found.rows] == ["31", "32", "33", "34", "35"]
    assert "past the end" in found.complaints[0]


def test_a_heading_sorts_and_a_second_click_turns_the_order_round() -> None:
    first = page()
    assert first.headings[0].aria_sort == "ascending"
    assert first.headings[0].url == "/numbers/?sort=-n"
    turned = page("sort=-n")
    assert turned.rows[0].key == "35"
    assert turned.headings[0].aria_sort == "descending"
    assert turned.headings[0].url == "/numbers/"
    assert turned.headings[2].url == ""


def test_what_is_unknown_comes_last_either_way() -> None:
    assert shown("sort=rest&page=4", range(1, 36))[-1] == "33"
    assert int(shown("sort=-rest&page=4", range(1, 36))[-1]) % 3 == 0


def test_an_order_that_the_list_does_not_have_is_told() -> None:
    assert "cannot be sorted by “colour”; it can by: n, rest." in page("sort=colour").complaints[0]


def test_filters_and_order_stay_in_the_addresses_of_the_pages_and_of_the_csv() -> None:
    found = page("size=big&sort=-n&page=2&day=never")
    assert found.next_url == "/numbers/?size=big&sort=-n&page=3"
    assert found.previous_url == "/numbers/?size=big&sort=-n"
    assert found.csv_url == "/numbers.csv?size=big&sort=-n"
    assert found.total == "11–20 of 35"


def test_an_empty_list_says_why() -> None:
    assert page(rows=()).empty == "There are no numbers."
    filtered = page("q=none", rows=())
    assert filtered.empty == "Nothing matches these filters: Search: none."
    assert filtered.is_filtered


def test_pages_end_where_nobody_reads_on_and_say_so() -> None:
    found = page("page=1000", rows=range(12_000))
    assert found.total == "9,991–10,000 of more than 10,000"
    assert found.is_cut
    assert not found.next_url


@pytest.mark.parametrize(
    "text", ["=1+1", "+49", "-2", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0", "＝1"]
)
def test_no_text_becomes_a_formula_in_a_spreadsheet(text: str) -> None:
    assert downloads.cell(text) == f"'{text}"


def test_numbers_stay_numbers_and_moments_are_utc_in_a_csv() -> None:
    assert downloads.cell(-2.5) == -2.5
    assert downloads.cell(NOON) == "2026-11-22T12:00:00.000Z"
    assert downloads.cell(None) == ""
