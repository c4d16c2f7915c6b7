"""Duty and telling in a browser: one button takes over, the handover prints, and axe finds nothing serious."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.axe import serious
from tests.browser.conftest import Person

People = Callable[..., Person]

pytestmark = pytest.mark.timeout(300)

TELLING = "/sites/north-rehab/telling/"


def found_on(one: Person) -> list[str]:
    """What axe-core complains of seriously, once the page is live: what it says until then is of a moment."""
    one.page.wait_for_selector('#alertbar[data-state="live"]')
    return serious(one.page)


def fits(one: Person) -> bool:
    """Whether nothing is wider than the screen."""
    return bool(one.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_one_button_takes_over_and_the_handover_fits_a_sheet_of_a4(person: People) -> None:
    nurse = person("nurse")
    page = nurse.page
    # A shift of the demo's rota that begins meanwhile would end the turn before the button does.
    nurse.house.sql("UPDATE paging_shift SET first_day = current_date + 2 WHERE duty = 'care'")
    nurse.log_in("/duty/")
    assert found_on(nurse) == []
    page.get_by_role("textbox", name="For the next on duty").fill("Lead 2 of Room 102 is loose")
    page.get_by_role("button", name="Leave the note").click()
    page.get_by_text("whoever takes over reads it").wait_for()
    page.get_by_role("button", name="I take over").first.dblclick()  # as people in a hurry do
    page.wait_for_url(re.compile("/duty/handover/"))
    expect(page.get_by_text("Lead 2 of Room 102 is loose")).to_be_visible()
    expect(page.get_by_role("button", name="Print on A4")).to_be_visible()
    assert found_on(nurse) == []
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 1000})  # 182 mm, between the margins, at 96 dpi
    assert fits(nurse)
    expect(page.get_by_role("navigation", name="Pages")).to_be_hidden()
    page.emulate_media(media="screen")
    nurse.open("/duty/")
    page.get_by_role("button", name="End my turn").click()
    page.get_by_text("The turn is ended.").wait_for()


def test_an_engineer_writes_the_rota_and_a_policy_on_a_phone_in_the_dark(person: People) -> None:
    engineer = person("engineer", width=390, height=844, dark=True)
    page = engineer.page
    engineer.log_in(TELLING)
    page.get_by_text("Put somebody on the rota").click()
    page.get_by_label("Who", exact=True).select_option(label="Carla Mendes")
    page.get_by_label("Sat").check()
    page.get_by_label("From", exact=True).fill("09:00")
    page.get_by_label("To", exact=True).fill("12:00")
    page.get_by_role("button", name="Put on the rota").click()
    page.get_by_text("Carla Mendes is on the rota: Sat, from 09:00 to 12:00.").wait_for()
    assert fits(engineer)
    assert found_on(engineer) == []
    page.get_by_role("link", name="Change High").click()
    assert fits(engineer)
    assert found_on(engineer) == []
    page.get_by_label("Begin again after (min)").fill("7")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("7 minutes after the last step it begins again").wait_for()


def test_the_sounds_can_be_heard_and_a_device_taken_out_of_service(person: People) -> None:
    nurse = person("nurse")
    page = nurse.page
    nurse.log_in("/account/telling/")
    page.get_by_role("button", name="Low", exact=True).click()
    page.get_by_text("It was played.").wait_for()
    assert found_on(nurse) == []
    serial = next(d["serial"] for d in nurse.house.people["spare_devices"] if d["site"] == "north-rehab")
    nurse.open(f"/devices/{serial}/")
    page.get_by_role("link", name="Take out of service…").click()
    page.get_by_label("Why").fill("trial of the page")
    assert found_on(nurse) == []
    page.get_by_role("button", name="Take it out of service").click()
    page.get_by_role("button", name="Back in service").click()
    page.get_by_text("is in service again").wait_for()
