"""Why something was asked for, said afterwards: a stop is not held up by a question."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from devices.wire.words import Verb
from fleet.access import service as access
from fleet.access.names import tidy
from fleet.control import queries
from fleet.control.drafts import LONGEST_REASON
from fleet.control.errors import NotNow, Unusable
from fleet.control.models import Command, Stop
from fleet.control.sending import tell


def add_reason(*, actor: User, command: Command, reason: str, now: datetime) -> Command:
    """Say afterwards why something was asked for; the same words a second time change nothing.

    Raises:
        access.NotVisible, access.Denied: The actor may not ask for this either.
        Unusable: No words.
        NotNow: It has a reason already: what is on record stays.
    """
    access.require(actor, command.verb, command.device.site, subject=command.device.serial)
    words = words_of(reason, needed=True)
    with transaction.atomic():
        one = queries.commands().select_for_update(of=("self",)).get(pk=command.pk)
        if one.reason:
            _same(one.reason, words)
            return one
        _give(Command.objects.filter(pk=one.pk), words, actor, now)
        access.record(
            actor, "command.reason", site=one.device.site, subject=one.device.serial,
            command=str(one.pk), reason=words,
        )  # fmt: skip
        one = queries.commands().get(pk=one.pk)
        tell([one])
    return one


def add_stop_reason(*, actor: User, stop: Stop, reason: str, now: datetime) -> Stop:
    """As `add_reason`, of a stop of a room or site and of all its commands.

    Raises:
        access.NotVisible, access.Denied, Unusable, NotNow: As `add_reason`.
    """
    access.require(actor, Verb.STOP.value, stop.site, subject=stop.room or stop.site.slug)
    words = words_of(reason, needed=True)
    with transaction.atomic():
        one = Stop.objects.select_for_update(of=("self",)).select_related("site").get(pk=stop.pk)
        if one.reason:
            _same(one.reason, words)
            return one
        one.reason, one.reason_at, one.reason_by = words, now, actor.get_username()
        one.save(update_fields=["reason", "reason_at", "reason_by"])
        _give(Command.objects.filter(stop=one, reason=""), words, actor, now)
        access.record(
            actor, "site.stop.reason", site=one.site, subject=one.room or one.site.slug,
            stop=str(one.pk), reason=words,
        )  # fmt: skip
        tell(queries.commands().filter(stop=one))
    return one


def words_of(typed: str, *, cut: bool = False, needed: bool = False) -> str:
    """Return somebody's reason on one line; `cut`: what is too long is cut off, because nothing may hold it up.

    Raises:
        Unusable: It is too long, or there is nothing of it though it is needed.
    """
    text = tidy(typed)
    if needed and not text:
        raise Unusable(_("A reason needs words."))
    if len(text) > LONGEST_REASON and not cut:
        raise Unusable(
            _("A reason has at most %(most)d characters, not %(n)d.")
            % {"most": LONGEST_REASON, "n": len(text)}
        )
    return text[:LONGEST_REASON]


def _give(commands: QuerySet[Command], words: str, actor: User, now: datetime) -> None:
    commands.update(reason=words, reason_at=now, reason_by=actor.get_username(), rev=F("rev") + 1)


def _same(kept: str, words: str) -> None:
    if kept != words:
        raise NotNow(_("It has a reason already: %(reason)s") % {"reason": kept})
