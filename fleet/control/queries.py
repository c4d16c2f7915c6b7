"""Reads: commands as the API tells them, and those that a wall still has to show."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from django.db.models import Exists, OuterRef, Q, QuerySet

from devices.models import Device, Link
from devices.moments import iso, to_ms
from devices.store.states import live_of
from devices.wire.words import Verb
from fleet.access.models import Site
from fleet.control import texts
from fleet.control.lifecycle import ALARMING, OPEN, State, names
from fleet.control.models import Command, LockWish
from fleet.live import events

ALONG: Final = ("device", "site", "actor")
FRESH: Final = timedelta(seconds=60)
"""For so long a command that is over stays in sight."""
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_LOCKS: Final = (Verb.LOCK, Verb.UNLOCK)
UNTOLD: Final = (Verb.REBIRTH, Verb.APPLY_PROTOCOL, Verb.WITHDRAW)
"""What the server asks by itself: no live page tells of it as a command; a rollout is told as a rollout."""
_LAST_STEPS: Final = (
    "requested_at",
    "done_at",
    "confirmed_at",
    "unconfirmed_at",
    "refuted_at",
    "refused_at",
    "expired_at",
)


def commands() -> QuerySet[Command]:
    """Return all commands, with what `command_object` needs."""
    return Command.objects.select_related(*ALONG)


def visible(sites: Iterable[Site | int]) -> QuerySet[Command]:
    """Return what was asked at these sites, and what the server itself asked of their devices."""
    seen = list(sites)
    return commands().filter(Q(site__in=seen) | Q(site=None, device__site__in=seen))


def command_object(command: Command) -> dict[str, Any]:
    """Return the API's object of a command.  Times are ISO 8601 UTC; people are usernames."""
    device, site = command.device, command.site
    answer = command.evidence.get("ack")
    return {
        "id": str(command.pk),
        "device": device.serial,
        "device_name": device.name,
        "room": device.room,
        "site": site.slug if site else None,
        "verb": command.verb,
        "args": args_of(command),
        "state": command.state,
        "actor": command.actor_name or None,
        "via": command.via,
        "stop": str(command.stop_id) if command.stop_id else None,
        "reason": command.reason,
        "reason_by": command.reason_by or None,
        "answer": {"outcome": answer["outcome"], "reason": answer.get("reason")} if answer else None,
        "acks": command.acks,
        **{name: _at(getattr(command, name)) for name in STEPS},
        "expires_at": _at(command.expires_at),
        "proof_due_at": _at(command.proof_due_at),
        "rev": command.rev,
    }


def in_full(command: Command, now: datetime) -> dict[str, Any]:
    """Return the API's object of a command with its words, and what the device said of it."""
    return command_object(command) | {
        "text": texts.sentence(command, now),
        "to_do": texts.next_step(command, now),
        "evidence": command.evidence,
    }


STEPS: Final = (
    "requested_at",
    "published_at",
    "received_at",
    "done_at",
    "confirmed_at",
    "unconfirmed_at",
    "refuted_at",
    "refused_at",
    "expired_at",
    "reason_at",
)


def command_event(command: Command) -> events.Event:
    """Return the live event of a command: always all of it."""
    return {"kind": "command", **command_object(command)}


def in_sight(site_id: int, now: datetime) -> QuerySet[Command]:
    """Return what people asked of a site's devices that a live page still shows.

    That is: what is open; what nothing has proved, for a week: a stop or pause, unless a later stop made it good, and
    the last word about a lock; what took a step just now.
    Each part is read through an index, because every open page asks this every two seconds.
    `commands-store.js` forgets by the same rule.
    """
    just_now = Q()
    for step in _LAST_STEPS:
        just_now |= Q(**{f"{step}__gt": now - FRESH})
    recent = Q(site_id=site_id, requested_at__gt=now - _DAY) & just_now
    unproved = Q(
        (Q(verb__in=names(ALARMING)) & ~made_good()) | (Q(verb__in=_LOCKS) & ~_later(verb__in=_LOCKS)),
        state=State.UNCONFIRMED,
        proof_due_at__isnull=False,
        requested_at__gt=now - _WEEK,
    )
    return (
        commands()
        .filter(Q(state__in=sorted(OPEN)) | unproved | recent, device__site_id=site_id)
        .exclude(verb__in=UNTOLD)
    )


def made_good() -> Q:
    """What never left, so that nothing can prove it, though the device has since shown that it did a later stop."""
    return Q(_later(verb=Verb.STOP, state=State.CONFIRMED), published_at=None, ack_boot=None)


def _later(**which: Any) -> Exists:
    """Whether something was asked of the same device later."""
    return Exists(
        Command.objects.filter(device=OuterRef("device"), requested_at__gt=OuterRef("requested_at"), **which)
    )


def standing(site: Site, room: str | None = None) -> QuerySet[Device]:
    """Return the devices in service of a site, or of one of its rooms, with what `drafts` and `guard` need."""
    found = (
        Device.objects.filter(site=site, revoked_at=None).select_related("site", "live").order_by("serial")
    )
    return found.filter(room=room) if room else found


def has_room(site: Site, room: str) -> bool:
    """Whether a device stands there; whatever was typed, such as what PostgreSQL cannot keep."""
    return "\0" not in room and Device.objects.filter(site=site, room=room).exists()


def may_be_on(site: Site, room: str | None, now: datetime) -> QuerySet[Device]:
    """Return the devices that are on, or of which nobody knows that they are off.

    Silence is no "off": one that is not heard may be on, whatever it said last.
    """
    found = Device.objects.filter(stoppable(now), maybe_on("live__"), site=site)
    found = found.select_related("site").order_by("serial")
    return found.filter(room=room) if room else found


def stoppable(now: datetime) -> Q:
    """The devices in service, and those that were revoked within a day while they were on."""
    on = Q(live__output__isnull=False) & ~Q(live__output="off")
    return Q(revoked_at=None) | Q(on, revoked_at__gt=now - timedelta(days=1))


def maybe_on(live: str = "") -> Q:
    """`devices.state.may_be_on` of rows; `live` leads to the live state."""
    on = Q(**{f"{live}output__isnull": False}) & ~Q(**{f"{live}output": "off"})
    heard = [link for link in Link if link is not Link.NEVER]
    unknown = Q(**{f"{live}output": None}) | ~Q(**{f"{live}link": Link.ONLINE})
    return on | Q(unknown, **{f"{live}link__in": heard})


def args_of(command: Command) -> dict[str, Any]:
    """Return a command's arguments as they are on the wire."""
    args: dict[str, Any] = msgspec.json.decode(command.args)
    return args


def lock_object(device: Device) -> dict[str, Any]:
    """Return what is wanted of a device's lock, since when and by whom, beside what it says itself."""
    wish = LockWish.objects.filter(device=device).first()
    live = live_of(getattr(device, "live", None), device.pk)
    status = live.status
    return {
        "device": device.serial,
        "wanted": None if wish is None else wish.locked,
        "reason": wish.word if wish else None,
        "note": wish.note if wish else "",
        "by": (wish.actor_name or None) if wish else None,
        "since": _at(wish.since) if wish else None,
        "read_back_at": _at(wish.read_back_at) if wish else None,
        "says": status.locked.value if status and status.locked else None,
        "said_at": iso(live.status_ms),
    }


def told(commands: Iterable[Command]) -> list[tuple[int, events.Event]]:
    """Return what `fleet.live.announce` tells of these commands: where each device stands, and its event."""
    return [(one.device.site_id, command_event(one)) for one in commands]


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else iso(to_ms(moment))
