"""Somebody who is logged in, as a browser is: one kept connection, the session's cookie, and a CSRF token."""

import http.client
import json
import re
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.harness import House

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TIMEOUT_S = 30.0


class Person:
    """One of the demo's people, at a browser that sends nothing but what it is told to."""

    def __init__(self, house: House, name: str) -> None:
        """Log in.  Raises RuntimeError, if that is refused."""
        address = urlsplit(house.url)
        self._origin = house.url
        self._connection = http.client.HTTPConnection(
            address.hostname or "", address.port or 80, timeout=TIMEOUT_S
        )
        self._cookies: dict[str, str] = {}
        known = house.people["users"][name]
        _status, page = self._ask("GET", "/login/", None, {})
        found = _TOKEN.search(page.decode())
        if found is None:
            raise RuntimeError(f"there is no form to log in with: {page[:200]!r}")
        words = {
            "csrfmiddlewaretoken": found[1],
            "username": known["username"],
            "password": known["password"],
        }
        status, page = self._ask("POST", "/login/", urlencode(words).encode(), _FORM)
        if status != 302 or "sessionid" not in self._cookies:
            raise RuntimeError(f"{name} could not log in: {status}")

    def get(self, path: str) -> Any:
        """GET something; return its JSON."""
        return self._json(*self._ask("GET", path, None, {}))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST JSON; return the answer's."""
        return self._json(*self._ask("POST", path, json.dumps(body).encode(), self._proof()))

    def _proof(self) -> dict[str, str]:
        return {"Content-Type": "application/json", "X-CSRFToken": self._cookies.get("csrftoken", "")}

    @staticmethod
    def _json(status: int, body: bytes) -> Any:
        if status not in (200, 201, 202):
            raise RuntimeError(f"answered with {status}: {body[:300]!r}")
        return json.loads(body)

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        sent = {**headers, "Origin": self._origin, **({"Cookie": cookie} if cookie else {})}
        self._connection.request(method, path, body, sent)
        answer = self._connection.getresponse()
        said = answer.read()
        for line in answer.headers.get_all("Set-Cookie") or ():
            self._cookies |= {name: one.value for name, one in SimpleCookie(line).items()}
        return answer.status, said
