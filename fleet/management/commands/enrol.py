"""`manage.py enrol`: devices and their broker accounts, from the shell."""

import argparse
import csv
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, transaction

from devices import accounts
from devices.enrolment import Row, UnreadableFile, parse_csv, tags_of
from fleet.access.enrolments import record_enrolments

EXAMPLES = """\
examples:
  manage.py enrol EMS-0017 --site north --room "Gym 2" --model RX-4
  manage.py enrol --csv devices.csv --dry-run
  manage.py enrol --csv devices.csv --passwords-out passwords.csv
  manage.py enrol --new-password EMS-0017
  manage.py enrol --revoke EMS-0017
  manage.py enrol --claim EMS-0017
  manage.py enrol --sync

The columns of the CSV are serial,site,room,name,model,uplink,tags,risk_class; serial and site are needed.
A running broker follows within 5 seconds, and within 10 when many changes come at once.
"""


class Command(BaseCommand):
    requires_system_checks = ["settings"]  # not the URLs: loading every page takes a second
    help = "Enrols devices, revokes them, and keeps the broker's accounts in step with the database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("serial", nargs="?", help="the device to enrol; its password is shown once")
        what.add_argument("--csv", type=Path, metavar="FILE", help="enrol every good row of the file")
        what.add_argument(
            "--revoke", metavar="SERIAL", help="take the account away; the device is thrown out"
        )
        what.add_argument(
            "--new-password", metavar="SERIAL", help="replace the password, show the new one once"
        )
        what.add_argument(
            "--claim", metavar="SERIAL", help="take in what its account said before it was enrolled"
        )
        what.add_argument(
            "--sync", action="store_true", help="make the broker's files again from the database"
        )
        parser.add_argument("--site", default="", metavar="SLUG", help="with --csv: for rows that name none")
        for name in ("room", "name", "model", "uplink", "risk-class"):
            parser.add_argument(f"--{name}", default="", metavar="TEXT")
        parser.add_argument("--tags", default="", metavar="TAGS", help="parted by spaces or commas")
        parser.add_argument("--dry-run", action="store_true", help="with --csv: say what would happen")
        parser.add_argument(
            "--passwords-out",
            type=Path,
            metavar="FILE",
            help="with --csv: a new file for the passwords, mode 0600",
        )
        parser.add_argument("--no-wait", action="store_true", help="leave telling the broker to the server")

    def handle(self, **options: Any) -> None:
        self._stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stop.set())  # a change in hand is finished, waiting is not
        try:
            self._do(options)
        except accounts.EnrolmentRefused as refused:
            raise CommandError(str(refused)) from refused
        except DatabaseError as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise CommandError(f"the database: {first}. Check DATABASE_URL, and what is enrolled.") from error

    def _do(self, options: dict[str, Any]) -> None:
        if options["csv"]:
            self._enrol_file(options)
            return
        if options["sync"]:
            told = accounts.sync()
            self.stdout.write("The broker's files are made from the database.")
            self._tell(wait=not options["no_wait"] and told.outcome == "deferred")
            return
        if options["claim"]:
            with transaction.atomic():
                count = accounts.claim(options["claim"])
                record_enrolments(None, "device.claimed", [options["claim"]], messages=count)
            self.stdout.write(f"{count} messages are taken in within seconds, with their own times.")
            return
        if options["revoke"]:
            with transaction.atomic():
                accounts.revoke(options["revoke"])
                record_enrolments(None, "device.revoked", [options["revoke"]])
            self.stdout.write(f"{options['revoke']} is revoked; what it said stays.")
        elif options["new_password"]:
            serial = options["new_password"]
            with transaction.atomic():
                password = accounts.new_password(serial)
                record_enrolments(None, "device.new_password", [serial])
            self._show(serial, password, "has a new password; the old one is over")
        else:
            names = ("serial", "site", "room", "name", "model", "uplink", "risk_class")
            fields = {name: options[name] for name in names}
            with transaction.atomic():
                password = accounts.enrol(**fields, tags=tags_of(options["tags"]))
                record_enrolments(None, "device.enrolled", [options["serial"]])
            self._show(options["serial"], password, f"is enrolled at {options['site']}")
            if kept := accounts.kept_before(options["serial"]):
                self.stdout.write(
                    f"Its account sent {kept} messages before; if they are this device's own: "
                    f"manage.py enrol --claim {options['serial']}"
                )
        self._tell(wait=not options["no_wait"])

    def _enrol_file(self, options: dict[str, Any]) -> None:
        path, out = options["csv"], options["passwords_out"]
        try:
            rows, problems = parse_csv(path.read_bytes(), default_site=options["site"])
        except (OSError, UnreadableFile) as error:
            raise CommandError(f"{path}: {error}") from error
        if options["dry_run"]:
            problems += accounts.enrol_many(rows, dry_run=True).problems
            passwords = {}
        elif out is None:
            raise CommandError(
                "say where the passwords go, with --passwords-out FILE; or try it with --dry-run"
            )
        else:
            enrolled = self._enrol_into(out, rows)
            problems += enrolled.problems
            passwords = enrolled.passwords
        for problem in sorted(problems, key=lambda problem: problem.line):
            self.stderr.write(str(problem))
        refused = {problem.line for problem in problems}
        good = sum(row.line not in refused for row in rows)
        verb = "would be enrolled" if options["dry_run"] else "enrolled"
        self.stdout.write(
            f"{good} {verb}, {len(problems)} not." + (f"  Passwords: {out}" if passwords else "")
        )
        if passwords:
            self._tell(wait=not options["no_wait"])
        if problems:
            rest = "nothing was changed" if options["dry_run"] else "the good ones are done"
            raise CommandError(f"rows of {path} to mend: {len(problems)} (above); {rest}")

    def _enrol_into(self, out: Path, rows: list[Row]) -> accounts.Enrolled:
        """Enrol the rows, with their passwords safe on disk before the devices count as enrolled."""
        try:
            descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise CommandError(f"{out} exists and is not overwritten; name another file") from error
        except OSError as error:
            raise CommandError(f"{out} cannot be made: {error.strerror}") from error
        try:
            with os.fdopen(descriptor, "w", newline="") as file, transaction.atomic():
                enrolled = accounts.enrol_many(rows)
                record_enrolments(None, "device.enrolled", enrolled.passwords)
                lines = csv.writer(file)
                lines.writerow(("serial", "password"))
                lines.writerows(enrolled.passwords.items())
                file.flush()
                os.fsync(descriptor)
        except BaseException:
            out.unlink()  # the passwords of nobody
            raise
        if not enrolled.passwords:
            out.unlink()
        return enrolled

    def _show(self, serial: str, password: str, what: str) -> None:
        self.stdout.write(f"{serial} {what}.\nuser name  {serial}\npassword   {password}")
        self.stdout.write("The password is shown this once.")

    def _tell(self, *, wait: bool) -> None:
        if wait:
            told = accounts.sync_until_told(time.time(), pause=self._stop.wait)
        else:
            told = accounts.sync_if_dirty()
        if told.outcome == "told":
            self.stdout.write("The broker knows.")
        else:
            self.stderr.write(f"The broker does not know yet: {told.advice}")
