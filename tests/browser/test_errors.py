"""Error pages as a person meets them."""

import os
import re
from collections.abc import Callable, Iterator

import pytest
from django.test import RequestFactory
from playwright.sync_api import Route

from dashboards import errors
from tests.browser.axe import serious
from tests.browser.conftest import Person
from tests.harness import House, wait_for

PICTURES = os.environ.get("PICTURES")  # a folder: each page looked at is kept there
LOUD = re.compile(r"Failed to load resource.*(403|405|429|500|503)")
People = Callable[..., Person]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def nurse(person: People) -> Iterator[Person]:
    nurse = person("nurse")
    yield nurse
    nurse.complaints[:] = [one for one in nurse.complaints if not LOUD.search(one)]  # the point of the page


def looked_at(person: Person, name: str) -> str:
    """Return what the page says; axe finds nothing serious on it, and nothing is cut off on a phone."""
    for width, scheme in ((1440, "light"), (390, "dark")):
        person.page.set_viewport_size({"width": width, "height": 800})
        person.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert serious(person.page) == [], f"{name} at {width}"
        assert person.page.evaluate("document.documentElement.scrollWidth") <= width, name
        if PICTURES:
            person.page.screenshot(path=f"{PICTURES}/error-{name}-{width}.png")
    words = person.page.locator("body").inner_text()
    assert "The device's own alarm and stop come first" in words
    assert person.page.locator('main a[href="/"]').count() == 1
    return words


def test_pages_that_are_not_there_or_not_possible_lead_home(nurse: Person) -> None:
    nurse.log_in()
    for path, status, words in (
        ("/nothing/", 404, "does not exist, or it is not yours"),
        ("/logout/", 405, "reached by a button"),
    ):
        assert nurse.open(path) == status
        assert words in looked_at(nurse, str(status))
    nurse.page.get_by_role("link", name="To my sites").click()
    nurse.page.wait_for_url(nurse.house.url + "/")


def test_pages_that_are_seldom_met_are_as_readable(nurse: Person) -> None:
    """Made here, and shown at an address of the house: nobody can make them happen at will."""

    def show(route: Route) -> None:
        status = int(route.request.url.rpartition("/")[2])
        made = errors.page(RequestFactory().get("/"), status, wait_s=7, fault="5f1c09ab")
        route.fulfill(body=made.content, content_type="text/html")

    nurse.page.route("**/made/*", show)
    for status in (400, 403, 413, 429, 500):
        nurse.open(f"/made/{status}")
        looked_at(nurse, str(status))


def test_a_page_whose_database_is_away_says_where_to_look_and_comes_back_where_it_was(
    nurse: Person, house: House
) -> None:
    path = "/sites/north-rehab/?order=trouble"
    nurse.log_in()
    house.stop("postgres")
    try:
        assert nurse.open(path) == 503
        assert "Look at the devices themselves" in looked_at(nurse, "503")
        nurse.page.get_by_text("Still no answer").wait_for()
    finally:
        house.start("postgres")
    nurse.page.locator("main.wall, .tile, h1:has-text('North')").first.wait_for(timeout=20_000)
    assert nurse.page.url == house.url + path
    wait_for(lambda: house.api("devices")[0] == 200, within_s=20, why="the web found no way back")


def test_the_reference_of_the_api_is_a_page_for_people(person: People) -> None:
    reader = person("nobody", width=390)
    assert reader.open("/api/v1/docs") == 200
    assert serious(reader.page) == []
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= 390
    reader.page.get_by_role("link", name="GET /api/v1/devices", exact=True).click()
    reader.page.get_by_role("heading", name="GET /api/v1/devices", exact=True).wait_for()
