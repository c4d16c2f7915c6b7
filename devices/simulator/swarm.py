"""N bodies, N connections, one event loop: the world at the pace of real time, with a network."""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from devices.mqtt import packets
from devices.mqtt.swarm import SwarmClient, open_connection
from devices.simulator.body import Body
from devices.simulator.connection import Connection, Dial
from devices.simulator.plant import SAMPLES, TICK_MS
from devices.simulator.traffic import Traffic
from devices.simulator.world import World
from devices.wire.topics import Topic

FIRST_CONNECTS_A_SECOND = 200
GOODBYE_S = 2.0


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is; each device brings its own account."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    @classmethod
    def at(cls, url: str) -> Broker:
        """Return the broker at `mqtt://host:port` or `mqtts://host:port`.  Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError(f"{url!r} is no broker, expected mqtt://host:port or mqtts://host:port")
        tls = ssl.create_default_context() if parts.scheme == "mqtts" else None
        return cls(parts.hostname, parts.port or (8883 if tls else 1883), tls)


class Swarm:
    """Runs a world against a broker."""

    def __init__(
        self,
        world: World,
        broker: Broker,
        *,
        seed: int,
        dial: Dial | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`dial` opens a connection (None: a real one, to the broker); `clock` gives monotonic seconds."""
        self.world, self.broker, self._clock = world, broker, clock
        self._open_connection = dial or self._dial
        self._rng = random.Random(f"{seed}:network")
        self._zero_s = self._clock()
        self._busy: set[Connection] = set()  # with something to send again
        self._changed: set[Connection] = set()  # with a status due
        self._dialling: set[asyncio.Task[None]] = set()
        self._open: set[SwarmClient] = set()  # with a socket
        self._all_gone = asyncio.Event()
        self._advancing = False
        self.connections: dict[int, Connection] = {}
        for body in world.bodies:
            self.attach(body)
        world.after_tick = self._after_tick
        world.switch_off = self._switch_off

    def attach(self, body: Body) -> Connection:
        """Give a body a network."""
        connection = Connection(
            body,
            clock_ms=self.catch_up,
            dial=self._open_connection,
            traffic=Traffic(random.Random(f"{body.serial}:{body.row}")),
            rng=random.Random(self._rng.random()),
        )
        connection.later = self.world.at
        connection.due = self._changed.add
        body.uplink = connection
        self.connections[body.row] = connection
        return connection

    def at(self, at_ms: int, act: Callable[[int], None]) -> None:
        """Do something at a simulation time."""
        self.world.at(at_ms, act)

    def clone(self, body: Body, boot: int) -> Connection | None:
        """Put a second device under the same serial onto the network; None if there are too many."""
        twin = self.world.clone(body, boot)
        return None if twin is None else self.attach(twin)

    def remove_clone(self, connection: Connection) -> None:
        """Take a clone away: its socket closes, nobody says goodbye."""
        connection.blocked = True
        connection.cut(dark=False)
        connection.sweep()
        connection.body.power_off(self.world.now_ms)
        self.connections.pop(connection.body.row, None)
        self._busy.discard(connection)
        self._changed.discard(connection)
        self.world.remove(connection.body)

    def start_clock(self, past_ms: int = 0) -> None:
        """The day began `past_ms` ago: live that long without a network.  Call once, before `run`."""
        self._zero_s = self._clock() - past_ms / 1000
        self.world.plant.epoch_ms = time.time_ns() // 1_000_000 - past_ms
        self._advance(past_ms)

    def now_ms(self) -> int:
        """Simulation time of this instant."""
        return int((self._clock() - self._zero_s) * 1000)

    def catch_up(self) -> int:
        """Bring the world up to this instant, so that nothing is ever told out of order; return the time."""
        if self._advancing:
            return self.world.now_ms
        self._advance(self.now_ms())
        return max(self.now_ms(), self.world.now_ms)

    def _advance(self, to_ms: int) -> None:
        """Let time pass; what asks for the time meanwhile gets that of the tick."""
        self._advancing = True
        try:
            self.world.advance(to_ms)
        finally:
            self._advancing = False

    async def run(self, stop: asyncio.Event, *, housekeeping: Callable[[], None] = lambda: None) -> None:
        """Live until `stop` is set, then say goodbye.  `housekeeping` is called once a second."""
        spread_s = len(self.connections) / FIRST_CONNECTS_A_SECOND
        for connection in self.connections.values():
            connection.begin(self._rng.uniform(0.0, spread_s))
        while not stop.is_set():
            now_ms = self.catch_up()
            if self.world.now_ms // 1000 != (self.world.now_ms - TICK_MS) // 1000:
                housekeeping()
            try:
                await asyncio.wait_for(stop.wait(), max(self.world.now_ms + TICK_MS - now_ms, 1) / 1000)
            except TimeoutError:
                continue
        await self._farewell()
        housekeeping()

    async def _farewell(self) -> None:
        now_ms = self.catch_up()
        for connection in list(self.connections.values()):
            connection.goodbye(now_ms)
        for task in self._dialling:
            task.cancel()
        await asyncio.gather(*self._dialling, return_exceptions=True)
        if self._open:
            self._all_gone.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_gone.wait(), GOODBYE_S)

    def _gone(self, client: SwarmClient) -> None:
        self._open.discard(client)
        if not self._open:
            self._all_gone.set()

    def _after_tick(self, now_ms: int) -> None:
        slot = now_ms // TICK_MS % SAMPLES
        for body in self.world.bodies[slot::SAMPLES]:
            connection = self.connections[body.row]
            connection.second(now_ms)
            if connection.wants_pump():
                self._busy.add(connection)
        while self._changed:
            self._changed.pop().send_status(now_ms)
        for connection in list(self._busy):
            connection.pump(now_ms)
            if not connection.wants_pump():
                self._busy.discard(connection)

    def _dial(self, connection: Connection) -> SwarmClient:
        body, keep_alive_s = connection.body, self.world.scenario.keep_alive_s
        welcome = packets.connect(
            body.serial,
            keep_alive_s=keep_alive_s,
            username=body.serial,
            password=body.machine.password,
            will=(str(Topic(body.serial, "status")).encode(), body.will()),
        )
        client = SwarmClient(
            connection, welcome, keep_alive_s=keep_alive_s, clock=self._clock, gone=self._gone
        )
        self._open.add(client)
        task = asyncio.get_running_loop().create_task(self._connect(client, connection))
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)
        return client

    async def _connect(self, client: SwarmClient, connection: Connection) -> None:
        try:
            await open_connection(client, self.broker.host, self.broker.port, tls=self.broker.tls)
        except (OSError, TimeoutError) as error:
            self._gone(client)
            connection.lost(client, str(error) or type(error).__name__)

    def _switch_off(self, body: Body, now_ms: int) -> None:
        self.connections[body.row].goodbye(now_ms)
        body.power_off(now_ms)
