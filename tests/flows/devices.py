"""Devices driven by hand: what they say, and when, is the test's to decide.  They run on one event loop.

    with Air(house) as air:
        device = air.device(boot=7, seq=49_999)
        device.connect()
        device.telemetry()
        device.wait_watermark(seq=50_000)

Times are ms, as on the wire; `t` is right unless `clock_error_ms` says otherwise.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from devices.mqtt import packets, swarm
from devices.mqtt.swarm import SwarmClient
from devices.wire import codec
from devices.wire.messages import Watermark
from fleet.embedded import ports
from tests.harness import House, wait_for

KEEP_ALIVE_S = 30
PATIENT_S = 60.0
CHANNELS = 2

T = TypeVar("T")


class Air:
    """The network between devices and a house's broker.  A context manager: with its end all links break."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="air", daemon=True)
        self._spare: Iterator[dict[str, str]] = iter(house.people["spare_devices"])
        self.clients: set[SwarmClient] = set()

    def __enter__(self) -> "Air":
        self._thread.start()
        self.loop.call_soon_threadsafe(self._tick)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self._end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T], *, within_s: float = PATIENT_S) -> T:
        """Run a coroutine on the loop, and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(within_s)

    def do(self, act: Callable[[], T]) -> T:
        """Call something on the loop, where devices live."""

        async def called() -> T:
            return act()

        return self.run(called())

    def device(self, account: dict[str, str] | None = None, **options: Any) -> "Device":
        """Return a device of people.json; by default the next spare one."""
        chosen = account if account is not None else next(self._spare)
        return Device(self, chosen["serial"], chosen["mqtt_password"], **options)

    def bench(self) -> "Device":
        """Return the account that may publish anywhere: it has no birth, and says what `say_as` is told."""
        return Device(self, "_bench", self.house.servers.vault.secret("_bench"))

    def _tick(self) -> None:
        for client in self.clients:
            client.tick()
        self.loop.call_later(1.0, self._tick)

    async def _end(self) -> None:
        for client in self.clients:
            client.drop()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)


class Device:
    """One device and its connection.  Methods without a leading underscore are the test's, on its thread."""

    def __init__(
        self,
        air: Air,
        serial: str,
        password: str,
        *,
        boot: int = 1,
        seq: int = 0,
        on_for_ms: int = 1_000,
        clock_error_ms: int = 0,
    ) -> None:
        """`seq` is the last record given out, `on_for_ms` how long ago the boot began."""
        self.air, self.serial, self._password = air, serial, password
        self.boot, self.seq, self.conn = boot, seq, 0
        self.clock_error_ms = clock_error_ms
        self.session: str | None = None
        self.buffered: list[dict[str, int]] = []
        self.watermarks: list[Watermark] = []
        self.commands: list[dict[str, Any]] = []  # as they came; carrying them out is the test's
        self.retained_commands = 0
        self.on_watermark: Callable[[Watermark], None] = lambda watermark: None
        self.unacknowledged: set[int] = set()
        self._began_ms = _monotonic_ms() - on_for_ms
        self._client: SwarmClient | None = None
        self._ready: asyncio.Future[None] | None = None

    # --- time ---

    def up_ms(self) -> int:
        return _monotonic_ms() - self._began_ms

    def twin(self, boot: int) -> "Device":
        """Return another device with the same account, in a session of its own."""
        twin = Device(self.air, self.serial, self._password, boot=boot)
        twin.session = "of-the-twin"
        return twin

    def restart(self, boot: int, *, seq: int = 0) -> None:
        """Begin another boot, now."""
        self.boot, self.seq, self.conn, self._began_ms = boot, seq, 0, _monotonic_ms()

    def t_ms(self, up_ms: int) -> int:
        """What the device's wall clock shows at `up_ms`."""
        return _wall_ms() - (self.up_ms() - up_ms) + self.clock_error_ms

    # --- the connection ---

    def connect(self, *, birth: bool = True, **changes: Any) -> None:
        """Connect with a will, subscribe, and be born."""
        self.conn += 1
        self.air.run(self._connect())
        if birth:
            self.status(**changes)

    async def _connect(self) -> None:
        self._ready = self.air.loop.create_future()
        will = (self._topic("status"), self.will(self.boot, self.conn))
        welcome = packets.connect(
            self.serial,
            keep_alive_s=KEEP_ALIVE_S,
            username=self.serial,
            password=self._password,
            will=None if self.serial.startswith("_") else will,
        )
        client = SwarmClient(self, welcome, keep_alive_s=KEEP_ALIVE_S, clock=time.monotonic)
        self._client = client
        self.unacknowledged.clear()
        self.air.clients.add(client)
        await swarm.open_connection(client, ports.HOST, self.air.house.mqtt_port)
        await self._ready

    def drop(self) -> None:
        """Break the connection without a word: the broker publishes the will."""
        client = self._connection()
        self.air.do(client.drop)
        self.air.clients.discard(client)

    def goodbye(self) -> None:
        """Say that we are going, and go."""
        client = self._connection()
        self.status(state="offline")
        self.wait_acknowledged()
        self.air.do(client.close)
        self.air.clients.discard(client)

    @staticmethod
    def will(boot: int, conn: int) -> bytes:
        return _compact({"v": 1, "state": "offline", "boot": boot, "conn": conn})

    # --- what it says ---

    def status(self, **changes: Any) -> None:
        self.say("status", self.status_body(**changes), retain=True)

    def status_body(self, **changes: Any) -> bytes:
        up_ms = self.up_ms()
        running = self.session is not None
        said = {
            "v": 1, "state": "running" if running else "idle", "boot": self.boot, "conn": self.conn,
            "up_ms": up_ms, "t": self.t_ms(up_ms), "output": "on" if running else "off", "model": "RX-2",
            "firmware": "2.3.1", "channels": CHANNELS, "session": self.session, "conditions": [],
            "battery": {"soc": 80.0, "mv": 3900, "charging": False}, "temp_c": 30.0, "seq": self.seq,
            "buffered": self.buffered, **changes,
        }  # fmt: skip
        return _compact(said)

    def telemetry(self, **changes: Any) -> int:
        """Send the next record live; return its number."""
        self.seq += 1
        self.say("telemetry", self.telemetry_body(self.seq, self.up_ms(), **changes))
        return self.seq

    def event(self, kind: str, data: dict[str, Any] | None = None, **changes: Any) -> int:
        self.seq += 1
        self.say("event", self.event_body(self.seq, self.up_ms(), kind, data, **changes))
        return self.seq

    def ack(self, id: str, outcome: str = "done", **changes: Any) -> None:
        """Answer a command; that it is done changes nothing here: the test says what the device does."""
        said = {
            "v": 1, "id": id, "boot": self.boot, "up_ms": self.up_ms(), "outcome": outcome, "reason": None,
            "output": "off", **changes,
        }  # fmt: skip
        self.say("ack", _compact(said))

    def telemetry_body(self, seq: int, up_ms: int, **changes: Any) -> bytes:
        said = {
            "v": 1, "boot": self.boot, "seq": seq, "up_ms": up_ms, "t": self.t_ms(up_ms), "late": False,
            "session": self.session or "S0", "step": 0, "phase": "on", "cycle": 1, "elapsed_ms": up_ms,
            "every_ms": 500, "set_ma": [30.0] * CHANNELS, "ma": [[29.8, 30.1]] * CHANNELS,
            "ohm": [820] * CHANNELS, "contact": ["ok"] * CHANNELS, "charge_uc": [10.5 * seq] * CHANNELS,
            "pulses": [50 * seq] * CHANNELS, "soc": 79.0, "mv": 3890, "temp_c": 31.0, **changes,
        }  # fmt: skip
        return _compact(said)

    def event_body(
        self, seq: int, up_ms: int, kind: str, data: dict[str, Any] | None = None, **changes: Any
    ) -> bytes:
        said = {
            "v": 1, "boot": self.boot, "seq": seq, "up_ms": up_ms, "t": self.t_ms(up_ms), "late": False,
            "session": self.session, "kind": kind, "channel": None, "data": data or {}, **changes,
        }  # fmt: skip
        return _compact(said)

    def say(self, kind: str, payload: bytes, *, retain: bool = False) -> None:
        self.say_as(self.serial, kind, payload, retain=retain)

    def say_as(self, serial: str, kind: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish on another one's topic: `_bench` may, a device may not."""
        topic = f"ems/v1/{serial}/{kind}".encode()
        self.air.loop.call_soon_threadsafe(self.put, topic, payload, retain)

    def say_json_as(self, serial: str, kind: str, said: dict[str, Any], *, retain: bool = False) -> None:
        self.say_as(serial, kind, _compact(said), retain=retain)

    def put(self, topic: bytes, payload: bytes, retain: bool = False) -> None:
        """Publish from the loop's own thread."""
        self.unacknowledged.add(self._connection().publish(topic, payload, retain=retain))

    def wait_acknowledged(self, *, within_s: float = PATIENT_S) -> None:
        """Wait until the broker has everything that was said."""
        wait_for(
            lambda: not self.air.do(lambda: len(self.unacknowledged)),
            within_s=within_s,
            why=lambda: f"{self.serial}: {len(self.unacknowledged)} messages unacknowledged by the broker",
        )

    # --- what it hears ---

    def watermark(self, boot: int | None = None) -> Watermark | None:
        """The newest watermark of a boot, by default this one."""
        wanted = self.boot if boot is None else boot
        return next((one for one in reversed(self.watermarks) if one.boot == wanted), None)

    def wait_watermark(self, seq: int, *, boot: int | None = None, within_s: float = PATIENT_S) -> Watermark:
        """Wait until everything up to `seq` is told as stored, dropped or rejected."""

        def found() -> Watermark | None:
            newest = self.watermark(boot)
            return newest if newest is not None and newest.seq >= seq else None

        return wait_for(
            found,
            within_s=within_s,
            why=lambda: f"{self.serial}: no watermark {seq}, the last: {self.watermark(boot)}",
        )

    def wait_missing(self, first: int, last: int, *, within_s: float = PATIENT_S) -> None:
        """Wait until a watermark asks for these."""
        wait_for(
            lambda: any((first, last) in one.missing for one in self.watermarks),
            within_s=within_s,
            why=lambda: f"{self.serial}: nobody asked for {first}…{last}, the last: {self.watermark()}",
        )

    def beat_until(self, true: Callable[[], T], *, within_s: float = PATIENT_S, **changes: Any) -> T:
        """Say the same status twice a second until something is true; return that."""

        def beat() -> T:
            self.status(**changes)
            return true()

        return wait_for(beat, within_s=within_s, every_s=0.5, why=lambda: f"never: {true()}")

    def next_command(self, after: int = 0, *, within_s: float = PATIENT_S) -> dict[str, Any]:
        """Return the command that came behind the first `after`, as soon as it is there."""
        return wait_for(
            lambda: self.commands[after:],
            within_s=within_s,
            why=lambda: f"{self.serial}: no command came behind {self.commands}",
        )[0]

    # --- the client's calls, on the loop ---

    def connected(self, client: SwarmClient) -> None:
        client.subscribe([(self._topic("watermark"), 0), (self._topic("command"), 1)])

    def subscribed(self, client: SwarmClient) -> None:
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(None)

    def message(self, client: SwarmClient, topic: bytes, payload: bytes, retain: bool) -> None:
        if topic == self._topic("watermark"):
            watermark = codec.decode("watermark", payload)
            assert isinstance(watermark, Watermark)
            self.watermarks.append(watermark)
            self.on_watermark(watermark)
        elif topic == self._topic("command"):
            self.commands.append(read(payload))
            self.retained_commands += retain

    def acknowledged(self, client: SwarmClient, packet_id: int) -> None:
        if client is self._client:
            self.unacknowledged.discard(packet_id)

    def lost(self, client: SwarmClient, why: str) -> None:
        self.air.clients.discard(client)
        if client is self._client and self._ready is not None and not self._ready.done():
            self._ready.set_exception(ConnectionError(why))

    def _topic(self, kind: str) -> bytes:
        return f"ems/v1/{self.serial}/{kind}".encode()

    def _connection(self) -> SwarmClient:
        assert self._client is not None, f"{self.serial} has not connected yet"
        return self._client


_encode = msgspec.json.Encoder().encode


def _compact(said: dict[str, Any]) -> bytes:
    return _encode(said)


def read(body: bytes | str) -> dict[str, Any]:
    return dict(json.loads(body))


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
