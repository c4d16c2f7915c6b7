"""What the demo's people do with protocols once its devices are heard: versions and rollouts, by their services.

It is begun when the wall is fed, so that nothing waits for it, and told once: a later start finds it done.  Everything
that follows is real: offers go out, devices take them over, and what is verified was read back.
"""

from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from django.contrib.auth.models import User

from devices.models import Device, Link
from devices.simulator.session import built_in
from fleet.protocols import service as protocols
from fleet.protocols.models import Version
from fleet.rollouts import service as rollouts
from fleet.rollouts.models import Rollout

_WHOLE: Final = 3  # devices of the rollout that is soon over
_STAGED: Final = 6  # devices of the one whose second wave somebody opens
_PLAN: Final[dict[str, Any]] = {
    "success_threshold": 0.95,
    "failure_threshold": 0.1,
    "failure_count": 2,
    "min_evaluated": 1,
    "deadline_s": 300,
    "soak_s": 0,
    "pace_per_minute": 60,
    "retries": 1,
}


def tell(now: datetime) -> None:
    """Do what is not done yet."""
    if Rollout.objects.filter(pk=_id("whole")).exists():
        return
    people = {one: User.objects.get(username=one) for one in ("clinician", "clinician2", "engineer")}
    softer = _softer_ramps(people, now)
    _waiting(people, now)
    _withdrawn(people, now)
    idle = [one.serial for one in _idle()]
    _roll_out(people, softer, idle[:_WHOLE], now, name="whole", title="Knee: softer ramps, first devices")
    _roll_out(
        people,
        softer,
        idle[_WHOLE : _WHOLE + _STAGED],
        now,
        name="staged",
        title="Knee: softer ramps, the rest in two waves",
        waves=[{"count": 2}, {"percent": 100}],
        advance="manual",
    )


def _softer_ramps(people: dict[str, User], now: datetime) -> Version:
    draft = _next("knee-oa", people["clinician"], now, ramp_up_s=3, ramp_down_s=2, off_s=45)
    protocols.submit(actor=people["clinician"], version=draft, now=now)
    return protocols.approve(
        actor=people["clinician2"],
        version=draft,
        reason="Same dose; people asked for a gentler beginning of each contraction",
        now=now,
    )


def _waiting(people: dict[str, User], now: datetime) -> None:
    """One that somebody else has still to approve."""
    draft = _next("tka-quads", people["clinician2"], now, step=1, repeat=20)
    protocols.submit(actor=people["clinician2"], version=draft, now=now)


def _withdrawn(people: dict[str, User], now: datetime) -> None:
    draft = _next("shoulder", people["clinician"], now, target_ma=[45, 45], max_ma=[60, 60])
    protocols.submit(actor=people["clinician"], version=draft, now=now)
    approved = protocols.approve(
        actor=people["clinician2"], version=draft, reason="From the second week on", now=now
    )
    protocols.withdraw(
        actor=people["clinician"],
        version=approved,
        reason="Two people found it too strong; back to version 1 until we have met",
        now=now,
    )


def _next(name: str, writer: User, now: datetime, *, step: int = 0, **changes: Any) -> Version:
    """Write the next version of a protocol that the devices come with; `changes` are of one of its steps."""
    document: dict[str, Any] = msgspec.to_builtins(built_in()[name].document)
    steps = list(document["steps"])
    steps[step] = {**steps[step], **changes}
    return protocols.create(actor=writer, document={**document, "steps": steps}, now=now)


def _idle() -> list[Device]:
    """Return simulated devices that nobody uses now, where the engineer writes rollouts.

    A spare one belongs to whoever connects it, also while this is told: nothing is offered to it unasked.
    """
    found = Device.objects.filter(
        site__memberships__user__username="engineer",
        revoked_at=None,
        live__link=Link.ONLINE,
        live__state="idle",
        live__session=None,
    )
    return list(found.exclude(tags__contains=["spare"]).order_by("serial")[: _WHOLE + _STAGED])


def _roll_out(
    people: dict[str, User], version: Version, serials: list[str], now: datetime, *, name: str, **more: Any
) -> None:
    if not serials:
        return
    given = {
        "protocol": version.protocol_id,
        "version": version.number,
        "targets": {"serials": serials},
        "waves": [{"percent": 100}],
        "advance": "automatic",
        **_PLAN,
        **more,
    }
    engineer = people["engineer"]
    row = rollouts.create(actor=engineer, given=given, id=_id(name), now=now)
    rollouts.submit(actor=engineer, rollout=row, now=now)
    rollouts.approve(actor=people["clinician"], rollout=row, reason="Few devices, and none in use", now=now)
    rollouts.ask(actor=engineer, rollout=row, verb="start", now=now)


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"urn:myofleet:demo:{name}")
