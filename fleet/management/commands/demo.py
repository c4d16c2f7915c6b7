"""`manage.py demo`: the whole product on one machine, as `make demo` runs it."""

import hashlib
import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from fleet.embedded import demo
from fleet.embedded.options import Options


class Command(BaseCommand):
    help = "Run everything on this machine, with embedded servers and a simulated fleet, until Ctrl-C."
    requires_system_checks: list[str] = []  # the settings are made by the demo itself

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs["formatter_class"] = RawDescriptionHelpFormatter
        kwargs["epilog"] = (
            "Example:\n  PORT=8080 DEVICES=60 VAR=var/sixty python manage.py demo\n\n"
            "Variables: PORT=8000 MQTT_PORT=1883 DEVICES=24 SEED=1 SCENARIO=clinic VAR=var/demo"
        )
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--prepare",
            action="store_true",
            help="only migrate and make the demo's data; the servers must run",
        )

        parser.add_argument(
            "--story",
            action="store_true",
            help="only let the demo's people write protocols and rollouts; everything must run",
        )

    def handle(self, *, prepare: bool, story: bool, **_options: Any) -> None:
        if prepare:
            self._prepare()
        elif story:
            from fleet import demo_story  # models, too

            demo_story.tell(timezone.now())
        else:
            sys.exit(demo.main())

    def _prepare(self) -> None:
        """Migrate, make the demo's data, collect static files; each only if something changed."""
        from fleet import demo_data  # models, which a plain demo never loads

        secret = os.environ.get("DEMO_SECRET", "")
        if not secret:
            raise CommandError("DEMO_SECRET is not set: people's passwords and tokens are derived from it")
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", interactive=False, verbosity=1)
        options = Options.read(os.environ)
        demo_data.make(options.var, devices=options.devices, seed=options.seed, secret=secret)
        _collect_static(Path(settings.STATIC_ROOT))


def _collect_static(root: Path) -> None:
    """Collect, hash and compress static files, unless none changed since: it takes seconds."""
    stamp, sources = root / ".sources", _sources_of_static()
    if not stamp.exists() or stamp.read_text() != sources:
        call_command("collectstatic", interactive=False, verbosity=0)
        root.mkdir(parents=True, exist_ok=True)
        stamp.write_text(sources)


def _sources_of_static() -> str:
    seen = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            seen.update(f"{path}:{storage.size(path)}:{storage.get_modified_time(path)}\n".encode())
    return seen.hexdigest()
