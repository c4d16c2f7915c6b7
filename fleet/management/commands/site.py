"""`manage.py site`: make a site, or change its name and time zone."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fleet.access import service


class Command(BaseCommand):
    requires_system_checks = ["settings"]
    help = "Makes a site, or gives the one of that slug another name and time zone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = 'example:\n  manage.py site north --name "North clinic" --time-zone Europe/Berlin'
        parser.add_argument("slug", help="as in its address, /sites/<slug>/")
        parser.add_argument("--name", default="", help="default: the slug")
        parser.add_argument("--time-zone", default="UTC", help="IANA name; default: UTC")

    def handle(self, *, slug: str, name: str, time_zone: str, **_options: Any) -> None:
        try:
            site = service.make_site(actor=None, slug=slug, name=name or slug, time_zone=time_zone)
        except service.Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"Site {site.slug}: {site.name}, {site.time_zone}.")
