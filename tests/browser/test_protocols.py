"""Protocols in a real browser: written while the envelope is drawn, approved by somebody else, on a phone too."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.axe import serious
from tests.browser.conftest import Person

People = Callable[..., Person]
STEP = {
    "repeat": "15", "frequency_hz": "50", "phase_us": "250", "ramp_up_s": "3", "on_s": "15", "ramp_down_s": "1",
    "off_s": "45", "max_ma.ch1": "70",
}  # fmt: skip

pytestmark = pytest.mark.timeout(300)


def write(one: Person, id: str) -> None:
    """Fill the form in, all but the target of channel 1."""
    page = one.page
    page.get_by_label("Id", exact=True).fill(id)
    page.get_by_label("Title").fill("Quadriceps")
    page.get_by_label("Indication").fill("tka")
    page.get_by_label("Waveform").select_option("symmetric_biphasic")
    for name, value in STEP.items():
        page.locator(f"[name='steps.0.{name}']").fill(value)
    page.locator("[name='steps.0.name']").fill("work")
    page.get_by_label("Longest session").fill("20")
    page.get_by_label("Sessions a day").fill("2")
    page.get_by_label("Rest between sessions").fill("4")


def test_a_protocol_is_drawn_and_judged_while_it_is_written_and_approved_by_somebody_else(
    person: People,
) -> None:
    writer, other = person("clinician"), person("clinician2", width=390, height=844, dark=True)
    writer.log_in("/protocols/new/")
    write(writer, "browser-quads")
    typed_and_judged(writer)
    steps_come_and_go(writer)
    assert serious(writer.page) == []
    writer.page.get_by_role("button", name="Save draft").click()
    writer.page.get_by_text("The draft is saved").wait_for()
    assert serious(writer.page) == []
    writer.page.get_by_role("button", name="Submit for approval").click()
    writer.page.get_by_text("so it cannot be you").wait_for()
    approve(other, "browser-quads")


def typed_and_judged(writer: Person) -> None:
    page = writer.page
    target = page.locator("[name='steps.0.target_ma.ch1']")
    page.get_by_text("Type a target, or tick").wait_for()  # an empty target is not "to tolerance"
    expect(page.locator("#envelope .envelope")).to_have_count(0)
    target.fill("200")
    page.get_by_text("200 mA, is above the highest, 70 mA").wait_for()
    expect(target).to_have_attribute("aria-invalid", "true")
    target.fill("60")
    page.get_by_text("Nothing keeps this from being submitted").wait_for()
    page.get_by_text("16:00 in all · 15 contractions").wait_for()


def steps_come_and_go(writer: Person) -> None:
    page = writer.page
    page.locator("[name=channels][value='2']").check()
    page.locator("[name='steps.0.max_ma.ch2']").fill("50")
    page.locator("[name='steps.0.tolerance.ch2']").check()
    page.locator("#envelope figcaption", has_text="Channel 2").wait_for()
    page.get_by_role("button", name="Copy step 1").click()
    page.locator("[name='steps.1.name']").wait_for()
    expect(page.locator("[name='steps.1.max_ma.ch2']")).to_have_value("50")
    page.get_by_role("button", name="Remove step 2").click()
    page.locator("[name='steps.1.name']").wait_for(state="detached")


def approve(other: Person, id: str) -> None:
    other.log_in("/protocols/approvals/")
    assert serious(other.page) == []
    waiting = other.page.locator(".waiting li", has_text=id)
    waiting.get_by_role("link", name="Look and decide").click()
    other.page.get_by_label("Reason").fill("read against the paper")
    other.page.get_by_label("Your password, again").fill(
        other.house.people["users"]["clinician2"]["password"]
    )
    assert serious(other.page) == []
    assert other.page.evaluate("document.documentElement.scrollWidth") <= 390
    other.page.get_by_role("button", name="Approve: may be used on people").click()
    other.page.get_by_text("no device has it by that alone").wait_for()
    assert serious(other.page) == []


def test_what_is_not_saved_is_not_lost_by_a_click(person: People) -> None:
    writer = person("clinician")
    writer.log_in("/protocols/new/")
    page, asked = writer.page, []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_label("Title").press_sequentially("Quads")
    with page.expect_event("dialog"):
        page.get_by_role("link", name="Sites").click(no_wait_after=True)
    assert page.get_by_label("Title").input_value() == "Quads"
    page.get_by_role("link", name="Leave without saving").click()
    page.get_by_role("heading", name="Protocols").wait_for()
    assert asked == ["beforeunload"]
    assert serious(writer.page) == []
