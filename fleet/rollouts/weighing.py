"""What evidence says of an offer that is out.  Pure.

Verified is what a live status shows.  The device's word (an answer) moves a target to `received`, `held`, `claimed`,
and to `rejected`, for a refusal needs no proof; it never makes a success.
"""

from typing import Any, Final

from fleet.rollouts.deeds import UNTOUCHED, taking_back
from fleet.rollouts.evidence import Answer, Evidence, Outcome, Status
from fleet.rollouts.plan import Plan
from fleet.rollouts.scene import Action, Kind, Target
from fleet.rollouts.states import OPEN, TargetState

SOFT: Final = frozenset({"in_session", "no_server_time"})
"""Refusals that pass by themselves: taken like silence."""

IN_SESSION: Final = "applied_in_session"
HELD_IN_SESSION: Final = "session"

NOT_SENT: Final = "not_sent"
UNSENT: Final = "dispatch"
UNSENT_MS: Final = 30_000
"""An offer that has not left the server by then is said to wait for that."""


def weigh(
    row: Target,
    seen: Evidence,
    plan: Plan,
    now_ms: int,
    *,
    may_retry: bool,
    leaving: str,
    silence_counts: bool = True,
) -> Action | None:
    """Return what follows for a target whose offer is out; None: nothing new.

    Args:
        may_retry: Whether the rollout is in a state in which an offer may be made again.
        leaving: Why the offer was taken back, where it was: `aborted`, `version_withdrawn`, `rollback`, `left`.
        silence_counts: Whether silence is the device's: nobody's time runs out while it may be the server's own.
    """
    if seen.revoked:
        return _of(row, Kind.WITHDRAWN, "withdrawn", "revoked")
    offer = _of_command(seen.offer, row.command)
    shown = _shown(row, seen, offer)
    if shown is not None and shown.sha256 == row.want_sha256:
        return read_back(row, shown)
    retry = may_retry and row.withdrawal is None
    return (
        _taken_back(row, seen, offer, shown, leaving)
        or _never_left(row, offer, now_ms, leaving if row.withdrawal or not may_retry else "")
        or _answered(row, offer, shown, plan, retry=retry)
        or _busy(row, seen, offer, shown)
        or (_out_of_time(row, offer, plan, now_ms, retry=retry) if silence_counts else None)
        or _leaving_late(row, offer, now_ms)
    )


def sighted(row: Target, seen: Evidence) -> Action | None:
    """Return what follows for a target whose offer is thought to be over, if it shows the wanted hash after all.

    One that was seen to apply inside a session stays failed: that it has the version is no news.
    """
    if row.offered_ms is None or row.reason == IN_SESSION:
        return None
    shown = _shown(row, seen, _of_command(seen.offer, row.command))
    return read_back(row, shown) if shown is not None and shown.sha256 == row.want_sha256 else None


def read_back(row: Target, shown: Status) -> Action:
    """The wanted hash was read back: success, unless it came in the middle of a session.

    `row.session` is one in which the device showed another hash, at the offer or since: whoever shows the wanted one in
    the same session has applied it inside.
    """
    facts = {"sha256": shown.sha256, "boot": shown.boot, "up_ms": shown.up_ms, "at_ms": shown.placed_ms}
    if row.session and shown.session == row.session:
        return _of(row, Kind.FAILED, "failed", IN_SESSION, facts | {"session": shown.session})
    late = row.state not in OPEN
    return _of(row, Kind.VERIFIED, "verified", "late" if late else "", facts | {"was": row.state.value})


def _of_command(answer: Answer | None, command: str | None) -> Answer | None:
    return answer if answer is not None and answer.command == command else None


def _shown(row: Target, seen: Evidence, offer: Answer | None) -> Status | None:
    """The live status, if it was said after the offer had left; None while two speak under one serial."""
    status = seen.status
    if status is None or seen.conflict:
        return None
    if offer is None:
        floor_ms = row.offered_ms
    elif offer.published_ms is not None or (offer.outcome is None and row.state in OPEN):
        floor_ms = offer.published_ms
    else:
        floor_ms = offer.requested_ms
    later = floor_ms is not None and status.placed_ms > floor_ms
    return status if later or _later_than(status, offer) else None


