"""Which alerts are due to be told to whom: rows of the outbox, and nothing else.  Called every second.

An alert is told while it is true and nobody has it: not one that is known late, shelved, explained by another, or of
a device that is out of service (unless it is high and somebody may have current in them).  Each episode of it goes
through its policy once.  Two planners at once do no harm: each alert is one planner's, and a row is there once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from fleet.paging.directory import Directory, Reach, Way
from fleet.paging.models import Delivery, Escalation
from fleet.paging.policies import Channel, Next, Plan, next_step, quiet_until
from fleet.safety.models import Alert, OutOfService
from fleet.safety.words import RANK, Priority, State

_MOST: Final = 200  # alerts a transaction: each holds its alerts from ingest for as long
_MOST_ROUNDS: Final = 10


@dataclass(slots=True)
class Planned:
    """What one tick came to."""

    messages: int = 0
    told_nobody: list[Alert] = field(
        default_factory=list
    )  # high ones: their policy is over, and nobody was there
    reached: list[Alert] = field(default_factory=list)  # high ones


def plan(now: datetime, *, held: Callable[[Alert], bool] = lambda _alert: False) -> Planned:
    """Write down what is to be told by now.

    Args:
        held: Whether an alert is not to be told yet, because its cause may not be known so soon after a start.
    """
    planned = Planned()
    _end_the_rest()
    for _round in range(_MOST_ROUNDS):
        with transaction.atomic():
            alerts = [one for one in _due(now) if not held(one)]
            _plan_these(alerts, Directory(now), planned)
        if len(alerts) < _MOST:
            break
    return planned


def tellable(now: datetime) -> QuerySet[Alert]:
    """Return the alerts that are true, that nobody has, and that nothing else explains or puts off."""
    away = OutOfService.objects.filter(
        Q(until=None) | Q(until__gt=now), device=OuterRef("device"), ended_at=None
    )
    return Alert.objects.filter(
        Q(priority=Priority.HIGH, in_session=True) | ~Exists(away),
        state=State.RAISED,
        late=False,
        cause=None,
        shelved_until=None,
    )


def _due(now: datetime) -> QuerySet[Alert]:
    """Return the alerts whose telling begins, or whose next step is due; the most urgent first."""
    told = {value.value: rank for value, rank in RANK.items()}
    rank = Case(*(When(priority=value, then=Value(place)) for value, place in told.items()))
    told_as = Case(*(When(escalation__priority=value, then=Value(place)) for value, place in told.items()))
    begins = Q(escalation=None) | Q(escalation__episode__lt=F("episode")) | Q(told_as__gt=F("rank"))
    quiet_no_more = Q(escalation__quiet=True, priority=Priority.HIGH, in_session=True)
    return (
        tellable(now)
        .annotate(rank=rank, told_as=told_as)
        .filter(begins | Q(escalation__due_at__lte=now) | quiet_no_more)
        .select_related("escalation", "site", "device")
        .order_by("rank", "risen_at")
        .select_for_update(of=("self",), no_key=True, skip_locked=True)[:_MOST]
    )


def _plan_these(alerts: list[Alert], directory: Directory, planned: Planned) -> None:
    rows: list[Delivery] = []
    fresh: list[Escalation] = []
    moved: list[Escalation] = []
    for alert in alerts:
        known: Escalation | None = getattr(alert, "escalation", None)
        telling = _Telling(alert, _begin(alert, known, directory.now), directory)
        telling.go_on()
        rows.extend(telling.rows)
        (fresh if known is None else moved).append(telling.escalation)
        if alert.priority == Priority.HIGH and telling.told_nobody:
            planned.told_nobody.append(alert)
        if alert.priority == Priority.HIGH and telling.reached:
            planned.reached.append(alert)
    Escalation.objects.bulk_create(fresh)
    Escalation.objects.bulk_update(
        moved, ["episode", "priority", "since", "step", "round", "repeated", "due_at", "quiet"]
    )
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)  # `told_once`: what is planned stays as it is
    planned.messages += sum(row.state == "planned" for row in rows)


def _begin(alert: Alert, known: Escalation | None, now: datetime) -> Escalation:
    """Return how far its telling has come; a new episode, or a higher priority than was told, begins anew."""
    priority = Priority(alert.priority)
    if known is None:
        return Escalation(alert=alert, episode=alert.episode, priority=priority.value, since=now, due_at=now)
    if known.episode < alert.episode:
        known.round = 0
    elif RANK[Priority(known.priority)] > RANK[priority]:
        known.round += 1
    else:
        return known
    known.episode, known.priority, known.since, known.due_at = alert.episode, priority.value, now, now
    known.step, known.repeated, known.quiet = 0, 0, False
    return known


class _Telling:
    """One alert on its way through its policy."""

    def __init__(self, alert: Alert, escalation: Escalation, directory: Directory) -> None:
        self.alert, self.escalation, self._directory = alert, escalation, directory
        self._plan: Plan = directory.plan(alert, Priority(escalation.priority))
        self.rows: list[Delivery] = []
        self.told_nobody = False
        self.reached = False

    def go_on(self) -> None:
        """Take every step that is due, and set when the next one is."""
        now, escalation = self._directory.now, self.escalation
        escalation.quiet = False
        due: datetime | None = now  # a quiet one that became urgent does not wait for its old deadline
        while due is not None and due <= now:
            coming = self._next()
            if coming is None:
                due = None
                break
            quiet = self._quiet_until(now)
            if quiet is not None:
                due, escalation.quiet = quiet, True
                break
            reached = self._take(coming)
            following = self._next()
            due = None if following is None else now + timedelta(seconds=following.wait_s)
            if following is not None and not reached and following.round == escalation.round:
                due = now
            elif not reached:
                self._note_nobody()
        escalation.due_at = due

    def _next(self) -> Next | None:
        escalation = self.escalation
        return next_step(
            self._plan,
            taken=escalation.step,
            round_=escalation.round,
            rounds_left=self._plan.repeats - escalation.repeated,
        )

    def _quiet_until(self, now: datetime) -> datetime | None:
        return quiet_until(
            self._plan,
            self._directory.zone(self.alert),
            now,
            priority=Priority(self.alert.priority),
            in_session=self.alert.in_session,
        )

    def _take(self, coming: Next) -> bool:
        """Plan the messages of this step; return whether it reaches somebody."""
        escalation = self.escalation
        escalation.repeated += coming.round - escalation.round
        escalation.step, escalation.round = coming.number, coming.round
        reach = self._directory.reach(self.alert, self._plan.steps[coming.number - 1])
        self.rows.extend(self._row(way) for way in reach.ways)
        self.rows.extend(self._without_a_way(reach))
        self.reached |= reach.reaches_somebody
        return reach.reaches_somebody

    def _note_nobody(self) -> None:
        """The last step of a round reached nobody; whether one before it did, the outbox knows."""
        self.told_nobody = (
            not self.reached
            and not Delivery.objects.filter(
                alert=self.alert,
                episode=self.escalation.episode,
                round=self.escalation.round,
                user__isnull=False,
                state__in=["planned", "sending", "sent"],
            ).exists()
        )

    def _row(self, way: Way) -> Delivery:
        on_pages = way.channel == Channel.CONSOLE  # announced when it was raised; nobody has to send it
        return Delivery(
            **self._step_of(),
            channel=way.channel.value,
            user_id=way.user_id,
            webhook_id=way.webhook_id,
            push_id=way.push_id,
            state="sent" if on_pages else "planned",
            due_at=None if on_pages else self._directory.now,
            ended_at=self._directory.now if on_pages else None,
            answer=_("on the open pages of the site") if on_pages else "",
        )

    def _without_a_way(self, reach: Reach) -> list[Delivery]:
        now = self._directory.now
        return [
            Delivery(
                **self._step_of(),
                channel=Channel.EMAIL.value,
                user=user,
                state="dropped",
                ended_at=now,
                answer=_("no way to reach them: no confirmed e-mail address, no browser to push to"),
            )
            for user in reach.out_of_reach
        ]

    def _step_of(self) -> dict[str, object]:
        return {
            "alert": self.alert,
            "episode": self.escalation.episode,
            "step": self.escalation.step,
            "round": self.escalation.round,
            "planned_at": self._directory.now,
        }


def _end_the_rest() -> None:
    """What somebody has, or what is closed, is told no further in this episode."""
    over = Q(alert__state__in=[State.ACKNOWLEDGED.value, State.CLOSED.value]) | Q(
        alert__acknowledged_at__isnull=False
    )
    ids = Escalation.objects.filter(over, due_at__isnull=False).values_list("pk", flat=True)
    Escalation.objects.filter(pk__in=list(ids[:1000])).update(due_at=None, quiet=False)
