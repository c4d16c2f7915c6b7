"""Hands on the wall: nothing moves under them, and everything can be reached with them."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Machine, Person
from tests.harness import House

People = Callable[..., Person]
ORDER = "Array.from(document.querySelectorAll('.tile:not([hidden])'), (tile) => tile.dataset.serial)"
FOCUSED = "document.activeElement.closest('.tile')?.dataset.serial ?? null"

PRESS_AS_IT_COMES = """(serial) => new MutationObserver((_, seen) => {
  seen.disconnect();
  const stop = document.querySelector(`.tile[data-serial="${serial}"] .stop`);
  stop.dispatchEvent(new MouseEvent("click", { detail: 1, bubbles: true }));
}).observe(document.getElementById("content"), { childList: true })"""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def warm(house: House, machine: Machine) -> Iterator[Machine]:
    """A second device beside `machine`, which is too hot: worse than idle, not so bad as a fault."""
    beside = [one for one in house.people["spare_devices"] if one["site"] == machine.site]
    other = Machine(house, beside[1])
    other.status(conditions=["overtemp"])
    yield other
    other.status()
    other.switch_off()


def test_nothing_moves_under_a_pointer_and_the_worst_comes_first_once_it_left(
    person: People, machine: Machine, warm: Machine
) -> None:
    nurse = person("nurse")
    nurse.open_wall(machine.site)
    machine.status()
    warm.status(conditions=["overtemp"])  # again: it may not have been heard for as long as the page took
    nurse.page.wait_for_function(f"() => ({ORDER})[0] === '{warm.serial}'")
    tile = nurse.tile(machine.serial)
    tile.get_by_text("Idle", exact=True).wait_for()
    nurse.page.locator(".tile:visible").last.hover()
    before = nurse.page.evaluate(ORDER)
    boxes = "Array.from(document.querySelectorAll('.tile'), (tile) => JSON.stringify(tile.getBoundingClientRect()))"
    stood = nurse.page.evaluate(boxes)
    machine.status(state="fault", conditions=["estop"])
    tile.get_by_text("Fault", exact=True).wait_for()
    tile.get_by_text("Emergency stop pressed").wait_for()
    nurse.page.get_by_text("Order held while you are here").wait_for()
    assert nurse.page.evaluate(ORDER) == before
    assert nurse.page.evaluate(boxes) == stood
    nurse.page.evaluate(PRESS_AS_IT_COMES, machine.serial)
    nurse.page.get_by_role("heading", name="North").hover()
    nurse.page.wait_for_function(f"() => ({ORDER})[0] === '{machine.serial}'")
    nurse.page.get_by_text("Not stopped: the tiles had just moved. Press again").wait_for()
    expect(tile.locator('[data-f="asked"]')).to_be_hidden()
    expect(nurse.page.get_by_text("Order held while you are here")).to_be_hidden()


def test_nothing_moves_while_the_keyboard_is_on_the_wall(
    person: People, machine: Machine, warm: Machine
) -> None:
    nurse = person("nurse")
    nurse.page.set_viewport_size({"width": 390, "height": 844})
    nurse.open_wall(machine.site)
    machine.status(state="fault", conditions=["estop"])
    warm.status(conditions=["overtemp"])
    nurse.page.wait_for_function(f"() => ({ORDER})[0] === '{machine.serial}'")
    nurse.page.keyboard.press("ArrowDown")
    assert nurse.page.evaluate(FOCUSED) == machine.serial
    stood = nurse.tile(machine.serial).bounding_box()
    machine.status()
    nurse.tile(machine.serial).get_by_text("Idle", exact=True).wait_for()
    nurse.page.get_by_text("Order held while you are here").wait_for()
    assert nurse.page.evaluate(ORDER)[0] == machine.serial
    assert nurse.tile(machine.serial).bounding_box() == stood
    nurse.page.keyboard.press("ArrowRight")
    assert nurse.page.evaluate(FOCUSED) == nurse.page.evaluate(ORDER)[1]
    nurse.page.keyboard.press("Escape")
    nurse.page.wait_for_function(f"() => ({ORDER})[0] === '{warm.serial}'")
    nurse.page.get_by_text("Order held while you are here").wait_for(state="hidden")


def test_what_is_chosen_stands_in_the_address_and_one_press_shows_all_again(
    person: People, machine: Machine
) -> None:
    nurse = person("nurse")
    nurse.open_wall(machine.site)
    page = nurse.page
    everything = page.locator(".tile:visible").count()
    page.keyboard.press("/")
    page.keyboard.type(machine.serial.lower())
    page.get_by_text(f"Showing 1 of {everything}").wait_for()
    page.wait_for_url(f"**q={machine.serial.lower()}**")
    expect(page.locator("#count-all")).to_have_text(str(everything))
    page.get_by_label("Room", exact=True).select_option("Store")
    page.get_by_label("By place").check(force=True)
    page.wait_for_url(re.compile("room=Store"))
    page.wait_for_url(re.compile("order=place"))
    sent_on = page.context.new_page()
    sent_on.goto(page.url)
    sent_on.get_by_text(f"Showing 1 of {everything}").wait_for()
    expect(sent_on.locator(".tile:visible")).to_have_attribute("data-serial", machine.serial)
    expect(sent_on.get_by_label("By place")).to_be_checked()
    page.get_by_role("button", name="Show all", exact=True).click()
    expect(page.locator(".tile:visible")).to_have_count(everything)
    page.wait_for_url(lambda url: "room" not in url)
    sent_on.goto(page.url.partition("?")[0])  # the order is remembered, the filter is not
    expect(sent_on.get_by_label("By place")).to_be_checked()
    expect(sent_on.locator(".tile:visible")).to_have_count(everything)


def test_a_question_mark_explains_every_mark_and_key(person: People) -> None:
    nurse = person("nurse")
    nurse.open_wall("north-rehab")
    legend = nurse.page.get_by_role("dialog", name="Marks and keys")
    nurse.page.keyboard.press("?")
    legend.wait_for()
    tones = nurse.page.evaluate(
        "[...new Set(Array.from(document.querySelectorAll('.tile'), (t) => t.dataset.tone))]"
    )
    explained = legend.locator("[data-tone]").evaluate_all(
        "(marks) => marks.map((mark) => mark.dataset.tone)"
    )
    assert set(tones) <= set(explained)
    nurse.page.keyboard.press("Escape")
    legend.wait_for(state="hidden")
    nurse.page.get_by_role("button", name="Legend").click()
    legend.get_by_role("button", name="Close").click()
    legend.wait_for(state="hidden")


def test_enter_on_a_tile_opens_the_device(person: People) -> None:
    nurse = person("nurse")
    nurse.open_wall("north-rehab")
    nurse.page.keyboard.press("ArrowDown")
    serial = nurse.page.evaluate(FOCUSED)
    nurse.page.keyboard.press("Enter")
    nurse.page.wait_for_url(f"**/devices/{serial}/")


def test_on_a_phone_the_filter_is_folded_and_everything_fits_a_thumb(person: People) -> None:
    nurse = person("nurse", width=390, height=844)
    nurse.open_wall("north-rehab")
    search = nurse.page.get_by_label("Name, number or room")
    assert not search.is_visible()
    nurse.page.get_by_role("button", name="Filter and order").click()
    search.wait_for()
    small = nurse.page.locator(".heading :is(button, select, input[type=search]):visible").evaluate_all(
        "(all) => all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"
    )
    assert not small
    assert nurse.page.evaluate("document.documentElement.scrollWidth") <= 390
