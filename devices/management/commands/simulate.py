"""`manage.py simulate`: a fleet of stimulators that do not exist, over a real broker."""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import signal
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from devices.simulator import fleetfile, scenario, truth
from devices.simulator.control import Control
from devices.simulator.swarm import Broker, Swarm
from devices.simulator.world import World

EXAMPLE = """\
example:
  python manage.py simulate --mqtt-url mqtt://127.0.0.1:1883 --devices-file var/demo/devices.json \\
      --scenario clinic --seed 1 --truth var/demo/truth.jsonl

Faults can be set off while it runs, as JSON lines on stdin with --control: docs/simulator.md.
"""


class Command(BaseCommand):
    help = "Run a simulated fleet: many devices in one process, each with its own MQTT connection."
    requires_system_checks: list[str] = []  # it needs a broker, and neither database nor Redis

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=EXAMPLE,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **kwargs,
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--mqtt-url", required=True, help="mqtt://host:port; accounts come from the devices file"
        )
        parser.add_argument(
            "--devices-file",
            required=True,
            type=Path,
            help="JSON list of {serial, password, site, room, name, model}",
        )
        parser.add_argument(
            "--scenario", default="clinic", help="a name, or a path to a .toml (default: clinic)"
        )
        parser.add_argument(
            "--seed", type=int, help="the same seed gives the same day (default: the scenario's)"
        )
        parser.add_argument("--truth", type=Path, help="write the truth log here (JSON lines)")
        parser.add_argument("--duration", type=float, metavar="S", help="stop after so many seconds")
        parser.add_argument(
            "--boot",
            type=int,
            help="number of every device's first boot (default: the Unix second of the start)",
        )
        parser.add_argument(
            "--past", type=float, default=0.0, metavar="S",
            help="the day began so many seconds ago, without a network: what it made lies in the buffers",
        )  # fmt: skip
        parser.add_argument(
            "--control", action="store_true", help="take JSON lines from stdin; its end ends nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            broker = Broker.at(options["mqtt_url"])
            machines = fleetfile.read(options["devices_file"])
            day = scenario.read(options["scenario"])
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        _allow_sockets(len(machines))
        with _truth_file(options["truth"]) as file:
            sent = asyncio.run(_run(broker, machines, day, options, file))
        self.stdout.write(f"stopped; {len(machines)} devices made {sent} records")


async def _run(
    broker: Broker,
    machines: list[fleetfile.Machine],
    day: scenario.Scenario,
    options: dict[str, Any],
    file: Any,
) -> int:
    writer = truth.Writer(file, lambda at_ms: world.plant.epoch_ms + at_ms)
    seed = day.seed if options["seed"] is None else options["seed"]
    boot = options["boot"] or int(time.time())
    world = World(machines, day, seed=seed, first_boot=boot, truth=writer)
    swarm = Swarm(world, broker, seed=seed)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if options["duration"] is not None:
        loop.call_later(options["duration"], stop.set)
    control = Control(swarm, stop)
    control.schedule(day.fault)
    if options["control"]:
        control.listen(loop)
    swarm.start_clock(round(1000 * options["past"]))
    await swarm.run(stop, housekeeping=writer.flush)
    return writer.records


def _truth_file(path: Path | None) -> Any:
    return truth.File(path) if path is not None else Path(os.devnull).open("wb")


def _allow_sockets(devices: int) -> None:
    """Each connection is a file: raise the soft limit, up to the hard one."""
    wanted = 2 * devices + 256  # a broken connection may linger beside its successor
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
