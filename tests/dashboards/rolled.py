"""Rollouts as they may stand, written straight into their tables; nobody is told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils import timezone

from devices.models import Device
from fleet.protocols.models import Protocol, Version
from fleet.rollouts.models import Rollout, Target, Wave

SHA = "5e" * 32

Stand = tuple[Device, str, str]
"""A device of a rollout, its state and its reason."""


def version(name: str = "quad-strength", *, number: int = 3) -> Version:
    now = timezone.now()
    protocol, _ = Protocol.objects.get_or_create(id=name, defaults={"created_at": now})
    return Version.objects.get_or_create(
        protocol=protocol,
        number=number,
        defaults={"state": "approved", "body": "{}", "sha256": SHA, "created_at": now, "edited_at": now},
    )[0]


def write(stands: Sequence[Stand], *, now: datetime | None = None, **fields: Any) -> Rollout:
    """Write a rollout of one wave that stands like this; its sites are those of its devices."""
    now = now or timezone.now()
    usual: dict[str, Any] = {
        "version": fields.pop("version", None) or version(),
        "targets_spec": {"serials": [device.serial for device, _, _ in stands]},
        "waves_spec": [{"percent": 100}],
        "success_threshold": 0.95,
        "failure_count": 2,
        "deadline_s": 600,
        "pace_per_minute": 60,
        "state": "running",
        "wave": 1,
        "created_at": now,
        "created_by": "engineer",
        "started_at": now,
        "started_by": "engineer",
    }
    rollout = Rollout.objects.create(**usual | fields)
    rollout.sites.set({device.site_id for device, _, _ in stands})
    Wave.objects.create(rollout=rollout, number=1, opened_at=now)
    for place, (device, state, reason) in enumerate(stands):
        Target.objects.create(
            rollout=rollout,
            device=device,
            wave=1,
            place=place,
            state=state,
            reason=reason,
            want_sha256=SHA,
            joined_at=now,
        )
    return rollout


def turn(rollout: Rollout, **fields: Any) -> None:
    """Change it in the database."""
    Rollout.objects.filter(pk=rollout.pk).update(rev=F("rev") + 1, **fields)


def turn_target(rollout: Rollout, device: Device, **fields: Any) -> None:
    """Change one of its devices, which is a new revision of the rollout, too."""
    Target.objects.filter(rollout=rollout, device=device).update(rev=F("rev") + 1, **fields)
    turn(rollout)
