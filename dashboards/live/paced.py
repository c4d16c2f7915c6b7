"""A WebSocket at the browser's pace: join, then read; then what changed, one message on its way at a time."""

import asyncio
import logging
import time
from collections.abc import Awaitable
from typing import Any
from urllib.parse import parse_qs

import msgspec
from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from dashboards.live.sockets import Credentials

log = logging.getLogger(__name__)

TOO_LARGE, BROKEN, TRY_AGAIN = 1009, 1011, 1013  # close codes, besides those of `sockets`
TICK_S = 1.0  # mends what was lost on the way
LOOK_EVERY = 2  # ticks: access and what there is are read again
UNCHECKED_S = 60.0  # with the database down this long, who may look is no longer known
LONGEST = 4096  # characters; the longest honest message is a serial and a verb


class PacedConsumer(AsyncWebsocketConsumer):
    """One browser that listens.  A subclass says who may, to what, and what it is told."""

    expects = 'expected "ok" or {"resync":true}'
    upkeep: asyncio.Task[None] | None = None
    seated = False
    due = False
    """A snapshot is wanted as soon as the browser is ready for one."""

    # --- what a subclass says ---

    async def take_seat(self) -> int | None:
        """Find out who listens to what; return None, or the close code that says why not."""
        raise NotImplementedError

    def groups_heard(self) -> tuple[str, ...]:
        """Return the channel groups to be joined."""
        raise NotImplementedError

    async def send_waiting(self) -> None:
        """Send what is due, if the browser is ready for it."""
        raise NotImplementedError

    def drawn(self) -> None:
        """The browser has drawn the message that was on its way."""
        raise NotImplementedError

    async def look_again(self) -> bool:
        """Look whether we may still listen, and whether something was lost; False: the database is away."""
        raise NotImplementedError

    async def mend(self) -> None:
        """Read afresh what was lost, if anything was."""
        raise NotImplementedError

    async def hear(self, said: object) -> bool:
        """Take in what only this kind of socket is told; return whether it was understood."""
        return False

    # --- the life of a connection ---

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Hand a message to its handler, at once.

        Channels would first visit the one thread in which all sockets read the database, to close old connections
        there, and each live event would wait behind every read.  `database_sync_to_async` closes them anyway.
        """
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        self.credentials: Credentials = self.scope["credentials"]
        self.asked = parse_qs(self.scope["query_string"].decode("latin-1"))
        await self.accept()  # a close code reaches the page only through an accepted socket
        try:
            refusal = await self.take_seat()
            if refusal is not None:
                await self.close(refusal)
                return
            self.seated = True
            for group in self.groups_heard():
                await self.channel_layer.group_add(group, self.channel_name)
            self.due = True
            await self.send_waiting()
        except (DatabaseError, RedisError, OSError) as error:
            log.warning("%s: %s", self, type(error).__name__)
            await self.close(TRY_AGAIN)
            return
        self.upkeep = asyncio.create_task(self._keep_up())

    async def disconnect(self, code: int) -> None:
        if self.upkeep is not None:
            self.upkeep.cancel()
        if self.seated:
            for group in self.groups_heard():
                try:
                    await self.channel_layer.group_discard(group, self.channel_name)
                except (RedisError, OSError):
                    return  # the layer forgets the channel with its connection

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """`"ok"` (or a bare `ok`): drawn, send more · `{"resync":true}` · what `hear` understands."""
        if text_data is None or len(text_data) > LONGEST:
            await self.close(TOO_LARGE)
            return
        try:
            said = "ok" if text_data == "ok" else msgspec.json.decode(text_data)
        except (msgspec.DecodeError, RecursionError):
            said = None
        if not self.seated:
            return
        resync = isinstance(said, dict) and said.get("resync") is True
        if said == "ok" or resync:
            self.drawn()
            self.due |= resync
            await self.try_to(self.send_waiting())
        elif not await self.hear(said):
            await self.send_error("message", self.expects)

    async def access_changed(self, message: dict[str, Any]) -> None:
        await self.try_to(self.check_access())

    async def check_access(self) -> bool:
        """Close, and return False, if whoever listens may do so no longer."""
        raise NotImplementedError

    # --- upkeep: what no message triggers ---

    async def _keep_up(self) -> None:
        try:
            await self._tend()
            await self.close(TRY_AGAIN)
        except Exception:  # nobody awaits this task, and without it nobody asks who may still look
            log.exception("%s ends", self)
            await self.close(BROKEN)

    async def _tend(self) -> None:
        ticks, checked = 0, time.monotonic()
        while time.monotonic() - checked < UNCHECKED_S:
            await asyncio.sleep(TICK_S)
            ticks += 1
            if ticks % LOOK_EVERY == 0 and await self.look_again():
                checked = time.monotonic()
            await self.try_to(self.mend())

    async def try_to(self, work: Awaitable[object]) -> bool:
        """Do what needs the database; a database that is away is tried again at the next tick."""
        try:
            await work
        except (DatabaseError, RedisError, OSError) as error:
            log.warning("%s: %s", self, type(error).__name__)
            return False
        return True

    async def send_error(self, about: str, detail: str) -> None:
        await self.say({"type": "error", "about": about, "detail": detail})

    async def say(self, message: dict[str, Any]) -> None:
        await self.send(text_data=msgspec.json.encode(message).decode())
