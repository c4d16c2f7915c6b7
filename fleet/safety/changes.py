"""What a site changes of the product's rules, and how two such sets differ.  Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from fleet.safety.rules import DEFAULTS, RULES, Parameter, limits_of

Changes = Mapping[str, Mapping[str, Any]]
"""`{rule: {parameter: value}}`, whole: what is not named is the product's."""


class Difference(NamedTuple):
    """One number that holds differently."""

    rule: str
    parameter: Parameter
    before: float
    after: float

    def in_words(self) -> str:
        """Return it for the record: `electrode_off.limit_ohm 5000 → 8000 Ω`."""
        unit = f" {self.parameter.unit}" if self.parameter.unit else ""
        return f"{self.rule}.{self.parameter.name} {self.before:g} → {self.after:g}{unit}"


def tidy(changes: Changes) -> dict[str, dict[str, float]]:
    """Return the changes without what says the product's own number again.

    Raises rules.WrongChange as `rules.limits_of` does.
    """
    merged = limits_of(changes)
    found = {
        rule: {name: merged[rule][name] for name in values if merged[rule][name] != DEFAULTS[rule][name]}
        for rule, values in changes.items()
    }
    return {rule: values for rule, values in sorted(found.items()) if values}


def standing(changes: Changes) -> dict[str, dict[str, float]]:
    """Return the changes that can still hold: what a later product no longer knows, or bounds out, is left out.

    A set was right when it was made.  One number that no longer is must not take the others with it.
    """
    kept: dict[str, dict[str, float]] = {}
    for rule, values in changes.items():
        known = {name: value for name, value in values.items() if _holds(rule, name, value)}
        if known and _together({rule: known}):
            kept[rule] = known
    return kept


def _holds(rule: str, name: str, value: Any) -> bool:
    parameter = RULES[rule].parameter(name) if rule in RULES else None
    return (
        parameter is not None and isinstance(value, int | float) and parameter.low <= value <= parameter.high
    )


def _together(changes: Changes) -> bool:
    try:
        limits_of(changes)
    except ValueError:  # a pair that is turned around
        return False
    return True


def differences(before: Changes, after: Changes) -> list[Difference]:
    """Return every number that holds differently, in the order of the rules.  Both sets must stand (`standing`)."""
    old, new = limits_of(standing(before)), limits_of(standing(after))
    return [
        Difference(rule.id, parameter, old[rule.id][parameter.name], new[rule.id][parameter.name])
        for rule in RULES.values()
        for parameter in rule.parameters
        if old[rule.id][parameter.name] != new[rule.id][parameter.name]
    ]
