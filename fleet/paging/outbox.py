"""The outbox: which messages are to be sent, and what came of those that were.

Every step is one statement that compares before it writes.  What is leased was committed as `sending` before
anything leaves: a sender that dies in between leaves a row whose lease ends, and the message goes out again under
the same id, by which whoever got it already knows the second copy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext as _

from fleet.access.models import Membership
from fleet.paging.channels.answer import Answer, said
from fleet.paging.models import Delivery, PushAddress, Step
from fleet.paging.policies import Channel
from fleet.safety.models import Alert
from fleet.safety.words import RANK, Priority, State

LEASE: Final = timedelta(seconds=45)  # longer than a sender may take: TELL_SECONDS, and a name to look up
_LOOK_UP: Final = timedelta(seconds=2)
RETRY_S: Final = (2, 5, 15, 60, 300, 900)  # after each try that failed; then it is over
TROUBLED_AFTER: Final = 3  # tries: whoever relies on this message hears of it now, not in twenty minutes
STUCK_AFTER: Final = timedelta(seconds=60)
_LOOKED_AT: Final = 500

_PLANNED, _SENDING, _SENT, _FAILED, _DROPPED = "planned", "sending", "sent", "failed", "dropped"
_RANK = Case(
    *(When(alert__priority=priority.value, then=Value(rank)) for priority, rank in RANK.items()),
    default=Value(len(RANK)),
)


@dataclass(frozen=True, slots=True)
class Lease:
    """A message that is ours to send, until its lease ends."""

    id: UUID
    attempt: int  # from 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a try came to: whether the message is troubled (somebody should hear that it does not arrive)."""

    delivery: Delivery
    is_over: bool
    is_troubled: bool


def lease(room: Mapping[Channel, int], now: datetime) -> dict[Channel, list[Lease]]:
    """Take messages that are due, the most urgent first; of one recipient and channel one at a time.

    Args:
        room: How many messages of each channel can be sent now.
    """
    taken: dict[Channel, list[Lease]] = {}
    for channel, most in room.items():
        if most <= 0:
            continue
        mine = []
        for one in _due(channel, now, most):
            took = Delivery.objects.filter(
                pk=one.pk, due_at__lte=now, attempts=one.attempts, state__in=[_PLANNED, _SENDING]
            ).update(state=_SENDING, attempts=F("attempts") + 1, leased_until=now + LEASE, due_at=now + LEASE)
            if took:
                mine.append(Lease(one.pk, one.attempts + 1))
        if mine:
            taken[channel] = mine
    return taken


def _due(channel: Channel, now: datetime, most: int) -> Sequence[Delivery]:
    # Whose sender died keeps its lease, but nobody else's message to the same recipient waits for that.
    at_work = now + LEASE - timedelta(seconds=settings.TELL_SECONDS) - _LOOK_UP
    busy: set[tuple[int | None, int | None, int | None]] = set(
        Delivery.objects.filter(
            channel=channel.value, state=_SENDING, due_at__gt=max(now, at_work)
        ).values_list("user_id", "webhook_id", "push_id")
    )
    due = Delivery.objects.filter(channel=channel.value, due_at__lte=now, state__in=[_PLANNED, _SENDING])
    found: list[Delivery] = []
    for one in due.order_by(_RANK, "due_at", "pk").only("pk", "attempts", "user_id", "webhook_id", "push_id")[
        :_LOOKED_AT
    ]:
        to = (one.user_id, one.webhook_id, one.push_id)
        if to not in busy:
            busy.add(to)
            found.append(one)
        if len(found) == most:
            break
    return found


def give_back(lease: Lease, now: datetime) -> None:
    """Let a message that never left be taken again at once."""
    Delivery.objects.filter(pk=lease.id, attempts=lease.attempt, state=_SENDING).update(
        state=_PLANNED, leased_until=None, due_at=now
    )


def to_send(id_: UUID, now: datetime) -> Delivery | None:
    """Return the message with all that it needs, or None if it is not to be sent any more, and why is kept."""
    one = (
        Delivery.objects.select_related(
            "alert", "alert__site", "alert__device", "alert__escalation", "user", "webhook", "push"
        )
        .filter(pk=id_, state=_SENDING)
        .first()
    )
    if one is None:
        return None
    why = _moot(one)
    if why:
        _end(one, _DROPPED, why, at=now)
        return None
    return one


