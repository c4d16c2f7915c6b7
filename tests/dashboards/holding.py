"""A live socket, and what it holds of one kind, as the page's own store does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self

from tests.dashboards.test_live import PATIENT_S, Browser


class Holding:
    """What the page behind `browser` holds of a kind of things that are told whole.

    Args:
        kind: Of the events; the snapshot has a list of that name with an s.
    """

    def __init__(self, browser: Browser, kind: str) -> None:
        self.browser = browser
        self.held: dict[str, dict[str, Any]] = {}
        self._kind = kind

    async def open(self) -> Self:
        accepted, _ = await self.browser.socket.connect(timeout=PATIENT_S)
        assert accepted
        await self.draw()
        return self

    async def draw(self) -> dict[str, Any]:
        message = await self.browser.draw()
        if message["type"] == "snapshot":
            self.held = {one["id"]: one for one in message[f"{self._kind}s"]}
        for event in message.get("events", ()):
            if event["kind"] == self._kind and event["rev"] >= self.held.get(event["id"], event)["rev"]:
                self.held[event["id"]] = {name: event[name] for name in event if name != "kind"}
        return message

    async def until(self, true: Callable[[], Awaitable[dict[str, dict[str, Any]]]]) -> None:
        """Draw until what is held is what is true."""
        async with asyncio.timeout(2 * PATIENT_S):
            while self.held != await true():
                await self.draw()

    async def leave(self) -> None:
        await self.browser.socket.disconnect()
