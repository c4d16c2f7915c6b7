"""`manage.py ingest`: devices → house."""

import gc
import signal
import threading
from argparse import RawDescriptionHelpFormatter
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from devices.batch.desk import Desk
from devices.ingest.figures import BROKER_TOPICS, Logbook
from devices.ingest.inbox import Inbox
from devices.ingest.presence import Presence
from devices.ingest.reader import Reading
from devices.ingest.runner import Ingest, Pace
from devices.ingest.watermarks import Watermarks
from devices.mqtt.client import Message
from devices.mqtt.link import Address, Link
from devices.state import to_ms
from devices.store import pulses
from devices.store.directory import Directory
from devices.wire.topics import SERVER_STATUS
from fleet import checks, flows
from fleet.live import announce
from fleet.live.announce import Announcer
from fleet.live.events import pulse_event, sends
from fleet.metrics import of_this_process
from fleet.paging.lifeline import Lifeline
from fleet.safety.judge import Judge
from fleet.standin import Standin

_SERVER = SERVER_STATUS.encode()
SUBSCRIPTIONS = ("ems/v1/+/status", "ems/v1/+/telemetry", "ems/v1/+/event", SERVER_STATUS)
COLLECT_AFTER = 50_000  # containers more than were freed, before cycles are looked for


class Command(BaseCommand):
    requires_system_checks = [checks.TAG]
    help = "Take in what devices say: from the broker into the database, and on to the browsers."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs["formatter_class"] = RawDescriptionHelpFormatter
        kwargs["epilog"] = "Example:\n  MQTT_URL=mqtt://_ingest:secret@broker:1883 manage.py ingest"
        return super().create_parser(prog_name, subcommand, **kwargs)

    def handle(self, *_args: Any, **_options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        house = _House(stop)
        _collect_seldom()
        house.run()
        if house.presence.other is not None:
            raise CommandError(
                f"another server, {house.presence.other}, is online on this broker; one broker serves one server. "
                "Stop it, or give this one a broker of its own (MQTT_URL)."
            )
        self.stdout.write(f"stopped; {house.ingest.counters['records']} records stored")


def _collect_seldom() -> None:
    """Look for cycles once in many batches: a batch makes tens of thousands of containers, and none in a cycle.

    What was loaded until now stays for good, and is not looked through.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])


class _House:
    """The parts of the process, wired."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        directory = Directory()
        self.judge = Judge(directory.site_of)
        self.inbox = Inbox()
        self.presence = Presence(settings.SERVER_ID)
        self.logbook = Logbook(self._figures, settings.SLOW_BATCH_MS)
        self.voice = Announcer(lambda: directory.serials, lambda: directory.sites)
        self.standin = Standin(Lifeline())
        self.ingest = Ingest(
            inbox=self.inbox,
            directory=directory,
            take_in=self._take_in,
            voice=self.voice,
            on_pulse=self._on_pulse,
            watermarks=Watermarks(stuck_ms=int(settings.WATERMARK_STUCK_SECONDS * 1000)),
            pace=Pace(rollup_s=settings.ROLLUP_SECONDS),
            logbook=self.logbook,
        )
        self.link = Link(
            Address.of(settings.MQTT_URL),
            SUBSCRIPTIONS,
            self._take,
            paused=self.inbox.is_full,
            will=self.presence.will(),
            also=tuple(BROKER_TOPICS),
        )

    def run(self) -> None:
        self.voice.start()
        try:
            self.ingest.run(self.link, self.stop)
        finally:
            self.standin.stop()
            self.presence.goodbye(self.link)
            self.link.stop()
            self.voice.stop()

    def _take(self, messages: list[Message]) -> None:
        own = [message for message in messages if message.topic == _SERVER or message.topic[:1] == b"$"]
        for message in own:
            if message.topic == _SERVER:
                self.presence.read(message)
            else:
                self.logbook.hear_broker(message)
        if self.presence.other is not None:
            self.stop.set()
        if own:
            self.link.acknowledge(own)
            messages = [m for m in messages if m.topic != _SERVER and m.topic[:1] != b"$"]
        if messages:
            self.inbox.put(messages)

    def _take_in(self, desk: Desk, reading: Reading, now: datetime) -> flows.Taken:
        window_ms = int(settings.PLACING_WINDOW_SECONDS * 1000)
        taken = flows.take_in(desk, reading, now, judge=self.judge, window_ms=window_ms, lap=self.logbook.lap)
        self.voice.alerts(taken.alerts)
        announce.commands(taken.commands)
        return taken

    def _figures(self) -> dict[str, dict[str, float]]:
        own = of_this_process()
        told = {"events_announced": self.voice.sent, "announcements_failed": self.voice.failed}
        return {"counters": {**own["counters"], **told}, "gauges": own["gauges"]}

    def _on_pulse(self, now: datetime, _detail: dict[str, Any]) -> None:
        self.standin.start()
        self.presence.tick(self.link)
        if not self.link.is_up:
            return  # the pulse proves the whole chain: without the broker the wall must look as dead as it is
        now_ms, known = to_ms(now), pulses.all_pulses()
        at_ms: dict[str, int | None] = {part: to_ms(at) for part, (at, _) in known.items()}
        _, said = known.get("dispatch", (None, {}))
        goes_out = sends(now_ms, at_ms.get("dispatch"), said)
        self.voice.pulse(pulse_event(now_ms, at_ms | {"ingest": now_ms}, sends=goes_out))
