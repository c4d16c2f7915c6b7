"""A real broker for the swarm's own tests: no accounts, a port of its own, started once."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.embedded import debian, ports
from tests.harness import wait_for

CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
max_inflight_messages 5000
max_queued_messages 100000
message_size_limit 262144
"""


@pytest.fixture(scope="session")
def open_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Mosquitto that lets anybody in."""
    try:
        installed = debian.broker()
    except RuntimeError as error:
        pytest.skip(str(error))
    port = ports.free_port()
    configuration: Path = tmp_path_factory.mktemp("open-broker") / "mosquitto.conf"
    configuration.write_text(CONFIGURATION.format(port=port))
    env = {"LD_LIBRARY_PATH": str(installed.libraries)} if installed.libraries else {}
    process = subprocess.Popen([installed.binary, "-c", configuration], env=env, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: ports.answers(port), within_s=10, why="the broker does not answer")
        yield port
    finally:
        process.terminate()
        process.wait(10)
