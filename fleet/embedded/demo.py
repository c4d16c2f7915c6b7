"""The whole product on one machine: what `make demo` runs, and in which order."""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from fleet.embedded import debian, ports, roles, servers
from fleet.embedded.instance import Instance, Taken
from fleet.embedded.options import DEMO_JSON, PEOPLE_JSON, Options, WrongOption
from fleet.embedded.roles import House
from fleet.embedded.supervisor import Failed, Stopped, Supervisor, say
from fleet.embedded.vault import write_private

_FED_WITHIN_S = 90.0


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Run until SIGINT or SIGTERM; return the exit code."""
    try:
        options = Options.read(environ)
        options.var.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        with Instance(options.var) as instance:
            instance.clear_leftovers(say)
            _require_free("PORT", options.port)
            _require_free("MQTT_PORT", options.mqtt_port)
            return _run(options, instance, environ)
    except (Taken, WrongOption, RuntimeError, Failed) as error:
        say(str(error))
    except OSError as error:
        say(f"{error.filename or options.var}: {error.strerror}; set VAR to a folder that is yours")
    return 1


def _run(options: Options, instance: Instance, environ: Mapping[str, str]) -> int:
    started_s, make = time.monotonic(), os.getppid()
    house = House(servers.of(options.var, mqtt_port=options.mqtt_port), options)
    supervisor = Supervisor(house.var / "logs", house.environment(environ))
    supervisor.changed = lambda: instance.record(supervisor.programs)
    supervisor.given_up = lambda: _make_gave_up(make)
    supervisor.listen()
    try:
        _start(supervisor, house)
        write_demo_json(house, supervisor.pids)
        supervisor.changed = lambda: _changed(instance, house, supervisor)
        took_s = time.monotonic() - started_s
        say(f"fed after {took_s:.1f} s; people and their passwords are in {house.var / DEMO_JSON}")
        print(f"ready {house.url}", flush=True)
        if options.devices:
            _tell_story(supervisor, house)
        supervisor.tend_forever()
    except Stopped:
        pass
    finally:
        say("stopping …")
        supervisor.stop()
        instance.record({})
    return 0


def _start(supervisor: Supervisor, house: House) -> None:
    """Start everything, each part when those it needs are ready, and return when the wall is fed."""
    say("starting PostgreSQL and Redis …")
    supervisor.start(house.servers.postgres())
    supervisor.start(house.servers.redis())
    broker = house.servers.broker(debian.broker())  # may download it: meanwhile the others come up
    supervisor.wait_ready("postgres", "redis")
    house.servers.create_database()
    say("migrations and demo data …")
    supervisor.run_once(house.preparation())
    supervisor.start(broker)
    supervisor.wait_ready("broker")
    say("starting web, ingest, dispatch, worker, courier, beat and the simulated fleet …")
    for program in house.programs():
        supervisor.start(program)
    supervisor.wait_ready(*supervisor.pids)
    people = json.loads((house.var / PEOPLE_JSON).read_text())
    supervisor.wait_until(
        lambda: roles.fed(house, people), within_s=_FED_WITHIN_S, why=lambda: roles.unfed(house, people)
    )


def _tell_story(supervisor: Supervisor, house: House) -> None:
    """Let the demo's people write protocols and rollouts; without them the demo is as good.

    That takes as long as the machine is busy, and the wall is in use already: parts that end are started again.
    """
    try:
        supervisor.run_once(house.story(), meanwhile=supervisor.tend)
    except Failed as error:
        say(f"no protocols and rollouts to look at: {error}")


def _changed(instance: Instance, house: House, supervisor: Supervisor) -> None:
    instance.record(supervisor.programs)
    write_demo_json(house, supervisor.pids)


def write_demo_json(house: House, pids: Mapping[str, int]) -> None:
    """Write VAR/demo.json, which people and scripts find everything by."""
    about = {
        "url": house.url,
        "mqtt": {"host": ports.HOST, "port": house.options.mqtt_port},
        "database_url": house.settings["DATABASE_URL"],
        "redis_url": house.settings["REDIS_URL"],
        "pids": dict(pids),
        **json.loads((house.var / PEOPLE_JSON).read_text()),
    }
    write_private(house.var / DEMO_JSON, json.dumps(about, indent=1) + "\n")


def _require_free(variable: str, port: int) -> None:
    if ports.is_free(port):
        return
    if port < 1024 and os.geteuid() != 0 and not ports.answers(port):
        raise RuntimeError(f"port {port} is for root only: choose one above 1023 with {variable}=<port>")
    raise RuntimeError(
        f"port {port} is taken by {ports.holder(port)}: end that, or choose another with {variable}=<port>"
    )


def _make_gave_up(make: int) -> bool:
    """Say whether the `make` that started us ended, or was interrupted alone.

    Make passes SIGTERM on to its recipe, but not SIGINT: that, it expects, reached the whole terminal.
    Interrupted, it waits for us inside its handler, with SIGINT blocked.
    """
    if "MAKELEVEL" not in os.environ or sys.platform != "linux":
        return False
    if os.getppid() != make:
        return True
    try:
        lines = Path(f"/proc/{make}/status").read_text().splitlines()
    except OSError:
        return True
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return status["Name"] == "make" and bool(int(status["SigBlk"], 16) & 1 << (signal.SIGINT - 1))
