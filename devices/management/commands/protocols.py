"""`manage.py protocols`: protocol documents by their hash, from the shell."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from devices import documents
from devices.models import ProtocolDocument
from devices.wire.errors import WireError

EXAMPLES = """\
examples:
  manage.py protocols keep quad-strength-3.json
  manage.py protocols keep protocols/*.json
  manage.py protocols approve quad-strength-3.json --by clinician --reason "Reviewed by the knee team"
  manage.py protocols list

A file holds one protocol document as JSON, in any spelling.  It is kept under the SHA-256 of its canonical
JSON (RFC 8785): the hash that devices report.  Keeping one twice changes nothing.  A session by a protocol that is
not approved raises an alert; approving keeps the file, too.
"""


class Command(BaseCommand):
    requires_system_checks = ["settings"]
    help = "Keeps protocol documents, so that a session shows what was prescribed, and lists them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parser.add_argument("what", choices=["keep", "approve", "list"])
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="documents, JSON")
        parser.add_argument("--by", default="", help="with approve: the user name of who approves")
        parser.add_argument("--reason", default="", help="with approve: why it may be used")

    def handle(self, *, what: str, files: list[Path], by: str, reason: str, **_options: Any) -> None:
        if what == "list":
            if files:
                raise CommandError("list takes no file; did you mean: manage.py protocols keep FILE…")
            self._list()
        elif not files:
            raise CommandError(f"name the files to {what}: manage.py protocols {what} FILE…")
        elif what == "keep":
            self._keep(files)
        elif not (by.strip() and reason.strip()):
            raise CommandError("an approval has a name and a reason: --by NAME --reason TEXT")
        else:
            self._keep(files, approved_by=by.strip()[:150], approval_reason=reason.strip()[:300])

    def _keep(self, files: list[Path], **approval: str) -> None:
        """Keep the good ones, name the bad ones, and end with 1 if there was one; the first approval stands."""
        bad = 0
        for path in files:
            try:
                row = documents.keep(path.read_bytes())
            except (OSError, WireError) as error:
                bad += 1
                self.stderr.write(f"{path}: {error}")
            else:
                if approval:
                    mine = ProtocolDocument.objects.filter(pk=row.pk, approved_at=None)
                    mine.update(approved_at=timezone.now(), **approval)
                self.stdout.write(f"{row.protocol_id} {row.version}  {row.sha256}")
        if bad:
            raise CommandError(f"{bad} of {len(files)} files are not kept (above); the others are")

    def _list(self) -> None:
        rows = ProtocolDocument.objects.order_by("protocol_id", "version", "sha256")
        for row in rows.defer("body"):
            said = f"approved by {row.approved_by}" if row.approved_at else "not approved"
            self.stdout.write(f"{row.protocol_id} {row.version}  {row.sha256}  {row.title}  {said}")
        if not rows:
            self.stdout.write("No protocol document is kept.")
