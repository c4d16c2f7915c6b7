"""What is asked of devices, by people and by the server.  A command is a row; `manage.py dispatch` publishes it.

Who may is asked first, and a denial is on record; then one transaction a deed, with its entry in the audit.
Whoever asks may choose the id: what arrives twice under one id, on whatever path, is one command.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from devices.models import Device
from devices.store.states import live_of
from devices.wire.words import TTL_MS, Verb
from fleet.access import service as access
from fleet.access.models import Site
from fleet.control import drafts, guard, outbox, queries, texts
from fleet.control.drafts import Asker
from fleet.control.errors import NotNow, Taken, Unusable
from fleet.control.guard import Seen
from fleet.control.lifecycle import OPEN
from fleet.control.models import Command, LockWish, Stop
from fleet.control.reasons import add_reason, add_stop_reason, words_of
from fleet.control.sending import hurry, send

__all__ = [
    "NotNow",
    "Taken",
    "Unusable",
    "add_reason",
    "add_stop_reason",
    "ask",
    "identify_room",
    "request_rebirth",
    "seen",
    "stop_site",
]


def ask(
    *,
    actor: User | None,
    device: Device,
    verb: str,
    args: Mapping[str, Any],
    reason: str = "",
    id: UUID | None = None,
    now: datetime,
) -> Command:
    """Ask one device for something; return the command, or the one that was asked for under this id already.

    A stop is asked whatever the device is, says or can; anything odd beside it is left out rather than refused.

    Args:
        actor: None: the server itself.
        device: With `site` selected; with `live`, too, it is one query less.
        args: As on the wire, by verb.
        reason: The person's own words; they stay here.

    Raises:
        Unusable: There is no such verb, or it takes no such arguments.
        access.NotVisible, access.Denied: The actor may not.  The attempt is on record.
        NotNow: The device, as it is now, is not asked for this.
        Taken: The id is another command's.
    """
    wish = _verb(verb)
    _require(actor, wish.value, device.site, device.serial)
    typed = _args(wish, args)
    draft = drafts.command(
        device,
        wish,
        typed,
        asker=Asker.of(actor),
        now=now,
        id=id,
        reason=words_of(reason, cut=wish is Verb.STOP),
    )
    try:
        with transaction.atomic():
            hurry()
            if id is not None and (asked := _asked(draft)):
                return asked
            if (
                wish is not Verb.STOP
            ):  # what is known of the device, or cannot be read of it, holds no stop up
                _judge(draft, typed, now)
            draft.save(force_insert=True)
            if wish in (Verb.LOCK, Verb.UNLOCK):
                _hold_wish(draft)
            detail = _detail(draft)
            access.record(actor, f"command.{wish.value}", site=device.site, subject=device.serial, **detail)
            send([draft])
    except IntegrityError:  # the same press came by another way between the look and the write
        asked = _asked(draft)
        if asked is None:
            raise
        return asked
    return draft


def stop_site(
    *,
    actor: User | None,
    site: Site,
    room: str | None = None,
    reason: str = "",
    id: UUID | None = None,
    now: datetime,
) -> Stop:
    """Stop every device of a site, or of one of its rooms, that is on or may be on; return the stop.

    Under an id that was used already, by the same person, it is the same stop: nothing is asked again.

    Raises:
        access.NotVisible, access.Denied: The actor may not.  The attempt is on record.
        Unusable: No device of the site stands in such a room.
        Taken: The id is another stop's.
    """
    _require(actor, Verb.STOP.value, site, room or site.slug)
    asker, words = Asker.of(actor), words_of(reason, cut=True)
    stop = Stop(
        id=id or uuid4(),
        site=site,
        room=room or "",
        actor_id=asker.user_id,
        actor_name=asker.name,
        requested_at=now,
        reason=words,
    )
    try:
        with transaction.atomic():
            hurry()
            if id is not None and (asked := _asked_stop(stop)):
                return asked
            _require_room(site, room)
            commands = drafts.stops(stop, list(queries.may_be_on(site, room, now)))
            stop.save(force_insert=True)
            Command.objects.bulk_create(commands)
            serials = [one.device.serial for one in commands]
            said = {"reason": words} if words else {}
            access.record(
                actor, "site.stop", site=site, subject=room or site.slug,
                stop=str(stop.pk), room=room or "", devices=serials, **said,
            )  # fmt: skip
            send(commands)
    except IntegrityError:
        asked = _asked_stop(stop)
        if asked is None:
            raise
        return asked
    return stop


def identify_room(
    *, actor: User | None, site: Site, room: str | None, seconds: int, now: datetime
) -> tuple[list[Command], list[tuple[Device, str]]]:
    """Let every device in service of a room, or of the site, blink and beep, so that it is found.

    Returns:
        The commands, and whoever was not asked with the words why.

    Raises:
        access.NotVisible, access.Denied: The actor may not.  The attempt is on record.
        Unusable: Seconds that cannot be, or a room in which no device stands.
    """
    verb = Verb.IDENTIFY
    _require(actor, verb.value, site, room or site.slug)
    typed = _args(verb, {"seconds": seconds})
    commands: list[Command] = []
    left_out: list[tuple[Device, str]] = []
    with transaction.atomic():
        hurry()
        _require_room(site, room)
        for device in queries.standing(site, room):
            refusal = guard.judge(verb, typed, seen(device))
            if refusal is None:
                commands.append(drafts.command(device, verb, typed, asker=Asker.of(actor), now=now))
            else:
                left_out.append((device, texts.refusal(refusal)))
        Command.objects.bulk_create(commands)
        access.record(
            actor, "site.identify", site=site, subject=room or site.slug,
            room=room or "", seconds=seconds, devices=[one.device.serial for one in commands],
        )  # fmt: skip
        send(commands)
    return commands, left_out


def request_rebirth(device_ids: Iterable[int], now: datetime) -> list[Command]:
    """Ask these devices to tell their full status; return the commands.

    One that is being asked already is not asked again.  Nobody is the actor: the server misses something.
    """
    wanted = set(device_ids)
    if not wanted:
        return []
    with transaction.atomic():
        asked = Command.objects.filter(
            device_id__in=wanted, verb=Verb.REBIRTH, state__in=OPEN, expires_at__gt=now
        )
        wanted -= set(asked.values_list("device_id", flat=True))
        expires_at = now + timedelta(milliseconds=TTL_MS[Verb.REBIRTH])
        commands = [
            Command(device_id=device_id, verb=Verb.REBIRTH.value, requested_at=now, expires_at=expires_at)
            for device_id in sorted(wanted)
        ]
        Command.objects.bulk_create(commands)
        if commands:
            outbox.ring()
    return commands


def seen(device: Device) -> Seen:
    """Return what is known of a device, whose `live` was selected, for `guard.judge`."""
    live = live_of(getattr(device, "live", None), device.pk)
    status = live.status
    can = None if status is None or status.can is None else frozenset(status.can)
    return Seen(device.serial, live.link, status.channels if status else None, can)


# --- parts ---


def _require(actor: User | None, verb: str, site: Site, subject: str) -> None:
    if actor is not None:
        access.require(actor, verb, site, subject=subject)


def _verb(word: str) -> Verb:
    verb = Verb(word[:64])
    if verb is Verb.UNKNOWN:
        raise Unusable(texts.no_such_verb(word))
    return verb


def _args(verb: Verb, given: Mapping[str, Any]) -> guard.Args:
    try:
        return guard.read_args(verb, given)
    except guard.Unusable as error:
        raise Unusable(texts.unusable(verb, error)) from None


def _judge(draft: Command, args: guard.Args, now: datetime) -> None:
    refusal = guard.judge(Verb(draft.verb), args, seen(draft.device))
    if refusal is not None:
        raise (Unusable if refusal.is_about_the_request else NotNow)(texts.refusal(refusal))
    if draft.verb == Verb.REBIRTH:
        open_ones = Command.objects.filter(
            device=draft.device, verb=draft.verb, state__in=OPEN, expires_at__gt=now
        )
        if open_ones.exists():
            raise NotNow(_("%(serial)s is being asked already.") % {"serial": draft.device.serial})


def _asked(draft: Command) -> Command | None:
    """Return the command that has this id already.  Raises Taken if it is something, or somebody, else's."""
    found = queries.commands().filter(pk=draft.pk).first()
    if found is None:
        return None
    asked, found_is = ((one.device_id, one.verb, one.args, one.actor_id) for one in (draft, found))
    if asked != found_is:
        raise Taken(_("This id is another command's; choose a new one."))
    return found


