"""`manage.py audit`: is the record whole; the record as a file that can be checked anywhere."""

import argparse
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.dateparse import parse_date, parse_datetime

from fleet.access import chain
from fleet.access.service import record

EXAMPLES = """\
examples:
  manage.py audit verify
  manage.py audit verify --noted 5120:9f86d081884c7d65…
  manage.py audit export --from 2026-11-01 --to 2026-12-01 > november.jsonl
  manage.py audit verify --file november.jsonl
"""


class Command(BaseCommand):
    requires_system_checks = ["settings"]
    help = "Checks that the record of who did what is whole, or writes a piece of it as JSON Lines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parts = parser.add_subparsers(dest="what", required=True)
        verify = parts.add_parser("verify", help="follow the chain; names the first entry that does not fit")
        verify.add_argument("--noted", type=_noted, metavar="NUMBER:HASH", help="a link as noted earlier")
        verify.add_argument("--file", type=Path, help="an exported piece instead of the database")
        export = parts.add_parser("export", help="write entries with their hashes to standard output")
        export.add_argument("--from", dest="since", type=_moment, metavar="TIME", help="UTC; from this time")
        export.add_argument("--to", dest="before", type=_moment, metavar="TIME", help="UTC; before this time")

    def handle(self, *, what: str, **options: Any) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # only reads: there is nothing to finish
        if what == "export":
            self._export(options["since"], options["before"])
        else:
            self._verify(options["noted"], options["file"])

    def _verify(self, noted: tuple[int, str] | None, file: Path | None) -> None:
        if file is None:
            found = chain.verify(noted=noted)
        else:
            try:
                with file.open(encoding="utf-8") as lines:
                    found = chain.verify_lines(lines)
            except (OSError, UnicodeDecodeError) as error:
                raise CommandError(f"{file} cannot be read: {error}") from error
        if isinstance(found, chain.Broken):
            raise CommandError(f"the chain breaks at link {found.number}: {found.why}")
        self.stdout.write(
            f"whole: {found.links} links; note the last one elsewhere: {found.links}:{found.head}"
        )

    def _export(self, since: datetime | None, before: datetime | None) -> None:
        count = 0
        with transaction.atomic():
            for link in chain.links(since=since, before=before):
                self.stdout.write(link.as_line())
                count += 1
        record(None, "audit.exported", entries=count, since=_told(since), before=_told(before))
        self.stderr.write(f"{count} entries; check them anywhere: manage.py audit verify --file FILE")


def _noted(text: str) -> tuple[int, str]:
    number, _, digest = text.partition(":")
    if not number.isdecimal() or len(digest) != 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not NUMBER:HASH, as `audit verify` prints it")
    return int(number), digest.lower()


def _moment(text: str) -> datetime:
    try:
        moment, day = parse_datetime(text), parse_date(text)
    except ValueError:
        moment = day = None
    if moment is None and day is not None:
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if moment is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; give 2026-11-22 or 2026-11-22T10:00:00Z")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _told(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
