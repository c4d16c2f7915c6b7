"""The form that changes a site's rules: one field a number; what is typed wrong is told beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from dashboards.rules import words
from dashboards.rules.shown import Shown, limits, shown
from fleet.safety import texts
from fleet.safety.changes import Changes, standing, tidy
from fleet.safety.rules import DEFAULTS, RULES, Parameter, Rule, WrongChange


@dataclass(frozen=True, slots=True)
class Field:
    """One number: `text` is what stands in its box."""

    name: str
    parameter: Parameter
    text: str
    error: str = ""

    @property
    def label(self) -> str:
        return words.label(self.parameter)

    @property
    def product(self) -> str:
        return words.quantity(DEFAULTS[self.name.partition(".")[0]][self.parameter.name], self.parameter)

    @property
    def bounds(self) -> str:
        return words.bounds(self.parameter)

    @property
    def low(self) -> str:
        return f"{self.parameter.low:g}"

    @property
    def high(self) -> str:
        return f"{self.parameter.high:g}"


@dataclass(frozen=True, slots=True)
class Group:
    """One rule's fields; `is_open`: changed, wrong, or asked for."""

    shown: Shown
    fields: tuple[Field, ...]
    is_open: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The whole form; `changes` is None where something cannot be."""

    groups: tuple[Group, ...]
    changes: dict[str, dict[str, float]] | None
    errors: tuple[str, ...] = ()


def blank(changes: Changes, asked: str = "") -> Form:
    """Return the form with these changes typed in; `asked`: the rule that the reader came for."""
    held = limits(changes)
    groups = []
    for rule in _with_numbers():
        fields = tuple(
            Field(_name(rule, one), one, f"{held[rule.id][one.name]:g}") for one in rule.parameters
        )
        one_shown = shown(rule, held)
        groups.append(Group(one_shown, fields, bool(one_shown.changed) or rule.id == asked))
    return Form(tuple(groups), tidy(standing(changes)))


def typed(posted: Mapping[str, str], before: Changes) -> Form:
    """Return the form as it was sent; a field that was not sent keeps what held before."""
    held = limits(before)
    changes: dict[str, dict[str, float]] = {}
    read: dict[str, list[Field]] = {}
    for rule in _with_numbers():
        for one in rule.parameters:
            name = _name(rule, one)
            text = posted.get(name, f"{held[rule.id][one.name]:g}").strip()
            value, error = _read(text, rule, one)
            read.setdefault(rule.id, []).append(Field(name, one, text, error))
            changes.setdefault(rule.id, {})[one.name] = value
    wrong = {rule for rule, fields in read.items() if any(one.error for one in fields)}
    pairs = {} if wrong else _pairs(changes)
    groups = tuple(
        Group(
            shown(rule, limits({rule.id: changes[rule.id]})),
            tuple(read[rule.id]),
            bool(rule.id in wrong | pairs.keys() or tidy(standing({rule.id: changes[rule.id]}))),
            pairs.get(rule.id, ""),
        )
        for rule in _with_numbers()
    )
    errors = [
        f"{texts.title(rule)}: {one.label}. {one.error}"
        for rule, fields in read.items()
        for one in fields
        if one.error
    ]
    errors += [f"{texts.title(rule)}: {why}" for rule, why in pairs.items()]
    return Form(groups, None if errors else tidy(changes), tuple(errors))


def _with_numbers() -> list[Rule]:
    return [rule for rule in RULES.values() if rule.parameters]


def _name(rule: Rule, parameter: Parameter) -> str:
    return f"{rule.id}.{parameter.name}"


def _read(text: str, rule: Rule, parameter: Parameter) -> tuple[float, str]:
    """Return the number and nothing, or the product's number and what is wrong.  An empty field is the product's."""
    product = DEFAULTS[rule.id][parameter.name]
    if not text:
        return product, ""
    try:
        value = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        return product, _("“%(text)s” is no number.") % {"text": text[:20]}
    if not parameter.low <= value <= parameter.high:
        return product, _("It can be %(bounds)s.") % {"bounds": words.bounds(parameter)}
    return value, ""


def _pairs(changes: Changes) -> dict[str, str]:
    """Return, by rule, which pair of numbers is turned around."""
    found = {}
    for rule, values in changes.items():
        try:
            tidy({rule: values})
        except WrongChange as wrong:
            first = RULES[rule].parameter(wrong.parameter)
            found[rule] = _("“%(first)s” must stay below the number that follows it.") % {
                "first": words.label(first) if first else wrong.parameter
            }
    return found
