"""The live wall's end of the WebSocket: join, then read; then what changed, at the browser's pace."""

import asyncio
import logging
import time
from itertools import islice
from typing import Any
from urllib.parse import parse_qs

import msgspec
from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError
from django.utils import timezone
from redis.exceptions import RedisError

from dashboards.live import reads
from dashboards.live.build import build_id
from dashboards.live.outbox import Outbox
from dashboards.live.sockets import NOT_ALLOWED, NOT_FOUND, Credentials, Seat, find_seat
from dashboards.live.watching import Watch, about, find_watched, narrowed
from fleet.live.traces import trace_group

log = logging.getLogger(__name__)

TOO_LARGE, BROKEN, TRY_AGAIN = 1009, 1011, 1013  # close codes, besides those of `sockets`
TICK_S = 1.0  # mends what was lost on the way
LOOK_EVERY = 2  # ticks: access and the list of devices are read again
UNCHECKED_S = 60.0  # with the database down this long, who may look is no longer known
MEND_MOST = 50  # devices a tick, so that mending never takes the time that drawing needs
LONGEST = 4096  # characters; the longest honest message is a serial and a verb


class LiveConsumer(AsyncWebsocketConsumer):
    """One browser that watches one site."""

    seat: Seat
    roster: reads.Roster
    upkeep: asyncio.Task[None] | None = None
    watch: Watch | None = None

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Hand a message to its handler, at once.

        Channels would first visit the one thread in which all sockets read the database, to close old connections
        there, and each live event would wait behind every read.  `database_sync_to_async` closes them anyway.
        """
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        self.outbox = Outbox()
        self.number = 0  # of the snapshot
        self.reading = False  # a snapshot is being read: nothing may overtake it
        self.due = False  # a snapshot is wanted as soon as the browser is ready for one
        self.credentials: Credentials = self.scope["credentials"]
        asked = parse_qs(self.scope["query_string"].decode("latin-1"))
        self.slug = asked.get("site", [""])[0]
        self.only: str | None = asked.get("device", [None])[0]  # the socket of one device's page
        await self.accept()  # a close code reaches the page only through an accepted socket
        try:
            seat = await database_sync_to_async(find_seat)(self.credentials, self.slug)
            if isinstance(seat, int):
                await self.close(seat)
                return
            self.seat = seat
            if self.only is not None and await self._find(self.only) is None:
                await self.close(NOT_FOUND)
                return
            for group in self._groups():
                await self.channel_layer.group_add(group, self.channel_name)
            await self._send_snapshot()
        except (DatabaseError, RedisError, OSError) as error:
            log.warning("live wall of %s: %s", self.slug, type(error).__name__)
            await self.close(TRY_AGAIN)
            return
        self.upkeep = asyncio.create_task(self._keep_up())

    async def disconnect(self, code: int) -> None:
        if self.upkeep is not None:
            self.upkeep.cancel()
        if hasattr(self, "seat"):
            for group in self._groups():
                try:
                    await self.channel_layer.group_discard(group, self.channel_name)
                except (RedisError, OSError):
                    return  # the layer forgets the channel with its connection

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """`"ok"` (or a bare `ok`): drawn, send more · `{"resync":true}` · `{"watch":serial}`."""
        if text_data is None or len(text_data) > LONGEST:
            await self.close(TOO_LARGE)
            return
        try:
            said = "ok" if text_data == "ok" else msgspec.json.decode(text_data)
        except (msgspec.DecodeError, RecursionError):
            said = None
        if not hasattr(self, "seat"):
            return
        if said == "ok":
            self.outbox.drawn()
            await self._try(self._send_waiting())
        elif isinstance(said, dict) and said.get("resync") is True:
            self.outbox.drawn()
            self.due = True
            await self._try(self._send_waiting())
        elif isinstance(said, dict) and "watch" in said:
            if not await self._try(self._watch(said["watch"])):
                await self.close(TRY_AGAIN)
        else:
            await self._send_error("message", 'expected "ok", {"resync":true} or {"watch":"<serial>"}')

    # --- from the channel layer ---

    async def live_events(self, message: dict[str, Any]) -> None:
        self.outbox.put(about(message["events"], self.only))
        await self._try(self._send_waiting())

    async def trace_records(self, message: dict[str, Any]) -> None:
        if self.watch is not None and self.watch.device_id == message["device"]:
            self.watch.put(message["records"])
            await self._try(self._send_waiting())

    async def trace_noticed(self, message: dict[str, Any]) -> None:
        if self.watch is not None and self.watch.device_id == message["device"]:
            self.outbox.put({"watch": {"kind": "watch", "serial": self.watch.serial}})
            await self._try(self._send_waiting())

    async def access_changed(self, message: dict[str, Any]) -> None:
        await self._try(self._check_access())

    # --- upkeep: what no message triggers ---

    async def _keep_up(self) -> None:
        try:
            await self._tend()
            await self.close(TRY_AGAIN)
        except Exception:  # nobody awaits this task, and without it nobody asks who may still look
            log.exception("live wall of %s ends", self.slug)
            await self.close(BROKEN)

    async def _tend(self) -> None:
        ticks, checked = 0, time.monotonic()
        while time.monotonic() - checked < UNCHECKED_S:
            await asyncio.sleep(TICK_S)
            ticks += 1
            if ticks % LOOK_EVERY == 0 and await self._try(self._look_again()):
                checked = time.monotonic()
            if self.outbox.behind:
                await self._try(self._mend())

    async def _look_again(self) -> None:
        """Whether we may still look, and whether something was lost between the database and us."""
        if not await self._check_access():
            return
        now = await self._read_roster()
        if now.named != self.roster.named or self.outbox.strangers:
            self.due = True
        else:
            self.outbox.notice(self.roster.revs)  # old enough for their events to have arrived
            self.roster = now
        await self._send_waiting()

    async def _check_access(self) -> bool:
        seat = await database_sync_to_async(find_seat)(self.credentials, self.slug)
        if seat == self.seat:
            return True
        await self.close(NOT_FOUND if seat == NOT_FOUND else NOT_ALLOWED)
        return False

    async def _mend(self) -> None:
        behind = tuple(islice(self.outbox.behind, MEND_MOST))
        whole = await database_sync_to_async(reads.devices_of)(self.seat.site_id, timezone.now(), only=behind)
        self.outbox.mend(whole)
        await self._send_waiting()

    async def _try(self, work: Any) -> bool:
        """Do what needs the database; a database that is away is tried again at the next tick."""
        try:
            await work
        except (DatabaseError, RedisError, OSError) as error:
            log.warning("live wall of %s: %s", self.slug, type(error).__name__)
            return False
        return True

    # --- to the browser ---

    async def _send_waiting(self) -> None:
        """Send what is due, if the browser is ready for it."""
        if self.reading or self.outbox.in_flight:
            return
        if self.due:
            await self._send_snapshot()
        elif events := [*(self.outbox.take() or ()), *(self.watch.take() if self.watch else ())]:
            self.outbox.in_flight = True
            await self._send({"type": "events", "events": events})

    async def _send_snapshot(self) -> None:
        """Send the whole site; a snapshot is a message like any other, and is answered with "ok"."""
        self.reading = True
        try:
            self.roster = await self._read_roster()
            now = timezone.now()
            only = None if self.only is None else (self.only,)
            devices = await database_sync_to_async(reads.devices_of)(self.seat.site_id, now, only=only)
            pulse = await database_sync_to_async(reads.pulse)(now)
        finally:
            self.reading = False
        self.due = False
        if self.watch is not None and self.watch.serial not in self.roster.revs:
            await self._unwatch()  # it was revoked, or moved to another site
        self.number += 1
        self.outbox.restart(devices)
        snapshot = {"type": "snapshot", "rev": self.number, "build": build_id()}
        await self._send(snapshot | {"devices": devices, "alerts": [], "pulse": pulse})

    # --- full-rate traces ---

    async def _watch(self, serial: object) -> None:
        """Begin to watch this device in place of any other; None ends it.  Told by an event of kind `watch`."""
        device_id = None if serial is None else await self._find(serial)
        if serial is not None and device_id is None:
            await self._send_error("watch", f"no device {str(serial)[:64]!r} at this site")
            return
        await self._unwatch()
        if device_id is not None:
            await self.channel_layer.group_add(trace_group(device_id), self.channel_name)
            self.watch = Watch(str(serial), device_id)
            self.outbox.put({"watch": {"kind": "watch", "serial": serial}})
        await self._send_waiting()

    async def _unwatch(self) -> None:
        if self.watch is not None:
            watched, self.watch = self.watch, None
            await self.channel_layer.group_discard(trace_group(watched.device_id), self.channel_name)
        self.outbox.put({"watch": {"kind": "watch", "serial": None}})

    async def _find(self, serial: object) -> int | None:
        if not isinstance(serial, str):
            return None
        return await database_sync_to_async(find_watched)(self.seat.site_id, serial)

    async def _read_roster(self) -> reads.Roster:
        return narrowed(await database_sync_to_async(reads.roster)(self.seat.site_id), self.only)

    async def _send_error(self, about: str, detail: str) -> None:
        await self._send({"type": "error", "about": about, "detail": detail})

    async def _send(self, message: dict[str, Any]) -> None:
        await self.send(text_data=msgspec.json.encode(message).decode())

    def _groups(self) -> tuple[str, ...]:
        watched = () if self.watch is None else (trace_group(self.watch.device_id),)
        return f"site.{self.seat.site_id}", "live.pulse", self.seat.ear, *watched
