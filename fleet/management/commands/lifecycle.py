"""`manage.py lifecycle`: the picture of an alert's life."""

from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from fleet.safety import picture

PAGE: Final = Path("docs") / "safety" / "lifecycle.md"
_BEGIN, _END = "```mermaid\n", "\n```\n"


def page(text: str) -> str:
    """Return the page with the picture as the code draws it.  Raises ValueError if the page has no place for it."""
    head, begin, rest = text.partition(_BEGIN)
    _old, end, tail = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{PAGE} has no ```mermaid block")
    return f"{head}{begin}{picture.mermaid()}{end}{tail}"


class Command(BaseCommand):
    help = f"Prints the picture of an alert's life, or writes it into {PAGE}."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = f"example: manage.py lifecycle --write   (into {PAGE})"
        parser.add_argument("--write", action="store_true", help=f"write it into {PAGE}")

    def handle(self, *, write: bool, **options: Any) -> None:
        if not write:
            self.stdout.write(picture.mermaid())
            return
        path = settings.BASE_DIR / PAGE
        try:
            path.write_text(page(path.read_text()))
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from None
