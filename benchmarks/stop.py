"""From a click on stop to the device that has it, while telemetry streams in: of one device, of 50, and directly.

A click is the page's own request: a POST with the session's cookie over a kept connection.  50 devices have
connections of their own, carry out what they hear, and prove it; 500 others send 2,000 messages a second through one.
"""

import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any, NamedTuple

from benchmarks import houses, proc, sender
from benchmarks.latency import Latencies
from benchmarks.person import Person
from devices.mqtt.swarm import SwarmClient
from tests.flows.devices import Air, Device
from tests.harness import House, wait_for

SITE, USER = "harbour-clinic", "stranger"  # a site that the demo's data leaves empty, and its nurse
PARTS = ("ingest", "dispatch", "worker", "courier", "beat", "web")
DEVICES = 50
SPEAKERS, EACH_PER_S = 500, 4.1  # a little more than 2,000 a second, so that it is never less
PRESS_EVERY_S = 0.2
WARM_UP = 10
HEARD_WITHIN_S = 10.0
FROZEN_PRESSES = 10
LOAD_S = 120.0  # at most; it ends when everything was measured


class Stoppable(Device):
    """A device that does what it is told at once, and notes when it heard it."""

    def __init__(self, air: Air, serial: str, password: str) -> None:
        super().__init__(air, serial, password)
        self.heard: dict[str, float] = {}
        """When each command came, by its id, s of `time.perf_counter`."""
        self.has_heard = threading.Event()

    def message(self, client: SwarmClient, topic: bytes, payload: bytes, retain: bool) -> None:
        at_s = time.perf_counter()
        super().message(client, topic, payload, retain)
        if not topic.endswith(b"/command"):
            return
        told = self.commands[-1]
        self.heard.setdefault(told["id"], at_s)
        if told["verb"] == "stop":
            self.session = None
        self.ack(told["id"])
        self.status()
        self.has_heard.set()

    def wait_heard(self, command_id: str) -> float:
        """Return when it heard the command, s of `time.perf_counter`."""
        until_s = time.monotonic() + HEARD_WITHIN_S
        while command_id not in self.heard:
            if time.monotonic() > until_s:
                raise TimeoutError(f"{self.serial} has not heard of {command_id}")
            self.has_heard.wait(0.5)
            self.has_heard.clear()
        return self.heard[command_id]


class Press(NamedTuple):
    """One click: when it was, Unix s, and how long until the device had it, ms."""

    clicked_s: float
    heard_ms: float


class Clicks:
    """A person's clicks on stop, and what became of each."""

    def __init__(self, house: House, person: Person, devices: Sequence[Stoppable]) -> None:
        self._house, self._person, self._devices = house, person, devices
        self._permit = person.get(f"/api/v1/sites/{SITE}/permit")["permit"]

    def presses(self, count: int, *, directly: bool = False) -> dict[str, Press]:
        """Press stop on one device after the other; return what came of each, by the command's id."""
        done = {}
        for n in range(count):
            device, command_id = self._devices[n % len(self._devices)], str(uuid.uuid4())
            began_s, clicked_s = time.perf_counter(), time.time()
            if directly:
                body = {"permit": self._permit, "id": command_id, "device": device.serial, "room": None}
                command_id = self._person.post("/direct/stop", body)["commands"][0]["id"]
            else:
                body = {"verb": "stop", "args": {}, "id": command_id}
                self._person.post(f"/api/v1/devices/{device.serial}/commands", body)
            done[command_id] = Press(clicked_s, (device.wait_heard(command_id) - began_s) * 1000)
            time.sleep(max(0.0, PRESS_EVERY_S - (time.perf_counter() - began_s)))
        return done

    def stop_site(self) -> tuple[float, float]:
        """Stop the whole site; return how long until the last was published, and until the last heard it, ms."""
        serials = [device.serial for device in self._devices]
        for device in self._devices:
            device.session = uuid.uuid4().hex
            device.status()
        wait_for(
            lambda: _on_count(self._house, serials) == len(serials),
            within_s=20,
            why="not every device is known to be on",
            every_s=0.1,
        )
        began_s, clicked_s = time.perf_counter(), time.time()
        stop = self._person.post(f"/api/v1/sites/{SITE}/stop", {"id": str(uuid.uuid4())})
        commands = {one["device"]: one["id"] for one in stop["commands"]}
        if commands.keys() != set(serials):
            raise RuntimeError(f"{len(commands)} of {len(serials)} devices were asked to stop")
        heard_s = max(device.wait_heard(commands[device.serial]) for device in self._devices)
        return _published_ms(self._house, list(commands.values()), clicked_s), (heard_s - began_s) * 1000


