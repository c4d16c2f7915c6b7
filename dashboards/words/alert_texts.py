"""The words of alerts: priorities, states, what becomes of them, and what the console's script says."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fleet.safety.words import Disposition, Duty, Priority, State

PRIORITIES: Final[dict[str, Promise]] = {
    Priority.HIGH: gettext_lazy("High"),
    Priority.MEDIUM: gettext_lazy("Medium"),
    Priority.LOW: gettext_lazy("Low"),
    Priority.INFO: gettext_lazy("Info"),
}
STATES: Final[dict[str, Promise]] = {
    State.RAISED: gettext_lazy("Nobody has it"),
    State.ACKNOWLEDGED: gettext_lazy("Somebody has it"),
    State.CLEARED: gettext_lazy("True no longer, still open"),
    State.CLOSED: gettext_lazy("Closed"),
}
DUTIES: Final[dict[str, Promise]] = {
    Duty.CARE: gettext_lazy("Care"),
    Duty.TECHNICAL: gettext_lazy("Technical"),
}
DISPOSITIONS: Final[dict[str, tuple[Promise, Promise]]] = {
    Disposition.ACTIONABLE: (
        gettext_lazy("It was real, and something was done"),
        gettext_lazy("An electrode was put back, a session ended, a device taken away."),
    ),
    Disposition.EXPECTED: (
        gettext_lazy("It was real, and expected"),
        gettext_lazy("Somebody worked on the device, or took the pads off on purpose."),
    ),
    Disposition.FALSE_DATA: (
        gettext_lazy("False: the data was wrong"),
        gettext_lazy("A cable, a sensor or the network told what was not so."),
    ),
    Disposition.FALSE_RULE: (
        gettext_lazy("False: the rule is wrong"),
        gettext_lazy("The data was right, and nothing was wrong: the limit or the delay does not fit."),
    ),
    Disposition.UNDETERMINED: (
        gettext_lazy("Not known"),
        gettext_lazy("Nobody can say any more. It does not count as a false alert."),
    ),
}
SHOWS: Final[dict[str, Promise]] = {
    "open": gettext_lazy("Open"),
    "nobody": gettext_lazy("Nobody has it"),
    "shelved": gettext_lazy("Shelved"),
    "all": gettext_lazy("Open and shelved"),
}


def disposition(value: str | None) -> str:
    known = DISPOSITIONS.get(value or "")
    return str(known[0]) if known else value or ""


def console_texts() -> dict[str, str]:
    """Return every text that the console's script says; it fills in `{…}`."""
    return _line() | _page() | _deeds() | view_texts() | _ages()


def view_texts() -> dict[str, str]:
    """Return what is said around the plot of one alert."""
    return {
        "view.failed": _("This alert could not be read: the server does not answer. The list is as it says."),
        "evidence.none": _(
            "No samples are kept from around that time. That says nothing about what flowed then."
        ),
        "evidence.failed": _("The samples could not be read: the server does not answer."),
        "evidence.label": _("{what}, around the time it rose"),
        "evidence.ma": _("Channel {n}: set (dashed) and delivered current, mA"),
        "evidence.ohm": _("Channel {n}: impedance, Ω"),
        "evidence.soc": _("Battery, %"),
        "evidence.temp_c": _("Temperature of the device, °C"),
        "evidence.rose": _("rose"),
        "evidence.cleared": _("cleared"),
        "plot.gap": _("no data"),
    }


def _line() -> dict[str, str]:
    return {
        **{f"priority.{name}": str(words) for name, words in PRIORITIES.items()},
        "where.server": _("the server itself"),
        "who.nobody": _("nobody has it"),
        "who.has": _("{name} has it"),
        "who.somebody": _("somebody has it"),
        "who.assigned": _("given to {name}, not acknowledged"),
        "who.cleared": _("true no longer, nobody had it"),
        "who.cleared.had": _("true no longer, {name} had it"),
        "who.shelved": _("shelved for {time} more"),
        "who.closed": _("closed"),
        "who.gone": _("closed, or not yours any more"),
        "tag.in_session": _("in session"),
        "tag.chattering": _("chatters: comes and goes"),
        "tag.late": _("late: known only afterwards"),
        "tag.latched": _("stays until somebody closes it"),
        "tag.count": _("{n} times, last {time}"),
        "acknowledge.this": _("Acknowledge: {what}"),
        "fold.one": _("{n} explained by this"),
        "fold.many": _("{n} explained by this"),
    }


def _page() -> dict[str, str]:
    return {
        "together": _("Acknowledge the {n} on screen below high"),
        "together.one": _("Acknowledge the one on screen below high"),
        "waiting": _("{n} more wait while you are on the list"),
        "explained": _("{n} explained by another"),
        "news.one": _("{priority} alert: {what}. {where}"),
        "news.many": _("{n} new alerts below high. The most urgent: {what}. {where}"),
        "moved": _("The list moved under your hand, so nothing was acknowledged. Press again."),
        "none.selected": _("Choose an alert first: arrow keys, or a click."),
        "is.answered": _("Somebody has this one already."),
        "title": _("Alerts"),
    }  # fmt: skip


def _deeds() -> dict[str, str]:
    return {
        "deed.failed": _("No answer from the server: it is not known whether that was done. Look, and try again."),
        "deed.refused": _("The server could not do that (answer {status}). Load the page again, and look."),
        "deed.unasked": _("The server does not answer; nothing was done. Try again."),
        "deed.shelve": _("Shelve this alert"),
        "deed.close": _("Close this alert"),
        "deed.assign": _("Give this alert to somebody"),
    }  # fmt: skip


def _ages() -> dict[str, str]:
    return {
        "age.s": _("{n} s ago"),
        "age.min": _("{n} min ago"),
        "age.h": _("{n} h ago"),
        "age.d": _("{n} d ago"),
        "age.never": _("never"),
        "span.s": _("{n} s"),
        "span.min": _("{n} min"),
        "span.h": _("{n} h"),
        "span.d": _("{n} d"),
    }
