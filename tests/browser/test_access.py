"""People, tokens, screens and the record, as an administrator and those they let in meet them."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import serious
from tests.browser.conftest import Person

People = Callable[..., Person]

pytestmark = pytest.mark.timeout(300)

NORTH = "north-rehab"
PASSWORD = "a good long password"


def shown(page: Page) -> str:
    """What is shown this once."""
    page.get_by_text("shown this once").wait_for()
    return page.get_by_label("The text to copy").input_value()


def make_person(admin: Person, username: str, full_name: str) -> str:
    """Add a nurse, and return their link."""
    page = admin.page
    admin.open("/people/")
    page.get_by_role("link", name="Add a person").click()
    page.get_by_label("Full name").fill(full_name)
    page.get_by_label("User name").fill(username)
    page.get_by_label("Site", exact=True).select_option(NORTH)
    page.get_by_label("Role there").select_option("nurse")
    page.get_by_role("button", name="Add the person").dblclick()  # as people in a hurry do
    return shown(page)


def choose_password(somebody: Person, link: str, username: str) -> None:
    page = somebody.page
    page.goto(link)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Save the password").click()
    page.get_by_text("Your password is saved").wait_for()
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_an_administrator_adds_a_nurse_who_logs_in_by_the_link_and_sees_the_wall(person: People) -> None:
    admin, newcomer = person("admin"), person("newcomer", width=390, height=844)
    admin.log_in()
    link = make_person(admin, "nina", "Nina Holm")
    choose_password(newcomer, link, "nina")
    newcomer.page.get_by_role("link", name="North Rehabilitation Centre").first.click()
    newcomer.wait_live("live")
    assert newcomer.open("/sites/riverside-sports/") == 404
    assert newcomer.open("/people/") == 403
    newcomer.complaints.clear()  # the browser notes a refused page in its console
    admin.page.reload()
    assert not admin.page.get_by_text("shown this once").is_visible()
    admin.open("/audit/?subject=nina")
    admin.page.get_by_text("Anton Berg added Nina Holm as Nurse at North Rehabilitation Centre").wait_for()


def test_a_login_that_is_ended_closes_the_open_wall_within_five_seconds(person: People) -> None:
    admin, leaver = person("admin"), person("leaver")
    admin.log_in()
    choose_password(leaver, make_person(admin, "lena", "Lena Wolf"), "lena")
    leaver.page.wait_for_url(re.compile(r"/$"))
    leaver.open(f"/sites/{NORTH}/")
    leaver.wait_live("live")
    admin.page.get_by_role("link", name="End the login").click()
    admin.page.get_by_role("button", name="End the login").click()
    admin.page.get_by_text("cannot log in any more").wait_for()
    leaver.page.wait_for_function(
        "() => document.body.dataset.live !== 'live' || location.pathname.startsWith('/login')", timeout=5_000
    )
    leaver.complaints.clear()


def test_a_screen_shows_the_wall_without_a_login_until_its_link_is_revoked(person: People) -> None:
    admin, screen = person("admin"), person("screen", width=1920, height=1080)
    admin.log_in(f"/sites/{NORTH}/displays/")
    page = admin.page
    page.get_by_label("Where does the screen hang?").fill("Corridor, 2nd floor")
    page.get_by_role("button", name="Make the link").click()
    link = shown(page)
    expect(page.get_by_role("img", name="The address as a QR code")).to_be_visible()
    screen.page.goto(link)
    screen.wait_live("live")
    page.reload()
    row = page.get_by_role("row", name="Corridor, 2nd floor")
    expect(row).to_contain_text("ago")
    row.get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke the link").click()
    page.get_by_text("is revoked").wait_for()
    screen.page.wait_for_function("() => document.body.dataset.live !== 'live'", timeout=5_000)
    answer = screen.page.goto(link)
    assert answer
    assert answer.status == 410
    screen.complaints.clear()


def test_a_token_is_made_used_and_revoked(person: People) -> None:
    admin = person("admin")
    admin.log_in("/account/")
    page = admin.page
    page.get_by_text("Make a token").click()
    page.get_by_label("What is it for?").fill("ward report")
    page.get_by_role("button", name="Make the token").click()
    page.get_by_label("Password").fill(admin.house.people["users"]["admin"]["password"])
    page.get_by_role("button", name="Go on").click()
    token = shown(page)

    def ask() -> int:
        asked = urllib.request.Request(  # noqa: S310  our own server
            f"{admin.house.url}/api/v1/devices", headers={"Authorization": f"Bearer {token}"}
        )
        try:
            with urllib.request.urlopen(asked) as answer:  # noqa: S310
                assert json.load(answer)["items"]
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code

    assert ask() == 200
    page.get_by_role("row", name="ward report").get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke the token").click()
    page.get_by_text("is revoked").wait_for()
    assert ask() == 401


PAGES = (
    "/people/", "/people/new/", "/people/{nurse}/", "/people/{nurse}/end-login/", f"/sites/{NORTH}/settings/",
    f"/sites/{NORTH}/displays/", "/audit/", "/account/",
)  # fmt: skip


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_keeps_a_person_from_using_these_pages(person: People, dark: bool) -> None:
    admin = person("admin", width=360, height=800, dark=dark)
    admin.log_in("/people/?q=Nora")
    nurse = admin.page.get_by_role("link", name="Nora Lindqvist", exact=True).get_attribute("href")
    assert nurse
    for path in PAGES:
        admin.open(path.replace("/people/{nurse}/", nurse))
        assert admin.page.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert serious(admin.page) == [], path


def test_a_form_is_filled_and_sent_with_the_keyboard_alone(person: People) -> None:
    admin = person("admin")
    admin.log_in("/people/new/")
    page = admin.page
    page.get_by_label("Full name").focus()
    page.keyboard.type("Kim Key")
    page.keyboard.press("Tab")
    page.keyboard.type("k m")
    page.keyboard.press("Enter")
    page.get_by_text("Choose what they may do there.").wait_for()
    assert page.get_by_label("Full name").input_value() == "Kim Key"
    described = page.get_by_label("Role there").get_attribute("aria-describedby") or ""
    assert "id_role_error" in described
    admin.complaints.clear()  # a form that cannot be used is answered with 422
