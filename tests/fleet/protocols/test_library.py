"""The library says what its sources say: nothing averaged, nothing filled in that nobody said."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from devices.protocols import findings
from devices.protocols.policy import WHOLE_BODY
from fleet.protocols import library
from fleet.protocols.library import Confidence, Row
from fleet.protocols.library.cells import COLUMNS, cell, paths_of

DRAFTS = [row for row in library.ROWS if not row.is_reading]
READING = [row for row in library.ROWS if row.is_reading]
# The eleven words that clinicians come with.
WANTED = {
    "weakness", "spasm", "pain-sciatica", "posture", "strength", "recovery", "stroke", "range-of-motion", "atrophy",
    "blood-flow", "warm-up",
}  # fmt: skip
# Row, column: where the table has no entry.
EMPTY = {
    **dict.fromkeys((1, 7, 11, 12, 13, 14, 22, 23, 26, 27, 28), "ramp"),
    5: "waveform on_off ramp",
    6: "on_off ramp",
    15: "waveform ramp",
    18: "waveform phase on_off ramp",
    19: "session schedule",
    20: "on_off ramp",
    21: "phase on_off ramp session intensity",
    27: "phase ramp",
    28: "phase ramp",
    29: "phase on_off ramp",
    30: "phase ramp",
    31: "on_off ramp",
    33: "on_off ramp",
}


def name(row: Row) -> str:
    return f"{row.number}-{row.slug}"


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    items = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if items is None:
        yield path, value
        return
    for key, one in items:
        yield from leaves(one, f"{path}.{key}".strip("."))


def test_there_are_33_rows_each_under_its_own_number_and_name() -> None:
    assert [row.number for row in library.ROWS] == list(range(1, 34))
    assert len({row.slug for row in library.ROWS}) == 33
    assert all(re.fullmatch(r"[a-z0-9-]{1,64}", row.slug) for row in library.ROWS)


def test_every_indication_leads_somewhere_and_every_row_is_led_to() -> None:
    assert {one.slug for one in library.INDICATIONS} == WANTED
    assert all(one.rows and one.note for one in library.INDICATIONS)
    assert {n for one in library.INDICATIONS for n in one.rows} == set(range(1, 34))


@pytest.mark.parametrize("row", library.ROWS, ids=name)
def test_a_cell_that_the_table_leaves_empty_is_empty(row: Row) -> None:
    assert {column for column in COLUMNS if not row.cells[column]} == set(EMPTY.get(row.number, "").split())


@pytest.mark.parametrize("row", library.ROWS, ids=name)
def test_every_part_names_sources_that_are_listed_or_says_that_it_is_from_memory(row: Row) -> None:
    for one in (*row.cells.values(), row.source, row.caution):
        for part in one:
            if part.confidence is Confidence.FOUND:
                assert part.sources
                assert part.certainty is None
                assert set(part.sources) <= set(library.SOURCES)
            else:
                assert part.certainty is not None
                assert not part.sources


def test_no_source_is_listed_that_nothing_comes_from() -> None:
    used = {key for row in library.ROWS for key in row.sources}
    used |= {key for _text, keys in library.GUIDANCE for key in keys}
    assert used == set(library.SOURCES)


@pytest.mark.parametrize("row", DRAFTS, ids=name)
def test_an_empty_cell_became_no_number(row: Row) -> None:
    told = dict(leaves(library.document(row)))
    open_paths = {one.path for one in library.missing(row)}
    for column in COLUMNS:
        if not row.cells[column] and not (column == "on_off" and "continuous" in row.text):
            for path in paths_of(column, len(row.draft.steps if row.draft else ())):
                assert path not in told
                assert path in open_paths


@pytest.mark.parametrize("row", DRAFTS, ids=name)
def test_every_number_of_a_draft_is_printed_in_its_row(row: Row) -> None:
    """Minutes become seconds, days hours, "continuous" one long cycle; nothing else is worked out."""
    printed = {float(n) for n in re.findall(r"\d+(?:\.\d+)?", row.text.replace("–", " "))}
    printed |= {60 * n for n in printed} | {3600 * n for n in printed} | {24 * n for n in printed}
    printed |= {0.0, 1.0} if "continuous" in row.text else set()
    for path, value in leaves(library.document(row)):
        if isinstance(value, int | float) and path != "version":
            assert value in printed, path


@pytest.mark.parametrize("row", DRAFTS, ids=name)
def test_every_cell_from_memory_has_to_be_confirmed(row: Row) -> None:
    confirmed = set(library.to_confirm(row))
    for column in row.from_memory:
        assert confirmed & set(paths_of(column, len(row.draft.steps if row.draft else ()))), column
    if not row.from_memory:
        assert not confirmed


@pytest.mark.parametrize("row", DRAFTS, ids=name)
def test_a_draft_lacks_just_what_it_says_is_missing_and_cannot_be_submitted(row: Row) -> None:
    found = findings(library.document(row))
    lacking = {one.path for one in found if one.code == "missing"}
    assert lacking == {one.path for one in library.missing(row)}
    assert {one.code for one in found if one.severity == "error"} <= {"missing"}
    assert lacking, "channels and the highest current are always a clinician's"


@pytest.mark.parametrize("row", DRAFTS, ids=name)
def test_to_tolerance_is_said_only_where_the_row_says_the_maximum_tolerated(row: Row) -> None:
    intensity = " ".join(part.text for part in row.cells["intensity"])
    for step in library.document(row)["steps"]:
        if "target_ma" in step:
            assert step["target_ma"] is None
            assert "maximum tolerated" in intensity


@pytest.mark.parametrize("row", READING, ids=name)
def test_a_reading_row_says_why_and_makes_no_document(row: Row) -> None:
    assert row.hindrances
    with pytest.raises(ValueError, match="is for reading"):
        library.document(row)


def test_rows_that_follow_a_crank_the_weeks_or_a_carrier_are_for_reading() -> None:
    assert [row.number for row in READING] == [2, 3, 8, 14, 15, 22, 27]


def test_rows_that_are_from_memory_throughout_say_so_in_every_cell() -> None:
    for number in (3, 25, 31):
        row = library.row(number)
        assert set(row.from_memory) == {column for column in COLUMNS if row.cells[column]}


def test_ranges_stay_ranges() -> None:
    """Row 16: 200–300 µs, most often 250: neither the mean nor the usual is filled in."""
    row = library.row(16)
    assert "phase_us" not in library.document(row)["steps"][0]
    open_ = {one.path: one.open for one in library.missing(row)}["steps.0.phase_us"]
    assert (open_.low, open_.high, open_.usual) == (200, 300, 250)


def test_the_row_after_a_new_knee_is_as_its_trial_had_it() -> None:
    """50 Hz, 250 µs, 3 s up, 15:45, 15 contractions, twice a day; whether the ramp is in the 15 s is open."""
    row = library.row(4)
    assert library.document(row) == {
        "id": "tka-early-strength",
        "version": 1,
        "title": "Knee replacement, early strength (Stevens-Lapsley 2012)",
        "waveform": "symmetric_biphasic",
        "steps": [
            {
                "name": "work", "kind": "work", "repeat": 15, "frequency_hz": 50, "phase_us": 250, "ramp_up_s": 3,
                "off_s": 45, "target_ma": None,
            }
        ],
        "limits": {"max_sessions_per_day": 2},
    }  # fmt: skip
    assert [one.path for one in library.missing(row)] == [
        "indication",
        "channels_used",
        "steps.0.on_s",
        "steps.0.ramp_down_s",
        "steps.0.max_ma",
        "limits.max_session_s",
        "limits.min_rest_h",
    ]


def test_rows_for_the_whole_body_are_judged_by_its_limits() -> None:
    for number in (30, 32, 33):
        assert library.document(library.row(number))["indication"] == WHOLE_BODY
        assert library.row(number).caution


def test_a_row_that_several_indications_lead_to_leaves_the_choice() -> None:
    open_ = {one.path: one.open for one in library.missing(library.row(4))}["indication"]
    assert open_.choices == ("weakness", "strength", "atrophy")
    assert library.document(library.row(24))["indication"] == "strength"


def test_a_part_of_a_cell_without_a_word_for_it_is_no_cell() -> None:
    with pytest.raises(ValueError, match="no source"):
        cell("10:50", "somewhere")
