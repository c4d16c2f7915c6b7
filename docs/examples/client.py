"""Reads a Myofleet server: who treats now, the newest sessions, and every record of one device as it comes.

    export MYOFLEET_TOKEN=myo_…
    python client.py https://fleet.example
    python client.py https://fleet.example --follow EMS-0001

Needs nothing but Python 3.11.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

PATIENT = (429, 503)  # asked too often; the database is away: `Retry-After` says when again


class Problem(Exception):
    """The server's own words: RFC 9457 `application/problem+json`."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(f"{problem['status']} {problem['title']}: {problem['detail']}")
        self.problem = problem


class Fleet:
    """The API of one server, as one person sees it."""

    def __init__(self, url: str, token: str, *, tries: int = 5) -> None:
        self._root, self._token, self._tries = f"{url.rstrip('/')}/api/v1", token, tries

    def get(self, path: str, **asked: Any) -> Any:
        """GET one path; waits and tries again where the server says when.  Raises Problem."""
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        request = Request(f"{self._root}/{path}?{query}", headers={"Authorization": f"Bearer {self._token}"})
        tries = 0
        while True:
            try:
                with urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except HTTPError as error:
                tries += 1
                if tries == self._tries or error.code not in PATIENT:
                    raise Problem(json.load(error)) from None
                time.sleep(float(error.headers.get("Retry-After", 1)))

    def pages(self, path: str, **asked: Any) -> Iterator[Any]:
        """Yield every item of a list, however many pages it has."""
        cursor = None
        while True:
            page = self.get(path, **asked, cursor=cursor)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def follow(self, serial: str, *, every_s: float = 1.0) -> Iterator[Any]:
        """Yield a device's records, stored ones first, then new ones, without an end.

        Within a boot of the device `seq` rises, so (boot, seq) of the last one is all that has to be kept.
        """
        path = f"devices/{quote(serial)}"
        boot, seq = None, None
        while True:
            for record in self.pages(f"{path}/records", boot=boot, after_seq=seq):
                yield record
                boot, seq = record["boot"], record["seq"]
            later = [
                one["boot"] for one in self.pages(f"{path}/ledger") if boot is not None and one["boot"] > boot
            ]
            if later:
                boot, seq = later[0], None  # the device started anew, and counts from 1 again
            else:
                time.sleep(every_s)


def main() -> None:
    parser = argparse.ArgumentParser(description="Reads a Myofleet server.")
    parser.add_argument("url", help="such as https://fleet.example")
    parser.add_argument("--follow", metavar="SERIAL", help="print this device's records as they come")
    options = parser.parse_args()
    fleet = Fleet(options.url, os.environ["MYOFLEET_TOKEN"])
    if options.follow:
        for record in fleet.follow(options.follow):
            print(
                record["placed_at"],
                record["type"],
                record["kind"] or "",
                json.dumps(record["body"]),
                flush=True,
            )
    for device in fleet.pages("devices", limit=200):
        print(f"{device['serial']:12} {device['site']:16} {device['link']:8} {device['state'] or '-'}")
    for session in fleet.get("sessions", limit=5)["items"]:
        charge_mc = sum(channel["charge_uc"] or 0 for channel in session["channels"]) / 1000
        print(
            f"{session['device']:12} {session['started_at']} {session['end_reason'] or 'open':12} {charge_mc:.1f} mC"
        )


if __name__ == "__main__":
    main()
