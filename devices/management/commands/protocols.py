"""`manage.py protocols`: protocol documents by their hash, from the shell."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from devices import documents
from devices.models import ProtocolDocument
from devices.wire.errors import WireError

EXAMPLES = """\
examples:
  manage.py protocols keep quad-strength-3.json
  manage.py protocols keep protocols/*.json
  manage.py protocols list

A file holds one protocol document as JSON, in any spelling.  It is kept under the SHA-256 of its canonical
JSON (RFC 8785): the hash that devices report.  Keeping one twice changes nothing.  A session by a protocol that is
not approved raises an alert.  Approving takes two people: one imports the file on the pages (Protocols, Import) and
submits it, another approves it.
"""


class Command(BaseCommand):
    requires_system_checks = ["settings"]
    help = "Keeps protocol documents, so that a session shows what was prescribed, and lists them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parser.add_argument("what", choices=["keep", "list"])
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="documents, JSON")

    def handle(self, *, what: str, files: list[Path], **_options: Any) -> None:
        if what == "list":
            if files:
                raise CommandError("list takes no file; did you mean: manage.py protocols keep FILE…")
            self._list()
        elif not files:
            raise CommandError("name the files to keep: manage.py protocols keep FILE…")
        else:
            self._keep(files)

    def _keep(self, files: list[Path]) -> None:
        """Keep the good ones, name the bad ones, and end with 1 if there was one."""
        bad = 0
        for path in files:
            try:
                row = documents.keep(path.read_bytes())
            except (OSError, WireError) as error:
                bad += 1
                self.stderr.write(f"{path}: {error}")
            else:
                self.stdout.write(f"{row.protocol_id} {row.version}  {row.sha256}")
        if bad:
            raise CommandError(f"{bad} of {len(files)} files are not kept (above); the others are")

    def _list(self) -> None:
        rows = ProtocolDocument.objects.order_by("protocol_id", "version", "sha256")
        for row in rows.defer("body"):
            said = f"approved by {row.approved_by}" if row.approved_at else "not approved"
            said += "; withdrawn" if row.withdrawn_at else ""
            self.stdout.write(f"{row.protocol_id} {row.version}  {row.sha256}  {row.title}  {said}")
        if not rows:
            self.stdout.write("No protocol document is kept.")
