"""Burden and rules in a real browser: read by everybody, tried on a day and put live by an engineer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import Person

AXE = (Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js").read_text()
People = Callable[..., Person]

pytestmark = pytest.mark.timeout(180)


def serious(one: Person) -> list[str]:
    one.page.evaluate(AXE)
    found = one.page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations)")
    return [
        f"{it['id']}: {it['nodes'][0]['html'][:120]}"
        for it in found
        if it["impact"] in ("serious", "critical")
    ]


def test_an_engineer_tries_other_numbers_on_a_day_takes_them_and_puts_them_live(person: People) -> None:
    engineer = person("engineer")
    engineer.log_in("/alerts/rules/")
    page, slug = engineer.page, engineer.house.people["users"]["engineer"]["sites"][0]
    assert serious(engineer) == []
    engineer.open(f"/sites/{slug}/rules/?rule=low_current")
    page.get_by_label("Must last for (on-delay)").locator("visible=true").first.fill("20")
    page.get_by_role("button", name="Try").click()
    page.get_by_text("instead of").first.wait_for()
    assert serious(engineer) == []
    page.get_by_role("link", name="Take these numbers").click()
    page.get_by_label("Why", exact=True).fill("pads of ward 3 settle slowly")
    page.get_by_role("button", name="Put live").click()
    page.get_by_text("Version 1 holds now").wait_for()
    assert serious(engineer) == []


def test_the_burden_is_drawn_and_keeps_to_a_phone(person: People) -> None:
    nurse = person("nurse", width=390, height=844, dark=True)
    nurse.log_in("/alerts/burden/")
    nurse.page.wait_for_selector("#plots[data-drawn='3']")
    assert serious(nurse) == []
    assert nurse.page.evaluate("document.documentElement.scrollWidth") <= 390
