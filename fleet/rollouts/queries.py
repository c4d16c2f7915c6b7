"""Reads: rollouts, their devices and their decisions as the API, the pages and the sockets tell them.

A rollout is seen by whoever sees one of its sites; of its devices, each sees those that stand at their own sites.
`seen`, where it is asked for, are the ids of the reader's sites.  Numbers count all devices of the rollout.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from devices.models import Device
from devices.moments import iso, to_ms
from fleet.access.models import Site
from fleet.live import events
from fleet.rollouts import reports, texts
from fleet.rollouts.models import Decision, Rollout, Target, Wave
from fleet.rollouts.states import EVALUATED, OPEN, SUCCEEDED, WENT_WRONG, RolloutState, TargetState

FRESH: Final = timedelta(minutes=10)
"""For so long a rollout that is over stays in sight."""

AT_WORK: Final = frozenset(
    {RolloutState.SCHEDULED, RolloutState.RUNNING, RolloutState.PAUSED, RolloutState.ROLLING_BACK}
)
_OPEN: Final = sorted(OPEN)
_UNREACHABLE: Final = frozenset({"unreachable", "conflict"})
"""Reasons of a planned device that cannot be offered anything now: no wave waits for it."""

Counts = Mapping[tuple[int, str, str], int]
"""How many devices of a rollout there are, by wave, state and reason."""


def visible(sites: Iterable[Site | int]) -> QuerySet[Rollout]:
    """Return the rollouts of which one of these sites is one; with what `rollout_object` needs."""
    return rollouts().filter(Exists(_standing(sites)))


def rollouts() -> QuerySet[Rollout]:
    return Rollout.objects.select_related("version").prefetch_related("waves", "sites")


def targets_of(rollout: Rollout, seen: Collection[int]) -> QuerySet[Target]:
    """Return its devices at these sites, in their order: by wave, then by turn."""
    return (
        Target.objects.filter(rollout=rollout, device__site__in=seen)
        .select_related("device__site")
        .order_by("wave", "place")
    )


def decisions_of(rollout: Rollout, seen: Collection[int]) -> QuerySet[Decision]:
    """Return what was decided, of single devices only where they stand at these sites; the newest first."""
    return (
        Decision.objects.filter(Q(target=None) | Q(target__device__site__in=seen), rollout=rollout)
        .select_related("target__device")
        .order_by("-number")
    )


def in_sight(site_id: int, now: datetime) -> QuerySet[Rollout]:
    """Return the rollouts that a live page of this site still shows.

    That is: what is at work, what was aborted while an offer of it is still out, what ended just now.
    `rollouts-store.js` forgets by the same rule.
    """
    open_still = Exists(Target.objects.filter(rollout=OuterRef("pk"), state__in=_OPEN))
    return rollouts().filter(
        Q(state__in=sorted(AT_WORK))
        | Q(ended_at__gt=now - FRESH)
        | Q(open_still, state=RolloutState.ABORTED),
        Exists(_standing([site_id])),
    )


def counts(rollout_ids: Collection[Any]) -> dict[Any, dict[tuple[int, str, str], int]]:
    """Return for each of these rollouts how many devices it has by wave, state and reason; one query."""
    found: dict[Any, dict[tuple[int, str, str], int]] = {one: {} for one in rollout_ids}
    rows = Target.objects.filter(rollout__in=rollout_ids).values_list("rollout", "wave", "state", "reason")
    for rollout, wave, state, reason, number in rows.order_by().annotate(Count("pk")):
        found[rollout][wave, state, reason] = number
    return found


def objects(rows: Iterable[Rollout], seen: Collection[int]) -> list[dict[str, Any]]:
    """Return the API's objects of these rollouts, in their order."""
    listed = list(rows)
    of_each = counts([one.pk for one in listed])
    return [rollout_object(one, of_each[one.pk], seen) for one in listed]


def rollout_object(rollout: Rollout, counted: Counts, seen: Collection[int]) -> dict[str, Any]:
    """Return the API's object of a rollout.  Times are ISO 8601 UTC; people are usernames.

    Args:
        rollout: As `rollouts()` reads it.
        counted: What `counts` found of it.
        seen: The reader's sites; others of it are only counted.
    """
    version = rollout.version
    sites = list(rollout.sites.all())
    return {
        "id": str(rollout.pk),
        "title": rollout.title,
        "protocol": version.protocol_id,
        "version": version.number,
        "sha256": version.sha256 or None,
        "sites": sorted(one.slug for one in sites if one.pk in seen),
        "other_sites": sum(one.pk not in seen for one in sites),
        "state": rollout.state,
        "reason": rollout.reason or None,
        "facts": rollout.facts,
        "text": texts.rollout(rollout.reason, rollout.facts) or str(texts.STATES[rollout.state]),
        "wave": rollout.wave,
        "devices": sum(counted.values()),
        "counts": _by_state(counted),
        "progress": [wave_object(one, counted) for one in rollout.waves.all()],
        **_plan(rollout),
        **_people(rollout),
        "decisions": rollout.decisions_made,
        "rev": rollout.rev,
    }


def in_full(rollout: Rollout, seen: Collection[int]) -> dict[str, Any]:
    """Return the API's object of a rollout with the devices it was written for."""
    told = rollout_object(rollout, counts([rollout.pk])[rollout.pk], seen)
    spec = dict(rollout.targets_spec)
    if told["other_sites"] and "serials" in spec:  # what stands where the reader is not at home is not named
        mine = Device.objects.filter(serial__in=spec["serials"], site__in=seen)
        spec["serials"] = list(mine.order_by("serial").values_list("serial", flat=True))
    return told | {"targets": spec}


