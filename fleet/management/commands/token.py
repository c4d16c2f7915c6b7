"""`manage.py token`: bearer tokens of the API."""

import argparse
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from fleet.access import service
from fleet.access.models import Token

EXAMPLES = """\
examples:
  manage.py token alice --name "ward display" --days 90
  manage.py token alice --list
  manage.py token alice --revoke "ward display"
"""


class Command(BaseCommand):
    requires_system_checks = ["settings"]
    help = "Makes an API token and shows it once; lists or revokes those of a user."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parser.add_argument("username")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--name", help="what the token is for")
        what.add_argument("--list", action="store_true", help="show the names and end dates")
        what.add_argument("--revoke", metavar="NAME", help="end every token of that name")
        parser.add_argument("--days", type=int, default=90, help="how long it lasts; default: 90")

    def handle(
        self, *, username: str, name: str | None, revoke: str | None, days: int, **_options: Any
    ) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"there is no user {username!r}; see manage.py member --help")
        if name is not None:
            self._issue(user, name, days)
        elif revoke is not None:
            self._revoke(user, revoke)
        else:
            for token in user.tokens.order_by("name", "created_at"):
                self.stdout.write(f"{token.name}\t{_state(token)}")

    def _issue(self, user: User, name: str, days: int) -> None:
        try:
            token, text = service.issue_token(actor=None, user=user, name=name, days=days)
        except service.Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(text)
        self.stderr.write(f"The token {token.name!r} of {user} is shown this once; {_state(token)}.")

    def _revoke(self, user: User, name: str) -> None:
        tokens = list(user.tokens.filter(name=name, revoked_at=None))
        if not tokens:
            raise CommandError(f"{user} has no token named {name!r} that is not revoked")
        for token in tokens:
            service.revoke_token(actor=None, token=token)
        self.stdout.write(f"{name!r} of {user} is revoked.")


def _state(token: Token) -> str:
    if token.revoked_at is not None:
        return f"revoked on {token.revoked_at:%Y-%m-%d}"
    return f"lasts until {token.expires_at:%Y-%m-%d}" if token.expires_at else "lasts for ever"
