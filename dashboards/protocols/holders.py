"""Devices that a version is about: who says that it has it, who is being offered it; and what can be done about it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.templatetags.moments import span
from devices.models import Device, Link
from fleet.access import queries as sight
from fleet.access.errors import Refused
from fleet.access.models import Site
from fleet.control import service as control
from fleet.control.models import LockWish
from fleet.protocols import queries
from fleet.protocols.models import Version
from fleet.rollouts import queries as rollouts
from fleet.rollouts import rights
from fleet.rollouts import service as deeds
from fleet.rollouts import texts as rollout_texts
from fleet.rollouts.models import Rollout, Target
from fleet.rollouts.states import OPEN, Direction, RolloutState

_BACK_FROM: Final = (
    RolloutState.RUNNING,
    RolloutState.PAUSED,
    RolloutState.COMPLETED,
    RolloutState.ABORTED,
)
_LOCKED: Final[dict[bool | None, Promise]] = {
    True: gettext_lazy("locked, read back"),
    False: gettext_lazy("not locked"),
    None: gettext_lazy("lock asked for; the device has not confirmed it yet"),
}


class _Told(msgspec.Struct):
    locked: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One device; `is_known` says whether what it said is still being heard."""

    device: Device
    says: str  # what is known of its protocol
    is_now: bool
    session: str
    offer: str
    lock: str
    is_locked: bool


@dataclass(frozen=True, slots=True)
class About:
    """The devices of a version at the reader's sites."""

    rows: tuple[Row, ...]
    in_session: int
    was_in_session: int  # and are not heard since
    silent: int
    lockable: tuple[Device, ...]  # of a withdrawn version: that the reader may lock, and nobody has yet
    back: tuple[Rollout, ...]  # of a withdrawn version: that the reader may roll back


def about(reader: User, version: Version, sites: Sequence[Site], now: datetime) -> About:
    holders = {one.device.pk: one for one in queries.holders(version, sites)}
    offers = {one.device_id: one for one in _offers(version, sites)}
    devices = [one.device for one in holders.values()]
    devices += [one.device for pk, one in offers.items() if pk not in holders]
    wishes = LockWish.objects.in_bulk([one.pk for one in devices])
    rows = []
    for device in sorted(devices, key=lambda one: (one.site.name, one.serial)):
        live, holder = getattr(device, "live", None), holders.get(device.pk)
        heard = live is not None and live.link in (Link.ONLINE, Link.SUSPECT)
        rows.append(
            Row(
                device=device,
                says=_says(holder, heard=heard, now=now),
                is_now=holder is not None and heard,
                session=_session(holder, heard=heard),
                offer=_offer(offers.get(device.pk)),
                lock=_lock(device, wishes.get(device.pk)),
                is_locked=device.pk in wishes and wishes[device.pk].locked,
            )
        )
    is_over = version.withdrawn_at is not None
    may_lock = {site.pk for site in sight.sites_where(reader, "lock")}
    return About(
        rows=tuple(rows),
        in_session=sum(bool(one.session) and one.is_now for one in rows),
        was_in_session=sum(bool(one.session) and not one.is_now for one in rows),
        silent=sum(not one.is_now and one.device.pk in holders for one in rows),
        lockable=tuple(
            one.device
            for one in rows
            if is_over and one.device.pk in holders and one.device.site_id in may_lock and not one.is_locked
        ),
        back=tuple(
            one for one in _changed(version, sites) if is_over and rights.may(reader, "rollback", one)
        ),
    )


def lock_all(reader: User, devices: Collection[Device], reason: str, now: datetime) -> tuple[int, list[str]]:
    """Ask each of these devices to be locked; return how many were asked, and why others were not."""
    asked, refused = 0, []
    for device in devices:
        try:
            control.ask(
                actor=reader, device=device, verb="lock", args={"reason": "recall"}, reason=reason, now=now
            )
            asked += 1
        except Refused as error:
            refused.append(f"{device.serial}: {error}")
    return asked, refused


def roll_back_all(
    reader: User, found: Collection[Rollout], reason: str, now: datetime
) -> tuple[int, list[str]]:
    """Roll each of these rollouts back; return how many are, and why others are not."""
    asked, refused = 0, []
    for one in found:
        try:
            deeds.ask(actor=reader, rollout=one, verb="rollback", reason=reason, now=now)
            asked += 1
        except Refused as error:
            refused.append(f"{one.title or one.version}: {error}")
    return asked, refused


def _offers(version: Version, sites: Sequence[Site]) -> list[Target]:
    return list(
        Target.objects.filter(
            rollout__version=version,
            direction=Direction.OUT,
            state__in=sorted(OPEN),
            device__site__in=sites,
        ).select_related("device__site", "device__live", "rollout")
    )


def _changed(version: Version, sites: Sequence[Site]) -> list[Rollout]:
    """Return the rollouts by which devices came to have it, the newest first."""
    mine = rollouts.visible(sites).filter(version=version, state__in=[one.value for one in _BACK_FROM])
    changed = Target.objects.filter(rollout__in=mine, changed=True).values("rollout")
    return list(mine.filter(pk__in=changed).order_by("-created_at"))


def _says(holder: queries.Holder | None, *, heard: bool, now: datetime) -> str:
    if holder is None:
        return _("says another protocol, or none")
    if holder.told_at is None:
        return _("said that it has it; when is not known")
    age = span((now - holder.told_at) // timedelta(milliseconds=1))
    if heard:
        return _("says that it has it, %(age)s ago") % {"age": age}
    return _("said %(age)s ago that it has it; not heard now, so not known") % {"age": age}


def _session(holder: queries.Holder | None, *, heard: bool) -> str:
    if holder is None or not holder.in_session:
        return ""
    return _("in session with it") if heard else _("was in session with it; unknown now")


def _offer(target: Target | None) -> str:
    if target is None:
        return ""
    return rollout_texts.target(target.state, target.reason, target.facts, direction=target.direction)


def _lock(device: Device, wish: LockWish | None) -> str:
    live = getattr(device, "live", None)
    says = msgspec.json.decode(bytes(live.status), type=_Told).locked if live and live.status else None
    if wish is not None and wish.locked:
        return str(_LOCKED[True if wish.read_back_at else None])
    return str(_LOCKED[says is not None])
