"""What was asked for, in a few words, and the words of filters."""

from typing import Any

from django.utils.translation import gettext as _

from dashboards.lists.table import Option
from fleet.control import queries, texts
from fleet.control.lifecycle import State
from fleet.control.models import Command


def lock_words() -> dict[str, str]:
    """Return the contract's reasons for a lock, in the order that a page offers them."""
    return {
        "maintenance": _("maintenance"),
        "recall": _("recall"),
        "overdue": _("check overdue"),
        "other": _("another reason"),
    }


def lock_word(reason: str) -> str:
    return lock_words().get(reason) or reason.replace("_", " ")


def asked(command: Command) -> str:
    """Return what was asked for, with what is special about it: “Lower channel 2 to at most 20 mA”."""
    return asked_words(command.verb, queries.args_of(command))


def asked_words(verb: str, args: dict[str, Any]) -> str:
    """Return the same of a verb and its arguments."""
    words = str(texts.NAMES.get(verb, verb))
    if verb == "lower" and "to_ma" in args:
        to_ma = milliamperes(args["to_ma"])
        if args.get("channel") is None:
            return _("Lower all channels to at most %(ma)s") % {"ma": to_ma}
        return _("Lower channel %(n)s to at most %(ma)s") % {"n": args["channel"], "ma": to_ma}
    if verb == "identify" and "seconds" in args:
        return _("Identify for %(n)s s") % {"n": f"{args['seconds']:g}"}
    if verb == "lock" and "reason" in args:
        return _("Lock: %(why)s") % {"why": lock_word(args["reason"])}
    return words


def milliamperes(ma: float) -> str:
    return _("%(n)s mA") % {"n": f"{ma:.1f}".removesuffix(".0")}


def verb_options() -> tuple[Option, ...]:
    return tuple(Option(verb, words) for verb, words in texts.NAMES.items())


def state_options(open_word: str) -> tuple[Option, ...]:
    return (
        Option(open_word, _("not answered yet, all of them")),
        Option(State.CONFIRMED, _("confirmed")),
        Option(State.UNCONFIRMED, _("not confirmed: go there")),
        Option(State.DONE, _("the device says done")),
        Option(State.REFUSED, _("refused by the device")),
        Option(State.EXPIRED, _("its time was over")),
        Option(State.REQUESTED, _("not sent yet")),
        Option(State.PUBLISHED, _("sent, no answer yet")),
        Option(State.RECEIVED, _("the device has it")),
    )
