"""Who is on duty, taking over, and what is handed over."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from fleet.access import service as access
from fleet.access.errors import Refused
from fleet.access.models import Membership, Site
from fleet.access.names import tidy
from fleet.access.roles import roles_for
from fleet.paging import rota
from fleet.paging.handover import snapshot
from fleet.paging.models import Note, Shift, Turn
from fleet.safety.words import Duty

__all__ = ["VERB", "OnDuty", "end_turn", "leave_note", "on_duty", "on_duty_at", "snapshot", "take_over"]

VERB: Final = {Duty.CARE: "take_care", Duty.TECHNICAL: "take_technical"}
"""What somebody must be allowed at the site to be on this duty."""


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Somebody is on duty: by the rota, or because they took over."""

    user: User
    since: datetime
    until: datetime | None
    taken: bool
    turn_id: int | None = None


def on_duty(sites: Iterable[Site], now: datetime) -> dict[tuple[int, Duty], tuple[OnDuty, ...]]:
    """Return who is on duty: (site id, duty) → them, for every site given and both duties; nobody: an empty tuple.

    Whoever left, or may no longer take the duty at that site, is not on it, whatever the rota says.
    """
    zones = {site.pk: ZoneInfo(site.time_zone) for site in sites}
    lines: dict[tuple[int, str], list[rota.Line]] = defaultdict(list)
    for shift in Shift.objects.filter(site__in=zones):
        lines[shift.site_id, shift.duty].append(line_of(shift))
    turns = _newest_turns(zones, now)
    found = {}
    for site_id, zone in zones.items():
        for duty in Duty:
            turn = turns.get((site_id, duty.value))
            taken = rota.Spell(turn.user_id, turn.since, turn.until, taken=True) if turn else None
            key = (site_id, duty.value)
            found[site_id, duty] = rota.on_duty(lines[key], taken, zone, now, longest=_longest())
    people = _able({spell.user_id for held in found.values() for spell in held}, zones)
    return {
        (site_id, duty): tuple(
            OnDuty(
                people[spell.user_id, site_id, duty],
                spell.since,
                spell.until,
                spell.taken,
                turns[site_id, duty.value].pk if spell.taken else None,
            )
            for spell in held
            if (spell.user_id, site_id, duty) in people
        )
        for (site_id, duty), held in found.items()
    }


def on_duty_at(site: Site, duty: Duty, now: datetime) -> tuple[OnDuty, ...]:
    """Return who is on this duty at the site; nobody: an empty tuple."""
    return on_duty([site], now)[site.pk, duty]


def take_over(*, actor: User, site: Site, duty: Duty, note: str, now: datetime) -> Turn:
    """Put the actor on duty until they end it, the rota's next shift begins, or somebody else takes over.

    The turn keeps what was open, shelved, silent and noted at this moment.  Whoever has the duty already keeps
    their turn, and only the note is added.

    Raises:
        NotVisible, Denied: As `access.require`, for `take_care` or `take_technical`.
    """
    access.require(actor, VERB[duty], site, subject=duty.value)
    with transaction.atomic():
        Site.objects.select_for_update(no_key=True).get(
            pk=site.pk
        )  # two who press at once: the second one has it
        if tidy(note):
            leave(actor, site, note, now)
        mine = [one for one in on_duty_at(site, duty, now) if one.taken and one.user.pk == actor.pk]
        if mine:
            return Turn.objects.get(site=site, duty=duty.value, until=None)
        handover = snapshot(site, now, duty=duty)
        _close_turn(site, duty, now)
        turn = Turn.objects.create(
            site=site, duty=duty.value, user=actor, since=now, handover=handover, note=tidy(note)[:500]
        )
        access.record(actor, "duty.taken", site=site, subject=duty.value, turn=turn.pk)
    return turn


def end_turn(*, actor: User, turn: Turn, now: datetime) -> bool:
    """End the turn, as its owner, or as somebody who manages the rota; False if it is over.

    Raises:
        NotVisible, Denied: It is somebody else's, and the actor may not manage telling.
    """
    if turn.user_id != actor.pk:
        access.require(actor, "manage_telling", turn.site, subject=turn.duty)
    with transaction.atomic():
        ended = Turn.objects.filter(pk=turn.pk, until=None).update(until=max(now, turn.since))
        if ended:
            access.record(actor, "duty.ended", site=turn.site, subject=turn.duty, turn=turn.pk)
    return bool(ended)


