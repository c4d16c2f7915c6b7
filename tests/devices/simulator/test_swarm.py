"""The swarm over a real broker: connections, wills, takeovers, and what a small server is told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from devices.simulator import fleetfile, scenario, truth
from devices.simulator.control import Control
from devices.simulator.swarm import Broker, Swarm
from devices.simulator.world import World
from fleet.embedded import ports
from tests.devices.simulator.recorder import Recorder

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.servers
QUIET = 'title = "t"\nkeep_alive_s = 5\n[day]\nsessions = 0\nprotocols = { "recovery" = 1 }\n'


@asynccontextmanager
async def swarm_of(
    port: int, prefix: str, count: int = 1, day: str = QUIET, past_s: int = 0
) -> AsyncIterator[Control]:
    """A running swarm on the test's own loop, whose day began `past_s` ago; it says goodbye at the end."""
    memory = truth.Memory()
    machines = [fleetfile.Machine(f"{prefix}-{n}", "secret") for n in range(count)]
    world = World(machines, scenario.parse(day), seed=1, first_boot=7, truth=memory)
    swarm = Swarm(world, Broker("127.0.0.1", port), seed=1)
    stop = asyncio.Event()
    control = Control(swarm, stop, lambda text: None)
    control.schedule(
        [scenario.Planned("duplicates", 0, at_s=past_s / 2, args={"share": 0.05})] if past_s else []
    )
    swarm.start_clock(1000 * past_s)
    running = asyncio.create_task(swarm.run(stop))
    try:
        yield control
    finally:
        stop.set()
        await running


def ask(control: Control, **wish: Any) -> dict[str, Any]:
    answer = control.obey(json.dumps(wish))
    assert answer["ok"], answer
    return answer


async def test_fifty_devices_are_born_each_on_a_connection_of_its_own(open_broker: int) -> None:
    async with Recorder(open_broker) as server, swarm_of(open_broker, "fifty", 50) as control:
        serials = {f"fifty-{n}" for n in range(50)}
        await server.until(lambda: {h.serial for h in server.heard if h.kind == "status"} >= serials)
        births = [server.of(serial, "status")[0] for serial in serials]
        assert {birth["state"] for birth in births} == {"idle"}
        control._stop.set()
        await server.until(
            lambda: all(server.of(serial, "status")[-1]["state"] == "offline" for serial in serials)
        )
        assert not any(server.wills(serial) for serial in serials), "a goodbye throws the will away"


async def test_records_are_kept_until_the_watermark_over_a_real_broker(open_broker: int) -> None:
    async with Recorder(open_broker) as server, swarm_of(open_broker, "kept") as control:
        serial = "kept-0"
        await server.until(lambda: server.of(serial, "status"))
        ask(control, session="start", serial=serial)
        await server.until(lambda: len(server.of(serial, "telemetry")) >= 3)

        def let_go() -> int:
            """Up to which record: no device takes one back, and none is lost, so this only rises."""
            seen = ask(control, look=serial)
            return int(seen["status"]["seq"]) - int(seen["kept"])

        made = ask(control, look=serial)["status"]["seq"]
        await server.until(lambda: let_go() >= made)
        server.obliging = False
        kept = ask(control, look=serial)["kept"]
        await server.until(lambda: ask(control, look=serial)["kept"] >= kept + 3)
        assert let_go() <= server.told[serial, 7], "no more than a watermark covered"


async def test_a_lost_link_shows_as_a_will_of_its_own_connection_then_a_new_birth(open_broker: int) -> None:
    async with Recorder(open_broker) as server, swarm_of(open_broker, "lost") as control:
        serial = "lost-0"
        await server.until(lambda: server.of(serial, "status"))
        ask(control, fault="link_loss", serial=serial, for_s=1)
        (will,) = await server.until(lambda: server.wills(serial))
        assert will == {"v": 1, "state": "offline", "boot": 7, "conn": 1}
        reborn = await server.until(lambda: [b for b in server.of(serial, "status") if b["conn"] > 1])
        assert reborn[0]["state"] == "idle"


