"""Tell browsers what was committed, through the channel layer.

What is announced can be lost without harm: a browser that misses something sees its pulse stop, or reads a fresh
snapshot.  So nothing here may hold up whoever announces, and a dead Redis is a note in the log.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from redis import asyncio as aioredis

from devices import state
from devices.batch.desk import TelemetryRow
from devices.models import Device
from devices.state import LiveState
from fleet.live import events, voice
from fleet.live.traces import Traces, messages_of, trace_group

log = structlog.get_logger(__name__)

Listener = TypeVar("Listener")

FLUSH_S = 0.04
FLUSH_BUSY_S = 0.25  # when more than _BUSY devices moved at once: each is told four times a second
_BUSY = 200
_SEND_S = 2.0


class Announcer:
    """Ingest's voice: its own thread and event loop; the newest state of each device wins while it waits.

    Sites that nobody watches are told nothing.  That loses nothing: whoever comes subscribes first and then reads
    the snapshot, which holds everything committed before the look at who watches.
    """

    def __init__(self, serials: Callable[[], dict[int, str]], sites: Callable[[], dict[int, int]]) -> None:
        self._serials, self._sites = serials, sites
        self._waiting: dict[int, LiveState] = {}
        self._told: dict[int, dict[str, Any]] = {}
        self._alerts: dict[int, tuple[int | None, events.Event]] = {}
        self._pulse: events.Event | None = None
        self._traces = Traces()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="announce", daemon=True)
        self.sent = 0
        self.failed = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=5)

    def devices(self, lives: Iterable[LiveState]) -> None:
        """Announce these states; they are committed, and never changed afterwards."""
        with self._lock:
            for live in lives:
                self._waiting[live.device_id] = live
        self._wake.set()

    def alerts(self, changed: Iterable[tuple[int | None, events.Event]]) -> None:
        """Announce these committed alerts, each with the site whose it is; they go out before devices do."""
        with self._lock:
            for site_id, event in changed:
                self._alerts[event["id"]] = (site_id, event)
        self._wake.set()

    def traces(self, rows: Iterable[TelemetryRow], received_ms: int) -> None:
        """Announce these committed records at full rate to whoever watches their devices."""
        if self._traces.put(rows, received_ms):
            self._wake.set()

    def forget(self, device_ids: Iterable[int]) -> None:
        """Another process announced something of these devices: tell all of them anew the next time."""
        with self._lock:
            for device_id in device_ids:
                self._told.pop(device_id, None)

    def pulse(self, event: events.Event) -> None:
        """Announce the pulse of the whole chain."""
        self._pulse = event
        self._wake.set()

    def _run(self) -> None:
        asyncio.run(self._speak())

    async def _speak(self) -> None:
        layer = get_channel_layer()
        redis = aioredis.from_url(settings.REDIS_URL, socket_timeout=_SEND_S, socket_connect_timeout=_SEND_S)
        pause_s = FLUSH_S
        while not self._stop.is_set():
            await asyncio.to_thread(self._wake.wait, 1.0)
            self._wake.clear()
            with self._lock:
                waiting, self._waiting = self._waiting, {}
                alerts, self._alerts = self._alerts, {}
            pulse, self._pulse = self._pulse, None
            try:
                async with asyncio.timeout(_SEND_S):
                    if pulse is not None:
                        await self._send(layer, events.PULSE_GROUP, {"pulse": pulse})
                    await self._alert(layer, redis, alerts.values())
                    await self._tell(layer, redis, waiting)
                    await self._trace(layer, redis)
            except Exception as error:
                self.failed += 1
                with self._lock:
                    self._told.clear()
                log.warning("browsers not told", error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(0.5)
            pause_s = FLUSH_BUSY_S if len(waiting) > _BUSY else FLUSH_S
            await asyncio.sleep(pause_s)

    async def _tell(self, layer: Any, redis: Any, waiting: dict[int, LiveState]) -> None:
        by_site: dict[int, list[LiveState]] = {}
        sites = self._sites()
        for live in waiting.values():
            site = sites.get(live.device_id)
            if site is not None:
                by_site.setdefault(site, []).append(live)
        if not by_site:
            return
        watched = await self._watched(redis, list(by_site))
        for site, lives in by_site.items():
            if site not in watched:
                self.forget(live.device_id for live in lives)
                continue
            await self._send(layer, events.site_group(site), self._events(lives))

    async def _alert(
        self, layer: Any, redis: Any, changed: Collection[tuple[int | None, events.Event]]
    ) -> None:
        groups = _by_group(changed)
        if not groups:
            return
        listened = await _listened(redis, {group: group for group in groups})
        for group in listened:
            await self._send(layer, group, groups[group])

    async def _trace(self, layer: Any, redis: Any) -> None:
        for device_id, records in self._traces.take().items():
            for group, message in messages_of(device_id, records):
                await layer.group_send(group, message)
        for device_id in await self._traces.look(redis):
            await layer.group_send(trace_group(device_id), {"type": "trace.noticed", "device": device_id})

    async def _watched(self, redis: Any, sites: Sequence[int]) -> set[int]:
        return await _listened(redis, {events.site_group(site): site for site in sites})

    def _events(self, lives: Iterable[LiveState]) -> dict[str, events.Event]:
        serials = self._serials()
        out = {}
        for live in lives:
            serial = serials.get(live.device_id)
            if serial is None:
                continue
            now = state.view(live)
            with self._lock:
                before, self._told[live.device_id] = self._told.get(live.device_id), now
            out[events.device_key(serial)] = events.device_event(serial, before, now)
        return out

    async def _send(self, layer: Any, group: str, keyed: dict[str, events.Event]) -> None:
        await layer.group_send(group, {"type": "live.events", "events": keyed})
        self.sent += len(keyed)


def links(changed: Sequence[LiveState]) -> None:
    """Announce links that silence changed (from a worker)."""
    if not changed:
        return
    known = {
        id_: (serial, site)
        for id_, serial, site in Device.objects.filter(
            id__in=[live.device_id for live in changed]
        ).values_list("id", "serial", "site_id")
    }
    by_site: dict[int, dict[str, events.Event]] = {}
    for live in changed:
        serial, site = known[live.device_id]
        by_site.setdefault(site, {})[events.device_key(serial)] = events.link_event(serial, live)
    for site, keyed in by_site.items():
        _send_now(events.site_group(site), {"type": "live.events", "events": keyed})


class Worst(NamedTuple):
    """The worst alert of a device changed, which is a new `rev` of its live state."""

    site_id: int
    serial: str
    rev: int
    worst_alert: dict[str, Any] | None


def alerts(changed: Iterable[tuple[int | None, events.Event]], worst: Iterable[Worst] = ()) -> None:
    """Announce these committed alerts, each with the site whose it is, and the devices whose worst one they changed.

    Returns at once: whoever raises alerts has the next one to raise.
    """
    groups = _by_group(changed)
    for one in worst:
        event = events.worst_event(one.serial, one.rev, one.worst_alert)
        groups.setdefault(events.site_group(one.site_id), {})[events.device_key(one.serial)] = event
    for group, keyed in groups.items():
        voice.of_this_process.say(group, keyed.items())


def commands(told: Iterable[tuple[int, events.Event]]) -> None:
    """Announce these committed commands, each with the site where its device stands; returns at once.

    `told` is what `fleet.control.queries.told` returns.
    """
    _to_sites(told, events.command_key)


def rollouts(told: Iterable[tuple[int, events.Event]]) -> None:
    """Announce these committed rollouts, each to each of its sites; returns at once.

    `told` is what `fleet.rollouts.queries.told` returns.
    """
    _to_sites(told, events.rollout_key)


def _to_sites(told: Iterable[tuple[int, events.Event]], key_of: Callable[[str], str]) -> None:
    by_site: dict[int, list[tuple[str, events.Event]]] = {}
    for site_id, event in told:
        by_site.setdefault(site_id, []).append((key_of(event["id"]), event))
    for site_id, keyed in by_site.items():
        voice.of_this_process.say(events.site_group(site_id), keyed)


def _by_group(changed: Iterable[tuple[int | None, events.Event]]) -> dict[str, dict[str, events.Event]]:
    groups: dict[str, dict[str, events.Event]] = {}
    for site_id, event in changed:
        groups.setdefault(events.alert_group(site_id), {})[events.alert_key(event["id"])] = event
    return groups


async def _listened(redis: Any, of: dict[str, Listener]) -> set[Listener]:
    """Return what each group that somebody listens to stands for."""
    names = {f"asgi__group__{group}": what for group, what in of.items()}
    answer = await redis.pubsub_numsub(*names)
    return {names[name.decode() if isinstance(name, bytes) else name] for name, count in answer if count}


def _send_now(group: str, message: dict[str, Any]) -> None:
    started = time.monotonic()
    try:
        async_to_sync(_send_within)(group, message)
    except Exception as error:
        log.warning(
            "browsers not told", group=group, error=str(error), after_s=round(time.monotonic() - started, 2)
        )


async def _send_within(group: str, message: dict[str, Any]) -> None:
    async with asyncio.timeout(_SEND_S):
        await get_channel_layer().group_send(group, message)
