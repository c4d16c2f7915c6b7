"""The live wall's end of the WebSocket: one site's devices, alerts, commands and rollouts, at the browser's pace."""

from itertools import islice
from typing import Any

from channels.db import database_sync_to_async
from django.utils import timezone

from dashboards.live import reads
from dashboards.live.alertwatch import AlertWatch
from dashboards.live.build import build_id
from dashboards.live.commandwatch import CommandWatch
from dashboards.live.outbox import Outbox
from dashboards.live.paced import TRY_AGAIN, PacedConsumer
from dashboards.live.rolloutwatch import RolloutWatch, find_rollout
from dashboards.live.sockets import NOT_ALLOWED, NOT_FOUND, Seat, find_seat
from dashboards.live.watching import NO_DEVICE, Watch, about, find_watched, narrowed
from fleet.live.events import PULSE_GROUP, alert_group, site_group
from fleet.live.traces import trace_group

MEND_MOST = 50  # devices a tick, so that mending never takes the time that drawing needs
WHOLE = 100_000  # alerts a part: this snapshot has one


class LiveConsumer(PacedConsumer):
    """One browser that watches one site.  `?alerts=none`: without its alerts, which our pages hear elsewhere."""

    expects = 'expected "ok", {"resync":true} or {"watch":"<serial>"}'
    seat: Seat
    roster: reads.Roster
    commands: CommandWatch
    rollouts: RolloutWatch
    watch: Watch | None = None
    alerts: AlertWatch | None = None

    def __str__(self) -> str:
        return f"live wall of {self.slug}"

    async def take_seat(self) -> int | None:
        self.outbox = Outbox()
        self.number = 0  # of the snapshot
        self.reading = False  # a snapshot is being read: nothing may overtake it
        self.slug = self.asked.get("site", [""])[0]
        # The socket of one rollout's page hears nothing of devices, that of a device's page of one.
        number = self.asked.get("rollout", [""])[0]
        self.only: str | None = NO_DEVICE if number else self.asked.get("device", [None])[0]
        seat = await database_sync_to_async(find_seat)(self.credentials, self.slug)
        if isinstance(seat, int):
            return seat
        self.seat = seat
        people = not self.credentials.display
        rollout = await database_sync_to_async(find_rollout)(seat.site_id, number) if number else None
        self.commands = CommandWatch(seat.site_id, device=self.only, people=people)
        self.rollouts = RolloutWatch(seat.site_id, only=rollout, people=people)
        if self.asked.get("alerts") != ["none"]:
            self.alerts = AlertWatch([seat.site_id], device=self.only, people=people)
        if number:
            return NOT_FOUND if rollout is None else None
        return NOT_FOUND if self.only is not None and await self._find(self.only) is None else None

    def groups_heard(self) -> tuple[str, ...]:
        watched = () if self.watch is None else (trace_group(self.watch.device_id),)
        alerts = () if self.alerts is None else (alert_group(self.seat.site_id), alert_group(None))
        return site_group(self.seat.site_id), PULSE_GROUP, self.seat.ear, *watched, *alerts

    async def hear(self, said: object) -> bool:
        if not isinstance(said, dict) or "watch" not in said:
            return False
        if not await self.try_to(self._watch(said["watch"])):
            await self.close(TRY_AGAIN)
        return True

    def drawn(self) -> None:
        self.outbox.drawn()

    # --- from the channel layer ---

    async def live_events(self, message: dict[str, Any]) -> None:
        others = {}
        for key, event in message["events"].items():
            if event["kind"] == "command":
                self.commands.hear(event)
            elif event["kind"] == "rollout":
                self.rollouts.hear(event)
            elif event["kind"] != "alert":
                others[key] = event
            elif self.alerts is not None:
                self.alerts.hear(event)
        self.outbox.put(about(others, self.only))
        await self.try_to(self.send_waiting())

    async def trace_records(self, message: dict[str, Any]) -> None:
        if self.watch is not None and self.watch.device_id == message["device"]:
            self.watch.put(message["records"])
            await self.try_to(self.send_waiting())

    async def trace_noticed(self, message: dict[str, Any]) -> None:
        if self.watch is not None and self.watch.device_id == message["device"]:
            self.outbox.put({"watch": {"kind": "watch", "serial": self.watch.serial}})
            await self.try_to(self.send_waiting())

    # --- upkeep ---

    async def look_again(self) -> bool:
        return await self.try_to(self._look())

    async def _look(self) -> None:
        if not await self.check_access():
            return
        now = await self._read_roster()
        if now.named != self.roster.named or self.outbox.strangers:
            self.due = True
        else:
            self.outbox.notice(self.roster.revs)  # old enough for their events to have arrived
            self.roster = now
        await self.commands.look()
        await self.rollouts.look()
        if self.rollouts.is_gone:
            await self.close(NOT_FOUND)
            return
        if self.alerts is not None:
            await self.alerts.look()
        await self.send_waiting()

    async def check_access(self) -> bool:
        seat = await database_sync_to_async(find_seat)(self.credentials, self.slug)
        if seat == self.seat:
            return True
        await self.close(NOT_FOUND if seat == NOT_FOUND else NOT_ALLOWED)
        return False

    async def mend(self) -> None:
        if self.outbox.behind:
            behind = tuple(islice(self.outbox.behind, MEND_MOST))
            now = timezone.now()
            self.outbox.mend(
                await database_sync_to_async(reads.devices_of)(self.seat.site_id, now, only=behind)
            )
        await self.commands.mend()
        await self.rollouts.mend()
        if self.alerts is not None and not await self.alerts.mend():
            self.due = True
        await self.send_waiting()

    # --- to the browser ---

    async def send_waiting(self) -> None:
        if self.reading or self.outbox.in_flight:
            return
        if self.due:
            await self._send_snapshot()
            return
        events = self.commands.book.take() + self.rollouts.book.take() + (self.outbox.take() or [])
        if self.watch is not None:
            events += self.watch.take()
        if self.alerts is not None:
            events += self.alerts.book.take()
        if events:
            self.outbox.in_flight = True
            await self.say({"type": "events", "events": events})

    async def _send_snapshot(self) -> None:
        """Send the whole site; a snapshot is a message like any other, and is answered with "ok"."""
        self.reading = True
        try:
            self.roster = await self._read_roster()
            now = timezone.now()
            only = None if self.only is None else (self.only,)
            devices = await database_sync_to_async(reads.devices_of)(self.seat.site_id, now, only=only)
            asked = {
                "commands": await self.commands.snapshot(),
                "rollouts": await self.rollouts.snapshot(),
            }
            alerts = await self._read_alerts()
            pulse = await database_sync_to_async(reads.pulse)(now)
        finally:
            self.reading = False
        self.due = False
        if self.watch is not None and self.watch.serial not in self.roster.revs:
            await self._unwatch()  # it was revoked, or moved to another site
        self.number += 1
        self.outbox.restart(devices)
        snapshot = {"type": "snapshot", "rev": self.number, "build": build_id()}
        await self.say(snapshot | {"devices": devices, **asked, "alerts": alerts, "pulse": pulse})

    async def _read_alerts(self) -> list[Any]:
        if self.alerts is None:
            return []
        await self.alerts.begin(part_size=WHOLE)
        return await self.alerts.next_part()

    # --- full-rate traces ---

    async def _watch(self, serial: object) -> None:
        """Begin to watch this device in place of any other; None ends it.  Told by an event of kind `watch`."""
        device_id = None if serial is None else await self._find(serial)
        if serial is not None and device_id is None:
            await self.send_error("watch", f"no device {str(serial)[:64]!r} at this site")
            return
        await self._unwatch()
        if device_id is not None:
            await self.channel_layer.group_add(trace_group(device_id), self.channel_name)
            self.watch = Watch(str(serial), device_id)
            self.outbox.put({"watch": {"kind": "watch", "serial": serial}})
        await self.send_waiting()

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
