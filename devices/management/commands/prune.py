"""`manage.py prune`: drop telemetry that is older than TELEMETRY_DAYS."""

import signal
import threading
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from devices.store import partitions, pulses, rejects, spells


class Command(BaseCommand):
    help = (
        "Drop days of telemetry older than TELEMETRY_DAYS, old rejects and slow spells. Sessions, events, the "
        "ledger and minute roll-ups stay. The server does the same each hour."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = "example:\n  manage.py prune --days 30"
        parser.add_argument(
            "--days",
            type=int,
            default=settings.TELEMETRY_DAYS,
            help="keep this many days (default: %(default)s)",
        )

    def handle(self, *_args: Any, days: int, **_options: Any) -> None:
        if days < 1:
            raise CommandError(f"--days {days} would delete what arrives today; keep 1 day at least")
        stop = threading.Event()  # the day in hand is finished; the next run does the rest
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        now = timezone.now()
        dropped = partitions.drop_before(now, days, stopped=stop.is_set)
        partitions.make_ahead(now)
        rejects.prune(now, reject_days=settings.REJECT_DAYS)
        spells.prune(now)
        pulses.beat("prune", timezone.now())  # System says when room was last made
        self.stdout.write(
            f"dropped {len(dropped)} days: {', '.join(map(str, dropped)) or 'none was old enough'}"
        )
