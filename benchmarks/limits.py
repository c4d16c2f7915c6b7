"""What the parts cost on their own, in the same run: the limits that ingest's figures are to be compared with.

Each subscriber takes the same stream at the same rate and does nothing but receive and acknowledge:
bare paho (manual acks in batches), a bare raw socket that only cuts packets and acknowledges, and our own link.
`copy` is a bare binary COPY of the same rows in batches of the size that ingest uses.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from typing import Any

import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks import bodies, proc
from benchmarks.sender import Plan
from devices.batch.desk import TelemetryRow
from devices.mqtt import packets
from devices.mqtt.client import Message, long_length
from devices.mqtt.link import Address, Link
from devices.store import records
from tests.harness import House

TOPIC = "ems/v1/+/telemetry"
ACK_BATCH = 200


def measure(house: House, serials: list[str], per_second: float, seconds: float) -> list[dict[str, Any]]:
    """Return one row a limit, CPU in µs a message."""
    rows = []
    for name, subscriber in (("paho", _paho), ("link", _link), ("raw_socket", _raw)):
        boot = int(time.time())
        expected = int(len(serials) * per_second * seconds)
        ready, counted = threading.Event(), [0]
        result: dict[str, Any] = {}
        arguments = (house, expected, ready, counted, result)
        thread = threading.Thread(target=subscriber, args=arguments, daemon=True)
        thread.start()
        if not ready.wait(10):
            raise TimeoutError(f"{name} could not subscribe")
        sender = _send(house, serials, boot, per_second, seconds)
        thread.join(seconds * 3 + 30)
        sender.wait(30)
        if counted[0] < expected:
            raise RuntimeError(f"{name} received {counted[0]} of {expected} messages")
        rows.append({"what": f"limit_{name}", "messages": counted[0], **result})
    rows.append(_copy(house))
    return rows


def _send(
    house: House, serials: list[str], boot: int, per_second: float, seconds: float
) -> "subprocess.Popen[bytes]":
    plan = Plan(
        house.mqtt_port, "_bench", house.servers.vault.secret("_bench"), serials, boot, per_second, seconds
    )
    command = [sys.executable, "-m", "benchmarks.sender", json.dumps(asdict(plan))]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def _cost(counted: int, cpu_s: float, took_s: float) -> dict[str, float]:
    return {"cpu_us": cpu_s / counted * 1e6, "messages_per_s": counted / took_s}


def _paho(
    house: House, expected: int, ready: threading.Event, counted: list[int], result: dict[str, Any]
) -> None:
    """Bare paho: MQTT 3.1.1, QoS 1, manual acknowledgements in batches."""
    address = Address.of(house.mqtt_url("_ingest"))
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id="_ingest",
        clean_session=True,
        protocol=paho.MQTTv311,
        manual_ack=True,
    )
    client.username_pw_set(address.username, address.password)
    waiting: list[int] = []

    def on_message(_client: Any, _userdata: Any, message: paho.MQTTMessage) -> None:
        _ = message.topic, message.payload
        waiting.append(message.mid)
        counted[0] += 1
        if len(waiting) >= ACK_BATCH or counted[0] >= expected:
            for mid in waiting:
                client.ack(mid, 1)
            waiting.clear()

    def on_connect(*_: Any) -> None:
        client.subscribe(TOPIC, 1)

    client.on_connect = on_connect
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = on_message
    client.connect(address.host, address.port)
    cpu, started = _until_first(counted, lambda: client.loop(0.2))
    while counted[0] < expected:
        client.loop(0.2)
    result.update(_cost(expected, time.thread_time() - cpu, time.monotonic() - started))
    client.disconnect()
    client.loop(0.2)


def _until_first(counted: list[int], step: Any) -> tuple[float, float]:
    """Step until the first message; return (this thread's CPU, the time) then."""
    while counted[0] == 0:
        cpu, started = time.thread_time(), time.monotonic()
        step()
    return cpu, started


def _raw(
    house: House, expected: int, ready: threading.Event, counted: list[int], result: dict[str, Any]
) -> None:
    """A raw socket: cut PUBLISH packets, acknowledge each read at once, look at nothing."""
    address = Address.of(house.mqtt_url("_ingest"))
    sock = socket.create_connection((address.host, address.port))
    sock.sendall(
        packets.connect(
            "_ingest", keep_alive_s=60, username=address.username, password=address.password, clean=True
        )
    )
    sock.recv(4)
    sock.sendall(packets.subscribe(1, [(TOPIC.encode(), 1)]))
    sock.recv(5)
    ready.set()
    unread = b""
    cpu = started = 0.0
    while counted[0] < expected:
        data = unread + sock.recv(262_144)
        if counted[0] == 0:
            cpu, started = time.thread_time(), time.monotonic()
        at, end, acks = 0, len(data), []
        while at + 2 <= end:
            length, body = data[at + 1], at + 2
            if length & 0x80:
                length, body = long_length(data, at + 1, end)
                if length < 0:
                    break
            after = body + length
            if after > end:
                break
            if data[at] & 0xF0 == 0x30:
                start = body + 2 + (data[body] << 8 | data[body + 1])
                acks.append(data[start : start + 2])
                _ = data[body + 2 : start], data[start + 2 : after]
            at = after
        unread = data[at:]
        if acks:
            sock.sendall(b"@\x02" + b"@\x02".join(acks))
            counted[0] += len(acks)
        time.sleep(0.005)  # like the link: one read of many costs less than many reads of few
    result.update(_cost(counted[0], time.thread_time() - cpu, time.monotonic() - started))
    sock.sendall(packets.disconnect())
    sock.close()


def _link(
    house: House, expected: int, ready: threading.Event, counted: list[int], result: dict[str, Any]
) -> None:
    """Our link with nothing behind it; the whole process's CPU less the waiting thread's, which is none."""
    done = threading.Event()
    began: list[float] = []

    def take(messages: list[Message]) -> None:
        if not began:
            began.extend((time.thread_time(), time.monotonic()))
        link.acknowledge(messages)
        counted[0] += len(messages)
        if counted[0] >= expected and not done.is_set():
            result.update(_cost(counted[0], time.thread_time() - began[0], time.monotonic() - began[1]))
            done.set()

    link = Link(Address.of(house.mqtt_url("_ingest")), [TOPIC], take, persistent=False)
    link.start()
    while not link.is_up:
        time.sleep(0.01)  # the link's own thread cannot tell a caller
    ready.set()
    done.wait(300)
    link.stop()


def _copy(house: House, rows: int = 100_000, batch: int = 1_000) -> dict[str, Any]:
    """Bare COPY into the real, indexed table: our CPU and PostgreSQL's, a row."""
    template = bodies.Template(4, 10, 1, 0)
    device = house.sql("SELECT min(id) FROM devices_device")[0][0]
    now_ms = time.time_ns() // 1_000_000
    packed = []
    for first in range(0, rows, batch):
        some = [
            TelemetryRow(
                device, -1, seq, seq, now_ms, "live", False, False, "B", template.telemetry(seq, now_ms)
            )
            for seq in range(first, first + batch)
        ]
        packed.append(some)
    postgres = house.processes.pid("postgres")
    postgres_s = proc.family_cpu_s(postgres)
    with psycopg.connect(house.servers.database_url()) as connection:
        cpu, started = time.process_time(), time.monotonic()
        for some in packed:
            with connection.cursor() as cursor, cursor.copy(records.COPY_TELEMETRY) as copy:
                copy.write(records.pack_telemetry(some, now_ms))
            connection.commit()
        cost = _cost(rows, time.process_time() - cpu, time.monotonic() - started)
        cost["postgres_cpu_us"] = (proc.family_cpu_s(postgres) - postgres_s) / rows * 1e6
        connection.execute("DELETE FROM devices_telemetry WHERE boot = -1")
    return {"what": "limit_copy", "messages": rows, **cost}
