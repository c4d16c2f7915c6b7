"""The wire's closed words in people's words: why a message was refused and what to do, why a session ended."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was refused, and what helps."""

    words: Text
    remedy: Text


_MAKER = _("Tell the maker of its firmware; the excerpt shows what was sent.")
_BROKEN = _(
    "If it comes again, the device's memory or network may be damaging data: have the device checked."
)

REJECTS: Final[dict[str, Reason]] = {
    "topic": Reason(_("An address that no device may use"), _MAKER),
    "size": Reason(_("Empty, or longer than 65,536 bytes"), _MAKER),
    "utf8": Reason(_("Not readable as text"), _BROKEN),
    "json": Reason(_("Not readable as JSON"), _BROKEN),
    "nesting": Reason(_("Nested too deep"), _MAKER),
    "duplicate_key": Reason(_("The same field twice"), _MAKER),
    "control_character": Reason(_("Text with control characters"), _MAKER),
    "string_length": Reason(_("A text longer than 200 characters"), _MAKER),
    "number": Reason(_("A number that is too large"), _MAKER),
    "version": Reason(
        _("Another version of the contract"),
        _("Its firmware speaks a version this server does not: update one."),
    ),
    "schema": Reason(_("A field is missing or has a value that is not allowed"), _MAKER),
    "channels": Reason(_("Not one value for each channel"), _MAKER),
    "samples": Reason(_("Channels differ in their number of samples"), _MAKER),
    "ranges": Reason(_("A range that ends before it begins"), _MAKER),
    "hash": Reason(
        _("A protocol document that is not the one that was named"),
        _("Send it the protocol again, then look here."),
    ),
    "reused": Reason(
        _("A record's number used twice"),
        _("Its memory may have been reset, or two devices share one name: compare serial numbers."),
    ),
    "sparse": Reason(_("Too many numbers left out"), _MAKER),
    "unstorable": Reason(
        _("The database refused it"), _("Tell whoever runs this server: its log of that time says why.")
    ),
    "unknown_serial": Reason(
        _("From no enrolled device"), _("Enrol this serial number at its site, or take its account away.")
    ),
}


def reject(reason: str) -> Reason:
    """Return the words of a reject; of one that this page does not know, its own."""
    return REJECTS.get(reason) or Reason(reason.replace("_", " "), "")


END_REASONS: Final[dict[str, Text]] = {
    "completed": _("completed"),
    "patient_stop": _("stopped by the patient"),
    "operator_stop": _("stopped at the device by staff"),
    "server_stop": _("stopped from here"),
    "electrode": _("electrode off"),
    "overtemp": _("too hot"),
    "low_battery": _("battery low"),
    "watchdog": _("device restarted by itself"),
    "fault": _("fault"),
    "power_loss": _("power lost"),
    "other": _("another reason"),
}


def end_reason(reason: str | None) -> Text:
    """Return why a session ended, in words; of a reason that this page does not know, its own."""
    if reason is None:
        return ""
    return END_REASONS.get(reason) or reason.replace("_", " ")
