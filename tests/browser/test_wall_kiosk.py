"""A screen on the wall: read from across the room, touched by nobody, and back by itself."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Machine, Person
from tests.harness import House

People = Callable[..., Person]
FULL_HD = {"width": 1920, "height": 1080}
KIOSK = "/sites/{}/?kiosk=1"

# Writes every state that can need attention, with every step, into a tile, and says what does not fit.
CUT = """
(tile) => {
  const texts = JSON.parse(document.getElementById("texts").textContent);
  const of = (kind) => Object.entries(texts).filter(([key]) => key.startsWith(kind)).map(([, text]) => text);
  const [status, next] = [tile.querySelector("[data-f=status]"), tile.querySelector("[data-f=next]")];
  tile.toggleAttribute("data-attention", true);
  const silent = (state) => ["on", "ramping"].includes(state) ? ["next.maybe_on"] : ["next.look"];
  const pairs = Object.keys(texts).filter((key) => key.startsWith("silent."))
    .flatMap((key) => silent(key.slice(7)).map((step) => [texts[key], texts[step]]));
  const yetOn = (state) => texts["state.yet_on"].replace("{state}", texts[`state.${state}`]);
  pairs.push([texts["link.conflict"], texts["next.conflict"]]);
  for (const state of ["idle", "fault", "paused", "unknown"]) pairs.push([yetOn(state), texts["next.is_on"]]);
  for (const state of ["fault", "running", "off", "ramping"]) {
    for (const step of of("next.")) pairs.push([texts[`state.${state}`], step]);
  }
  const cut = [];
  for (const [said, step] of pairs) {
    status.textContent = said;
    next.textContent = step.replace("{n}", "16");
    const box = tile.getBoundingClientRect();
    for (const part of [status, next]) {
      const { bottom, right } = part.getBoundingClientRect();
      const isClamped = part === next && part.scrollHeight > part.clientHeight + 20; // half a line
      if (bottom > box.bottom || right > box.right || isClamped) cut.push(`${said} / ${next.textContent}`);
    }
  }
  return cut;
}
"""
SIZES = "(all) => all.map((one) => parseFloat(getComputedStyle(one).fontSize))"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def crowd(house: House, tmp_path: Path) -> str:
    """A site with 30 devices; its slug."""
    rows = "".join(f"BED-{n:02d},riverside-sports,Ward,Bed {n}\n" for n in range(1, 19))
    (tmp_path / "beds.csv").write_text("serial,site,room,name\n" + rows)
    house.manage(
        "enrol", "--csv", str(tmp_path / "beds.csv"), "--passwords-out", str(tmp_path / "passwords.csv")
    )
    return "riverside-sports"


def test_24_devices_fit_without_scrolling_in_letters_of_40_px(person: People, machine: Machine) -> None:
    machine.status(state="fault", conditions=["estop"])
    nurse = person("nurse", **FULL_HD)
    nurse.log_in(KIOSK.format(machine.site))
    nurse.wait_live("live")
    page = nurse.page
    page.evaluate(
        "() => { document.body.dataset.fit = '24';"
        " const wall = document.getElementById('content');"
        " while (wall.children.length < 24) wall.append(wall.children[0].cloneNode(true)); }"
    )
    assert page.evaluate("[document.documentElement.scrollHeight, document.documentElement.scrollWidth]") == [
        1080,
        1920,
    ]
    last = page.locator(".tile").nth(23).bounding_box()
    assert last
    assert last["y"] + last["height"] <= 1080
    for words in (".tile h2", ".tile .state > b", ".tile[data-attention] .next", ".strip b", ".strip .next"):
        sizes = page.locator(words).evaluate_all(SIZES)
        assert sizes, words
        assert min(sizes) >= 40, words
    assert page.locator(".tile").nth(5).evaluate(CUT) == []
    assert page.locator("nav").count() == 0
    assert page.locator("meta[http-equiv=refresh]").count() == 0  # it lives: nothing loads it again


def test_pages_turn_by_themselves_while_trouble_stays(person: People, house: House, crowd: str) -> None:
    device = next(one for one in house.people["spare_devices"] if one["site"] == crowd)
    machine = Machine(house, device)
    try:
        nurse = person("nurse", **FULL_HD)
        nurse.page.clock.install()
        nurse.log_in(KIOSK.format(crowd))
        nurse.wait_live("live")
        machine.status(state="fault", conditions=["estop"])
        page, strip = nurse.page, nurse.page.locator(".strip")
        strip.get_by_text("Go there: stop pressed").wait_for()
        expect(page.locator("#page-words")).to_have_text("page 1 of 2")
        expect(page.locator(".tile:visible")).to_have_count(24)
        page.clock.fast_forward(13_000)
        page.get_by_text("page 2 of 2").wait_for()
        expect(strip.get_by_text("Go there: stop pressed")).to_be_visible()
        expect(page.locator(".tile:visible")).to_have_count(page.locator(".tile").count() - 24)
        assert page.evaluate("document.documentElement.scrollHeight") == 1080
    finally:
        machine.status()
        machine.switch_off()


def test_a_screen_comes_back_after_the_server_was_killed_and_after_an_upgrade(
    person: People, house: House, machine: Machine
) -> None:
    nurse = person("nurse", **FULL_HD)
    # As if the page were of the build before: its own id is changed before its script reads it, the first time.
    nurse.page.add_init_script(
        "document.addEventListener('readystatechange', () => {"
        " if (!window.name && document.body?.dataset.build) {"
        "   document.body.dataset.build = 'older'; window.name = 'seen'; } });"
    )
    nurse.log_in(KIOSK.format(machine.site))
    nurse.page.wait_for_function("() => document.body.dataset.build !== 'older'", timeout=20_000)
    nurse.wait_live("live")
    house.kill9("web")
    nurse.wait_live("down")
    machine.status(state="ready")
    house.start("web")
    nurse.wait_live("live", within_ms=40_000)
    nurse.tile(machine.serial).get_by_text("Ready", exact=True).wait_for(timeout=20_000)


def test_a_page_whose_script_cannot_be_had_loads_itself_again(person: People, machine: Machine) -> None:
    nurse = person("nurse", **FULL_HD)
    nurse.page.route("**/js/board*.js", lambda route: route.abort())
    nurse.log_in(KIOSK.format(machine.site))
    assert nurse.page.locator("body").get_attribute("data-live") == "connecting"  # it does not look healthy
    assert nurse.page.locator("meta[http-equiv=refresh]").count() == 1
    nurse.complaints.clear()
