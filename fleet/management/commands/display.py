"""`manage.py display`: links for screens on the wall."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from fleet.access import displays
from fleet.access.errors import Refused
from fleet.access.models import Site

EXAMPLES = """\
examples:
  manage.py display north --name "Gym, by the door"
  manage.py display north --list
  manage.py display north --revoke "Gym, by the door"
"""


class Command(BaseCommand):
    requires_system_checks = ["settings"]
    help = "Makes a link that opens one site's wall on a screen, and shows it once; lists or revokes them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parser.add_argument("site", metavar="SITE", help="slug of the site")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--name", help="where the screen hangs")
        what.add_argument("--list", action="store_true", help="show the names and when each was last there")
        what.add_argument(
            "--revoke", metavar="NAME", help="end every link of that name; its screen goes dark"
        )

    def handle(self, *, site: str, name: str | None, revoke: str | None, **_options: Any) -> None:
        place = Site.objects.filter(slug=site).first()
        if place is None:
            raise CommandError(f"there is no site {site!r}; see manage.py site --help")
        if name is not None:
            self._make(place, name)
        elif revoke is not None:
            self._revoke(place, revoke)
        else:
            for link in place.displays.all():
                seen = f"last there {link.seen_at:%Y-%m-%d %H:%M} UTC" if link.seen_at else "never there"
                state = f"revoked on {link.revoked_at:%Y-%m-%d}" if link.revoked_at else seen
                self.stdout.write(f"{link.name}\t{state}")

    def _make(self, site: Site, name: str) -> None:
        try:
            link, secret = displays.make_link(actor=None, site=site, name=name, now=timezone.now())
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"/display/{secret}/")
        self.stderr.write(
            f"The link {link.name!r} is shown this once; open it on the screen, below the server's address."
        )

    def _revoke(self, site: Site, name: str) -> None:
        links = list(site.displays.filter(name=name, revoked_at=None))
        if not links:
            raise CommandError(f"{site.slug} has no display link named {name!r} that is not revoked")
        for link in links:
            displays.revoke_link(actor=None, link=link, now=timezone.now())
        self.stdout.write(f"{name!r} of {site.slug} is revoked.")