def measure(house: House, *, presses: int = 100, rounds: int = 5) -> dict[str, Any]:
    """Return how long stops took, ms: `presses` of single devices, `rounds` of 50, and as many directly."""
    speaking = houses.enrol(house, SPEAKERS)
    accounts = _move(house, house.people["devices"][:DEVICES])
    house.start(*PARTS)
    with Air(house) as air:
        devices = [Stoppable(air, one["serial"], one["mqtt_password"]) for one in accounts]
        for device in devices:
            device.connect()
        clicks = Clicks(house, Person(house, USER), devices)
        with houses.helper("sender", asdict(_load(house, speaking))):
            _await_load(house)
            clicks.presses(WARM_UP)
            since_s, cpu = time.time(), _cpu(house)
            singles = clicks.presses(presses)
            of_site = [clicks.stop_site() for _ in range(rounds)]
            direct = clicks.presses(presses // 2, directly=True)
            took_s = time.time() - since_s
            shares = {f"{name}_cores": (used - cpu[name]) / took_s for name, used in _cpu(house).items()}
            stored = _stored_per_s(house, since_s)
        with _frozen(house.processes.pid("postgres")):
            frozen = clicks.presses(FROZEN_PRESSES, directly=True)
        confirmed_ms = _confirmed_ms(house, singles)
    return {
        "what": "stop",
        "devices": DEVICES,
        "stored_per_s": stored,
        "presses": presses,
        **_spread("", [one.heard_ms for one in singles.values()]),
        "never_confirmed": presses - len(confirmed_ms),
        **_spread("confirmed_", confirmed_ms),
        "rounds": rounds,
        "site_published_ms": max(published for published, _heard in of_site),
        "site_heard_ms": max(heard for _published, heard in of_site),
        **_spread("direct_", [one.heard_ms for one in direct.values()]),
        **_spread("frozen_", [one.heard_ms for one in frozen.values()]),
        **shares,
    }  # fmt: skip


def _move(house: House, accounts: list[dict[str, str]]) -> list[dict[str, str]]:
    """Put these devices into the site that is stopped; return them."""
    house.sql(
        "UPDATE devices_device SET site_id = (SELECT id FROM access_site WHERE slug = %s), room = 'Hall'"
        " WHERE serial = ANY(%s)",
        SITE,
        [one["serial"] for one in accounts],
    )
    return accounts


def _load(house: House, serials: list[str]) -> sender.Plan:
    password, boot = house.servers.vault.secret("_bench"), int(time.time())
    return sender.Plan(house.mqtt_port, "_bench", password, serials, boot, EACH_PER_S, LOAD_S)


def _await_load(house: House) -> None:
    spoken = "SELECT count(*) FROM devices_state WHERE telemetry IS NOT NULL"
    wait_for(
        lambda: house.sql(spoken)[0][0] >= SPEAKERS,
        within_s=60,
        why="not every device speaks",
        every_s=0.5,
    )


def _on_count(house: House, serials: list[str]) -> int:
    query = """SELECT count(*) FROM devices_state s JOIN devices_device d ON d.id = s.device_id
        WHERE d.serial = ANY(%s) AND s.output = 'on'"""
    return int(house.sql(query, serials)[0][0])


def _published_ms(house: House, ids: list[str], clicked_s: float) -> float:
    """Return how long after the click the broker had the last of these, as dispatch has written it down, ms."""
    query = """SELECT count(published_at), extract(epoch FROM max(published_at)) FROM control_command
        WHERE id = ANY(%s::uuid[])"""
    (_count, last_s) = wait_for(
        lambda: next((row for row in house.sql(query, ids) if row[0] == len(ids)), None),
        within_s=HEARD_WITHIN_S,
        why="not every command was published",
    )
    return (float(last_s) - clicked_s) * 1000


def _confirmed_ms(house: House, presses: dict[str, Press]) -> list[float]:
    """Return how long after the click each was proved, ms; those that never were are left out."""
    query = """SELECT id::text, extract(epoch FROM confirmed_at) FROM control_command
        WHERE id = ANY(%s::uuid[]) AND state = 'confirmed'"""
    return [(float(at_s) - presses[id_].clicked_s) * 1000 for id_, at_s in house.sql(query, list(presses))]


def _stored_per_s(house: House, since_s: float) -> float:
    """Return how many telemetry messages a second were stored since then."""
    query = """SELECT count(*) / extract(epoch FROM max(received_at) - to_timestamp(%s)) FROM devices_telemetry
        WHERE received_at > to_timestamp(%s)"""
    return float(house.sql(query, since_s, since_s)[0][0])


def _cpu(house: House) -> dict[str, float]:
    return {name: proc.cpu_s(house.processes.pid(name)) for name in ("ingest", "dispatch", "web")}


@contextmanager
def _frozen(postmaster: int) -> Iterator[None]:
    """Let PostgreSQL answer nobody, as a disk that hangs does: it keeps its connections, and is silent."""
    family = [postmaster, *proc.children(postmaster)]
    try:
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in family:
            with suppress(ProcessLookupError):  # it was ending when it was frozen
                os.kill(pid, signal.SIGCONT)


def _spread(name: str, took_ms: list[float]) -> dict[str, float]:
    if not took_ms:
        return {}
    found = Latencies(shown_ms=took_ms)
    return {
        f"{name}p50_ms": found.percentile_ms(0.5),
        f"{name}p95_ms": found.percentile_ms(0.95),
        f"{name}max_ms": max(took_ms),
    }


if __name__ == "__main__":
    with houses.house(bench=True, devices=DEVICES) as alone:
        print(json.dumps(measure(alone), indent=1))