def _moot(one: Delivery) -> str:
    """Return why nobody is to be sent this any more; empty: it is to be sent."""
    alert = one.alert
    if alert.acknowledged_at is not None:
        return _("acknowledged before it was sent")
    if alert.state == State.CLOSED:
        return _("closed before it was sent")
    if alert.state == State.CLEARED and alert.priority != Priority.HIGH:
        return _("over before it was sent")
    if alert.episode != one.episode:
        return _("told anew before it was sent")
    if alert.shelved_until is not None:
        return _("shelved before it was sent")
    if alert.cause_id is not None:
        return _("explained by another alert before it was sent")
    if one.user is not None and not one.user.is_active:
        return _("their login has ended")
    if one.user is not None and not _has_a_role(one.user_id, alert):
        return _("they have no role there any more")
    if one.channel == Channel.EMAIL and one.user is not None and not one.user.email:
        return _("their e-mail address was taken away")
    if one.webhook is not None and one.webhook.revoked_at is not None:
        return _("the webhook was revoked")
    if one.push is not None and (one.push.gone_at is not None or one.push.user_id != one.user_id):
        return _("that browser takes pushes no more")
    return ""


def _has_a_role(user_id: int | None, alert: Alert) -> bool:
    """Whether they have a role at the alert's site still, or at a site that its policies lead to."""
    roles = Membership.objects.filter(user=user_id)
    if alert.site_id is not None:
        beyond = Step.objects.filter(policy__site=alert.site_id, site__isnull=False).values("site")
        roles = roles.filter(Q(site=alert.site_id) | Q(site__in=beyond))
    return roles.exists()


def answer(one: Delivery, attempt: int, answer: Answer, now: datetime) -> Outcome | None:
    """Write down what came of a try; None if a later one has taken over meanwhile.

    What was taken is taken, whoever else is trying by now.
    """
    if answer.taken:
        _end(one, _SENT, answer.text, at=now)
        return Outcome(one, is_over=True, is_troubled=False)
    if answer.gone and one.push_id is not None:
        PushAddress.objects.filter(pk=one.push_id, gone_at=None).update(gone_at=now)
        ended = _end(one, _DROPPED, _("that browser takes pushes no more"), at=now, attempt=attempt)
        return Outcome(one, is_over=True, is_troubled=False) if ended else None
    if answer.final or attempt > len(RETRY_S):
        ended = _end(one, _FAILED, answer.text, at=now, attempt=attempt)
        return Outcome(one, is_over=True, is_troubled=True) if ended else None
    pause_s = max(RETRY_S[attempt - 1], answer.retry_after_s or 0)
    again = Delivery.objects.filter(pk=one.pk, attempts=attempt, state=_SENDING).update(
        state=_PLANNED, leased_until=None, due_at=now + timedelta(seconds=pause_s), answer=said(answer.text)
    )
    return Outcome(one, is_over=False, is_troubled=attempt >= TROUBLED_AFTER) if again else None


def _end(one: Delivery, state: str, text: str, *, at: datetime, attempt: int | None = None) -> bool:
    mine = Q(pk=one.pk, state__in=[_PLANNED, _SENDING])
    if attempt is not None:
        mine &= Q(attempts=attempt)
    one.state, one.answer = state, said(text)
    changed = Delivery.objects.filter(mine).update(
        state=state, answer=one.answer, due_at=None, leased_until=None, ended_at=at
    )
    return bool(changed)


def stuck(now: datetime) -> int:
    """Return how many messages should have been tried over a minute ago, and were not."""
    return Delivery.objects.filter(due_at__lt=now - STUCK_AFTER, state__in=[_PLANNED, _SENDING]).count()


def reached_nobody_yet(one: Delivery) -> bool:
    """Whether no message of the same step has arrived, nor is still on a first good way."""
    same_step = Delivery.objects.filter(
        alert=one.alert_id, episode=one.episode, step=one.step, round=one.round, user__isnull=False
    ).exclude(pk=one.pk)
    hopeful = Q(state=_SENT) | Q(state__in=[_PLANNED, _SENDING], attempts__lt=TROUBLED_AFTER)
    return not same_step.filter(hopeful).exists()