def _asked_stop(stop: Stop) -> Stop | None:
    found = Stop.objects.select_related("site").filter(pk=stop.pk).first()
    if found is None:
        return None
    if (found.site_id, found.room, found.actor_id) != (stop.site_id, stop.room, stop.actor_id):
        raise Taken(_("This id is another stop's; choose a new one."))
    return found


def _require_room(site: Site, room: str | None) -> None:
    if room and not queries.has_room(site, room):
        raise Unusable(
            _("room: no device of %(site)s stands in %(room)s.") % {"site": site.name, "room": repr(room)}
        )


def _hold_wish(command: Command) -> None:
    """Hold on to it until the device says the same: what it did not hear it is told again."""
    LockWish.objects.update_or_create(
        device=command.device,
        defaults={
            "locked": command.verb == Verb.LOCK,
            "word": queries.args_of(command)["reason"],
            "note": command.reason,
            "actor_id": command.actor_id,
            "actor_name": command.actor_name,
            "since": command.requested_at,
            "read_back_at": None,
        },
    )


def _detail(command: Command) -> dict[str, Any]:
    detail: dict[str, Any] = {"command": str(command.pk)}
    if args := queries.args_of(command):
        detail["args"] = args
    return detail | ({"reason": command.reason} if command.reason else {})
