"""How each part of the server stands, and what to do where it does not: from pulses and answers to words.  Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from dashboards.system.health import SILENT_AFTER
from dashboards.system.servers import Redis
from devices.models import Pulse
from devices.store.sizes import Health

Level = Literal["good", "warn", "bad", "unknown"]
WEB_SILENT_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: `words` say how it stands, `todo` what to do about it (empty where nothing is to be done)."""

    key: str
    label: str
    does: str
    level: Level
    words: str
    todo: str = ""
    age_ms: int | None = None
    version: str = ""
    differs: bool = False
    started_at: datetime | None = None
    place: str = ""
    cpu_percent: float | None = None
    memory: float | None = None


def parts(
    pulses: Mapping[str, Pulse],
    now: datetime,
    *,
    redis: Redis,
    database: Health,
    took_ms: float,
    version: str,
) -> list[Part]:
    """Return every part, in the order in which news passes them.

    Args:
        took_ms: How long the database took to answer.
        version: The web's own with its build, which all others should have, too.
    """
    ingest = _ours("ingest", pulses, now, version, redis)
    broker = _broker(pulses.get("ingest"), ingest)
    others = [
        _ours(key, pulses, now, version, redis) for key in ("dispatch", "worker", "courier", "beat", "web")
    ]
    return [broker, ingest, _database(database, took_ms), _redis(redis, now), *others]


def living(pulses: Mapping[str, Pulse], now: datetime) -> dict[str, Pulse]:
    """Return the pulses of parts that are not silent."""
    return {
        key: pulse
        for key, pulse in pulses.items()
        if now - pulse.at <= SILENT_AFTER.get(key, WEB_SILENT_AFTER)
    }


def labels() -> dict[str, tuple[str, str]]:
    """Return (name, what it does) of each part."""
    return {
        "broker": (_("Broker"), _("carries messages between devices and server")),
        "ingest": (_("Ingest"), _("takes in what devices say")),
        "database": (_("Database"), _("keeps everything")),
        "redis": (_("Redis"), _("tells open pages what changed")),
        "dispatch": (_("Dispatch"), _("takes commands out to devices")),
        "worker": (_("Worker"), _("the clock of alerts: notices who fell silent, decides who is told")),
        "courier": (_("Courier"), _("sends what is told outside these pages, and tidies up")),
        "beat": (_("Beat"), _("wakes worker and courier each second")),
        "web": (_("Web"), _("pages, API and live walls")),
    }


def _ours(key: str, pulses: Mapping[str, Pulse], now: datetime, version: str, redis: Redis) -> Part:
    label, does = labels()[key]
    pulse = pulses.get(key)
    if pulse is None:
        return Part(key, label, does, "bad", _("never started here"), _todo(key, pulses, now, redis))
    age = max(timedelta(), now - pulse.at)
    silent = age > SILENT_AFTER.get(key, WEB_SILENT_AFTER)
    level: Level = "good"
    words, todo = _("lives"), ""
    its = _version(pulse.detail)
    differs = bool(its) and its != version
    if silent:
        level, words, todo = "bad", _("silent"), _todo(key, pulses, now, redis)
        if key == "beat" and _is_silent("worker", pulses, now):
            level, words, todo = _beat_without_worker(todo, redis)
    elif differs and not (key == "dispatch" and pulse.detail.get("broker") is False):
        level, words = "warn", _("lives, in another version")
        todo = _("It runs %(its)s, the web %(ours)s: restart it, so that all run the same.") % {
            "its": its,
            "ours": version,
        }
    elif key == "dispatch":
        level, words, todo = _direct(pulse.detail)
    return Part(
        key,
        label,
        does,
        level,
        words,
        todo,
        age // timedelta(milliseconds=1),
        differs=differs,
        **_about(pulse.detail),
    )


def _direct(detail: Mapping[str, Any]) -> tuple[Level, str, str]:
    """How dispatch stands with the broker, and with the way past the database."""
    if detail.get("broker") is False:
        return (
            "bad",
            _("lives, but has no connection to the broker: no command goes out"),
            _(
                "See whether the broker runs and whether the account _dispatch may log in (manage.py enrol --sync). "
                "Until then nobody can stop a device from here."
            ),
        )
    if "direct" not in detail:
        return "good", _("lives"), ""
    waiting = (detail.get("gauges") or {}).get("direct_stops_to_book") or 0
    if waiting:
        todo = _("See its log: each says why. They were sent to the devices, but are in no history yet.")
        return (
            "warn",
            _("lives; stops that went past the database are not booked: %(n)d") % {"n": waiting},
            todo,
        )
    if detail["direct"]:
        return "good", _("lives; stops need no database"), ""
    return (
        "warn",
        _("lives; without the database nothing could be stopped from here"),
        _(
            "See “direct path” in its log, and whether the account _direct may log in (manage.py enrol --sync)."
        ),
    )


def _beat_without_worker(todo: str, redis: Redis) -> tuple[Level, str, str]:
    """Beat is heard through the worker; where that is silent, its ticks in Redis still tell."""
    if redis.why:
        return "unknown", _("not known without Redis"), ""
    if redis.ticks_waiting:
        return "unknown", _("its ticks wait for the worker"), ""
    return "bad", _("sends no ticks"), todo


