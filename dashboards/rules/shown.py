"""Rules as rows: what holds where, what was changed, and how often each one rang."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final

from django.contrib.auth.models import User
from django.db.models import Q

from dashboards.burden.figures import DUTIES, PRIORITIES, where
from dashboards.rules import words
from fleet.access.models import Site
from fleet.safety import advice, texts
from fleet.safety.burden import NON_ACTIONABLE, Source
from fleet.safety.changes import Changes, Difference, differences, standing
from fleet.safety.models import Alert, RuleSet
from fleet.safety.rules import DEFAULTS, RULES, Limits, Parameter, Rule, limits_of
from fleet.safety.words import Disposition, Priority

LOOK_BACK: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Number:
    """One number as it holds at a site."""

    parameter: Parameter
    value: float
    product: float

    @property
    def label(self) -> str:
        return words.label(self.parameter)

    @property
    def text(self) -> str:
        return words.quantity(self.value, self.parameter)

    @property
    def product_text(self) -> str:
        return words.quantity(self.product, self.parameter)

    @property
    def bounds(self) -> str:
        return words.bounds(self.parameter)

    @property
    def is_changed(self) -> bool:
        return self.value != self.product


@dataclass(frozen=True, slots=True)
class Shown:
    """One rule at one site."""

    rule: Rule
    title: str
    why: str
    to_do: str
    duty: str
    priorities: str
    condition: str
    numbers: tuple[Number, ...]
    alerts: int = 0

    @property
    def changed(self) -> int:
        return sum(one.is_changed for one in self.numbers)


@dataclass(frozen=True, slots=True)
class Changed:
    """One number that differs between two versions."""

    rule: str
    title: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a site's rule set, with what it changed of the one before."""

    number: int
    at: datetime
    by: User | None
    why: str
    changed: tuple[Changed, ...]
    holds: bool


def limits(changes: Changes) -> Limits:
    return limits_of(standing(changes))


def shown(rule: Rule, held: Limits, alerts: int = 0) -> Shown:
    return Shown(
        rule,
        texts.title(rule.id),
        texts.why(rule.id),
        advice.steps().get(rule.id, ""),
        str(DUTIES[rule.duty]),
        ", ".join(str(PRIORITIES[one]) for one in rule.priorities),
        words.condition(rule),
        tuple(Number(one, held[rule.id][one.name], DEFAULTS[rule.id][one.name]) for one in rule.parameters),
        alerts,
    )


def all_shown(held: Limits, alerts: Counter[str]) -> list[Shown]:
    return [shown(rule, held, alerts[rule.id]) for rule in RULES.values()]


def changed(found: Iterable[Difference]) -> tuple[Changed, ...]:
    return tuple(
        Changed(
            one.rule,
            texts.title(one.rule),
            words.label(one.parameter),
            words.quantity(one.before, one.parameter),
            words.quantity(one.after, one.parameter),
        )
        for one in found
    )


def versions(rows: Sequence[RuleSet]) -> list[Version]:
    """Return the versions of a site, the one that holds first, as given."""
    before: list[Changes] = [*(row.changes for row in rows[1:]), {}]
    return [
        Version(row.version, row.at, row.by, row.why, changed(differences(old, row.changes)), n == 0)
        for n, (row, old) in enumerate(zip(rows, before, strict=False))
    ]


def counted(sites: Iterable[Site], now: datetime) -> Counter[str]:
    """Return how many alerts each rule raised at these sites lately, the server's own included; late ones are not."""
    recent = Alert.objects.filter(
        Q(site__in=list(sites)) | Q(site=None), raised_at__gte=now - LOOK_BACK, late=False
    )
    return Counter(recent.values_list("rule", flat=True))


def verdicts(rule: str, sites: Iterable[Site], now: datetime) -> tuple[list[tuple[str, int]], int]:
    """Return what the rule's recent alerts turned out to be, most frequent first, and how many asked for nothing."""
    recent = Alert.objects.filter(
        Q(site__in=list(sites)) | Q(site=None), rule=rule, raised_at__gte=now - LOOK_BACK, late=False
    )
    found = Counter(one for one in recent.values_list("disposition", flat=True) if one is not None)
    told = [(str(words.DISPOSITIONS[Disposition(one)]), count) for one, count in found.most_common()]
    return told, sum(found[one.value] for one in NON_ACTIONABLE)


def replayed(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a replay's result as its page shows it; empty while there is none."""
    if not result:
        return {}
    held, new = result["held"]["by_rule"], result["changed"]["by_rule"]
    rules = sorted({*held, *new}, key=lambda rule: (-held.get(rule, 0), -new.get(rule, 0), rule))
    return {
        "by_rule": [
            {"rule": rule, "title": texts.title(rule), "held": held.get(rule, 0), "changed": new.get(rule, 0)}
            for rule in rules
        ],
        "alerts": [_replayed(one) for one in result["alerts"]],
        "more": result["more"],
        "until": result["until_ms"] and datetime.fromtimestamp(result["until_ms"] / 1000, UTC),
    }


def _replayed(one: Mapping[str, Any]) -> dict[str, Any]:
    source = Source(one["rule"], one["serial"] or "", one["channel"], one["subject"])
    about = SimpleNamespace(
        rule=one["rule"],
        channel=one["channel"],
        subject=one["subject"],
        facts=one["facts"],
        priority=one["priority"],
    )
    title, said = texts.title(one["rule"]), texts.sentence(about)
    then = one["count_then"]
    return {
        "at": datetime.fromtimestamp(one["at_ms"] / 1000, UTC),
        "serial": one["serial"],
        "where": where(source),
        "words": said if said == title else f"{title}: {said}",
        "priority": str(PRIORITIES[Priority(one["priority"])]),
        "count": f"{one['count']} → {then}"
        if one["fate"] == "stays" and then != one["count"]
        else one["count"],
        "explained": one["explained"],
        "fate": one["fate"],
    }