def _later_than(status: Status, answer: Answer | None) -> bool:
    """Whether it was said at or after the device's answer, in the device's own time."""
    if answer is None or answer.outcome is None or answer.boot is None or answer.up_ms is None:
        return False
    return (status.boot, status.up_ms) >= (answer.boot, answer.up_ms)


def _contradicts(status: Status, answer: Answer | None) -> bool:
    """Whether it was said after the device's answer: one of the same millisecond may have left before it."""
    if not _later_than(status, answer) or answer is None:
        return False
    return (status.boot, status.up_ms) != (answer.boot, answer.up_ms)


def _taken_back(
    row: Target, seen: Evidence, offer: Answer | None, shown: Status | None, leaving: str
) -> Action | None:
    """What the device says to the withdrawal.  That it has forgotten the offer is its word; what it runs, a fact."""
    if row.withdrawal is None:
        return None
    answer = _of_command(seen.withdrawal, row.withdrawal)
    cancelled = offer is not None and offer.outcome is Outcome.EXPIRED
    if cancelled or (answer is not None and answer.outcome is Outcome.DONE):
        never_left = cancelled and offer is not None and offer.why == "cancelled"
        kept = shown is not None or (never_left and _is_untouched(row))
        return _of(row, Kind.WITHDRAWN, "withdrawn", leaving, {"kept": kept})
    applied = answer is not None and answer.outcome is Outcome.REFUSED and answer.why == "applied"
    if applied and seen.status is not None and not seen.conflict and _contradicts(seen.status, answer):
        return _of(row, Kind.FAILED, "failed", "wrong_hash", {"sha256": seen.status.sha256})
    return None


def _answered(
    row: Target, offer: Answer | None, shown: Status | None, plan: Plan, *, retry: bool
) -> Action | None:
    if offer is None or offer.outcome is None:
        return None
    if offer.outcome is Outcome.REFUSED and offer.why not in SOFT:
        return _of(row, Kind.REJECTED, "rejected", offer.why or "other", {"kept": shown is not None})
    if offer.outcome is Outcome.EXPIRED:
        why = "held_too_long" if row.state is TargetState.HELD else "expired"
        return _again_or(row, plan, Kind.TIMED_OUT, why, retry=retry)
    if offer.outcome is Outcome.DONE:
        if shown is not None and _contradicts(shown, offer):
            return _again_or(
                row, plan, Kind.FAILED, "wrong_hash", retry=retry, facts={"sha256": shown.sha256}
            )
        if row.state is not TargetState.CLAIMED:
            return _of(row, Kind.CLAIMED, "claimed", "", {"boot": offer.boot, "up_ms": offer.up_ms})
    return None


def _busy(row: Target, seen: Evidence, offer: Answer | None, shown: Status | None) -> Action | None:
    """Received, held back by the device, or let go: what it says it does with an offer that it has not answered."""
    has_it = offer is not None and offer.outcome is Outcome.RECEIVED
    if row.state is TargetState.CLAIMED or (offer is not None and offer.outcome is Outcome.DONE):
        return None
    if shown is not None and seen.reachable:
        held = shown.held or (HELD_IN_SESSION if has_it and shown.session else None)
        if held:
            same = (
                row.state is TargetState.HELD and row.reason == held and shown.session in (None, row.session)
            )
            facts = {"session": shown.session} if shown.session else {}
            return None if same else _of(row, Kind.HELD, "held", held, facts)
        if row.state is TargetState.HELD:
            return _of(row, Kind.APPLYING, "applying", "")
        if shown.session and shown.session != row.session:
            return _of(row, Kind.IN_SESSION, row.state.value, row.reason, {"session": shown.session})
    if has_it and row.state is TargetState.OFFERED:
        return _of(row, Kind.RECEIVED, "received", "")
    return None


