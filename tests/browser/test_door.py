"""The door in a real browser: a screen on the wall, logging in, the second factor; and what the logs say of it."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.axe import serious
from tests.browser.conftest import Person
from tests.harness import House

People = Callable[..., Person]

ENDED = "This display link was ended"
# It is another page than the wall, and whoever drives the browser may be slow to see it.
NOTE_THE_END = f"""addEventListener("DOMContentLoaded", () => {{
  if (document.body.innerText.includes("{ENDED}")) sessionStorage.endedAtMs ??= Date.now();
}})"""

pytestmark = pytest.mark.timeout(300)


def test_a_screen_shows_its_wall_and_goes_dark_within_five_seconds_of_the_links_end(
    person: People, house: House
) -> None:
    site = house.people["users"]["nurse"]["sites"][0]
    path = house.manage("display", site, "--name", "Hall").strip()
    screen = person("nobody", width=1920, height=1080)
    screen.page.add_init_script(NOTE_THE_END)
    assert screen.open(path) == 200
    screen.wait_live("live")
    assert screen.page.evaluate("document.cookie") == ""
    assert serious(screen.page) == []
    house.manage("display", site, "--revoke", "Hall")
    ended = time.time()
    expect(screen.page.get_by_text(ENDED)).to_be_visible()
    assert screen.page.evaluate("Number(sessionStorage.endedAtMs)") / 1000 - ended < 5.0
    screen.complaints.clear()  # the page of an ended link is no success, and the console says so


def test_the_pages_of_the_door_can_be_used_by_everybody_and_hold_no_secret_in_any_log(
    person: People, house: House
) -> None:
    known = house.people["users"]["coach"]
    coach = person("coach", width=390, height=844)
    coach.open("/login/")
    assert serious(coach.page) == []
    coach.log_in()
    for path in ("/account/mfa/", "/account/confirm/", "/account/password/"):
        coach.open(path)
        assert serious(coach.page) == [], path
    coach.open("/account/mfa/totp/activate/")
    coach.page.get_by_label("Password").fill(known["password"])
    coach.page.get_by_role("button", name="Go on").click()
    coach.page.get_by_role("heading", name="Set up a second factor").wait_for()
    assert serious(coach.page) == []
    key = coach.page.locator("code.key").text_content()
    token = known["token"]
    assert coach.page.evaluate(
        f"""() => new Promise((done) => {{
            const socket = new WebSocket(`ws://${{location.host}}/ws/v1/live?site={known["sites"][0]}&token={token}`);
            socket.onmessage = () => {{ socket.close(); done(true); }};
        }})"""
    )
    assert house.api("devices?limit=1", user="coach")[0] == 200
    for log in (house.var / "logs").glob("*.log"):
        said = log.read_text(errors="replace")
        for secret in (token, known["password"], key):
            assert secret not in said, log.name
    assert "/ws/v1/live" in (house.var / "logs" / "web.log").read_text()
