"""What the servers behind the house say of themselves; each is asked within a limit, whether the others live or not."""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from typing import Generic, TypeVar

import redis
from django.conf import settings
from django.utils import timezone

from dashboards.system.outlook import Outlook, outlook, overdue
from devices.store import sizes as stored
from devices.store.sizes import Sizes

T = TypeVar("T")
REDIS_TIMEOUT_S = 0.5
DISK_EVERY_S = 30.0
PRUNED_WITHIN = timedelta(hours=2)  # the courier looks each hour
CELERY_QUEUE = "safety"  # its worker passes on what beat says of itself


@dataclass(frozen=True, slots=True)
class Redis:
    """What Redis says; `why` alone if it does not answer."""

    why: str = ""
    took_ms: float = 0.0
    version: str = ""
    started_s: int = 0
    memory: int = 0
    clients: int = 0
    ticks_waiting: int = 0  # tasks that no worker has taken


@dataclass(frozen=True, slots=True)
class Disk:
    """Sizes, and how long they may go on."""

    sizes: Sizes
    outlook: Outlook
    total: int | None
    overdue_days: int  # days of telemetry whose time is over
    late_days: int  # of them, those that should have been let go by now

    def gauges(self) -> dict[str, float]:
        """Return what is known, for /metrics."""
        told = {
            "database_bytes": self.sizes.database,
            "database_growth_bytes_a_day": self.outlook.growth_day,
            "disk_free_bytes": self.outlook.free,
            "disk_days_left": self.outlook.full_in_days,
        }
        return {name: value for name, value in told.items() if value is not None}


def ask_redis() -> Redis:
    began_s = time.perf_counter()
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=REDIS_TIMEOUT_S, socket_timeout=REDIS_TIMEOUT_S
        ) as client:
            told = client.info()
            waiting = client.llen(CELERY_QUEUE)
    except (redis.RedisError, OSError) as error:
        return Redis(why=type(error).__name__)
    took_ms = round((time.perf_counter() - began_s) * 1000, 1)
    version = str(told.get("valkey_version") or told.get("redis_version") or "")
    up_s, memory, clients = (
        int(told.get(name, 0)) for name in ("uptime_in_seconds", "used_memory", "connected_clients")
    )
    return Redis("", took_ms, version, up_s, memory, clients, int(waiting))


def ask_disk() -> Disk:
    """Measure the database and its disk.  Whether the disk is ours to measure is known for local folders only."""
    sizes, now = stored.sizes(), timezone.now()
    total, free = _disk_of(sizes)
    keep = settings.TELEMETRY_DAYS
    today = now.astimezone(UTC).date()
    told = outlook(sizes.days, today=today, keep_days=keep, rest=sizes.rest, since=sizes.since, free=free)
    over, late = (overdue(sizes.days, now=at, keep_days=keep) for at in (now, now - PRUNED_WITHIN))
    return Disk(sizes, told, total, over, late)


def _disk_of(sizes: Sizes) -> tuple[int | None, int | None]:
    """Return (total, free) of the disk that the database lies on; (None, None) if it is elsewhere."""
    if sizes.folder is None or not sizes.is_local:
        return None, None
    try:
        if not Path(sizes.folder).is_dir():
            return None, None
        used = shutil.disk_usage(sizes.folder)
    except OSError:
        return None, None
    return used.total, used.free


class Remembered(Generic[T]):
    """Asks at most every so often, however many readers there are."""

    def __init__(self, ask: Callable[[], T], every_s: float) -> None:
        self._ask, self._every_s = ask, every_s
        self._lock = threading.Lock()
        self._told: tuple[float, T] | None = None

    def get(self) -> T:
        with self._lock:
            now_s = time.monotonic()
            if self._told is None or now_s - self._told[0] >= self._every_s:
                self._told = (now_s, self._ask())
            return self._told[1]


disk = Remembered(ask_disk, DISK_EVERY_S)
