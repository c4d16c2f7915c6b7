"""Search, lists and help as a person uses them: by keyboard, by barcode, back and forth, on a phone."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import serious
from tests.browser.conftest import Machine, Person

People = Callable[..., Person]

pytestmark = pytest.mark.timeout(300)


def test_a_device_is_opened_from_any_page_by_keyboard_alone(person: People, machine: Machine) -> None:
    nurse = person("nurse")
    nurse.log_in("/sessions/")
    keys, box = nurse.page.keyboard, nurse.page.locator("#palette-input")
    keys.press("Control+k")
    expect(box).to_be_focused()
    keys.press("Escape")
    expect(box).to_be_hidden()
    keys.press("Control+k")
    keys.type(machine.serial[:3], delay=30)
    options = nurse.page.locator("#palette").get_by_role("option")
    expect(nurse.page.locator("#palette").get_by_role("listbox")).to_have_attribute("aria-busy", "false")
    expect(options.first).to_have_attribute("aria-selected", "true")
    keys.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", options.nth(1).get_attribute("id") or "")
    box.fill("no such thing anywhere")
    nurse.page.get_by_text("Nothing that you may see is called so").wait_for()
    box.fill(machine.serial)
    keys.press("Enter")  # before the answer is here, as a scanner does
    nurse.page.wait_for_url(f"**/devices/{machine.serial}/")
    nurse.page.go_back()
    nurse.page.get_by_role("link", name="Search", exact=True).click()
    expect(options.first).to_contain_text("Opened before")


def scan(page: Page, text: str) -> None:
    """Type as a scanner does: 10 ms from key to key, by the clock of the keyboard, however busy this machine is."""
    keyboard = page.context.new_cdp_session(page)
    began = time.time() - 1  # none of the keys is of a time to come
    enter = {"key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13}
    for nth, key in enumerate([*({"key": one, "text": one} for one in text), enter]):
        at = {"timestamp": began + 0.01 * nth}
        keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown"} | key | at)
        keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp"} | key | at)


def test_a_scanned_label_opens_its_device_wherever_one_is(person: People, machine: Machine) -> None:
    nurse = person("nurse")
    nurse.log_in("/help/")
    nurse.page.get_by_role("link", name="Marks").focus()  # its Enter would follow the link
    scan(nurse.page, machine.serial)
    nurse.page.wait_for_url(f"**/devices/{machine.serial}/")


def test_filters_and_order_live_in_the_address_and_the_back_button_brings_them_back(person: People) -> None:
    nurse = person("nurse")
    nurse.log_in("/devices/")
    page = nurse.page
    page.get_by_label("Link").select_option("never")
    page.get_by_label("Search", exact=True).first.fill("a")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**/devices/?q=a&link=never")
    page.get_by_role("columnheader", name="Serial number").get_by_role("link").click()
    page.wait_for_url("**/devices/?q=a&link=never&sort=serial")
    expect(page.get_by_role("columnheader", name="Serial number")).to_have_attribute("aria-sort", "ascending")
    serials = page.locator("tbody tr").evaluate_all("(rows) => rows.map((row) => row.dataset.key)")
    assert serials == sorted(serials)
    page.go_back()
    page.go_back()
    page.wait_for_url("**/devices/")
    expect(page.get_by_label("Link")).to_have_value("")


def test_an_open_list_of_devices_follows_them_and_keeps_the_focus(person: People, machine: Machine) -> None:
    nurse = person("nurse")
    machine.status(state="idle")
    nurse.log_in(f"/devices/?q={machine.serial}")
    row = nurse.page.locator(f'tr[data-key="{machine.serial}"]')
    link = row.get_by_role("rowheader").get_by_role("link")
    link.focus()
    machine.status(state="fault", conditions=["estop"])
    row.get_by_text("Emergency stop pressed").wait_for(timeout=25_000)
    expect(link).to_be_focused()


def test_a_list_comes_as_csv(person: People) -> None:
    nurse = person("nurse")
    nurse.log_in("/devices/?link=never")
    with nurse.page.expect_download() as download:
        nurse.page.get_by_role("link", name="CSV of all these rows").click()
    assert download.value.suggested_filename.startswith("devices-all-sites-")
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == 1 + nurse.page.locator("tbody tr").count()


def test_a_stranger_finds_no_list_row_page_or_device_of_another_site(
    person: People, machine: Machine
) -> None:
    stranger = person("stranger")
    stranger.log_in("/devices/")
    assert machine.serial not in stranger.page.content()
    assert stranger.open(f"/devices/{machine.serial}/") == 404
    stranger.open("/")
    stranger.page.keyboard.press("Control+k")
    stranger.page.locator("#palette-input").fill(machine.serial)
    stranger.page.get_by_text("Nothing that you may see is called so").wait_for()


@pytest.mark.parametrize(
    "path, dark",
    [("/devices/?link=wrong", True), ("/sessions/", False), ("/rejects/", True), ("/help/", False)],
)
def test_nothing_keeps_a_person_from_using_lists_search_and_help(
    person: People, path: str, dark: bool
) -> None:
    nurse = person("nurse", width=390, height=844, dark=dark)
    nurse.log_in(path)
    assert nurse.page.evaluate("document.documentElement.scrollWidth") <= 390
    if path == "/sessions/":
        nurse.page.get_by_role("link", name="Search", exact=True).click()
        nurse.page.locator("#palette").get_by_role("option").first.wait_for()
    assert serious(nurse.page) == []
