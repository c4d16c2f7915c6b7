"""POST /direct/stop, in front of Django: whatever happens behind it, the page has words within a second."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from asgiref.testing import ApplicationCommunicator
from django.utils import timezone
from pytest_django import Settings

from dashboards import direct
from dashboards.direct import PATH, DirectStop
from fleet.control import permits
from fleet.control.permits import Permit

PERMIT = Permit(3, "nurse", 1, "north", "s:abc", timezone.now())
PATIENT_S = 60.0  # of a machine that does much else
DONE = {"id": "x", "asked": 1, "sent": 1, "commands": []}


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked here is not how soon."""
    monkeypatch.setattr(direct, "ANSWERS_S", PATIENT_S)


async def ask(
    body: Any, *, method: str = "POST", path: str = PATH, raw: bytes | None = None, **headers: str
) -> tuple[int, Any]:
    """Ask the application, and return status and body."""

    async def django(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    sent = {"host": "localhost", "content-type": "application/json", **headers}
    scope = {
        "type": "http", "method": method, "path": path, "client": ("10.0.0.7", 4000),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }  # fmt: skip
    asking = ApplicationCommunicator(DirectStop(django), scope)
    await asking.send_input(
        {
            "type": "http.request",
            "body": json.dumps(body).encode() if raw is None else raw,
            "more_body": False,
        }
    )
    start = await asking.receive_output(PATIENT_S)
    answer = await asking.receive_output(PATIENT_S)
    return start["status"], json.loads(answer["body"])


@asynccontextmanager
async def dispatch(settings: Settings, answers: Callable[[dict[str, Any]], Any]) -> AsyncIterator[list[Any]]:
    """Play dispatch: a port that answers as told; None: not at all."""
    heard: list[Any] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(json.loads(await reader.readline()))
        said = answers(heard[-1])
        if said is None:
            await asyncio.sleep(PATIENT_S)
        elif said:
            writer.write(json.dumps(said).encode() + b"\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    settings.DIRECT_URL = ("localhost", server.sockets[0].getsockname()[1])
    try:
        yield heard
    finally:
        server.close()


def stop(**other: Any) -> dict[str, Any]:
    return {"permit": permits.signed(PERMIT), "id": str(uuid4()), "device": "EMS-1", "room": None, **other}


@pytest.mark.usefixtures("unhurried")
async def test_a_stop_is_handed_to_dispatch_with_where_it_came_from_and_its_answer_back(
    settings: Settings,
) -> None:
    wish = stop(verb="start", extra=1)
    async with dispatch(settings, lambda _: {"status": 202, "answer": DONE}) as heard:
        assert await ask(wish) == (202, DONE)
    (said,) = heard
    assert time.time() * 1000 - said.pop("pressed_ms") < 2_000
    assert said == {name: wish[name] for name in ("permit", "id", "device", "room")} | {"address": "10.0.0.7"}


async def test_every_other_path_is_djangos() -> None:
    assert (await ask({}, path="/sites/north/"))[0] == 299
    assert (await ask({}, path="/direct/stop/"))[0] == 299


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize(
    "body,status",
    [
        (stop(permit="made:up:one"), 401),
        (
            stop(
                permit=permits.signed(Permit(3, "nurse", 1, "north", "s:abc", timezone.now() - permits.LASTS))
            ),
            401,
        ),
        (stop(permit=None), 401),
        (stop(permit=[1]), 401),
        ([], 422),
        ("x", 422),
        ({"permit": permits.signed(PERMIT), "id": str(uuid4())}, 422),
        ({"permit": permits.signed(PERMIT), "id": str(uuid4()), "serial": "EMS-1", "room": None}, 422),
        ({"permit": permits.signed(PERMIT), "id": str(uuid4()), "device": None}, 422),
        (None, 422),
        (stop(device="x" * 7_000), 413),
    ],
)
async def test_what_shows_no_permit_or_does_not_say_whom_to_stop_goes_no_further(
    settings: Settings, body: Any, status: int
) -> None:
    async with dispatch(settings, lambda _: {"status": 202, "answer": DONE}) as heard:
        found, problem = await ask(body)
    assert (found, problem["status"], heard) == (status, status, [])
    assert problem["detail"]


@pytest.mark.usefixtures("unhurried")
async def test_another_sites_page_and_another_method_are_turned_away(settings: Settings) -> None:
    async with dispatch(settings, lambda _: {"status": 202, "answer": DONE}) as heard:
        assert (await ask(stop(), origin="https://evil.example"))[0] == 403
        assert (await ask(stop(), host="evil.example"))[0] == 403
        assert (await ask(stop(), method="GET"))[0] == 405
        assert (await ask(None, raw=b"\xff"))[0] == 422
    assert heard == []


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize(
    "why,status", [("device", 404), ("ended", 401), ("roll", 503), ("id", 409), ("body", 422)]
)
async def test_what_dispatch_refuses_is_told_in_words(settings: Settings, why: str, status: int) -> None:
    async with dispatch(settings, lambda _: {"status": status, "why": why}):
        found, problem = await ask(stop())
    assert found == status
    assert problem["detail"].endswith(".")
    if status in (401, 404, 503):
        assert "go there" in problem["detail"]


@pytest.mark.parametrize("answer", [None, {}, {"status": 500}], ids=["silent", "hangs up", "nonsense"])
async def test_a_dispatch_that_hangs_or_dies_is_told_within_a_second(settings: Settings, answer: Any) -> None:
    async with dispatch(settings, lambda _: answer):
        began_s = time.monotonic()
        status, problem = await ask(stop())
        assert time.monotonic() - began_s < PATIENT_S / 2, "it waited for dispatch"
    assert direct.ANSWERS_S < 1
    assert (status, "Go there" in problem["detail"]) == (503, True)
    assert "not known whether" in problem["detail"], "it may go on, and send it after all"


@pytest.mark.parametrize("where", [None, ("127.0.0.1", 1), ("no-such-host.invalid", 8765)])
async def test_without_dispatch_the_page_is_told_what_to_do(settings: Settings, where: Any) -> None:
    settings.DIRECT_URL = where
    status, problem = await ask(stop())
    assert (status, "go there" in problem["detail"]) == (503, True)
