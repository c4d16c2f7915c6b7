"""`manage.py dispatch`: house → devices."""

import signal
import threading
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from devices.mqtt.link import Address, Link
from devices.wire import topics
from fleet import checks
from fleet.control.direct_door import DirectDoor, Listen
from fleet.control.dispatcher import SUBSCRIPTIONS, Dispatcher
from fleet.control.mailbox import Mailbox
from fleet.metrics import of_this_process

log = structlog.get_logger(__name__)

SESSION_S = 300  # how long the broker keeps answers for us while we are away


class Command(BaseCommand):
    requires_system_checks = [checks.TAG]
    help = "Publish commands to devices, and take in their answers."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs["formatter_class"] = RawDescriptionHelpFormatter
        kwargs["epilog"] = "Example:\n  MQTT_URL=mqtt://_dispatch:secret@broker:1883 manage.py dispatch"
        return super().create_parser(prog_name, subcommand, **kwargs)

    def handle(self, *_args: Any, **_options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        direct = _direct()
        dispatcher = Dispatcher(connect=_link, figures=of_this_process, direct=direct)
        if direct is None:
            dispatcher.run(stop)
        else:
            direct.start()
            try:
                dispatcher.run(stop)
            finally:
                direct.stop()
        self.stdout.write(f"stopped; {dispatcher.counters['commands_published']} commands published")


def _direct() -> DirectDoor | None:
    if not settings.DIRECT_LISTEN:
        log.warning("DIRECT_LISTEN is not set: while the database is away, no page can stop a device")
        return None
    return DirectDoor(
        folder=Path(settings.JOURNAL_DIR),
        listen=Listen(*settings.DIRECT_LISTEN),
        connect=lambda take: Link(
            Address.of(settings.DIRECT_MQTT_URL), (topics.every("status"),), take, session_s=0
        ),
    )


def _link(mailbox: Mailbox) -> Link:
    return Link(
        Address.of(settings.MQTT_URL),
        SUBSCRIPTIONS,
        mailbox.put,
        paused=mailbox.is_full,
        session_s=SESSION_S,
    )