def deadline_ms(row: Target, plan: Plan, offer: Answer | None = None) -> int | None:
    """Return when silence becomes a failure; None while the device holds the offer: time stands still.

    It stands still as long as the offer has not left, too: no device answers for our own outage.
    """
    if row.offered_ms is None or row.held_since_ms is not None:
        return None
    left_ms = row.offered_ms if offer is None or offer.published_ms is None else offer.published_ms
    return max(row.offered_ms, left_ms) + row.held_ms + plan.deadline_ms


def is_unsent(offer: Answer | None) -> bool:
    """Whether the offer has not left the server yet, as far as is known."""
    return offer is not None and offer.outcome is None and offer.published_ms is None


def _never_left(row: Target, offer: Answer | None, now_ms: int, leaving: str) -> Action | None:
    """Of an offer that dispatch never took up, once it cannot go out any more: no device is judged by our own outage.

    Args:
        leaving: Why it is not to be offered again; blank: it is.
    """
    if offer is None or offer.tried or not is_unsent(offer) or now_ms < offer.expires_ms:
        return None
    facts = {"attempt": row.attempts, "kept": _is_untouched(row)}
    if leaving:
        return _of(row, Kind.WITHDRAWN, "withdrawn", leaving, facts)
    return _of(row, Kind.NOT_SENT, "planned", NOT_SENT, facts)


def _is_untouched(row: Target) -> bool:
    """Whether no offer before the newest can have changed the device."""
    return bool(row.facts.get(UNTOUCHED))


def _leaving_late(row: Target, offer: Answer | None, now_ms: int) -> Action | None:
    """An offer that has been waiting for dispatch for long, and one that has left after that."""
    if row.state is not TargetState.OFFERED or row.offered_ms is None:
        return None
    late = is_unsent(offer) and now_ms > row.offered_ms + UNSENT_MS
    if late == (row.reason == UNSENT):
        return None
    return _of(row, Kind.WAITS, row.state.value, UNSENT if late else "", dict(row.facts))


def _out_of_time(row: Target, offer: Answer | None, plan: Plan, now_ms: int, *, retry: bool) -> Action | None:
    if row.state is TargetState.HELD:
        if offer is None or now_ms < offer.expires_ms:
            return None
        return _again_or(row, plan, Kind.TIMED_OUT, "held_too_long", retry=retry)
    due_ms = deadline_ms(row, plan, offer)
    if due_ms is None or now_ms <= due_ms:
        return None
    if offer is not None and is_unsent(offer) and now_ms < offer.expires_ms:
        return None
    return _again_or(row, plan, Kind.TIMED_OUT, _silence(row, offer), retry=retry, take_back=_has_it(offer))


def _silence(row: Target, offer: Answer | None) -> str:
    if row.state is TargetState.CLAIMED:
        return "not_read_back"
    if offer is not None and offer.outcome is Outcome.REFUSED:
        return offer.why
    if is_unsent(offer):
        return NOT_SENT
    return "silence"


def _has_it(offer: Answer | None) -> bool:
    """Whether the device may have the offer, and may still take it over."""
    return offer is None or offer.outcome in (None, Outcome.RECEIVED)


def _again_or(
    row: Target,
    plan: Plan,
    kind: Kind,
    why: str,
    *,
    retry: bool,
    facts: dict[str, Any] | None = None,
    take_back: bool = False,
) -> Action:
    """Planned again while attempts last; else that is how it ended."""
    told: dict[str, Any] = {"attempt": row.attempts, **(facts or {})}
    if take_back and row.command is not None and row.withdrawal is None:
        told |= taking_back(row.command)
    if retry and row.attempts < 1 + plan.retries:
        return _of(row, Kind.RETRY, "planned", "retry", told | {"why": why})
    return _of(row, kind, kind.value, why, told)


def _of(row: Target, kind: Kind, to: str, reason: str, facts: dict[str, Any] | None = None) -> Action:
    return Action(kind, row.serial, row.wave, to, reason, facts or {})
