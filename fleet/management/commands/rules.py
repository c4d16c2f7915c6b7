"""`manage.py rules`: the page of all rules, from the code."""

from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from fleet.safety import rules_page

PAGE: Final = Path("docs") / "safety" / "rules.md"


class Command(BaseCommand):
    help = f"Prints what every rule watches, and why, or writes it into {PAGE}."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = f"example: manage.py rules --write   (into {PAGE})"
        parser.add_argument("--write", action="store_true", help=f"write it into {PAGE}")

    def handle(self, *, write: bool, **options: Any) -> None:
        if not write:
            self.stdout.write(rules_page.page())
            return
        try:
            (settings.BASE_DIR / PAGE).write_text(rules_page.page())
        except OSError as error:
            raise CommandError(str(error)) from None
