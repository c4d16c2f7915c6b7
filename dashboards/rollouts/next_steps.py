"""What happens next in a rollout, and when, as far as it can be said: read from a few counts, however many devices."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Min
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.rollouts.offered import Numbers
from devices.moments import from_ms, to_ms
from fleet.rollouts import pace, rows
from fleet.rollouts.models import Rollout, Target, Wave
from fleet.rollouts.states import OPEN, RolloutState, TargetState

_ON_THE_WAY: Final = sorted(OPEN - {TargetState.HELD})


@dataclass(frozen=True, slots=True)
class Next:
    """What happens next; `at`: when, if the clock decides it, and `left_ms` until then."""

    words: str
    at: datetime | None = None
    left_ms: int | None = None


def next_step(rollout: Rollout, known: Numbers, now: datetime) -> Next | None:
    """Return what the rollout waits for; None if nothing comes next."""
    state = RolloutState(rollout.state)
    if state is RolloutState.SCHEDULED:
        return _timed(_("it begins by itself"), rollout.start_at, now)
    if state is RolloutState.RUNNING:
        return _running(rollout, known, now)
    if state is RolloutState.ROLLING_BACK:
        return _rolling_back(rollout, known)
    if state is RolloutState.ABORTED and known.open:
        return Next(_taken_back(known.open))
    if state is RolloutState.APPROVED and rollout.start_at and rollout.start_at > now:
        return Next(_("somebody starts it; then it begins when its time has come"), rollout.start_at)
    words = {
        RolloutState.DRAFT: _("somebody submits it for approval"),
        RolloutState.SUBMITTED: _("a clinician approves or rejects it"),
        RolloutState.APPROVED: _("somebody starts it"),
        RolloutState.PAUSED: _paused(rollout, known),
    }
    return Next(words[state]) if state in words else None


def _running(rollout: Rollout, known: Numbers, now: datetime) -> Next:
    is_last = rollout.wave >= len(rollout.waves_spec)
    following = rollout.wave + 1
    if rollout.reason == "gate":
        if is_last:
            return Next(_("somebody ends it with “Go on”"))
        return Next(_("somebody opens wave %(n)d with “Go on”") % {"n": following})
    if rollout.reason == "soak":
        wave = Wave.objects.filter(rollout=rollout, number=rollout.wave).first()
        over = wave.over_at if wave else None
        at = over + timedelta(seconds=rollout.soak_s) if over else None
        if is_last:
            return _timed(_("it is completed"), at, now)
        if rollout.advance == "manual":
            return _timed(
                _("somebody can open wave %(n)d, after the time of watching") % {"n": following}, at, now
            )
        return _timed(_("wave %(n)d begins by itself, if all stays good") % {"n": following}, at, now)
    return _wave_goes_on(rollout, known, now)


def _wave_goes_on(rollout: Rollout, known: Numbers, now: datetime) -> Next:
    """Say what the open wave waits for: offers on their way first, then those held, then who has no offer yet."""
    mine = Target.objects.filter(rollout=rollout, wave__lte=rollout.wave)
    on_the_way = mine.filter(state__in=_ON_THE_WAY)
    waiting = mine.filter(state=TargetState.PLANNED, reason__in=("", "retry", "joined")).count()
    in_window = mine.filter(state=TargetState.PLANNED, reason="window").count()
    held = mine.filter(state=TargetState.HELD).count()
    n = on_the_way.count()
    if waiting:
        words = ngettext(
            "%(n)d device gets its offer, at most %(pace)d a minute",
            "%(n)d devices get their offers, at most %(pace)d a minute",
            waiting,
        )
        return Next(words % {"n": waiting, "pace": rollout.pace_per_minute})
    if n:
        first = on_the_way.filter(held_ms=0).aggregate(at=Min("offered_at"))["at"]
        due = first + timedelta(seconds=rollout.deadline_s) if first else None
        words = ngettext(
            "%(n)d device has to show the hash; the first one's time is over",
            "%(n)d devices have to show the hash; the first one's time is over",
            n,
        )
        plain = ngettext("%(n)d device has to show the hash", "%(n)d devices have to show the hash", n)
        return _timed(words % {"n": n}, due, now) if due and due > now else Next(plain % {"n": n})
    if held:
        words = ngettext(
            "%(n)d device takes it over once it may, such as after its session: nobody knows when that is",
            "%(n)d devices take it over once they may, such as after their sessions: nobody knows when that is",
            held,
        )
        return Next(words % {"n": held})
    if in_window:
        return _hours_begin(rollout, in_window, now)
    return Next(_("wave %(n)d is judged") % {"n": max(1, rollout.wave)})


def _hours_begin(rollout: Rollout, n: int, now: datetime) -> Next:
    """Say when the first of those that wait for their hours may be offered something, by the clock of its site."""
    window = rows.plan_of(rollout).window
    waiting = Target.objects.filter(rollout=rollout, state=TargetState.PLANNED, reason="window")
    zones = set(waiting.order_by().values_list("device__site__time_zone", flat=True))
    words = ngettext(
        "%(n)d device gets its offer when its hours begin,",
        "%(n)d devices get their offers when their hours begin,",
        n,
    ) % {"n": n}
    if window is None or not zones:
        return Next(words.rstrip(","))
    opens_ms = min(pace.opens_ms(window, ZoneInfo(zone), to_ms(now)) for zone in zones)
    return _timed(words, from_ms(opens_ms), now)


def _paused(rollout: Rollout, known: Numbers) -> str:
    if rollout.reason == "version_withdrawn":
        return _("nothing by itself: it can be aborted, or rolled back")
    said = _("nothing by itself: somebody decides")
    if known.open:
        said += "; " + ngettext(
            "%(n)d open offer may still be taken over by its device",
            "%(n)d open offers may still be taken over by their devices",
            known.open,
        ) % {"n": known.open}
    return said


def _rolling_back(rollout: Rollout, known: Numbers) -> Next:
    n = known.planned + known.open
    words = ngettext(
        "%(n)d device goes back to what it had before, at most %(pace)d offers a minute",
        "%(n)d devices go back to what they had before, at most %(pace)d offers a minute",
        n,
    )
    return Next(words % {"n": n, "pace": rollout.pace_per_minute})


def _taken_back(n: int) -> str:
    words = ngettext(
        "%(n)d open offer is being taken back: its device has to answer",
        "%(n)d open offers are being taken back: their devices have to answer",
        n,
    )
    return words % {"n": n}


def _timed(words: str, at: datetime | None, now: datetime) -> Next:
    if at is None or at <= now:
        return Next(words)
    return Next(_("%(words)s in") % {"words": words}, at, (at - now) // timedelta(milliseconds=1))
