"""The mail by which somebody shows that an address is theirs."""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from fleet.access import email as addresses
from fleet.access.models import EmailWish
from fleet.paging.channels import email

_SECONDS: Final = 8.0  # somebody waits for the page


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of the mail, in words for whoever asked for it."""

    taken: bool
    words: str


def can_send() -> bool:
    return email.is_set_up()


def ask_to_confirm(request: HttpRequest, wish: EmailWish, secret: str) -> Sent:
    """Send the link to the wished address, and keep that the mail server took it."""
    told = {"address": wish.address}
    if not can_send():
        return Sent(
            taken=False,
            words=_(
                "This server sends no e-mail, so %(address)s cannot be confirmed. Ask whoever runs it to set EMAIL_URL."
            )
            % told,
        )
    answer = email.send(_letter(request, wish, secret), seconds=_SECONDS)
    if not answer.taken:
        return Sent(
            taken=False,
            words=_("No mail was sent to %(address)s: %(answer)s") % (told | {"answer": answer.text}),
        )
    addresses.note_sent(wish, timezone.now())
    return Sent(
        taken=True,
        words=_(
            "A mail is on its way to %(address)s. "
            "The address is used once the link in it is opened, within %(days)d days."
        )
        % (told | {"days": addresses.LASTS.days}),
    )


def _letter(request: HttpRequest, wish: EmailWish, secret: str) -> email.Letter:
    path = reverse("dashboards:email-confirm", args=[secret])
    address = settings.PUBLIC_URL + path if settings.PUBLIC_URL else request.build_absolute_uri(path)
    text = _(
        "Somebody asked Myofleet to send alerts to this address.\n\n"
        "If it was you, or you agreed to it, open this link and confirm:\n\n%(address)s\n\n"
        "It works once, for %(days)d days. If it was not you, do nothing: then no alert is sent here.\n"
    ) % {"address": address, "days": addresses.LASTS.days}
    return email.Letter(
        to=(wish.address,), subject=_("Confirm your address for alerts"), text=text, id=str(uuid4())
    )
