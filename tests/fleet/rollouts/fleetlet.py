"""A clinic with an engineer, clinicians and some devices that say what a test lets them say; no process runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from devices.models import Device, State
from devices.moments import to_ms
from devices.wire import codec
from devices.wire.messages import Ack, ProtocolRef, Status
from devices.wire.words import RefusalReason
from fleet.access.models import Membership, Role
from fleet.control import outbox, proofs
from fleet.control.models import Command
from fleet.control.proof import Answered
from fleet.protocols.models import Version
from fleet.rollouts import clock, service
from fleet.rollouts.models import Rollout, Target
from tests.fleet.protocols import clinic
from tests.fleet.protocols.clinic import Clinic

NOON = clinic.NOON
_AS_BEFORE = "before"
PLAN: dict[str, Any] = {
    "waves": [{"percent": 100}],
    "success_threshold": 0.95,
    "failure_threshold": 0.5,
    "failure_count": None,
    "min_evaluated": 1,
    "deadline_s": 60,
    "soak_s": 0,
    "pace_per_minute": 6000,
    "retries": 1,
    "advance": "automatic",
}


@dataclass
class Fleetlet:
    clinic: Clinic
    before: Version
    version: Version
    now: datetime = NOON
    devices: dict[str, Device] = field(default_factory=dict)
    up_ms: int = 1_000

    # --- people ---

    @property
    def engineer(self) -> User:
        return self.clinic.engineer

    @property
    def clinician(self) -> User:
        return self.clinic.ben

    def member(self, name: str, role: Role, *, far: bool = False) -> User:
        user, _made = User.objects.get_or_create(username=name)
        site = self.clinic.far if far else self.clinic.north
        Membership.objects.update_or_create(user=user, site=site, defaults={"role": role})
        return user

    # --- devices ---

    def device(self, serial: str, *, far: bool = False, **fields: Any) -> Device:
        site = self.clinic.far if far else self.clinic.north
        self.devices[serial] = Device.objects.create(serial=serial, site=site, **fields)
        self.says(serial)
        return self.devices[serial]

    def says(
        self,
        serial: str,
        *,
        sha256: str | None = _AS_BEFORE,
        session: str | None = None,
        held: str | None = None,
        link: str = "online",
        live: bool = True,
        **fields: Any,
    ) -> None:
        """The device says this now."""
        self.up_ms += 1_000
        told_sha256 = self.before.sha256 if sha256 == _AS_BEFORE else sha256
        ref = None if told_sha256 is None else ProtocolRef(id="quad", version=1, sha256=told_sha256)
        told: dict[str, Any] = {"channels": 4, "max_ma": 120.0} | fields
        status = Status(
            state="running" if session else "idle", boot=7, conn=1, up_ms=self.up_ms, t=to_ms(self.now),
            output="on" if session else "off", model="RX-4", firmware="2.3.1", session=session, conditions=(),
            seq=1, protocol=ref, held=held, **told,
        )  # fmt: skip
        State.objects.update_or_create(
            device=self.devices[serial],
            defaults={
                "link": link,
                "heard_at": self.now if live else self.now - timedelta(minutes=5),
                "status": codec.encode(status),
                "status_at": self.now,
                "session": session,
                "boot": 7,
                "up_ms": self.up_ms,
            },
        )

    def link(self, serial: str, link: str) -> None:
        State.objects.filter(device=self.devices[serial]).update(link=link)

    def publish(self) -> list[str]:
        """Dispatch publishes what is requested; return the verbs, in their order."""
        leased = outbox.lease(self.now, most=1_000)
        outbox.record_published({one.id: self.now for one in leased})
        return [one.verb for one in leased]

    def born(self, serial: str) -> list[str]:
        """The device connects anew; return the verbs of what it is told once more."""
        leased = outbox.lease_again([self.devices[serial].pk], self.now, flying=())
        return [one.verb for one in leased]

    def answers(
        self, serial: str, outcome: str, reason: str | None = None, *, to: UUID | None = None
    ) -> None:
        """The device answers its newest offer."""
        command = to or self.target(serial).command
        ack = Ack(
            id=str(command), boot=7, up_ms=self.up_ms, outcome=outcome, output="off",
            reason=None if reason is None else RefusalReason(reason),
        )  # fmt: skip
        with transaction.atomic():
            proofs.weigh([(self.devices[serial].pk, Answered(ack, to_ms(self.now)))], self.now)

    def applies(self, *serials: str) -> None:
        """These take their offer over, and say so."""
        for serial in serials:
            self.says(serial, sha256=self.version.sha256)
            self.answers(serial, "done")

    # --- rollouts ---

    def draft(self, **changes: Any) -> Rollout:
        given = {
            "protocol": self.version.protocol_id,
            "version": self.version.number,
            "targets": {"site": "north"},
            **PLAN,
        }
        return service.create(actor=self.engineer, given=given | changes, now=self.now)

    def approved(self, **changes: Any) -> Rollout:
        row = service.submit(actor=self.engineer, rollout=self.draft(**changes), now=self.now)
        return service.approve(actor=self.clinician, rollout=row, reason="staged and small", now=self.now)

    def started(self, **changes: Any) -> Rollout:
        return self.ask(self.approved(**changes), "start")

    def ask(self, row: Rollout, verb: str, **more: Any) -> Rollout:
        return service.ask(actor=self.engineer, rollout=row, verb=verb, now=self.now, **more)

    def tick(self, after_s: float = 2.0) -> int:
        self.now += timedelta(seconds=after_s)
        return clock.advance_due(self.now)

    # --- what became of it ---

    def target(self, serial: str) -> Target:
        return Target.objects.select_related("rollout").filter(device__serial=serial).latest("pk")

    def states(self, row: Rollout) -> dict[str, str]:
        found = Target.objects.filter(rollout=row).order_by("device__serial")
        return {
            serial: f"{state} {reason}".strip()
            for serial, state, reason in found.values_list("device__serial", "state", "reason")
        }

    def offers(self) -> list[str]:
        """Return the serials of all offers, as they were asked for."""
        rows = Command.objects.filter(verb="apply_protocol").order_by("requested_at", "device__serial")
        return list(rows.values_list("device__serial", flat=True))


def furnish(*serials: str) -> Fleetlet:
    """Return a clinic with an approved version, and these devices, which have another one."""
    people = clinic.furnish()
    ward = Fleetlet(people, before=people.approved(), version=people.approved(step={"off_s": 40}))
    for serial in serials:
        ward.device(serial)
    return ward
