"""`manage.py limits`: the page of the limits of protocols, from the code."""

from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from fleet.protocols import limits_page

PAGE: Final = Path("docs") / "safety" / "limits.md"


class Command(BaseCommand):
    help = f"Prints what protocols are held against, and where it comes from, or writes it into {PAGE}."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = f"example: manage.py limits --write   (into {PAGE})"
        parser.add_argument("--write", action="store_true", help=f"write it into {PAGE}")

    def handle(self, *, write: bool, **options: Any) -> None:
        if not write:
            self.stdout.write(limits_page.page())
            return
        try:
            (settings.BASE_DIR / PAGE).write_text(limits_page.page())
        except OSError as error:
            raise CommandError(str(error)) from None
