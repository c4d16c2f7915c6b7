"""`manage.py openapi`: the description of the HTTP API."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from dashboards.api.root import api

PUBLISHED = Path("docs") / "api" / "openapi.json"


def text() -> str:
    """Return the OpenAPI document as it is published."""
    document = api.get_openapi_schema()
    return json.dumps(document, indent=1, ensure_ascii=False, cls=DjangoJSONEncoder) + "\n"


class Command(BaseCommand):
    help = f"Prints the OpenAPI document, writes it to {PUBLISHED}, or says whether that one is current."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = f"example: manage.py openapi --write   (into {PUBLISHED})"
        parser.add_argument("--write", action="store_true", help=f"write {PUBLISHED}")
        parser.add_argument("--check", action="store_true", help="fail if it is not what the code says")

    def handle(self, *, write: bool, check: bool, **options: Any) -> None:
        published = settings.BASE_DIR / PUBLISHED
        if write:
            published.parent.mkdir(parents=True, exist_ok=True)
            published.write_text(text())
        elif not check:
            self.stdout.write(text(), ending="")
        elif not published.exists() or published.read_text() != text():
            raise CommandError(f"{PUBLISHED} is not current; run: manage.py openapi --write")
