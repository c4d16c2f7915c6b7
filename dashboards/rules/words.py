"""Rules and their numbers in the words of those who set them."""

from typing import Final

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fleet.safety.rules import Parameter, Rule, Shape
from fleet.safety.words import Disposition

CONDITIONS: Final[dict[Shape, str | Promise]] = {
    Shape.AT_ONCE: _("at once"),
    Shape.FOR_DURATION: _("when it lasts"),
    Shape.REPEATED: _("when it repeats"),
    Shape.ON_SILENCE: _("when nothing is heard"),
}
DISPOSITIONS: Final[dict[Disposition, str | Promise]] = {
    Disposition.ACTIONABLE: _("actionable"),
    Disposition.EXPECTED: _("expected"),
    Disposition.FALSE_DATA: _("false: bad data"),
    Disposition.FALSE_RULE: _("false: bad rule"),
    Disposition.UNDETERMINED: _("undetermined"),
}
NUMBERS: Final[dict[str, str | Promise]] = {
    "above_max_percent": _("Tolerance above a maximum"),
    "after_s": _("Nothing heard for"),
    "at_least": _("At least so many silent"),
    "count": _("How many"),
    "deadband_c": _("Falls again this far below the limit"),
    "deadband_percent": _("Falls again this far inside the limit"),
    "deadband_s": _("Falls again this far below the limit"),
    "dying_mv": _("Voltage at or below"),
    "dying_percent": _("Charge at or below"),
    "excess_floor_ma": _("Excess that never counts, below"),
    "excess_percent": _("Delivered above set by more than"),
    "grace_s": _("Grace after the planned end"),
    "idle_percent": _("Charge at or below, idle"),
    "limit_c": _("Limit"),
    "limit_ma_per_cm2": _("Limit (high)"),
    "limit_ohm": _("Load at or above"),
    "limit_s": _("Limit"),
    "limit_uc": _("Limit"),
    "live_ma": _("Current that still flows, from"),
    "off_delay_s": _("Must be over for (off-delay)"),
    "on_delay_s": _("Must last for (on-delay)"),
    "rise_percent": _("Load has risen by"),
    "session_percent": _("Charge at or below, in session"),
    "share_percent": _("And at least this share of those due"),
    "shortfall_percent": _("Delivered below set by more than"),
    "warn_c": _("Warning"),
    "warn_ma_per_cm2": _("Warning (medium)"),
    "window_min": _("Within"),
    "window_s": _("Within"),
}
"""By the name of the parameter; `tests/dashboards/test_rules_pages.py` knows that none is missing."""


def label(parameter: Parameter) -> str:
    return str(NUMBERS.get(parameter.name, parameter.name.replace("_", " ")))


def condition(rule: Rule) -> str:
    return str(CONDITIONS[rule.condition])


def number(value: float) -> str:
    """Return a number with the digits it needs, three decimals at most."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    decimals = len(text.partition(".")[2])
    return str(number_format(value, decimals, use_l10n=True, force_grouping=abs(value) >= 10_000))


def quantity(value: float, parameter: Parameter) -> str:
    return f"{number(value)}\N{NO-BREAK SPACE}{parameter.unit}".strip()


def bounds(parameter: Parameter) -> str:
    return f"{number(parameter.low)}–{number(parameter.high)}\N{NO-BREAK SPACE}{parameter.unit}".strip()
