"""The alerts' end of the WebSocket: the open alerts of all sites that somebody sees, for the bar and the console.

`?site=<slug>`: of that site alone.
"""

import asyncio
from functools import partial
from typing import Any

from channels.db import database_sync_to_async
from django.db import Error as DatabaseError
from django.utils import timezone

from dashboards.live import alertreads, reads, shared
from dashboards.live.alertwatch import AlertWatch
from dashboards.live.build import build_id
from dashboards.live.paced import TICK_S, PacedConsumer
from dashboards.live.seats import Bench, find_bench
from devices.state import iso, to_ms
from fleet.live.events import PULSE_GROUP, alert_group

LOOK_WITHIN_S = 4.0  # a database that takes longer than this to answer is told as away
_ASIDE = {"duty": "sites", "away": "serials"}


class AlertsConsumer(PacedConsumer):
    """One browser.  The snapshot comes in parts, so that thousands of alerts are no long task there."""

    bench: Bench
    watch: AlertWatch
    aside: dict[str, Any]
    """What was told besides alerts: `duty`, `away`."""

    def __str__(self) -> str:
        return "alerts"

    async def take_seat(self) -> int | None:
        self.number = self.part = self.parts = 0
        self.in_flight = self.reading = False
        self.begun: dict[str, Any] = {}  # what the first part of a snapshot says besides alerts
        self.other: dict[str, dict[str, Any]] = {}  # events of other kinds than alerts: the newest of each
        self.away_since: str | None = None
        bench = await self._find_bench()
        if isinstance(bench, int):
            return bench
        self._sit(bench)
        return None

    async def _find_bench(self) -> Bench | int:
        slug = self.asked.get("site", [None])[0]
        return await database_sync_to_async(find_bench)(self.credentials, slug)

    def _sit(self, bench: Bench) -> None:
        self.bench, self.aside = bench, {}
        self.watch = AlertWatch(bench.site_ids, people=not self.credentials.display)

    def groups_heard(self) -> tuple[str, ...]:
        everybody = (alert_group(None),) if self.bench.sites else ()
        return self.bench.ear, PULSE_GROUP, *everybody, *map(alert_group, self.bench.site_ids)

    def drawn(self) -> None:
        self.in_flight = False

    async def live_events(self, message: dict[str, Any]) -> None:
        for key, event in message["events"].items():
            if event["kind"] == "alert":
                self._hear_alert(event)
            else:
                self.other[key] = event
        await self.try_to(self.send_waiting())

    def _hear_alert(self, event: dict[str, Any]) -> None:
        """One of a site that was taken away may still be on its way here when the groups are left."""
        if event["site"] is None or event["site"] in {slug for _number, slug, _name in self.bench.sites}:
            self.watch.hear(event)

    # --- upkeep ---

    async def look_again(self) -> bool:
        try:
            async with asyncio.timeout(LOOK_WITHIN_S - TICK_S):
                looked = await self._try_look()
        except TimeoutError:
            looked = False
        self._tell_database(is_there=looked)
        await self.try_to(self.send_waiting())
        return looked

    async def _try_look(self) -> bool:
        try:
            if await self.check_access():
                await self.watch.look()
                await self._look_aside()
        except (DatabaseError, OSError):
            return False
        return True

    def _tell_database(self, *, is_there: bool) -> None:
        if is_there == (self.away_since is None):
            return
        self.away_since = None if is_there else iso(to_ms(timezone.now()))
        self.other["database"] = {"kind": "database", **self._database()}

    def _database(self) -> dict[str, Any]:
        return {"ok": self.away_since is None, "since": self.away_since}

    async def _look_aside(self) -> None:
        """Who is on duty, and which devices are out of service."""
        now = await self._read_aside()
        for kind, told in now.items():
            if told != self.aside.get(kind):
                self.other[kind] = {"kind": kind, _ASIDE[kind]: told}
        self.aside = now

    async def _read_aside(self, *, fresh: bool = False) -> dict[str, Any]:
        now, ids, names = timezone.now(), self.bench.site_ids, not self.credentials.display
        read = database_sync_to_async(partial(shared.read, fresh=fresh))
        return {
            "duty": await read(("duty", ids, names), lambda: alertreads.duty(ids, now, names=names)),
            "away": await read(("away", ids), lambda: alertreads.away(ids, now)),
        }

    async def check_access(self) -> bool:
        """Close if nobody may listen here any more; where the sites are other ones, begin again with these."""
        bench = await self._find_bench()
        if isinstance(bench, int):
            await self.close(bench)
            return False
        if bench != self.bench:
            before = set(self.groups_heard())
            self._sit(bench)
            now = set(self.groups_heard())
            for group in before - now:
                await self.channel_layer.group_discard(group, self.channel_name)
            for group in now - before:
                await self.channel_layer.group_add(group, self.channel_name)
            self.due = True
        return True

    async def mend(self) -> None:
        if not await self.watch.mend():
            self.due = True
        await self.send_waiting()

    # --- to the browser ---

    async def send_waiting(self) -> None:
        if self.reading or self.in_flight:
            return
        if self.due or self.watch.is_telling:
            await self._send_part()
        elif events := [*self.other.values(), *self.watch.book.take()]:
            self.other = {}
            self.in_flight = True
            await self.say({"type": "events", "events": events})

    async def _send_part(self) -> None:
        """Send the next part of a snapshot, which is a message like any other and is answered with "ok"."""
        self.reading = True
        try:
            if self.due:
                self.begun = await self._begin()
            alerts = await self.watch.next_part()
        finally:
            self.reading = False
        self.part += 1
        self.in_flight = True
        about = {"type": "snapshot", "rev": self.number, "part": self.part, "parts": self.parts}
        begun, self.begun = self.begun, {}
        await self.say(about | begun | {"alerts": alerts})

    async def _begin(self) -> dict[str, Any]:
        """Begin a snapshot; return what its first part says besides alerts."""
        now = timezone.now()
        self.aside = await self._read_aside(fresh=True)
        pulse = await database_sync_to_async(reads.pulse)(now)
        parts = await self.watch.begin()
        self.due, self.part, self.parts = False, 0, parts
        self.number += 1
        return {"build": build_id(), **self.aside, "pulse": pulse, "database": self._database()}
