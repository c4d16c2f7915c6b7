"""Start the servers, or the whole product, without Docker."""

import argparse
import os
import shlex
from pathlib import Path

from fleet.embedded import debian, demo, ports, servers
from fleet.embedded.supervisor import Failed, Stopped, Supervisor, say


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m fleet.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser(
        "up", help="start PostgreSQL, Redis and the broker; print their settings; stay until SIGTERM"
    )
    up.add_argument("--var", type=Path, required=True, help="folder for data, passwords and logs")
    up.add_argument("--mqtt-port", type=int, default=None, help="default: any free one")
    up.add_argument("--no-broker", action="store_true")
    commands.add_parser("demo", help="the whole product, as `make demo` runs it")
    options = parser.parse_args(arguments)
    if options.command == "demo":
        return demo.main()
    return _up(options.var, options.mqtt_port, with_broker=not options.no_broker)


def _up(var: Path, mqtt_port: int | None, *, with_broker: bool) -> int:
    try:
        these = servers.of(var, mqtt_port=mqtt_port)
        programs = [
            these.postgres(),
            these.redis(),
            *([these.broker(debian.broker())] if with_broker else []),
        ]
    except RuntimeError as error:
        say(str(error))
        return 1
    supervisor = Supervisor(these.place.var / "logs", os.environ)
    supervisor.listen()
    try:
        for program in programs:
            supervisor.start(program)
        supervisor.wait_ready(*supervisor.pids)
        these.create_database()
        by_hand = {"MQTT_HOST": ports.HOST, "MQTT_PORT": str(these.mqtt_port)}
        by_hand["MQTT_URL_DISPATCH"] = these.mqtt_url("_dispatch")
        for name, value in {**by_hand, **these.settings()}.items():
            print(f"export {name}={shlex.quote(value)}", flush=True)
        supervisor.tend_forever()
    except Stopped:
        pass
    except Failed as error:
        say(str(error))
        return 1
    finally:
        supervisor.stop()
    return 0
