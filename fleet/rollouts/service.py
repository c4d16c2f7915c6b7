"""What people do with rollouts: write, submit, approve, start, and everything that is asked of one under way.

Who may is asked first, and a denial is on record; then one transaction a deed, with its entry in the audit of each of
the rollout's sites.  What a deed leads to is decided by `verbs.asked`, and written as the clock writes.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from devices.moments import from_ms, to_ms
from fleet.access import service as access
from fleet.access.names import tidy
from fleet.protocols import queries as protocols
from fleet.protocols.lifecycle import State as VersionState
from fleet.rollouts import begin, clock, drafting, plan, rights, rows, telling, texts, verbs
from fleet.rollouts.errors import NotNow, OwnWork, Taken, Unusable
from fleet.rollouts.models import Rollout
from fleet.rollouts.states import RolloutState
from fleet.rollouts.verbs import Forbidden, Verb

__all__ = ["NotNow", "OwnWork", "Taken", "Unusable", "approve", "ask", "create", "edit", "reject", "submit"]

LONGEST_REASON: Final = 300
ALSO: Final = ("failed", "timed_out")
"""What a retry may take up besides whoever was not reached."""


def create(*, actor: User, given: Mapping[str, Any], id: UUID | None = None, now: datetime) -> Rollout:
    """Write a draft; under an id that was used already, for the same, it is the same draft.

    Args:
        given: As `POST rollouts` takes it.

    Raises:
        Unusable: A field cannot be; each is named.
        access.Denied: The actor writes no rollouts at one of its sites.  The attempt is on record.
        Taken: The id is another rollout's.
    """
    access.require_anywhere(actor, "write_rollout", to="write_rollout")
    draft = drafting.read(actor, given)
    rights.require_at(actor, rights.WRITE, draft.sites, subject=draft.fields["title"])
    if id is not None and (found := _same(id, actor, draft)):
        return found
    try:
        with transaction.atomic():
            row = Rollout(
                id=id or uuid4(), created_at=now, created_by=actor.get_username()[:150], **draft.fields
            )
            row.save(force_insert=True)
            row.sites.set(draft.sites)
            row.authors.add(actor)
            _record(actor, "created", row, protocol=str(draft.version), devices=len(draft.found))
    except IntegrityError:
        if id is not None and (found := _same(id, actor, draft)):
            return found
        raise
    return row


def edit(
    *, actor: User, rollout: Rollout, given: Mapping[str, Any], rev: int | None = None, now: datetime
) -> Rollout:
    """Write a draft anew; whoever does is one of its authors.

    Args:
        rev: That the actor saw; None: whichever it has.

    Raises:
        NotVisible, access.Denied: The actor may not at all of its sites, as they were and as they will be.
        NotNow: It is no draft any more, or somebody else has edited it meanwhile.
        Unusable: As `create`.
    """
    rights.require(actor, "edit", rollout)
    draft = drafting.read(actor, given)
    rights.require_at(actor, rights.WRITE, draft.sites, subject=str(rollout.pk))
    with transaction.atomic():
        row = _locked(rollout)
        _in_state(row, RolloutState.DRAFT)
        _as_seen(row, rev)
        for name, value in draft.fields.items():
            setattr(row, name, value)
        row.rev += 1
        row.save()
        row.sites.set(draft.sites)
        row.authors.add(actor)
        _record(actor, "edited", row, protocol=str(draft.version), devices=len(draft.found))
    return row


def submit(*, actor: User, rollout: Rollout, rev: int | None = None, now: datetime) -> Rollout:
    """Put a draft before whoever approves rollouts; it is not changed any more.

    Args:
        rev: That the actor saw; None: whichever it has.

    Raises:
        NotVisible, access.Denied, NotNow: As `edit`.
    """
    rights.require(actor, "submit", rollout)
    with transaction.atomic():
        row = _locked(rollout)
        _in_state(row, RolloutState.DRAFT)
        _as_seen(row, rev)
        _require_approved(row)
        row.state, row.submitted_at, row.submitted_by = RolloutState.SUBMITTED, now, _name(actor)
        row.decided_at, row.decided_by, row.decision_reason = None, "", ""
        row.authors.add(actor)
        _save(row, actor, "submitted")
    return row


def approve(*, actor: User, rollout: Rollout, reason: str, rev: int | None = None, now: datetime) -> Rollout:
    """Approve a submitted rollout, which may then be started.

    Args:
        rev: That the actor saw: one that was given back and written anew meanwhile is another.  None: as it is.

    Raises:
        NotVisible, access.Denied: The actor may not at all of its sites.  The attempt is on record.
        OwnWork: The actor wrote, or submitted, it.  The attempt is on record.
        NotNow: It does not wait for approval, is another than was seen, or its version may not be offered any more.
        Unusable: No reason is given.
    """
    return _decide(actor, rollout, "approve", RolloutState.APPROVED, reason, rev, now)


def reject(*, actor: User, rollout: Rollout, reason: str, rev: int | None = None, now: datetime) -> Rollout:
    """Give a submitted rollout back to its writers, as a draft with the reason.  Raises as `approve`."""
    return _decide(actor, rollout, "reject", RolloutState.DRAFT, reason, rev, now)


def ask(
    *,
    actor: User | None,
    rollout: Rollout,
    verb: str,
    wave: int | None = None,
    also: Collection[str] = (),
    reason: str = "",
    now: datetime,
) -> Rollout:
    """Start it, pause it, go on with it, abort it, take up again what is left, or roll it back.

    Args:
        actor: None: the shell.
        verb: One of `verbs.Verb`.
        wave: For `advance`, the wave that the actor saw open: two presses never skip one.
        also: For `retry`, what of `ALSO` is taken up too.
        reason: The actor's own words, for the record.

    Raises:
        NotVisible, access.Denied: The actor may not at all of its sites.  The attempt is on record.
        NotNow: The state forbids it; `reason` is a word why.
        Unusable: There is no such verb, or `also` holds something else.
    """
    wish = _verb(verb)
    _require_known(also)
    rights.require(actor, wish.value, rollout)
    now = from_ms(to_ms(now))
    with transaction.atomic():
        row = _locked(rollout)
        if wish is Verb.START:
            _require_approved(row)
        try:
            loaded = rows.load(row, now, goes_on=wish not in _ENDING)
        except plan.Unusable:
            raise NotNow(texts.forbidden(Forbidden("no_plan")), reason="no_plan") from None
        if wish is Verb.START and not loaded.state.targets:
            begin.take_in(loaded, now)
        state = clock.see(loaded, now, changed_too=wish is Verb.ROLLBACK)
        step = verbs.asked(state, wish, to_ms(now), wave=wave, also=tuple(also))
        if isinstance(step, Forbidden):
            raise NotNow(texts.forbidden(step), reason=step.reason)
        name = "" if actor is None else _name(actor)
        if wish is Verb.START:
            row.started_by = name
            row.save(update_fields=["started_by"])
        clock.carry_out(loaded, step, now, actor_name=name or _("(shell)"))
        words = tidy(reason)[:LONGEST_REASON]
        said = {"reason": words} if words else {}
        if wave is not None:
            said["wave"] = str(wave)
        _record(actor, _PAST[wish], row, **said)
    return row


# --- parts ---

_PAST: Final[dict[Verb, str]] = {
    Verb.START: "started",
    Verb.PAUSE: "paused",
    Verb.RESUME: "resumed",
    Verb.ADVANCE: "advanced",
    Verb.ABORT: "aborted",
    Verb.ROLLBACK: "rolled_back",
    Verb.RETRY: "retried",
}
"""What each is called in the audit, behind `rollout.`."""
_ENDING: Final = frozenset({Verb.PAUSE, Verb.ABORT, Verb.ROLLBACK})
"""What can be asked of a rollout without a plan, too."""


def _decide(
    actor: User, rollout: Rollout, verb: str, to: RolloutState, reason: str, rev: int | None, now: datetime
) -> Rollout:
    rights.require(actor, verb, rollout)
    _require_others_work(actor, rollout, verb)
    words = tidy(reason)
    if not words:
        raise Unusable(_("Say why: a reason is needed, and kept."), path="reason")
    with transaction.atomic():
        row = _locked(rollout)
        _in_state(row, RolloutState.SUBMITTED)
        _as_seen(row, rev)
        if rights.wrote(actor, row):  # who has come to be one since the look
            raise OwnWork(texts.own_work())
        if to is RolloutState.APPROVED:
            _require_approved(row)
            _require_seen(actor, row)
        row.state, row.decided_at, row.decided_by = to, now, _name(actor)
        row.decision_reason = words[:LONGEST_REASON]
        past = "approved" if to is RolloutState.APPROVED else "rejected"
        _save(row, actor, past, reason=row.decision_reason)
    return row


def _require_others_work(actor: User, rollout: Rollout, verb: str) -> None:
    if not rights.wrote(actor, rollout):
        return
    with transaction.atomic(durable=True):
        for site in rollout.sites.all():
            access.record(actor, f"denied.{verb}_rollout", site=site, subject=str(rollout.pk), why="own work")
    raise OwnWork(texts.own_work())


def _verb(word: str) -> Verb:
    try:
        return Verb(word)
    except ValueError:
        raise Unusable(
            _("verb: one of %(known)s expected; seen: %(seen)s")
            % {"known": ", ".join(Verb), "seen": repr(word[:40])},
            path="verb",
        ) from None


def _require_known(also: Collection[str]) -> None:
    if odd := sorted(set(also) - set(ALSO)):
        raise Unusable(
            _("also: one of %(known)s expected; seen: %(odd)s")
            % {"known": ", ".join(ALSO), "odd": repr(odd[0][:40])},
            path="also",
        )


def _locked(rollout: Rollout) -> Rollout:
    return Rollout.objects.select_for_update(of=("self",)).select_related("version").get(pk=rollout.pk)


def _in_state(row: Rollout, needed: RolloutState) -> None:
    if row.state != needed:
        raise NotNow(texts.not_in_state(row, needed), reason="state")


def _as_seen(row: Rollout, rev: int | None) -> None:
    if rev is not None and rev != row.rev:
        raise NotNow(_("Somebody else has changed it meanwhile; look at it again first."), reason="edited")


def _require_approved(row: Rollout) -> None:
    if row.version.state != VersionState.APPROVED:
        raise NotNow(texts.not_approved(row.version), reason="version_not_approved")


def _require_seen(actor: User, row: Rollout) -> None:
    """What somebody may not read, they cannot answer for."""
    if not protocols.visible(actor).filter(pk=row.version.protocol_id).exists():
        raise NotNow(
            _(
                "You do not see this protocol, so you cannot approve that devices get it; "
                "somebody who sees it, too, can."
            ),
            reason="protocol_not_seen",
        )


def _save(row: Rollout, actor: User, past: str, **detail: Any) -> None:
    row.rev += 1
    row.save()
    _record(actor, past, row, **detail)
    telling.tell(row)


def _record(actor: User | None, past: str, row: Rollout, **detail: Any) -> None:
    """One entry a site: each is read by whoever may read the audit there."""
    told = {"title": row.title} if row.title else {}
    for site in row.sites.all():
        access.record(actor, f"rollout.{past}", site=site, subject=str(row.pk), **told, **detail)


def _same(id: UUID, actor: User, draft: "drafting.Draft") -> Rollout | None:
    """Return the draft that was written under this id for the same.  Raises Taken if it is something else."""
    found = Rollout.objects.select_related("version").filter(pk=id).first()
    if found is None:
        return None
    is_same = all(getattr(found, name) == value for name, value in draft.fields.items())
    if not is_same or found.created_by != _name(actor):
        raise Taken(_("This id is another rollout's; choose a new one."))
    return found


def _name(actor: User) -> str:
    return actor.get_username()[:150]