async def test_a_half_open_link_keeps_the_broker_waiting_and_the_device_takes_over_again(
    open_broker: int,
) -> None:
    async with Recorder(open_broker) as server, swarm_of(open_broker, "half") as control:
        serial = "half-0"
        await server.until(lambda: server.of(serial, "status"))
        ask(control, session="start", serial=serial)
        await server.until(lambda: len(server.of(serial, "telemetry")) >= 2)
        ask(control, fault="link_half_open", serial=serial, for_s=2)
        made = ask(control, look=serial)["status"]["seq"]
        await server.until(lambda: [b for b in server.of(serial, "status") if b["conn"] > 1])
        await server.until(lambda: server.stored[serial, 7] >= set(range(1, made + 3)))
        late = [b for b in server.of(serial, "telemetry") if b["late"]]
        assert late, "what went into the dark came again"


async def test_a_power_loss_gives_a_will_and_a_new_boot_that_tells_of_it(open_broker: int) -> None:
    async with Recorder(open_broker) as server, swarm_of(open_broker, "power") as control:
        serial = "power-0"
        await server.until(lambda: server.of(serial, "status"))
        ask(control, session="start", serial=serial)
        await server.until(lambda: len(server.of(serial, "telemetry")) >= 2)
        ask(control, fault="power_loss", serial=serial, for_s=1)
        ended = await server.until(
            lambda: [e for e in server.of(serial, "event") if e["kind"] == "session_ended"]
        )
        assert ended[0]["data"]["reason"] == "power_loss"
        assert ended[0]["boot"] == 8
        wills = await server.until(lambda: server.wills(serial))
        assert wills[0]["boot"] == 7


async def test_two_devices_of_one_identity_throw_each_other_out(open_broker: int) -> None:
    async with Recorder(open_broker) as server, swarm_of(open_broker, "clone") as control:
        serial = "clone-0"
        await server.until(lambda: server.of(serial, "status"))
        ask(control, fault="cloned_identity", serial=serial)

        def boots() -> list[int]:
            full = [b["boot"] for b in server.of(serial, "status") if "model" in b]
            return [boot for n, boot in enumerate(full) if n == 0 or full[n - 1] != boot]

        await server.until(lambda: boots()[:3] == [7, 1007, 7])


async def test_a_day_that_began_earlier_without_a_network_is_flushed_at_the_first_birth(
    open_broker: int,
) -> None:
    day = QUIET.replace("sessions = 0", "first_s = [1, 2]\nready_s = [1, 2]")
    async with Recorder(open_broker) as server, swarm_of(open_broker, "past", day=day, past_s=120) as control:
        serial = "past-0"
        made = ask(control, look=serial)["status"]["seq"]
        assert made > 100
        await server.until(lambda: server.stored.get((serial, 7), set()) >= set(range(1, made + 1)))
        assert server.of(serial, "status")[0]["up_ms"] >= 120_000
        lines = [line for line in control.swarm.world.truth.lines if line["what"] == "record"]  # type: ignore[attr-defined]
        assert [line["up_ms"] for line in lines] == sorted(line["up_ms"] for line in lines)
        first = server.of(serial, "event")[0]
        assert (first["kind"], first["late"]) == ("boot", True)


@pytest.mark.in_time
async def test_a_stop_is_acknowledged_and_proven_by_a_status_within_half_a_second(open_broker: int) -> None:
    async with Recorder(open_broker) as server, swarm_of(open_broker, "stop") as control:
        serial = "stop-0"
        await server.until(lambda: server.of(serial, "status"))
        ask(control, session="start", serial=serial)
        await server.until(lambda: len(server.of(serial, "telemetry")) >= 2)
        id = server.command(serial, "stop")
        ack = await server.until(lambda: [a for a in server.of(serial, "ack") if a["id"] == id], within_s=2)
        proof = await server.until(
            lambda: [
                h for h in server.heard
                if h.kind == "status" and h.serial == serial and h.body["up_ms"] >= ack[0]["up_ms"]
                and (h.body["output"], h.body["state"]) == ("off", "idle")
            ],
            within_s=2,
        )  # fmt: skip
        heard_ack = next(h for h in server.heard if h.kind == "ack" and h.body["id"] == id)
        assert (ack[0]["outcome"], ack[0]["output"]) == ("done", "off")
        assert proof[0].at_s - heard_ack.at_s < 0.5


