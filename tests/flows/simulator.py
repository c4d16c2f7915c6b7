"""A simulated fleet under a test's control: `manage.py simulate --control`, its wishes and its truth log."""

import json
import subprocess
import sys
from types import TracebackType
from typing import Any

from devices.simulator import truth
from devices.simulator.truth import Truth
from fleet.embedded import ports
from fleet.embedded.options import DEVICES_JSON, ROOT
from tests.harness import House, full_or, wait_for

QUIET = "[day]\nsessions = 0\n[fleet]\nsoc = [90.0, 100.0]\n[people]\nrestlessness = 0.0\n"
"""Devices that are on and wait for a wish, with people who let a session run."""
TREATED = QUIET.replace("sessions = 0\n", 'sessions = 0\nprotocols = { "tka-quads" = 1.0 }\n')
"""The same, and every session goes by one protocol, strong enough for a stimulator to judge its electrodes."""


class Simulator:
    """The devices of `House(devices=…)` as one process.  A context manager: with its end they say goodbye."""

    def __init__(self, house: House, *, day: str = QUIET, seed: int = 1) -> None:
        folder = house.var / "simulator"
        folder.mkdir(exist_ok=True)
        self.house, self.seed = house, seed
        self.serials = [device["serial"] for device in house.people["devices"]]
        self.begun = 0  # sessions that were wished for
        self._truth, self._day, self._log = folder / "truth.jsonl", folder / "day.toml", folder / "log"
        self._truth.unlink(missing_ok=True)  # an earlier run's
        self._day.write_text(f'title = "A day of a test"\n{day}')

    def __enter__(self) -> "Simulator":
        words = {
            "--mqtt-url": f"mqtt://{ports.HOST}:{self.house.mqtt_port}",
            "--devices-file": str(self.house.var / DEVICES_JSON),
            "--scenario": str(self._day),
            "--seed": str(self.seed),
            "--truth": str(self._truth),
            "--duration": str(
                full_or(600, 7200)
            ),  # should the test be killed, nothing is left behind for long
        }
        command = [sys.executable, str(ROOT / "manage.py"), "simulate", "--control"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *(word for pair in words.items() for word in pair)],
                env=self.house.env,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.leave() if error is None else self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def leave(self) -> None:
        """Let all devices say goodbye, and the process end; what they did stays in `truth`."""
        if self._process.poll() is None:
            self._say(quit=True)
            self._process.wait(30)

    def ask(self, **wish: Any) -> dict[str, Any]:
        """Make a wish (`fault`, `clear`, `session`, `look`) and return the answer; a refusal is an error."""
        answer = self._say(**wish)
        assert answer["ok"], f"{wish}: {answer['error']}"
        return answer

    def _say(self, **wish: Any) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(wish) + "\n")
        stdin.flush()
        line = stdout.readline()
        assert line, f"the simulator ended:\n{self._log.read_text()[-2000:]}"
        return dict(json.loads(line))

    # --- what they do ---

    def start_sessions(self, *serials: str, set_ma: list[float] | None = None) -> None:
        for serial in serials or self.serials:
            self.ask(session="start", serial=serial, set_ma=set_ma)
            self.begun += 1

    def stop_sessions(self, *serials: str) -> None:
        """End the sessions that are still open."""
        for serial in serials or self.serials:
            if self.look(serial)["status"]["session"] is not None:
                self.ask(session="stop", serial=serial)

    def look(self, serial: str) -> dict[str, Any]:
        """Return `status` (as the device would say it now), `powered`, `connected` and `kept` records."""
        return self.ask(look=serial)

    def wait_connected(self, *serials: str, within_s: float = 60.0) -> None:
        wanted = serials or self.serials
        wait_for(
            lambda: all(self.look(serial)["connected"] for serial in wanted),
            within_s=within_s,
            every_s=0.2,
            why="not every device is connected",
        )

    def kept(self) -> dict[str, int]:
        """How many records each device still keeps, of those that keep any."""
        looks = {serial: self.look(serial)["kept"] for serial in self.serials}
        return {serial: kept for serial, kept in looks.items() if kept}

    def wait_all_forgotten(self, *, within_s: float) -> None:
        """Wait until a watermark has covered every record of every device."""
        wait_for(
            lambda: not self.kept(),
            within_s=within_s,
            every_s=0.3,
            why=lambda: f"devices still keep what no watermark covered: {self.kept()}",
        )

    # --- what they did ---

    @property
    def truth(self) -> Truth:
        """The truth log as far as it is written: about a second behind, complete after `leave`."""
        return truth.read(self._truth)

    def made(self) -> int:
        """How many records the log holds so far."""
        with self._truth.open("rb") as file:
            return sum(b'"what":"record"' in line for line in file)

    def wait_made(self, more: int, *, within_s: float = 60.0) -> None:
        """Wait until they have made so many records more."""
        before = self.made()
        wait_for(
            lambda: self.made() >= before + more,
            within_s=within_s,
            every_s=0.1,
            why=f"{more} records more were not made",
        )
