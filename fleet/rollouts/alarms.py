"""Alerts of rollouts that stopped themselves: told by row, so that no crash forgets one.

A rollout that is paused, and whose last stop was the clock's own, is to have an alert at each of its sites since then;
an open alert of one that is not, is to be cleared.  Telling twice changes nothing: an alert is open once, and one that
somebody has closed meanwhile is not raised again for the same stop.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from devices.moments import from_ms, to_ms
from fleet.rollouts import queries
from fleet.rollouts.models import Decision, Rollout
from fleet.rollouts.scene import Kind
from fleet.rollouts.states import RolloutState
from fleet.safety import rulesets, service
from fleet.safety.models import Alert
from fleet.safety.rules import RULES
from fleet.safety.signals import Fall, Key, News, Rise
from fleet.safety.words import TRUE

RULE: Final = "rollout_stopped"
_LONGEST_NAME: Final = 60
_SHARES: Final = frozenset({"failure_share", "success_share"})


def tell(now: datetime) -> int:
    """Raise and clear what is due, in a transaction of its own; return how many alerts that concerned."""
    stopped = _stopped()
    news = [*_risen(stopped), *_fallen(stopped, now)]
    if news:
        with transaction.atomic():
            service.take(news, now)
    return len(news)


def _stopped() -> dict[Rollout, Decision]:
    """Return the rollouts that stand still because they stopped themselves, each with that decision."""
    paused = {one.pk: one for one in queries.rollouts().filter(state=RolloutState.PAUSED)}
    if not paused:
        return {}
    last = (
        Decision.objects.filter(rollout__in=paused, to=RolloutState.PAUSED, target=None)
        .order_by("rollout_id", "-number")
        .distinct("rollout_id")
    )
    return {paused[one.rollout_id]: one for one in last if one.kind == Kind.STOPPED}


def _risen(stopped: dict[Rollout, Decision]) -> Iterable[News]:
    if not stopped:
        return
    told = _told_of(stopped)
    versions = rulesets.versions()
    rule = RULES[RULE]
    for rollout, decision in stopped.items():
        at_ms = to_ms(decision.at)
        facts = facts_of(rollout, decision)
        for site in rollout.sites.all():
            key = Key(RULE, site_id=site.pk, subject=name_of(rollout))
            if told.get(str(key), from_ms(0)) < from_ms(at_ms):
                version = versions.get(site.pk, 0)
                yield Rise(key, at_ms, rule.priorities[0], rule.duty, facts, rule_version=version)


def _told_of(stopped: Iterable[Rollout]) -> dict[str, datetime]:
    """Return when each of their alerts rose last, also of closed ones, by key."""
    keys = [
        str(Key(RULE, site_id=site.pk, subject=name_of(one))) for one in stopped for site in one.sites.all()
    ]
    rows = Alert.objects.filter(key__in=keys, rule=RULE).order_by("risen_at")
    return dict(rows.values_list("key", "risen_at"))


def _fallen(stopped: Iterable[Rollout], now: datetime) -> Iterable[News]:
    """Somebody has gone on, aborted it or rolled it back: it is true no longer."""
    still = {name_of(one) for one in stopped}
    for alert in Alert.objects.filter(rule=RULE, state__in=TRUE):
        if alert.subject not in still:
            yield Fall(Key(RULE, site_id=alert.site_id, subject=alert.subject), to_ms(now))


def name_of(rollout: Rollout) -> str:
    """Return what its alerts are about: the protocol, its version, and the beginning of the rollout's id."""
    version = rollout.version
    return f"{version.protocol_id[:_LONGEST_NAME]} {version.number} · {short(rollout.pk)}"


def short(rollout_id: UUID) -> str:
    """Return the beginning of an id, by which people tell rollouts of one version apart."""
    return str(rollout_id)[:8]


def facts_of(rollout: Rollout, decision: Decision) -> dict[str, Any]:
    """Return what the sentence is made of: the reason, and the numbers of the moment in which it was decided."""
    told: dict[str, Any] = {"rollout": str(rollout.pk), "reason": decision.reason}
    judged = decision.facts
    told |= {name: judged[name] for name in ("wave", "succeeded", "evaluated") if name in judged}
    if "evaluated" in judged:
        told["went_wrong"] = sum(judged.get(name, 0) for name in ("failed", "rejected", "timed_out"))
    if decision.reason in _SHARES and "limit" in judged:
        told["limit_percent"] = round(100 * judged["limit"], 2)
    elif "limit" in judged:
        told["limit"] = judged["limit"]
    return told
