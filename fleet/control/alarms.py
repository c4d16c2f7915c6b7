"""Alerts of stops and pauses that were not proved: told by row, so that no crash forgets one.

A command that is `unconfirmed` and has no `alerted_at` is still to be told; one with `alerted_at` and without
`eased_at` that is proved, or that never left and a later stop made good, is still to be taken back.  Telling twice
changes nothing: an alert is open once.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from devices.moments import to_ms
from fleet.control.lifecycle import ALARMING, State, names
from fleet.control.models import Command
from fleet.control.queries import made_good
from fleet.safety import rulesets, service
from fleet.safety.rules import RULES
from fleet.safety.signals import Fall, Key, News, Rise

RULE: Final = "stop_unconfirmed"
_MOST: Final = 200
_OPEN: Final = Q(state=State.UNCONFIRMED, proof_due_at__isnull=False)
_VERBS: Final = names(ALARMING)


def tell(now: datetime, *, older_than: datetime | None = None) -> int:
    """Raise and clear what is due, in a transaction of its own; return how many commands were told of.

    Args:
        older_than: Leave what came about later to whoever else tells of it.
    """
    rise = _due(Q(state=State.UNCONFIRMED, alerted_at=None), "unconfirmed_at", older_than)
    ease = _due(Q(state=State.CONFIRMED, alerted_at__isnull=False, eased_at=None), "confirmed_at", older_than)
    ease += _due(_good_by_another() & Q(eased_at=None), "unconfirmed_at", older_than)
    if not (rise or ease):
        return 0
    with transaction.atomic():
        service.take([*_risen(rise), *_fallen(ease, rise, now)], now)
        # After the alerts and live states, in the order of everybody who writes all three.
        _mark(rise, Q(alerted_at=None), alerted_at=now)
        _mark(ease, (Q(state=State.CONFIRMED) | _good_by_another()) & Q(eased_at=None), eased_at=now)
    return len(rise) + len(ease)


def _good_by_another() -> Q:
    return _OPEN & Q(alerted_at__isnull=False) & made_good()


def _due(which: Q, at: str, older_than: datetime | None) -> list[Command]:
    if older_than is not None:
        which &= Q(**{f"{at}__lte": older_than})
    found = Command.objects.filter(which, verb__in=_VERBS).select_related("device__live")
    return list(found.order_by("pk")[:_MOST])


def _mark(commands: Iterable[Command], which: Q, **fields: datetime) -> None:
    """Note that these were told of, locked in the order of their ids; it is no news to the pages."""
    mine = Command.objects.filter(which, pk__in=[one.pk for one in commands])
    locked = [one.pk for one in mine.select_for_update().order_by("pk").only("pk")]
    if locked:
        Command.objects.filter(pk__in=locked).update(**fields)


def _risen(commands: Iterable[Command]) -> Iterable[News]:
    versions = rulesets.versions()
    for command in commands:
        at = command.unconfirmed_at or command.requested_at
        live = getattr(command.device, "live", None)
        session = live.session if live is not None else None
        session = session or command.evidence.get("session")
        rule = RULES[RULE]
        yield Rise(
            Key(RULE, device_id=command.device_id),
            to_ms(at),
            rule.priorities[0],
            rule.duty,
            _facts(command),
            latched=rule.latched,
            session=session,
            in_session=session is not None or command.refuted_at is not None,
            rule_version=versions.get(command.device.site_id, 0),
        )


def _facts(command: Command) -> dict[str, Any]:
    """What its sentence is made of: the verb, what the device answered, and the current that was seen after that."""
    facts: dict[str, Any] = {"verb": command.verb}
    answer = command.evidence.get("ack")
    if answer:
        facts["outcome"] = answer["outcome"]
    refuted = command.evidence.get("refuted")
    if refuted and command.refuted_at is not None:
        facts["refuted"] = True
        if refuted.get("ma"):
            facts["ma"] = refuted["ma"]
    return facts


def _fallen(commands: Iterable[Command], risen: Iterable[Command], now: datetime) -> Iterable[News]:
    """It is true no longer where nothing else that was asked of the device is without proof."""
    proved: dict[int, Command] = {}
    for command in commands:
        proved[command.device_id] = command
    open_still = set(
        Command.objects.filter(_OPEN & ~made_good(), device__in=proved, verb__in=_VERBS).values_list(
            "device_id", flat=True
        )
    ) | {one.device_id for one in risen}
    for device_id, command in proved.items():
        if device_id not in open_still:
            yield Fall(Key(RULE, device_id=device_id), to_ms(command.confirmed_at or now))
