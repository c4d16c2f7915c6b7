"""`manage.py member`: who works where, in which role."""

import argparse
import secrets
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from fleet.access import service
from fleet.access.models import Role, Site

EXAMPLES = """\
examples:
  manage.py member alice --site north --role nurse --create
  manage.py member alice --site south --role coach
  manage.py member alice --site north --remove
"""


class Command(BaseCommand):
    requires_system_checks = ["settings"]
    help = "Gives a user a role at a site, or takes it away."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parser.add_argument("username")
        parser.add_argument("--site", required=True, metavar="SLUG")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--role", choices=Role.values)
        what.add_argument("--remove", action="store_true", help="end the membership")
        parser.add_argument("--create", action="store_true", help="make the user; the password is shown once")

    def handle(self, *, username: str, site: str, role: str | None, **options: Any) -> None:
        place = Site.objects.filter(slug=site).first()
        if place is None:
            known = ", ".join(Site.objects.values_list("slug", flat=True)) or "none"
            raise CommandError(
                f"there is no site {site!r} (there are: {known}); make it with: manage.py site {site}"
            )
        try:
            with transaction.atomic():
                user, password = self._user(username, create=options["create"] and role is not None)
                if role is None:
                    service.withdraw_membership(actor=None, user=user, site=place)
                else:
                    service.grant(actor=None, user=user, site=place, role=Role(role))
        except service.Refused as refused:
            raise CommandError(str(refused)) from refused
        if password:
            self.stdout.write(f"password   {password}\nThe password is shown this once.")
        self.stdout.write(
            f"{username} is {role} at {site}." if role else f"{username} has no role at {site} now."
        )

    def _user(self, username: str, *, create: bool) -> tuple[User, str]:
        user = User.objects.filter(username=username).first()
        if user is not None:
            return user, ""
        if not create:
            raise CommandError(f"there is no user {username!r}; add --create to make one")
        password = secrets.token_urlsafe(12)
        return User.objects.create_user(username, password=password), password
