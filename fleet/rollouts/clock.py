"""The clock of rollouts: every second each one that is under way is looked at, and moved on.

One transaction a rollout: what was decided, the rows after it, and the commands that go out, or none of it.  Two clocks
at once never work on the same rollout, and ids of offers come of the decision: who dies in the middle has done nothing,
and whoever is next sends nothing a second time.
"""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from devices.moments import from_ms, to_ms
from fleet.rollouts import looking, plan, policy, rows, sending, spec, telling
from fleet.rollouts.models import Rollout, Target
from fleet.rollouts.plan import Risk
from fleet.rollouts.rows import Loaded
from fleet.rollouts.scene import Action, Candidate, Kind, State, Step
from fleet.rollouts.sight import Standing
from fleet.rollouts.states import CLOCKED, OPEN, RolloutState

log = structlog.get_logger(__name__)

LOOK_AGAIN: Final = timedelta(seconds=10)
"""So often it is looked up anew which devices a rollout is for, while it runs."""
_GOING_ON: Final = frozenset({RolloutState.RUNNING, RolloutState.SCHEDULED})
_RISKS: Final = {one.value: one for one in Risk}

counters: Counter[str] = Counter()
"""Of this process: ticks, rollouts looked at, ms that took, decisions, offers, withdrawals, and what went wrong."""


def advance_due(now: datetime) -> int:
    """Move on every rollout that is under way; return how many decisions were made.

    One that cannot be worked on is logged and left as it is; the others go on.
    """
    now, made = from_ms(to_ms(now)), 0
    for id_ in list(due().order_by("started_at", "pk").values_list("pk", flat=True)):
        try:
            made += advance(id_, now)
        except IntegrityError as error:  # another rollout has just offered to one of its devices
            counters["rollout_collisions"] += 1
            log.info("another rollout was quicker; looking again", rollout=str(id_), error=str(error).strip())
        except Exception:
            counters["rollout_failures"] += 1
            log.exception("a rollout was not moved on", rollout=str(id_))
            if transaction.get_connection().needs_rollback:
                raise
    counters["rollout_ticks"] += 1
    return made


def due() -> Any:
    """Return the rollouts that the clock has to look at; of an aborted one only while an offer of it is out."""
    is_open = Exists(Target.objects.filter(rollout=OuterRef("pk"), state__in=sorted(OPEN)))
    return Rollout.objects.filter(
        Q(state__in=sorted(CLOCKED - {RolloutState.ABORTED})) | Q(is_open, state=RolloutState.ABORTED)
    )


def advance(rollout_id: UUID, now: datetime) -> int:
    """Move one rollout on; return how many decisions that took.  0 also while somebody else has it in hand."""
    started = time.monotonic()
    with transaction.atomic():
        row = (
            Rollout.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("version")
            .filter(pk=rollout_id)
            .first()
        )
        if row is None:
            return 0
        try:
            loaded = rows.load(row, now, goes_on=row.state in _GOING_ON)
        except plan.Unusable as error:
            return _refuse(row, error, now)
        actions = _step(loaded, now)
    counters["rollout_looks"] += 1
    counters["rollout_decisions"] += len(actions)
    counters["rollout_busy_ms"] += round(1000 * (time.monotonic() - started))
    return len(actions)


def see(loaded: Loaded, now: datetime, *, changed_too: bool = False) -> State:
    """Return the rollout with what is known of its devices now.

    Args:
        changed_too: Look at all that were changed: they are to be rolled back.
    """
    row, found = loaded.row, None
    if _is_to_be_read(row, now):
        found = spec.matching(row.targets_spec, list(row.sites.values_list("pk", flat=True)))
        row.looked_at = now
        row.save(update_fields=["looked_at"])
        loaded.device_ids |= {one.serial: one.id for one in found}
    hears, silence_counts = looking.hearing(now)
    return replace(
        loaded.state,
        hears=hears,
        silence_counts=silence_counts,
        seen=looking.around(loaded, _new(loaded, found), changed_too=changed_too),
        barred=looking.barred(loaded),
        candidates=None if found is None else candidates(found, zones_of(row)),
    )


def carry_out(loaded: Loaded, step: Step, now: datetime, *, actor_name: str = "") -> list[Action]:
    """Write what was decided, and send what it asks for; pages are told once this is committed."""
    actions, after = step
    if not actions:
        return []
    before = loaded.state
    rows.save(loaded, after, actions, now, actor_name=actor_name)
    offers, withdrawals = sending.send(loaded, before, actions, after, now)
    counters["rollout_offers"] += offers
    counters["rollout_withdrawals"] += withdrawals
    telling.tell(loaded.row)
    return actions


def candidates(found: Iterable[Standing], zones: dict[int, str]) -> list[Candidate]:
    """Return what the step function is told of devices that match."""
    return [
        Candidate(one.serial, _RISKS.get(one.risk_class, Risk.REST), zones.get(one.site_id, "UTC"))
        for one in found
    ]


def _step(loaded: Loaded, now: datetime) -> list[Action]:
    state = see(loaded, now)
    return carry_out(loaded, policy.next_step(state, to_ms(now)), now)


def _is_to_be_read(row: Rollout, now: datetime) -> bool:
    """When it begins, and again and again: devices of a list may be moved to another site, too."""
    if row.state == RolloutState.SCHEDULED:
        return row.start_at is None or row.start_at <= now
    if row.state != RolloutState.RUNNING and not (row.state == RolloutState.PAUSED and row.wave):
        return False
    return row.looked_at is None or now - row.looked_at >= LOOK_AGAIN


def _new(loaded: Loaded, found: list[Standing] | None) -> list[Standing]:
    return [one for one in found or () if one.serial not in loaded.state.targets]


def zones_of(row: Rollout) -> dict[int, str]:
    """Return the time zone of each site of a rollout."""
    return dict(row.sites.values_list("pk", "time_zone"))


def _refuse(row: Rollout, error: plan.Unusable, now: datetime) -> int:
    """What cannot be judged does not run: it stops, and says so."""
    log.error("a rollout has no usable plan; it is paused", rollout=str(row.pk), error=str(error))
    facts = {"path": error.faults[0].path} if error.faults else {}
    row.state, row.reason, row.facts = RolloutState.PAUSED.value, "no_plan", facts
    row.decisions_made += 1
    row.rev += 1
    row.save(update_fields=["state", "reason", "facts", "decisions_made", "rev"])
    row.decisions.create(
        number=row.decisions_made, at=now, kind=Kind.STOPPED, to=row.state, reason=row.reason, facts=facts
    )
    telling.tell(row)
    return 1
