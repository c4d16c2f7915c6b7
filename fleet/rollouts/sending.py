"""The commands that decisions ask for, on their way into control's outbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from devices.models import Device, ProtocolDocument
from fleet.control import deliveries
from fleet.control.deliveries import Offer, TakingBack
from fleet.rollouts.deeds import orders
from fleet.rollouts.models import Rollout
from fleet.rollouts.rows import Loaded
from fleet.rollouts.scene import Action, Order, State
from fleet.rollouts.states import OPEN

_LONGEST: Final = 120  # characters of a title within a reason


def send(
    loaded: Loaded, before: State, actions: Sequence[Action], after: State, now: datetime
) -> tuple[int, int]:
    """Write the commands; return how many offers, and how many withdrawals.

    An offer that was taken back, or of which all is known, is never published again.

    Raises:
        LookupError: A document that is to be offered is not kept; nothing of this is written then.
    """
    wanted, over = orders(actions, after), _over(before, actions, after)
    if not (wanted or over):
        return 0, 0
    ids = [loaded.device_ids[one.serial] for one in wanted]
    devices = {one.serial: one for one in Device.objects.select_related("site").filter(pk__in=ids)}
    back = [
        _taking_back(one, one.takes_back, devices, loaded.row) for one in wanted if one.takes_back is not None
    ]
    out = [one for one in wanted if one.takes_back is None]
    bodies = _bodies({one.sha256 for one in out})
    deliveries.offer(
        [
            Offer(
                UUID(one.command),
                devices[one.serial],
                bodies[one.sha256],
                one.sha256,
                _reason(loaded.row),
                _evidence(loaded.row, after, one),
            )
            for one in out
        ],
        now,
    )
    deliveries.take_back(back, now, over=over)  # last: dispatch may wait for these rows until the commit
    return len(out), len(back)


def _over(before: State, actions: Sequence[Action], after: State) -> list[UUID]:
    """Return the offers that were out before these decisions, and for which nobody waits after them."""
    over = []
    for serial in {one.target for one in actions if one.target is not None}:
        was, now = before.targets.get(serial), after.targets[serial]
        if was is None or was.command is None or was.state not in OPEN:
            continue
        if now.state not in OPEN or now.command != was.command:
            over.append(UUID(was.command))
    return over


def _bodies(hashes: set[str]) -> dict[str, bytes]:
    kept = ProtocolDocument.objects.filter(sha256__in=hashes).values_list("sha256", "body")
    found = {sha256: bytes(body) for sha256, body in kept}
    if missing := hashes - found.keys():
        raise LookupError(f"no document is kept for {', '.join(sorted(missing))}")
    return found


def _taking_back(one: Order, offer: str, devices: dict[str, Device], row: Rollout) -> TakingBack:
    return TakingBack(UUID(offer), devices[one.serial], _reason(row), {"rollout": {"id": str(row.pk)}})


def _evidence(row: Rollout, after: State, one: Order) -> dict[str, Any]:
    target = after.targets[one.serial]
    return {"rollout": {"id": str(row.pk), "direction": target.direction.value, "attempt": target.attempts}}


def _reason(row: Rollout) -> str:
    """What people read beside the command: stored, so in the language of the house."""
    title = row.title or f"{row.version.protocol_id} {row.version.number}"
    return _("Rollout: %(title)s") % {"title": title[:_LONGEST]}
