"""`manage.py lifecycle`: the pictures of the lives of an alert, a command and a rollout."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from fleet.control import picture as of_commands
from fleet.protocols import picture as of_protocols
from fleet.rollouts import picture as of_rollouts
from fleet.safety import picture as of_alerts

PAGE: Final = Path("docs") / "safety" / "lifecycle.md"
COMMANDS: Final = Path("docs") / "commands.md"
PROTOCOLS: Final = Path("docs") / "protocols.md"
ROLLOUTS: Final = Path("docs") / "rollouts.md"
_BLOCK: Final = re.compile(r"```mermaid\n.*?\n```\n", re.DOTALL)


def pictures() -> dict[Path, list[str]]:
    """Return the pictures of each page as the code draws them, in the order of the page."""
    return {
        PAGE: [of_alerts.mermaid()],
        COMMANDS: list(of_commands.pictures().values()),
        PROTOCOLS: [of_protocols.mermaid()],
        ROLLOUTS: list(of_rollouts.pictures().values()),
    }


def drawn(text: str, some: Sequence[str]) -> str:
    """Return the page with these pictures.  Raises ValueError if it has not as many places for them."""
    if len(_BLOCK.findall(text)) != len(some):
        raise ValueError(f"the page has {len(_BLOCK.findall(text))} ```mermaid blocks, not {len(some)}")
    left = iter(some)
    return _BLOCK.sub(lambda _match: f"```mermaid\n{next(left)}\n```\n", text)


class Command(BaseCommand):
    help = "Prints the pictures of the lives of an alert, a command and a rollout, or writes them into their pages."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = f"example: manage.py lifecycle --write   (into {PAGE}, {COMMANDS} and {ROLLOUTS})"
        parser.add_argument("--write", action="store_true", help="write them into the pages")

    def handle(self, *, write: bool, **options: Any) -> None:
        for page, some in pictures().items():
            if not write:
                self.stdout.write("\n\n".join(some))
                continue
            path = settings.BASE_DIR / page
            try:
                path.write_text(drawn(path.read_text(), some))
            except (OSError, ValueError) as error:
                raise CommandError(f"{page}: {error}") from None
