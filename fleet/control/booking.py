"""Stops that went past the house, written down in it afterwards: under the same ids, with who asked and when.

What came by both ways is one command: whoever writes it first wins, and the other finds it there.
"""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from devices.models import Device
from devices.moments import from_ms, iso
from devices.wire.words import Verb
from fleet.access import service as access
from fleet.access.models import Site
from fleet.control import drafts, guard, lifecycle, outbox, queries
from fleet.control.direct import Denial
from fleet.control.drafts import Asker
from fleet.control.journal import Entry
from fleet.control.lifecycle import State
from fleet.control.models import Command, Stop, Via
from fleet.live import announce


def book(entry: Entry, sent_ms: Callable[[UUID], int | None]) -> list[Command]:
    """Write one press down, in one transaction; return its commands as they are now.

    From here on each goes the way of any other: what was not published and has time left still is, what devices
    answered meanwhile is taken in, and what is not proved is `unconfirmed`, with an alert.

    Args:
        sent_ms: When the broker took a command, Unix ms; None: not that we know.
    """
    site = Site.objects.filter(pk=entry.site_id).first()
    if site is None:
        return []
    user = User.objects.filter(pk=entry.user_id).first()
    with transaction.atomic():
        drafted = _drafts(entry, site, Asker(user.pk if user else None, entry.username[:150]))
        new, mine, taken = _write(drafted)
        _note_sent(mine, sent_ms)
        if new or taken or not drafted:
            _record(entry, site, user, [*new, *taken], ids_taken=bool(taken))
        outbox.ring()
    told = list(queries.commands().filter(pk__in=[one.pk for one in drafted]))
    announce.commands(queries.told(told))
    return told


def record_denial(denial: Denial) -> None:
    """Put on record that somebody was turned away whose role, login or account ended since their permit was given."""
    permit, asked = denial.permit, denial.asked
    site = Site.objects.filter(pk=permit.site_id).first()
    user = User.objects.filter(pk=permit.user_id).first()
    detail = {"address": asked.address[:45]} if asked.address else {}
    record = access.entry_of(
        user, f"denied.{Verb.STOP}", site=site, subject=asked.device or asked.room or permit.site,
        via=Via.DIRECT.value, attempts=denial.attempts, **detail,
    )  # fmt: skip
    record.actor_name = permit.username[:150]
    record.save()


def _drafts(entry: Entry, site: Site, asker: Asker) -> list[Command]:
    asked_at, stop = from_ms(entry.asked_ms), None
    if entry.device is None:
        stop = Stop(
            id=entry.id,
            site=site,
            room=entry.room or "",
            actor_id=asker.user_id,
            actor_name=asker.name,
            via=Via.DIRECT,
            requested_at=asked_at,
        )
        Stop.objects.bulk_create([stop], ignore_conflicts=True)
    devices = Device.objects.select_related("site").in_bulk([order.device_id for order in entry.orders])
    return [
        drafts.command(
            devices[order.device_id],
            Verb.STOP,
            guard.STOP,
            asker=asker,
            now=asked_at,
            id=order.id,
            via=Via.DIRECT,
            stop=stop,
        )
        for order in entry.orders
        if order.device_id in devices
    ]


def _write(drafted: list[Command]) -> tuple[list[Command], list[Command], list[Command]]:
    """Write the rows that are not there yet; return (new ones, this press's rows, whose id is somebody else's).

    The house may be writing them at this moment, and then has told of them in the audit.  Of what is somebody else's,
    of another device or verb, or was asked for long before, no row can tell: it is named in the audit.
    """
    ids = [one.pk for one in drafted]
    there = set(Command.objects.filter(pk__in=ids).values_list("pk", flat=True))
    Command.objects.bulk_create([one for one in drafted if one.pk not in there], ignore_conflicts=True)
    held = {one.pk: one for one in Command.objects.filter(pk__in=ids).select_for_update().order_by("pk")}
    taken = [one for one in drafted if not _is_same_press(held[one.pk], one)]
    mine = [row for row in held.values() if row.pk not in {one.pk for one in taken}]
    ours = {row.pk for row in mine if row.pk not in there and row.via == Via.DIRECT}
    return [one for one in drafted if one.pk in ours], mine, taken


def _is_same_press(row: Command, draft: Command) -> bool:
    is_same = all(getattr(row, name) == getattr(draft, name) for name in ("device_id", "actor_id", "verb"))
    return is_same and draft.requested_at < row.expires_at


def _note_sent(rows: Iterable[Command], sent_ms: Callable[[UUID], int | None]) -> None:
    """Note what the broker had from here first, also of what was written down by the house."""
    for row in rows:
        at_ms = sent_ms(row.pk)
        if at_ms is None or (row.published_at is not None and row.published_at <= from_ms(at_ms)):
            continue
        moves = row.state in lifecycle.before(State.PUBLISHED)
        Command.objects.filter(pk=row.pk).update(
            state=State.PUBLISHED if moves else row.state,
            via=Via.DIRECT,
            published_at=from_ms(at_ms),
            leased_until=None,
            rev=F("rev") + 1,
        )


def _record(entry: Entry, site: Site, user: User | None, commands: list[Command], *, ids_taken: bool) -> None:
    """One entry a deed, as through the house, and that it went past it."""
    detail: dict[str, Any] = {"via": Via.DIRECT.value, "asked_at": iso(entry.asked_ms)}
    if ids_taken:
        detail["ids_taken"] = True
    if entry.address:
        detail["address"] = entry.address
    if entry.device is None:
        record = access.entry_of(
            user, "site.stop", site=site, subject=entry.room or site.slug,
            stop=str(entry.id), room=entry.room or "", devices=[one.device.serial for one in commands], **detail,
        )  # fmt: skip
    else:
        record = access.entry_of(
            user, "command.stop", site=site, subject=entry.device, command=str(entry.id), **detail
        )
    record.actor_name = entry.username[:150]
    record.save()
