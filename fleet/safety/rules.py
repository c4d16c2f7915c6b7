"""The numbers of the rules: the product's own, and a site's changes over them.  Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fleet.safety.conditions import Delays
from fleet.safety.rulebook import DEFAULTS, RULES, Parameter, Rule, Shape

__all__ = ["DEFAULTS", "PRODUCT", "RULES", "Limits", "Parameter", "Rule", "Shape", "WrongChange", "limits_of"]


class WrongChange(ValueError):
    """What a site asked for cannot be: `rule`, `parameter` (may be "") and why, for the one who asked."""

    def __init__(self, rule: str, parameter: str, why: str) -> None:
        super().__init__(f"{rule}{'.' if parameter else ''}{parameter}: {why}")
        self.rule, self.parameter, self.why = rule, parameter, why


@dataclass(frozen=True, slots=True)
class Limits:
    """Every rule's numbers as they hold at a site: `limits["over_current"]["excess_percent"]`."""

    values: Mapping[str, Mapping[str, float]]
    version: int = 0  # of the site's rule set; 0: the product's own
    delays: Mapping[str, Delays] = field(default_factory=dict, compare=False)  # of the rules that have any

    def __getitem__(self, rule: str) -> Mapping[str, float]:
        return self.values[rule]


# (rule, what must be less than, what): a site may not turn a pair around
_ORDERED: Final = (
    ("current_density", "warn_ma_per_cm2", "limit_ma_per_cm2"),
    ("over_temperature", "warn_c", "limit_c"),
    ("battery_low", "session_percent", "idle_percent"),
)


def limits_of(changes: Mapping[str, Any], *, version: int = 0) -> Limits:
    """Return every rule's numbers: the product's, with a site's changes `{rule: {parameter: value}}` over them.

    Raises:
        WrongChange: If a rule or parameter is unknown, a value is no number or outside its bounds, or two
            values that have an order are turned around.
    """
    merged = {rule: dict(values) for rule, values in DEFAULTS.items()}
    for rule_id, values in changes.items():
        rule = RULES.get(rule_id)
        if rule is None:
            raise WrongChange(str(rule_id), "", "no rule has this name")
        if not isinstance(values, Mapping):
            raise WrongChange(rule_id, "", "expected its parameters with their values")
        for name, value in values.items():
            merged[rule_id][name] = _checked(rule, name, value)
    for rule_id, lower, upper in _ORDERED:
        if merged[rule_id][lower] >= merged[rule_id][upper]:
            raise WrongChange(
                rule_id, lower, f"{merged[rule_id][lower]:g} is not below {upper} {merged[rule_id][upper]:g}"
            )
    return Limits(merged, version, _delays(merged))


def _delays(values: Mapping[str, Mapping[str, float]]) -> dict[str, Delays]:
    """Return the delays of each rule that has any, ms."""
    return {
        rule: Delays(own.get("on_delay_s", 0) * 1000, own.get("off_delay_s", 0) * 1000)
        for rule, own in values.items()
        if "on_delay_s" in own or "off_delay_s" in own
    }


def _checked(rule: Rule, name: str, value: Any) -> float:
    parameter = rule.parameter(name)
    if parameter is None:
        raise WrongChange(rule.id, str(name), "this rule has no such parameter")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongChange(rule.id, name, f"{value!r} is no number")
    if not parameter.low <= value <= parameter.high:  # NaN is in no range
        span = f"{parameter.low:g}–{parameter.high:g} {parameter.unit}"
        raise WrongChange(rule.id, name, f"{value:g} {parameter.unit} is outside {span}")
    return float(value)


PRODUCT: Final = limits_of({})
"""What holds where a site has changed nothing."""
