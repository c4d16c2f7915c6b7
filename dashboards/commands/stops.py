"""A stop of a room or of a site, as pages tell it: how many devices proved it, and where somebody has to go."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.live.reads import counted
from fleet.access.models import Site
from fleet.access.people import called
from fleet.control import stop_queries, texts
from fleet.control.lifecycle import State
from fleet.control.models import Command, Stop

LINGERS: Final = timedelta(minutes=5)
"""So long a stop that is confirmed throughout stays on the first page."""
STAYS: Final = timedelta(days=1)
"""So long one of which something is not confirmed does; on its wall it stays until it is."""


@dataclass(slots=True)
class Sums:
    """How many devices were asked, and what became of them: `asked` = `confirmed` + `unconfirmed` + `waiting`."""

    asked: int = 0
    confirmed: int = 0
    unconfirmed: int = 0
    waiting: int = 0

    def add(self, command: Command, *, is_unproved: bool) -> None:
        self.asked += 1
        self.confirmed += command.state == State.CONFIRMED
        self.unconfirmed += is_unproved
        self.waiting = self.asked - self.confirmed - self.unconfirmed

    @property
    def mark(self) -> str:
        """How it looks: `alarm`, `wait` or `good`."""
        return "alarm" if self.unconfirmed else "wait" if self.waiting else "good"

    @property
    def words(self) -> str:
        if not self.asked:
            return _("No device was on or possibly on: none was asked")
        said = [_("%(n)d of %(m)d confirmed") % {"n": self.confirmed, "m": self.asked}]
        if self.unconfirmed:
            said.append(ngettext("1 to go to", "%(n)d to go to", self.unconfirmed) % {"n": self.unconfirmed})
        if self.waiting:
            said.append(_("%(n)d waiting for proof") % {"n": self.waiting})
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class Where:
    """One device that somebody has to go to."""

    command: Command
    why: str


@dataclass(slots=True)
class Room(Sums):
    """The part of a stop that is one room."""

    name: str = ""
    go_to: list[Where] = field(default_factory=list)
    others: list[Command] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Run:
    """One stop; `rooms`: first those that somebody has to go to, then as people count them."""

    stop: Stop
    sums: Sums
    rooms: tuple[Room, ...]

    @property
    def title(self) -> str:
        room = self.stop.room
        return _("Stop of %(room)s") % {"room": room} if room else _("Stop of the whole site")

    @property
    def who(self) -> str:
        actor = self.stop.actor
        return called(actor) if actor else self.stop.actor_name or _("the server itself")


def run_of(stop: Stop, now: datetime) -> Run:
    """Return what became of a stop, with whose commands their devices were read."""
    return Run(stop, *tally(stop.commands.all(), now))


def tally(commands: Iterable[Command], now: datetime) -> tuple[Sums, tuple[Room, ...]]:
    """Count commands, in all and by room.  The twin of `js/stop-count.js`."""
    sums = Sums()
    rooms: dict[str, Room] = {}
    for command in _by_place(commands):
        name = command.device.room
        room = rooms.setdefault(name, Room(name=name))
        is_unproved = stop_queries.is_unproved(command, now)
        sums.add(command, is_unproved=is_unproved)
        room.add(command, is_unproved=is_unproved)
        if is_unproved:
            room.go_to.append(Where(command, texts.sentence(command, now)))
        else:
            room.others.append(command)
    return sums, tuple(sorted(rooms.values(), key=lambda room: (not room.go_to, counted(room.name))))


def stops() -> QuerySet[Stop]:
    """Return all stops, with what `run_of` needs."""
    along = Prefetch("commands", Command.objects.select_related("device"))
    return Stop.objects.select_related("site", "actor").prefetch_related(along)


def running(sites: Iterable[Site], now: datetime) -> dict[int, list[Run]]:
    """Return by site the stops of which the first page tells: those of a moment ago, and what is not confirmed."""
    wanted = list(sites)
    open_ones = Q(requested_at__gt=now - STAYS) & Q(
        commands__state__in=[state.value for state in State if state is not State.CONFIRMED]
    )
    found = stops().filter(Q(requested_at__gt=now - LINGERS) | open_ones, site__in=wanted).distinct()
    by_site: dict[int, list[Run]] = {site.pk: [] for site in wanted}
    for stop in found:
        by_site[stop.site_id].append(run_of(stop, now))
    return by_site


def _by_place(commands: Iterable[Command]) -> list[Command]:
    return sorted(
        commands, key=lambda one: (counted(one.device.name or one.device.serial), one.device.serial)
    )