def wave_object(wave: Wave, counted: Counts) -> dict[str, Any]:
    """Return how far a wave is: its devices by state, why they wait, and the numbers it is judged by."""
    mine = {(state, reason): number for (at, state, reason), number in counted.items() if at == wave.number}
    reasons: dict[str, dict[str, int]] = {}
    for (state, reason), number in sorted(mine.items()):
        if reason:
            reasons.setdefault(state, {})[reason] = number
    return {
        "wave": wave.number,
        "opened_at": _at(wave.opened_at),
        "over_at": _at(wave.over_at),
        "passed_at": _at(wave.passed_at),
        "waived_at": _at(wave.waived_at),
        "waived_by": wave.waived_by or None,
        "devices": sum(mine.values()),
        "counts": _by_state(counted, wave.number),
        "reasons": reasons,
        "evaluated": _in(mine, EVALUATED),
        "succeeded": _in(mine, SUCCEEDED),
        "went_wrong": _in(mine, WENT_WRONG),
        "unreachable": sum(
            number
            for (state, reason), number in mine.items()
            if state == TargetState.PLANNED and reason in _UNREACHABLE
        ),
    }


def target_objects(targets: Collection[Target], now: datetime) -> list[dict[str, Any]]:
    """Return the API's objects of devices of a rollout, with what each reports now; `target.device.site` is read."""
    said = reports.of(targets)
    return [_target_object(one, said.get(one.pk), to_ms(now)) for one in targets]


def _target_object(target: Target, said: reports.Report | None, now_ms: int) -> dict[str, Any]:
    device = target.device
    return {
        "serial": device.serial,
        "name": device.name,
        "room": device.room,
        "site": device.site.slug,
        "wave": target.wave,
        "state": target.state,
        "reason": target.reason or None,
        "facts": target.facts,
        "text": texts.target(target.state, target.reason, target.facts, direction=target.direction)
        or str(texts.TARGET_STATES[target.state]),
        "direction": target.direction,
        "attempts": target.attempts,
        "want_sha256": target.want_sha256,
        "before": target.before,
        "changed": target.changed,
        "reports": None if said is None else said.told(now_ms),
        "command": str(target.command) if target.command else None,
        "joined_at": _at(target.joined_at),
        "offered_at": _at(target.offered_at),
        "held_since": _at(target.held_since),
        "claimed_at": _at(target.claimed_at),
        "verified_at": _at(target.verified_at),
        "settled_at": _at(target.settled_at),
        "rev": target.rev,
    }


def decision_object(decision: Decision) -> dict[str, Any]:
    """Return the API's object of one decision; `decision.target.device` is read."""
    target = decision.target
    return {
        "number": decision.number,
        "at": _at(decision.at),
        "kind": decision.kind,
        "serial": target.device.serial if target else None,
        "wave": decision.wave,
        "to": decision.to or None,
        "reason": decision.reason or None,
        "facts": decision.facts,
        "actor": decision.actor_name or None,
    }


def rollout_event(told: Mapping[str, Any]) -> events.Event:
    """Return the live event of what `rollout_object` says: always all of it."""
    return {"kind": "rollout", **told}


def told(rows: Iterable[Rollout]) -> list[tuple[int, events.Event]]:
    """Return what `fleet.live.announce.rollouts` tells of these: each site of each, and the event as it is seen there.

    Reads the numbers, so it is asked for when what changed is committed.
    """
    listed = list(rows)
    of_each = counts([one.pk for one in listed])
    return [
        (site.pk, rollout_event(rollout_object(one, of_each[one.pk], (site.pk,))))
        for one in listed
        for site in one.sites.all()
    ]


def again(rollout_ids: Sequence[Any]) -> QuerySet[Rollout]:
    """Return these rollouts freshly read, with what `told` needs."""
    return rollouts().filter(pk__in=rollout_ids)


def _plan(rollout: Rollout) -> dict[str, Any]:
    """Return how it goes on, in the words in which it was asked for."""
    return {
        "waves": rollout.waves_spec,
        "success_threshold": rollout.success_threshold,
        "failure_threshold": rollout.failure_threshold,
        "failure_count": rollout.failure_count,
        "min_evaluated": rollout.min_evaluated,
        "deadline_s": rollout.deadline_s,
        "soak_s": rollout.soak_s,
        "pace_per_minute": rollout.pace_per_minute,
        "retries": rollout.retries,
        "advance": rollout.advance,
        "start_at": _at(rollout.start_at),
        "window": rollout.window,
    }


def _people(rollout: Rollout) -> dict[str, Any]:
    return {
        "created_at": _at(rollout.created_at),
        "created_by": rollout.created_by or None,
        "submitted_at": _at(rollout.submitted_at),
        "submitted_by": rollout.submitted_by or None,
        "decided_at": _at(rollout.decided_at),
        "decided_by": rollout.decided_by or None,
        "decision_reason": rollout.decision_reason,
        "started_at": _at(rollout.started_at),
        "started_by": rollout.started_by or None,
        "ended_at": _at(rollout.ended_at),
    }


def _by_state(counted: Counts, wave: int | None = None) -> dict[str, int]:
    """Return how many devices there are in each state; a state that none is in is left out."""
    by_state: dict[str, int] = {}
    for (at, state, _reason), number in sorted(counted.items()):
        if wave is None or at == wave:
            by_state[state] = by_state.get(state, 0) + number
    return by_state


def _in(mine: Mapping[tuple[str, str], int], states: Collection[str]) -> int:
    return sum(number for (state, _reason), number in mine.items() if state in states)


def _standing(sites: Iterable[Site | int]) -> QuerySet[Any]:
    through = Rollout.sites.through
    return through._default_manager.filter(rollout=OuterRef("pk"), site__in=list(sites))


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else iso(to_ms(moment))
