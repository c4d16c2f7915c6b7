"""Pictures of every main page for `docs/pictures`, taken of a house of its own with a simulated clinic.

    make pictures                     about six minutes: sessions need time to have something to show
    make pictures MINUTES=1

A page that does not answer 200 ends it with an error, so a picture never shows an error page.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, Page, sync_playwright

from tests.harness import House, chromium, wait_for

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"
DESK, PHONE, SCREEN = (1440, 900), (390, 844), (1920, 1080)
SITE = "north-rehab"


@dataclass(frozen=True, slots=True)
class Picture:
    """One page as somebody sees it; `{device}` and `{session}` in its path are one that is in session, `{rollout}` one
    that runs.

    `{alert}` is one of a device of the site.  `{stop}` and `{command}` are of a stop of the whole site, which ends the
    sessions: they come last.
    """

    name: str
    who: str
    path: str
    size: tuple[int, int] = DESK
    dark: bool = False
    keys: str = ""  # pressed before the picture is taken


PICTURES = (
    Picture("login", "", "/login/"),
    Picture("home", "nurse", "/"),
    Picture("wall", "nurse", f"/sites/{SITE}/"),
    Picture("wall-dark", "nurse", f"/sites/{SITE}/", dark=True),
    Picture("wall-phone", "nurse", f"/sites/{SITE}/", PHONE),
    Picture("wall-screen", "nurse", f"/sites/{SITE}/?kiosk=1", SCREEN),
    Picture("wall-legend", "nurse", f"/sites/{SITE}/", keys="?"),
    Picture("device", "nurse", "/devices/{device}/"),
    Picture("device-phone", "nurse", "/devices/{device}/", PHONE),
    Picture("device-history", "engineer", "/devices/{device}/history/"),
    Picture("device-events", "engineer", "/devices/{device}/events/"),
    Picture("device-evidence", "engineer", "/devices/{device}/evidence/"),
    Picture("session", "clinician", "/sessions/{device}/{session}/"),
    Picture("alerts", "nurse", "/alerts/", keys="j"),
    Picture("alerts-phone", "nurse", "/alerts/", PHONE),
    Picture("alert", "nurse", "/alerts/{alert}/"),
    Picture("alerts-history", "nurse", "/alerts/history/"),
    Picture("alerts-burden", "engineer", "/alerts/burden/"),
    Picture("rules", "engineer", "/alerts/rules/"),
    Picture("rules-change", "engineer", f"/sites/{SITE}/rules/"),
    Picture("duty", "nurse", "/duty/"),
    Picture("telling", "engineer", f"/sites/{SITE}/telling/"),
    Picture("protocols", "clinician", "/protocols/"),
    Picture("protocol", "clinician", "/protocols/knee-oa/versions/2/"),
    Picture("protocol-new", "clinician", "/protocols/new/"),
    Picture("library", "clinician", "/protocols/library/"),
    Picture("approvals", "clinician2", "/protocols/approvals/"),
    Picture("rollouts", "engineer", "/rollouts/"),
    Picture("rollout", "engineer", "/rollouts/{rollout}/"),
    Picture("rollout-phone", "engineer", "/rollouts/{rollout}/", PHONE),
    Picture("rollout-new", "engineer", "/rollouts/new/"),
    Picture("devices", "engineer", "/devices/"),
    Picture("sessions", "coach", "/sessions/"),
    Picture("rejects", "engineer", "/rejects/"),
    Picture("search", "engineer", "/", keys="Control+k"),
    Picture("system", "engineer", "/system/"),
    Picture("people", "admin", "/people/"),
    Picture("displays", "admin", f"/sites/{SITE}/displays/"),
    Picture("audit", "admin", "/audit/"),
    Picture("account", "nurse", "/account/"),
    Picture("help", "nurse", "/help/"),
    Picture("wall-stopped", "nurse", f"/sites/{SITE}/"),
    Picture("stop", "nurse", "/stops/{stop}/"),
    Picture("command", "nurse", "/commands/{command}/"),
    Picture("commands", "nurse", "/commands/"),
)
FIRST_STOPPED = "wall-stopped"


def main() -> int:
    program = chromium()
    if program is None:
        print("there is no Chromium: install it (Debian: apt-get install chromium)", file=sys.stderr)
        return 1
    minutes = float(os.environ.get("MINUTES") or 5)
    with _clinic() as house, sync_playwright() as playwright:
        print(f"the clinic runs for {minutes:g} min", file=sys.stderr)
        house.processes.run(house.house.story())
        time.sleep(minutes * 60)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        names = _in_session(house)
        for picture in PICTURES:
            if picture.name == FIRST_STOPPED:
                names |= _stop(house)
            _take(browser, house, picture, names)
            print(picture.name, file=sys.stderr)
        browser.close()
    return 0


@contextmanager
def _clinic() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        var = Path(folder)
        var.chmod(0o711)
        with House(var / "house", devices=24, env={"PLAIN_STATIC": "0"}) as house:
            house.start("web", "ingest", "dispatch", "worker", "courier", "beat", "simulator")
            heard = "SELECT 1 FROM devices_state WHERE link = 'online' HAVING count(*) > 20"
            wait_for(lambda: house.sql(heard), within_s=60, why="the devices are not heard")
            yield house


def _in_session(house: House) -> dict[str, str]:
    """Return a device of the site in a session that has lasted, for the pages of one device."""
    _status, answer = house.api(f"devices?site={SITE}&state=running")
    running = max(answer["items"], key=lambda device: device["elapsed_ms"] or 0)
    _status, alerts = house.api(f"alerts?site={SITE}")
    known = max((one for one in alerts["items"] if one["device"]), key=lambda one: one["in_session"])
    _status, rollouts = house.api("rollouts?state=running", user="engineer")
    return {
        "rollout": rollouts["items"][0]["id"],
        "device": running["serial"],
        "session": quote(running["session"], safe=""),
        "alert": str(known["id"]),
    }


def _stop(house: House) -> dict[str, str]:
    """Stop the whole site, and return the stop and one of its commands, proofs awaited."""
    headers = {
        "Authorization": f"Bearer {house.people['users']['nurse']['token']}",
        "Content-Type": "application/json",
    }
    asked = Request(f"{house.url}/api/v1/sites/{SITE}/stop", data=b"{}", headers=headers, method="POST")  # noqa: S310
    with urlopen(asked, timeout=10) as answer:  # noqa: S310
        stop = json.load(answer)["id"]
    time.sleep(4)
    _status, told = house.api(f"stops/{stop}")
    return {"stop": stop, "command": told["commands"][0]["id"]}


def _take(browser: Browser, house: House, picture: Picture, names: dict[str, str]) -> None:
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if picture.dark else "light"
    )
    page = context.new_page()
    if picture.who:
        _log_in(page, house, house.people["users"][picture.who])
    answer = page.goto(house.url + picture.path.format(**names))
    if answer is None or answer.status != 200:
        raise RuntimeError(f"{picture.path.format(**names)} answers {answer and answer.status}")
    page.wait_for_timeout(3_000)  # sockets, fonts and plots; nobody waits for us
    if picture.keys:
        page.keyboard.press(picture.keys)
        page.wait_for_timeout(500)
    page.screenshot(path=FOLDER / f"{picture.name}.png")
    context.close()


def _log_in(page: Page, house: House, person: dict[str, Any]) -> None:
    page.goto(f"{house.url}/login/")
    page.fill("input[name=username]", person["username"])
    page.fill("input[name=password]", person["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{house.url}/")


if __name__ == "__main__":
    sys.exit(main())
