"""`manage.py demo`: the whole product on one machine, as `make demo` runs it."""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from fleet.embedded import demo
from fleet.embedded.options import Options


class Command(BaseCommand):
    help = "Run everything on this machine, with embedded servers and a simulated fleet, until Ctrl-C."
    requires_system_checks: list[str] = []  # the settings are made by the demo itself

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = (
            "Example:\n  PORT=8080 DEVICES=60 VAR=var/sixty python manage.py demo\n\n"
            "Variables: PORT=8000 MQTT_PORT=1883 DEVICES=24 SEED=1 SCENARIO=clinic VAR=var/demo"
        )
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--prepare",
            action="store_true",
            help="only migrate and make the demo's data; the servers must run",
        )

    def handle(self, *, prepare: bool, **options: Any) -> None:
        if prepare:
            self._prepare()
        else:
            sys.exit(demo.main())

    def _prepare(self) -> None:
        from fleet import demo_data  # models, which a plain demo never loads

        self.check()
        call_command("migrate", interactive=False, verbosity=1)
        options = Options.read(os.environ)
        secret = os.environ.get("DEMO_SECRET", "")
        if not secret:
            raise CommandError("DEMO_SECRET is not set: people's passwords and tokens are derived from it")
        demo_data.make(options.var, devices=options.devices, seed=options.seed, secret=secret)
        call_command("collectstatic", interactive=False, verbosity=0)
