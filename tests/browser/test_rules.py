"""Burden and rules in a real browser: read by everybody, tried on a day and put live by an engineer."""

from collections.abc import Callable

import pytest

from tests.browser.axe import serious
from tests.browser.conftest import Person

People = Callable[..., Person]

pytestmark = pytest.mark.timeout(300)


def test_an_engineer_tries_other_numbers_on_a_day_takes_them_and_puts_them_live(person: People) -> None:
    engineer = person("engineer")
    engineer.log_in("/alerts/rules/")
    page, slug = engineer.page, engineer.house.people["users"]["engineer"]["sites"][0]
    assert serious(engineer.page) == []
    engineer.open(f"/sites/{slug}/rules/?rule=low_current")
    page.get_by_label("Must last for (on-delay)").locator("visible=true").first.fill("20")
    page.get_by_role("button", name="Try").click()
    page.get_by_text("instead of").first.wait_for()
    assert serious(engineer.page) == []
    page.get_by_role("link", name="Take these numbers").click()
    page.get_by_label("Why", exact=True).fill("pads of ward 3 settle slowly")
    page.get_by_role("button", name="Put live").click()
    page.get_by_text("Version 1 holds now").wait_for()
    assert serious(engineer.page) == []


def test_the_burden_is_drawn_and_keeps_to_a_phone(person: People) -> None:
    nurse = person("nurse", width=390, height=844, dark=True)
    nurse.log_in("/alerts/burden/")
    nurse.page.wait_for_selector("#plots[data-drawn='3']")
    assert serious(nurse.page) == []
    assert nurse.page.evaluate("document.documentElement.scrollWidth") <= 390
