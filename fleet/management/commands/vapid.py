"""`manage.py vapid`: make a key for browser push."""

from typing import Any

from django.core.management.base import BaseCommand

from fleet.paging.channels import sealing


class Command(BaseCommand):
    help = (
        "Make a key for browser push, and print it as the setting that holds it. Browsers subscribe to one key: "
        "with another, everybody must allow push again. Example: manage.py vapid >>/etc/myofleet.env"
    )
    requires_system_checks: list[str] = []  # its result is what a check asks for

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(f"VAPID_PRIVATE_KEY={sealing.private_text(sealing.new_key())}")
