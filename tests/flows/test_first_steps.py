"""What docs/operations.md says leads from an empty database to the first device: run as it is printed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.embedded import debian, ports
from fleet.embedded.roles import get
from tests.harness import wait_for

pytestmark = pytest.mark.servers
ROOT = Path(__file__).resolve().parents[2]
STEPS = re.compile(r"<!-- steps: (\w+) -->\n```sh\n(.*?)```", re.S)

PUBLISHER = """#!{python}
import sys
import paho.mqtt.publish as publish
words = dict(zip(sys.argv[1:], sys.argv[2:]))
publish.single(
    words["-t"], words["-m"], qos=1, retain="-r" in sys.argv, hostname=words["-h"], port=int(words["-p"]),
    client_id=words["-i"], auth={{"username": words["-u"], "password": words["-P"]}},
)
"""
"""Stands in for mosquitto_pub where only the broker is installed."""


class Trial:
    """A shell that took the steps, with all that they started."""

    def __init__(self, folder: Path) -> None:
        self.port = ports.free_port()
        self.log = folder / "log"
        script = "set -eu\n" + "\n".join(_steps(folder).values()) + _LAST
        programs = [str(Path(sys.executable).parent), str(_publisher(folder)), os.environ["PATH"]]
        env = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        env |= {"PATH": os.pathsep.join(programs), "PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        self.shell = subprocess.Popen(
            ["bash", "-c", script],
            cwd=ROOT,
            env=env,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def token(self) -> str:
        """Wait until all steps are taken."""

        def told() -> list[str]:
            text = self.log.read_text()
            if self.shell.poll() is not None:
                raise AssertionError(f"the steps ended with {self.shell.returncode}:\n{text[-3000:]}")
            return re.findall(r"myo_[\w-]+", text)

        return str(wait_for(told, within_s=90, why=lambda: self.log.read_text()[-3000:])[-1])

    def end(self) -> None:
        os.killpg(self.shell.pid, signal.SIGTERM)
        self.shell.wait(timeout=30)
        wait_for(lambda: not _lives(self.shell.pid), within_s=30, why="something that was started lives on")


_LAST = "\npython manage.py token anna --name trial --days 1\nwait\n"


@pytest.fixture
def trial(test_root: Path) -> Iterator[Trial]:
    try:
        debian.broker()
    except RuntimeError as error:
        pytest.skip(str(error))
    folder = test_root / "first"
    folder.mkdir(mode=0o711)
    trial = Trial(folder)
    yield trial
    trial.end()


@pytest.mark.timeout(180)
def test_the_printed_steps_lead_to_a_device_on_the_wall(trial: Trial) -> None:
    token = trial.token()

    def shown() -> bool:
        status, body = get(f"http://127.0.0.1:{trial.port}/api/v1/devices/EMS-0001", token=token)
        device = json.loads(body) if status == 200 else {}
        return [device.get(name) for name in ("name", "link", "state")] == ["Bed 1", "online", "idle"]

    wait_for(shown, within_s=10, every_s=1, why=lambda: f"not on the wall: {trial.log.read_text()[-3000:]}")


def _steps(folder: Path) -> dict[str, str]:
    """Return the blocks by name, with a folder of the test's own."""
    text = (ROOT / "docs" / "operations.md").read_text()
    found = {name: block.replace("var/first", str(folder / "first")) for name, block in STEPS.findall(text)}
    assert list(found) == ["servers", "settings", "database", "processes", "device", "birth"]
    return {name: block.replace("$PWD/", "") for name, block in found.items()}


def _publisher(folder: Path) -> Path:
    programs = folder / "programs"
    programs.mkdir()
    if shutil.which("mosquitto_pub") is None:
        program = programs / "mosquitto_pub"
        program.write_text(PUBLISHER.format(python=sys.executable))
        program.chmod(0o755)
    return programs


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