def leave_note(*, actor: User, site: Site, text: str, now: datetime) -> Note:
    """Keep something that the next on duty should know.

    Raises:
        NotVisible, Denied: As `access.require`, for `acknowledge`.
        Refused: There is nothing in it.
    """
    access.require(actor, "acknowledge", site)
    if not tidy(text):
        raise Refused(_("Type what the next on duty should know."))
    with transaction.atomic():
        return leave(actor, site, text, now)


def leave(actor: User, site: Site, text: str, now: datetime) -> Note:
    """As `leave_note`, for whoever asked already, in their transaction."""
    note = Note.objects.create(site=site, at=now, by=actor, text=tidy(text)[:500])
    access.record(actor, "duty.noted", site=site, note=note.pk)
    return note


def line_of(shift: Shift) -> rota.Line:
    return rota.Line(shift.user_id, shift.weekday, shift.starts, shift.ends, shift.first_day, shift.last_day)


def end_lapsed(now: datetime) -> int:
    """Write down the end of turns that are over though nobody ended them; return how many."""
    ended = 0
    for turn in Turn.objects.filter(until=None, since__lt=now).select_related("site"):
        over = _over_at(turn)
        if over <= now:
            ended += Turn.objects.filter(pk=turn.pk, until=None).update(until=over)
    return ended


def _close_turn(site: Site, duty: Duty, now: datetime) -> None:
    """End the open turn at the moment it was really over, which is now or earlier."""
    for turn in Turn.objects.filter(site=site, duty=duty.value, until=None).select_related("site"):
        over = max(turn.since, min(now, _over_at(turn)))
        Turn.objects.filter(pk=turn.pk).update(until=over)


def _over_at(turn: Turn) -> datetime:
    lines = [line_of(one) for one in Shift.objects.filter(site=turn.site_id, duty=turn.duty)]
    taken = rota.Spell(turn.user_id, turn.since, turn.until, taken=True)
    return rota.turn_over_at(lines, taken, ZoneInfo(turn.site.time_zone), longest=_longest())


def _newest_turns(site_ids: Iterable[int], now: datetime) -> dict[tuple[int, str], Turn]:
    newest = Turn.objects.filter(site__in=site_ids, since__lte=now, since__gt=now - _longest()).order_by(
        "site_id", "duty", "-since", "-id"
    )
    return {(one.site_id, one.duty): one for one in newest.distinct("site_id", "duty")}


def _able(user_ids: Iterable[int], site_ids: Iterable[int]) -> dict[tuple[int, int, Duty], User]:
    """Return who of these may be on which duty where: (user, site, duty) → the user."""
    members = Membership.objects.filter(
        user__in=user_ids, site__in=site_ids, user__is_active=True
    ).select_related("user")
    return {
        (one.user_id, one.site_id, duty): one.user
        for one in members
        for duty, verb in VERB.items()
        if one.role in roles_for(verb)
    }


def anyone(sites: Sequence[int], duty: Duty) -> list[User]:
    """Return everybody who may take this duty at one of these sites."""
    return list(
        User.objects.filter(
            is_active=True, memberships__site__in=sites, memberships__role__in=roles_for(VERB[duty])
        )
        .distinct()
        .order_by("pk")
    )


def able(user: User, site_id: int, duty: Duty) -> bool:
    """Whether they may be told of this duty's alerts there."""
    return user.is_active and (user.pk, site_id, duty) in _able([user.pk], [site_id])


def _longest() -> timedelta:
    return timedelta(hours=settings.DUTY_HOURS)


def brief(one: OnDuty) -> dict[str, Any]:
    """Return who is on duty as the browser is told."""
    return {
        "user": one.user.get_username(),
        "name": one.user.get_full_name() or one.user.get_username(),
        "since": one.since.isoformat(),
        "until": one.until.isoformat() if one.until else None,
        "taken": one.taken,
    }
