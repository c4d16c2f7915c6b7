"""`manage.py library`: the page of all rows of the library, from the code."""

from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from fleet.protocols import library_page

PAGE: Final = Path("docs") / "library.md"


class Command(BaseCommand):
    help = f"Prints every row of the library of protocols, or writes them into {PAGE}."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = f"example: manage.py library --write   (into {PAGE})"
        parser.add_argument("--write", action="store_true", help=f"write it into {PAGE}")

    def handle(self, *, write: bool, **options: Any) -> None:
        if not write:
            self.stdout.write(library_page.page())
            return
        try:
            (settings.BASE_DIR / PAGE).write_text(library_page.page())
        except OSError as error:
            raise CommandError(str(error)) from None
