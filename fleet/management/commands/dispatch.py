"""`manage.py dispatch`: house → devices."""

import signal
import threading
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from devices.mqtt.link import Address, Link
from fleet import checks
from fleet.control.dispatcher import SUBSCRIPTIONS, Dispatcher
from fleet.control.mailbox import Mailbox
from fleet.metrics import of_this_process

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
        dispatcher = Dispatcher(connect=_link, figures=of_this_process)
        dispatcher.run(stop)
        self.stdout.write(f"stopped; {dispatcher.counters['commands_published']} commands published")


def _link(mailbox: Mailbox) -> Link:
    return Link(
        Address.of(settings.MQTT_URL),
        SUBSCRIPTIONS,
        mailbox.put,
        paused=mailbox.is_full,
        session_s=SESSION_S,
    )
