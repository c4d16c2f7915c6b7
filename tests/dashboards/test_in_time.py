"""A press is answered in time, whatever holds the application up, and is carried on with."""

import asyncio
import io
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.db import OperationalError
from django.utils import timezone

from dashboards import in_time
from dashboards.in_time import InTime
from dashboards.presses import PRESSED_AT, is_press, pressed_at

PATIENT_S = 60.0  # of a machine that does much else
STOP = "/api/v1/devices/EMS-0001/commands"


class Talk:
    """One request through the middleware, and what came back."""

    def __init__(self, path: str = STOP, method: str = "POST") -> None:
        self.sent: list[dict[str, Any]] = []
        self.answered = asyncio.Event()
        self.scope = {
            "type": "http", "method": method, "path": path, "query_string": b"", "scheme": "http",
            "headers": [(b"host", b"localhost")],
        }  # fmt: skip
        self._coming = [{"type": "http.request", "body": b"{}"}, {"type": "http.disconnect"}]

    async def receive(self) -> dict[str, Any]:
        return self._coming.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body":
            self.answered.set()

    async def through(self, app: Any) -> None:
        await InTime(app)(self.scope, self.receive, self.send)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])


async def answer(send: Any, status: int = 202) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


def test_a_press_is_answered_within_a_second() -> None:
    assert in_time.ANSWERS_S < 1


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_time, "ANSWERS_S", 0.05)


async def test_a_press_that_is_answered_is_handed_through() -> None:
    talk = Talk()
    await talk.through(lambda _scope, _receive, send: answer(send))
    assert (talk.status, len(talk.sent)) == (202, 2)


async def test_a_press_that_hangs_is_given_up_in_words_and_its_own_answer_reaches_nobody(quick: None) -> None:
    late, over = asyncio.Event(), asyncio.Event()

    async def hanging(_scope: Any, _receive: Any, send: Any) -> None:
        await late.wait()
        await answer(send)
        over.set()

    talk = Talk()
    going = asyncio.create_task(talk.through(hanging))
    await asyncio.wait_for(talk.answered.wait(), PATIENT_S)  # what hangs has not gone on by then
    problem = json.loads(talk.sent[1]["body"])
    assert (talk.status, problem["status"]) == (503, 503)
    assert "not known whether the device gets it" in problem["detail"]
    assert "Go to the device" in problem["detail"]
    late.set()
    await asyncio.wait_for(over.wait(), PATIENT_S)  # it was carried on with
    await asyncio.wait_for(going, PATIENT_S)
    assert len(talk.sent) == 2


async def test_a_server_that_ends_waits_for_no_press(quick: None) -> None:
    ended = asyncio.Event()

    async def hanging(_scope: Any, _receive: Any, _send: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    talk = Talk()
    going = asyncio.create_task(talk.through(hanging))
    await asyncio.wait_for(talk.answered.wait(), PATIENT_S)
    going.cancel()
    await asyncio.wait_for(ended.wait(), PATIENT_S)


async def test_a_form_that_hangs_is_told_so_on_a_page(quick: None) -> None:
    async def hanging(_scope: Any, _receive: Any, _send: Any) -> None:
        await asyncio.Event().wait()

    talk = Talk("/devices/EMS-0001/ask/")
    going = asyncio.create_task(talk.through(hanging))
    await asyncio.wait_for(talk.answered.wait(), PATIENT_S)
    going.cancel()
    page = talk.sent[1]["body"].decode()
    assert talk.status == 503
    assert "Go to the device, and stop it there." in page
    assert any(name == b"content-security-policy" for name, _value in talk.sent[0]["headers"])


async def test_a_press_is_carried_on_with_though_its_page_went_away(quick: None) -> None:
    async def asking(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        gone = asyncio.create_task(receive())
        await asyncio.sleep(0)
        assert not gone.done()
        gone.cancel()
        await answer(send)

    talk = Talk()
    await talk.through(asking)
    assert talk.status == 202


async def test_what_goes_wrong_is_raised_as_without_it() -> None:
    async def broken(_scope: Any, _receive: Any, _send: Any) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await Talk().through(broken)


async def test_the_time_of_a_press_runs_from_when_it_came_and_nothing_is_asked_after_it() -> None:
    """A database that hung for minutes lets nothing out that was pressed before."""
    seen: list[datetime] = []

    async def asking(scope: Any, _receive: Any, send: Any) -> None:
        request = ASGIRequest(scope, io.BytesIO())
        seen.append(pressed_at(request))
        scope[PRESSED_AT] -= timedelta(seconds=11)
        with pytest.raises(OperationalError, match="is over"):
            pressed_at(request)
        await answer(send)

    before = timezone.now()
    await Talk().through(asking)
    assert before <= seen[0] <= timezone.now()


@pytest.mark.parametrize(
    "path",
    [
        STOP, "/api/v1/sites/north/stop", "/api/v1/sites/north/identify", "/devices/EMS-0001/ask/",
        "/sites/north/stop/", "/sites/north/identify/",
    ],
)  # fmt: skip
def test_whatever_asks_something_of_a_device_is_a_press(path: str) -> None:
    assert is_press("POST", path)
    assert not is_press("GET", path)


@pytest.mark.parametrize("path", ["/api/v1/commands/x/reason", "/sites/north/", "/api/v1/stops", "/stop"])
def test_and_nothing_else_is(path: str) -> None:
    assert not is_press("POST", path)
