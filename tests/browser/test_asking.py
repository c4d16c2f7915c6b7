"""A stop that nobody takes, in a real browser: the page says so within a second, and goes on saying it."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import Machine, Person

People = Callable[..., Person]
BOTH_WAYS = ("**/api/v1/devices/*/commands", "**/direct/stop")
OVER_A_PAGE_THAT_IS_NOT_LIVE = """() => {
  document.body.dataset.live = "down";
  const over = document.getElementById("presses");
  return [getComputedStyle(over).display, over.textContent];
}"""
GO = "Go there: could not be sent"

pytestmark = pytest.mark.timeout(300)


def test_a_stop_that_nobody_takes_says_go_there_within_a_second_and_after_a_reload(
    person: People, machine: Machine
) -> None:
    nurse = person("nurse")
    nurse.open_wall(machine.site)
    machine.status(state="running", output="on", session="S-1")
    tile = nurse.tile(machine.serial)
    tile.get_by_text("On", exact=True).wait_for()
    for way in BOTH_WAYS:
        nurse.page.route(way, lambda route: route.abort())
    seen = nurse.watch_tile(machine.serial, GO)
    tile.get_by_role("button", name="Stop").click()
    assert seen() - nurse.pressed_at() < 1.5
    nurse.page.reload()
    nurse.wait_live("live")
    tile.get_by_text(GO).wait_for()
    # Its tile is old news once the page is not live: what somebody pressed is told over it, with where to go.
    shown, words = nurse.page.evaluate(OVER_A_PAGE_THAT_IS_NOT_LIVE)
    assert shown == "grid"
    assert "Store" in words
    assert "Go there and stop it at the device." in words
    nurse.complaints = [one for one in nurse.complaints if "ERR_FAILED" not in one]
