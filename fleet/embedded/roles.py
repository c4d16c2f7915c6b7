"""Our own processes in the demo: what each runs, with which settings, and how to see that the wall is fed."""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet.embedded import ports
from fleet.embedded.options import DEVICES_JSON, ROOT, Options
from fleet.embedded.processes import Program
from fleet.embedded.servers import Servers

_MANAGE = str(ROOT / "manage.py")
_THREADS = ("--pool", "threads", "--concurrency", "8")


@dataclass(frozen=True, slots=True)
class House:
    """The processes of one VAR."""

    servers: Servers
    options: Options

    @property
    def var(self) -> Path:
        return self.servers.place.var

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self.options.port}"

    @property
    def settings(self) -> dict[str, str]:
        return self.servers.settings()

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of our processes: the caller's, with our settings in place of theirs."""
        ours = {
            "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
            "CSRF_TRUSTED_ORIGINS": "",
            "STATIC_ROOT": str(self.var / "static"),
            "PUBLIC_URL": environ.get("PUBLIC_URL") or self.url,
            "VAPID_PRIVATE_KEY": self.servers.vault.secret(
                "vapid"
            ),  # 256 random bits are a key of this curve
            "VAPID_CONTACT": "mailto:demo@example.org",
            "LOG_FORMAT": environ.get("LOG_FORMAT") or "json",
            "DJANGO_SETTINGS_MODULE": "fleet.settings",
            "PYTHONUNBUFFERED": "1",
            "OMP_NUM_THREADS": "1",  # NumPy's own threads would only take the processors from the others
            "OPENBLAS_NUM_THREADS": "1",
            **self.settings,
        }
        return {
            name: value for name, value in environ.items() if name.removesuffix("_FILE") not in ours
        } | ours

    def preparation(self) -> Program:
        """Migrations, demo data, broker accounts and static files, in one process that ends."""
        env = {**self.options.environment(), "DEMO_SECRET": self.servers.vault.secret("people")}
        return self._manage("prepare", "demo", "--prepare", env=env)

    def story(self) -> Program:
        """What the demo's people do with protocols and rollouts, in one process that ends."""
        return self._manage("story", "demo", "--story", env=self.options.environment())

    def programs(self) -> list[Program]:
        """Return our processes in the order they start; they stop in reverse."""
        celery = ["celery", "-A", "fleet.celery"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        schedule = ["--schedule", str(self.var / "beat-schedule"), "--pidfile", ""]
        programs = [
            self._manage("dispatch", "dispatch", env=self._of_dispatch(), tier=1),
            self._manage("ingest", "ingest", env={"MQTT_URL": self.servers.mqtt_url("_ingest")}, tier=1),
            # One process, which is the one that works: a pool would put a parent in front of it.
            self._python(
                "worker", *celery, "worker", "-Q", "safety", "-n", "worker@%h", "--pool", "solo", *quiet
            ),
            # Threads: whoever waits for a mail server that hangs keeps one of them, and the others go on.
            self._python(
                "courier",
                *celery,
                "worker",
                "-Q",
                "celery,paging,rollouts",
                "-n",
                "courier@%h",
                *_THREADS,
                *quiet,
            ),
            self._python("beat", *celery, "beat", *schedule),
            self._web(),
        ]
        return programs + ([self._simulator()] if self.options.devices else [])

    def _of_dispatch(self) -> dict[str, str]:
        return {
            "MQTT_URL": self.servers.mqtt_url("_dispatch"),
            "DIRECT_MQTT_URL": self.servers.mqtt_url("_direct"),
            "DIRECT_LISTEN": self.settings["DIRECT_URL"],
        }

    def _web(self) -> Program:
        words = ["daphne", "-b", ports.HOST, "-p", str(self.options.port), "fleet.asgi:application"]
        return self._python("web", *words, ready=lambda: get(f"{self.url}/healthz")[0] == 200)

    def _simulator(self) -> Program:
        words = {
            "--mqtt-url": f"mqtt://{ports.HOST}:{self.options.mqtt_port}",
            "--devices-file": str(self.var / DEVICES_JSON),
            "--scenario": self.options.scenario,
            "--seed": str(self.options.seed),
            "--truth": str(self.var / "truth.jsonl"),
        }
        return self._manage(
            "simulator", "simulate", *(word for pair in words.items() for word in pair), tier=3
        )

    def _manage(self, name: str, *words: str, env: Mapping[str, str] | None = None, tier: int = 0) -> Program:
        command = [sys.executable, _MANAGE, *words]
        return Program(name, command, ready=_always, env=env or {}, folder=ROOT, tier=tier)

    def _python(self, name: str, *words: str, ready: Callable[[], bool] | None = None) -> Program:
        return Program(name, [sys.executable, "-m", *words], ready=ready or _always, folder=ROOT, tier=2)


def fed(house: House, people: Mapping[str, Any]) -> bool:
    """Say whether every part has a pulse and each site with simulated devices shows one of them online."""
    return get(f"{house.url}/readyz")[0] == 200 and not _dark_sites(house, people)


def unfed(house: House, people: Mapping[str, Any]) -> str:
    """Say what is missing, for the person who waits."""
    status, body = get(f"{house.url}/readyz")
    if status != 200:
        return f"the house is not ready: /readyz says {status} {body[:500]!r}"
    log = house.var / "logs" / "simulator.log"
    return f"no device is online at {', '.join(_dark_sites(house, people))}; see {log}"


def get(url: str, *, token: str = "") -> tuple[int, str]:
    """Return status and body; status 0 and the reason when nobody answers."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)


def _dark_sites(house: House, people: Mapping[str, Any]) -> list[str]:
    dark = []
    for site in sorted({device["site"] for device in people["devices"]}):
        token = next(user["token"] for user in people["users"].values() if site in user["sites"])
        status, body = get(f"{house.url}/api/v1/devices?site={site}&link=online&limit=1", token=token)
        if status != 200 or not json.loads(body)["items"]:
            dark.append(site)
    return dark


def _always() -> bool:
    return True  # it says so itself, through its pulse
