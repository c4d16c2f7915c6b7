"""People who ask devices for something, as a script of theirs would: over the API, or past it with a permit."""

import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

from tests.harness import House, wait_for

PATIENT_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said, and how long it took."""

    status: int
    body: Any
    took_s: float

    @property
    def id(self) -> str:
        assert self.status == 202, (self.status, self.body)
        return str(self.body["id"])


class Operator:
    """One of the demo's people, with their token."""

    def __init__(self, house: House, name: str = "nurse") -> None:
        self.house, self.name = house, name
        self._token = house.people["users"][name]["token"]

    # --- through the house ---

    def post(self, path: str, body: Any) -> Answer:
        """POST /api/v1/<path>."""
        return self._ask(f"/api/v1/{path}", body)

    def get(self, path: str) -> Any:
        """GET /api/v1/<path>; anything but 200 is an error."""
        answer = self._ask(f"/api/v1/{path}", None)
        assert answer.status == 200, (path, answer)
        return answer.body

    def ask(self, serial: str, verb: str = "stop", args: dict[str, Any] | None = None, **more: Any) -> Answer:
        return self.post(f"devices/{serial}/commands", {"verb": verb, "args": args or {}, **more})

    def stop_site(self, slug: str, **more: Any) -> Answer:
        return self.post(f"sites/{slug}/stop", more)

    # --- past it ---

    def permit(self, slug: str) -> str:
        """What the page of a site holds in case the house is away."""
        return str(self.get(f"sites/{slug}/permit")["permit"])

    def stop_directly(self, permit: str, **more: Any) -> Answer:
        """POST /direct/stop: of one `device`, one `room`, or the whole site."""
        body = {"permit": permit, "id": str(uuid.uuid4()), "device": None, "room": None, **more}
        return self._ask("/direct/stop", body, token=False)

    # --- what became of it ---

    def command(self, id: str) -> dict[str, Any]:
        return dict(self.get(f"commands/{id}"))

    def wait_state(self, id: str, *states: str, within_s: float = PATIENT_S) -> dict[str, Any]:
        """Wait until a command is in one of these states."""

        def found() -> dict[str, Any] | None:
            command = self.command(id)
            return command if command["state"] in states else None

        return wait_for(
            found, within_s=within_s, why=lambda: f"never {' or '.join(states)}: {self.command(id)}"
        )

    def _ask(self, path: str, body: Any, *, token: bool = True) -> Answer:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.house.url}{path}", data, headers)  # noqa: S310
        began_s = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=PATIENT_S) as answer:  # noqa: S310
                status, said = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, said = error.code, error.read()
        took_s = time.monotonic() - began_s
        return Answer(status, json.loads(said) if said[:1] in (b"{", b"[") else said, took_s)


class Page:
    """A browser without scripts, logged in: it sends forms."""

    def __init__(self, house: House, name: str = "nurse") -> None:
        self._url, self._cookies = house.url, CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))
        user = house.people["users"][name]
        self._opener.open(f"{self._url}/login/", timeout=PATIENT_S).read()
        assert self.send("/login/", username=user["username"], password=user["password"]) == 200
        assert "sessionid" in {cookie.name for cookie in self._cookies}, f"{name} was not let in"

    def get(self, path: str) -> str:
        """GET a page, or what its scripts ask for."""
        with self._opener.open(f"{self._url}{path}", timeout=PATIENT_S) as answer:
            return str(answer.read().decode())

    def send(self, path: str, **fields: str) -> int:
        """POST a form, follow where it leads, and return the status there."""
        token = next(cookie.value for cookie in self._cookies if cookie.name == "csrftoken")
        form = urlencode({**fields, "csrfmiddlewaretoken": str(token)}).encode()
        headers = {"Referer": self._url}
        request = urllib.request.Request(f"{self._url}{path}", form, headers)  # noqa: S310
        try:
            with self._opener.open(request, timeout=PATIENT_S) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


def at_once(*acts: Any) -> list[Any]:
    """Call these at the same instant, each on a thread of its own; return what they return."""
    together, found = threading.Barrier(len(acts)), [None] * len(acts)

    def act(n: int) -> None:
        together.wait()
        found[n] = acts[n]()

    threads = [threading.Thread(target=act, args=(n,)) for n in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