def no_direct(pulses: Mapping[str, Pulse], *, has_address: bool) -> str:
    """Return that there is no way past the database, and who makes one; nothing where there is."""
    dispatch = pulses.get("dispatch")
    if has_address and (dispatch is None or "direct" in dispatch.detail):
        return ""
    return _(
        "While the database is away, nobody can stop a device from these pages. Whoever runs this server sets "
        "DIRECT_URL, DIRECT_LISTEN and DIRECT_MQTT_URL."
    )


def _version(detail: Mapping[str, Any]) -> str:
    return " · ".join(filter(None, (detail.get("version"), detail.get("build"))))


def _about(detail: Mapping[str, Any]) -> dict[str, Any]:
    rates, gauges = detail.get("rates") or {}, detail.get("gauges") or {}
    cpu = rates.get("process_cpu_seconds_total")
    host, pid = detail.get("host"), detail.get("pid")
    return {
        "version": _version(detail),
        "started_at": parse_datetime(detail.get("started_at") or ""),
        "place": f"{host} · {pid}" if host and pid else "",
        "cpu_percent": None if cpu is None else cpu * 100,
        "memory": gauges.get("process_resident_memory_bytes"),
    }


def _is_silent(key: str, pulses: Mapping[str, Pulse], now: datetime) -> bool:
    pulse = pulses.get(key)
    return pulse is None or now - pulse.at > SILENT_AFTER[key]


def _todo(key: str, pulses: Mapping[str, Pulse], now: datetime, redis: Redis) -> str:
    """What to do about a part that is silent."""
    if key == "ingest":
        return _(
            "See in its log why it ended, and start it again. "
            "Broker and devices keep everything meanwhile; people must look at the devices themselves."
        )
    if key == "dispatch":
        return _(
            "See in its log why it ended, and start it again. Until then nobody can stop a device from here."
        )
    if key == "web":
        return _("It answers, but its pulse is not written: see its log, and restart it.")
    if redis.why:
        return _("It waits for Redis: start that first.")
    if key == "beat":
        return _("See in its log why it ended, and start it again. It holds nothing that can be lost.")
    if key == "courier":
        return _(
            "See in its log why it ended, and start it again. Until then no e-mail, push or webhook goes out: "
            "alerts are told on these pages only."
        )
    if redis.ticks_waiting:
        return _("Ticks wait and nobody takes them: see in the worker's log why, and start it again.")
    return _("No tick reaches it: look at beat first, then at the worker itself.")


def _broker(pulse: Pulse | None, ingest: Part) -> Part:
    """The broker is seen through ingest, which is connected to it."""
    label, does = labels()["broker"]
    if pulse is None or ingest.level == "bad":
        return Part(
            "broker", label, does, "unknown", _("not known while ingest is silent"), age_ms=ingest.age_ms
        )
    told = pulse.detail.get("broker_told") or {}
    started = pulse.at - timedelta(seconds=told["uptime_s"]) if "uptime_s" in told else None
    version = str(told.get("version", "")).removeprefix("mosquitto version ")
    if not pulse.detail.get("broker"):
        todo = _(
            "See whether the broker runs and whether the account _ingest may log in (manage.py enrol --sync)."
        )
        return Part("broker", label, does, "bad", _("ingest is not connected"), todo, ingest.age_ms)
    return Part(
        "broker",
        label,
        does,
        "good",
        _("answers ingest"),
        age_ms=ingest.age_ms,
        version=version,
        started_at=started,
        memory=told.get("heap_bytes"),
    )


def _database(database: Health, took_ms: float) -> Part:
    label, does = labels()["database"]
    level: Level = "good"
    words, todo = _("answers in %(ms)s ms") % {"ms": round(took_ms, 1)}, ""
    share = database.connections / database.most_connections
    if database.longest_s is not None and database.longest_s > 60:
        level, words = "warn", _("a transaction has been open for %(s)d s") % {"s": database.longest_s}
        todo = _("Look in pg_stat_activity whose it is: while it lasts, nothing that is let go makes room.")
    elif share > 0.8:
        level = "warn"
        words = _("%(n)d of %(most)d connections taken") % {
            "n": database.connections,
            "most": database.most_connections,
        }
        todo = _("Look in pg_stat_activity who holds them; lower DATABASE_POOL or raise max_connections.")
    return Part(
        "database", label, does, level, words, todo, version=database.version, started_at=database.started_at
    )


def _redis(redis: Redis, now: datetime) -> Part:
    label, does = labels()["redis"]
    if redis.why:
        todo = _("Start it again; nothing is lost with it. Until then open walls stand still, and say so.")
        return Part("redis", label, does, "bad", _("does not answer: %(why)s") % {"why": redis.why}, todo)
    return Part(
        "redis",
        label,
        does,
        "good",
        _("answers in %(ms)s ms") % {"ms": redis.took_ms},
        version=redis.version,
        started_at=now - timedelta(seconds=redis.started_s),
        memory=redis.memory,
    )
