"""The library in a real browser: found by what somebody comes with, made a draft, taken as a file and on paper."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.axe import serious
from tests.browser.conftest import Person

People = Callable[..., Person]

pytestmark = pytest.mark.timeout(300)


def test_a_clinician_finds_a_row_makes_a_draft_of_it_and_takes_it_along(
    person: People, tmp_path: Path
) -> None:
    one = person("clinician")
    one.log_in("/protocols/library/")
    page = one.page
    page.get_by_role("navigation", name="Indications").get_by_role("link", name="Stroke retraining").click()
    page.get_by_text("6 of 33 rows").wait_for()
    assert serious(one.page) == []
    page.get_by_role("link", name="17 · Stroke, extension of wrist and fingers").click()
    page.get_by_text("From memory, so the approver needs a note").wait_for()
    assert serious(one.page) == []
    page.get_by_label("Id of the new protocol").fill("browser-wrist")
    page.get_by_role("button", name="Make a draft").click()
    page.wait_for_url("**/protocols/browser-wrist/versions/1/edit/")
    assert page.locator("[name='steps.0.phase_us']").input_value() == "300"
    assert page.locator("[name='steps.0.frequency_hz']").input_value() == ""  # 35 or 50: nobody chose yet
    one.open("/protocols/browser-wrist/versions/1/print/")
    page.get_by_text("DRAFT. NOT FOR USE.").first.wait_for()
    assert serious(one.page) == []
    with page.expect_download() as taken:
        page.get_by_role("link", name="As a file (JSON)").click()
    file = tmp_path / "wrist.json"
    taken.value.save_as(file)
    assert json.loads(file.read_text())["id"] == "browser-wrist"
    one.open("/protocols/import/")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    page.get_by_text("Nothing differs from version 1.").wait_for()
    assert serious(one.page) == []


def test_the_library_keeps_to_a_phone(person: People) -> None:
    nurse = person("nurse", width=390, height=844, dark=True)
    nurse.log_in("/protocols/library/")
    for path in ("/protocols/library/", "/protocols/library/32/", "/protocols/library/22/"):
        nurse.open(path)
        assert serious(nurse.page) == []
        assert nurse.page.evaluate("document.documentElement.scrollWidth") <= 390
