"""`manage.py prune`: drop telemetry that is older than TELEMETRY_DAYS."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from devices.store import partitions, rejects


class Command(BaseCommand):
    help = (
        "Drop day partitions of telemetry older than TELEMETRY_DAYS, and old rejects. Sessions, events, the ledger "
        "and minute roll-ups stay. Example: manage.py prune --days 30"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=settings.TELEMETRY_DAYS, help="keep this many days")

    def handle(self, *_args: Any, days: int, **_options: Any) -> None:
        now = timezone.now()
        dropped = partitions.drop_before(now, days)
        partitions.make_ahead(now)
        rejects.prune(now, reject_days=settings.REJECT_DAYS)
        self.stdout.write(
            f"dropped {len(dropped)} days: {', '.join(map(str, dropped)) or 'none was old enough'}"
        )