async def test_a_broker_that_is_away_is_tried_again() -> None:
    async with swarm_of(ports.free_port(), "away") as control:
        connection, tried = control.swarm.connections[0], asyncio.Event()
        lost = connection.lost

        def count(client: Any, why: str) -> None:
            lost(client, why)
            if connection.body.conn >= 2:
                tried.set()

        connection.lost = count  # type: ignore[method-assign]
        await asyncio.wait_for(tried.wait(), 60)
        assert not connection.born


@pytest.fixture
def devices_file(tmp_path: Path) -> Path:
    path = tmp_path / "devices.json"
    entries = [
        {"serial": f"cmd-{n}", "password": "x", "model": "RX-4", "site": "a", "room": "1"} for n in range(3)
    ]
    path.write_text(json.dumps(entries))
    return path


def simulate(*words: str, **options: Any) -> subprocess.Popen[str]:
    """`manage.py simulate`, with a database that is not there."""
    env = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "x",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    }
    command = [sys.executable, "manage.py", "simulate", *words]
    return subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, **options,
    )  # fmt: skip


async def test_the_command_needs_no_database_takes_wishes_and_ends_properly_on_sigterm(
    open_broker: int, devices_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "truth.jsonl"
    async with Recorder(open_broker) as server:
        process = simulate(
            "--mqtt-url", f"mqtt://127.0.0.1:{open_broker}", "--devices-file", str(devices_file),
            "--scenario", "quiet", "--seed", "3", "--truth", str(path), "--control",
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        await server.until(lambda: all(server.of(f"cmd-{n}", "status") for n in range(3)))
        process.stdin.write('{"session":"start","serial":"cmd-1"}\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["ok"]
        await server.until(lambda: len(server.of("cmd-1", "telemetry")) >= 3)
        process.send_signal(signal.SIGTERM)
        output, errors = await asyncio.get_running_loop().run_in_executor(None, process.communicate)
        assert process.returncode == 0, errors
        assert "3 devices made" in output
        await server.until(
            lambda: all(server.of(f"cmd-{n}", "status")[-1]["state"] == "offline" for n in range(3))
        )
        log = truth.read(path)
        claims = [
            (h.serial, h.body["boot"], h.body["seq"], h.body["up_ms"], h.body.get("kind", "telemetry"))
            for h in server.heard
            if h.kind in ("telemetry", "event") and h.serial.startswith("cmd-")
        ]
        score = log.score(dict.fromkeys(claims))
        assert not score.invented
        assert not score.wrong
        assert sum(map(len, score.missing.values())) <= 3, "at most the last instant of each is not sent"
        assert log.output_at("cmd-1", 2**50)["session"]  # type: ignore[index]
        assert [line["serial"] for line in log.lines if line["what"] == "goodbye"] == [
            "cmd-0",
            "cmd-1",
            "cmd-2",
        ]


def test_the_command_says_what_is_wrong_in_one_sentence(devices_file: Path) -> None:
    process = simulate(
        "--mqtt-url", "mqtt://x:1", "--devices-file", str(devices_file), "--scenario", "hospital"
    )
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "there is no scenario 'hospital'" in errors
    assert "Traceback" not in errors


def test_the_command_quits_when_it_is_asked_to(open_broker: int, devices_file: Path) -> None:
    process = simulate(
        "--mqtt-url", f"mqtt://127.0.0.1:{open_broker}", "--devices-file", str(devices_file), "--control"
    )
    output, errors = process.communicate('{"quit":true}\n')
    assert process.returncode == 0, errors
    assert json.loads(output.splitlines()[0])["ok"]


def test_the_help_has_an_example() -> None:
    process = simulate("--help")
    output, _ = process.communicate()
    assert "example:" in output
    assert "--truth" in output
