"""Wishes of a lock: asked for anew after each birth, until the device's own status says the same."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from devices.moments import to_ms
from devices.wire.commands import Lock
from devices.wire.messages import Status
from devices.wire.words import LockReason, Verb
from fleet.control import drafts, lifecycle
from fleet.control.drafts import Asker
from fleet.control.models import Command, LockWish
from fleet.control.proof import Said

_VERBS: Final = (Verb.LOCK.value, Verb.UNLOCK.value)


def open_devices() -> frozenset[int]:
    """Return the devices whose status does not say yet what is wished."""
    return frozenset(LockWish.objects.filter(read_back_at=None).values_list("device_id", flat=True))


def holds(status: Status, *, locked: bool, word: str) -> bool:
    """Whether the device says what is wished."""
    return (status.locked is not None and status.locked.value == word) if locked else status.locked is None


def read_back(said: Mapping[int, Said], now: datetime) -> list[int]:
    """Note whose newest status says what is wished; return those devices.  Inside the caller's transaction.

    Only what was said live since the wish counts, and nothing while two devices speak under the serial.
    """
    mine = LockWish.objects.filter(read_back_at=None, device__in=said).order_by("device_id")
    done = []
    for wish in mine.select_for_update():
        one = said[wish.device_id]
        is_since = one.is_live and one.is_sure and one.placed_ms >= to_ms(wish.since)
        if is_since and not one.is_disputed and holds(one.status, locked=wish.locked, word=wish.word):
            wish.read_back_at = now
            wish.save(update_fields=["read_back_at"])
            done.append(wish.device_id)
    return done


def ask_again(device_ids: Collection[int], now: datetime) -> list[Command]:
    """Ask devices that have just been born for what is wished of them; return the commands.

    A fresh command, because a device carries out an id once.  One that is still on its way is not doubled: it is
    published again under its own id.  Inside the caller's transaction, which rings the bell.
    """
    if not device_ids:
        return []
    mine = LockWish.objects.filter(read_back_at=None, device__in=device_ids)
    # Held before the look at what is on its way: whoever is wishing otherwise at this moment has the last word.
    wishes = list(mine.select_for_update(of=("self",)).select_related("device").order_by("device_id"))
    waiting = set(
        Command.objects.filter(
            device__in=device_ids, verb__in=_VERBS, state__in=lifecycle.OPEN, expires_at__gt=now
        ).values_list("device_id", flat=True)
    )
    commands = [
        drafts.command(
            wish.device,
            Verb.LOCK if wish.locked else Verb.UNLOCK,
            Lock(reason=LockReason(wish.word)),
            asker=Asker(wish.actor_id, wish.actor_name),
            now=now,
            reason=wish.note,
        )
        for wish in wishes
        if wish.device_id not in waiting
    ]
    Command.objects.bulk_create(commands)
    return commands
