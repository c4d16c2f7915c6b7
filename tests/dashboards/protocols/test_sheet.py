"""What is typed into the protocol form is what the document says: no gap is filled, nothing typed is lost."""

from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.protocols import sheet
from dashboards.protocols.form import form
from dashboards.protocols.picture import picture
from devices.protocols import findings
from tests.dashboards.browser_modules import Ask
from tests.dashboards.prescribed import document
from tests.dashboards.protocols.test_drawing import documents

many = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def told(boxes: sheet.Sheet) -> dict[str, Any]:
    return {"top": boxes.top, "channels": boxes.channels, "steps": boxes.steps}


@many
@given(one=documents())
def test_a_document_that_is_shown_and_sent_back_is_the_same_document(one: dict[str, Any]) -> None:
    read = sheet.read(sheet.of_document(one), one)
    assert read.errors == {}
    wanted = {key: value for key, value in one.items() if key != "version"}
    for step in wanted["steps"]:
        step["target_ma"] = step["target_ma"] or [None] * len(one["channels_used"])
    assert read.document == wanted


texts = st.sampled_from(
    ("", "0", "15", "2,5", "0.5", "1e2", "x", "-3", "1,2,3", " 7 ", "nan", "inf", ".5", "5.")
)


@many
@given(data=st.data())
def test_the_page_reads_the_boxes_as_the_server_does(data: st.DataObject, ask: Ask) -> None:
    channels = tuple(sorted(data.draw(st.sets(st.integers(1, 3)))))
    names = [f"{name}.ch{n}" for n in channels for name in ("target_ma", "max_ma")]
    steps = tuple(
        {"name": "a", "kind": data.draw(st.sampled_from(("", "work")))}
        | {name: data.draw(texts).strip() for name in (*sheet.STEP_NUMBERS, *names)}
        | {f"tolerance.ch{n}": "on" for n in channels if data.draw(st.booleans())}
        for _ in range(data.draw(st.integers(0, 2)))
    )
    top = {name: data.draw(texts).strip() for name in ("minutes", "max_sessions_per_day", "min_rest_h")}
    boxes = sheet.Sheet(top, channels, steps)
    here = sheet.read(boxes, {})
    said = ask("read", sheet=told(boxes))
    if not here.errors:
        assert said["document"] == here.document
        assert said["drawable"] == (picture(here.document).words != MISSING)


MISSING = "Drawn as soon as every step has its times and currents, and the session its length."


def boxes(**changed: str) -> sheet.Sheet:
    whole = sheet.of_document(document())
    return sheet.Sheet(whole.top, whole.channels, ({**whole.steps[0], **changed},))


def test_an_empty_target_is_not_to_tolerance() -> None:
    read = sheet.read(boxes(**{"target_ma.ch1": "", "target_ma.ch2": "", "tolerance.ch2": ""}), {})
    assert "target_ma" not in read.document["steps"][0]
    assert [one.path for one in findings({"id": "q", "version": 1, **read.document})] == ["steps.0.target_ma"]


def test_a_target_that_one_channel_lacks_is_asked_for_there_and_not_made_up() -> None:
    read = sheet.read(boxes(**{"target_ma.ch1": ""}), {})
    assert read.errors == {"steps.0.target_ma.ch1": "Type a target, or tick “to tolerance”."}


@pytest.mark.parametrize(
    "typed, error",
    [
        ("80x", "“80x” is no number."),
        ("nan", "“nan” is no number."),
        ("1e999", "“1e999” is no number."),
        ("2.5", "“2.5” is no whole number."),
    ],
)
def test_what_is_no_number_is_told_at_its_box_and_stays_typed(typed: str, error: str) -> None:
    one = boxes(repeat=typed)
    read = sheet.read(one, {})
    box = form(one, (), read.errors).steps[0].boxes["repeat"]
    assert (box.text, [told.text for told in box.told], box.is_wrong) == (typed, [error], True)


def test_steps_are_added_copied_moved_and_removed_with_all_that_was_typed() -> None:
    one = boxes(name="first", on_s="12x")
    two = sheet.changed(sheet.changed(one, "copy:0"), "add")
    assert [step.get("name") for step in two.steps] == ["first", "first", ""]
    assert two.steps[1]["on_s"] == "12x"
    assert [step.get("name") for step in sheet.changed(two, "up:2").steps] == ["first", "", "first"]
    assert sheet.changed(two, "down:2") == two
    assert sheet.changed(two, "remove:1").steps == (one.steps[0], two.steps[2])
    assert sheet.changed(two, "remove:99") == sheet.changed(two, "nonsense") == two


def test_a_channel_that_comes_or_goes_takes_nobody_elses_currents_along() -> None:
    sent = QueryDict(
        "steps=1&channels=2&channels=3&steps.0.max_ma.ch1=10&steps.0.max_ma.ch2=20&steps.0.max_ma.ch3=30"
    )
    assert sheet.read(sheet.posted(sent), {}).document["steps"][0]["max_ma"] == [20, 30]


def test_each_finding_stands_at_its_field_once() -> None:
    one = boxes(**{"max_ma.ch1": "200", "off_s": ""})
    told_of = {"id": "q", "version": 1, **sheet.read(one, {}).document}
    shown = form(one, findings(told_of)).steps[0]
    assert any("200 mA" in said.text for said in shown.lanes[0].most.told)
    assert [said.text for said in shown.boxes["off_s"].told] == ["Fill this in."]
    assert shown.lanes[1].most.told == ()


def test_more_steps_than_a_protocol_can_have_are_not_made() -> None:
    full = sheet.posted(QueryDict("steps=999"))
    assert len(full.steps) == sheet.MOST_STEPS == len(sheet.changed(full, "add").steps)
    nines = "9" * 5_000
    assert sheet.posted(QueryDict(f"steps={nines}&steps.{nines}.on_s=1")).steps == ()
