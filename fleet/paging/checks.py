"""System checks fleet.E010…: settings of telling that cannot work stop the start, and name their remedy."""

from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from fleet.checks import TAG
from fleet.paging.channels import sealing


@register(TAG)
def vapid(**_kwargs: Any) -> list[CheckMessage]:
    """fleet.E010: the key for browser push is none; fleet.E011: nor is its contact."""
    found: list[CheckMessage] = []
    if settings.VAPID_PRIVATE_KEY:
        try:
            sealing.private_key(settings.VAPID_PRIVATE_KEY)
        except ValueError as error:
            found.append(
                Error(
                    f"VAPID_PRIVATE_KEY holds no key: {error}",
                    hint="Make one with `manage.py vapid`.",
                    id="fleet.E010",
                )
            )
    contact = settings.VAPID_CONTACT
    if contact and not contact.startswith(("mailto:", "https:")):
        found.append(
            Error(
                f"VAPID_CONTACT is {contact!r}",
                hint="Set it to an address such as mailto:alerts@clinic.example.",
                id="fleet.E011",
            )
        )
    return found


@register(TAG)
def networks(**_kwargs: Any) -> list[CheckMessage]:
    """fleet.E012: a network that webhooks may lead to is none."""
    found: list[CheckMessage] = []
    for text in settings.TELL_PRIVATE_NETWORKS:
        try:
            ip_network(text, strict=False)
        except ValueError:
            found.append(
                Error(
                    f"TELL_PRIVATE_NETWORKS names {text!r}, which is no network",
                    hint="Give networks such as 10.20.0.0/16, separated by commas.",
                    id="fleet.E012",
                )
            )
    return found


@register(TAG)
def lease(**_kwargs: Any) -> list[CheckMessage]:
    """fleet.E013: a message may take longer than it is leased for, so that it would be sent twice."""
    if settings.TELL_SECONDS <= 20:
        return []
    return [
        Error(
            f"TELL_SECONDS is {settings.TELL_SECONDS:g}",
            hint="Set it to at most 20: a message that takes longer would be sent a second time.",
            id="fleet.E013",
        )
    ]
