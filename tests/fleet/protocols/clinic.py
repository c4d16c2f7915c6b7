"""Two clinicians who know each other's work, a nurse beside them, and a stranger elsewhere."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User

from dashboards.api.protocol_examples import DOCUMENT
from fleet.access.models import Membership, Role, Site
from fleet.protocols import service
from fleet.protocols.models import Version

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NORTH = {"ada": Role.CLINICIAN, "ben": Role.CLINICIAN, "cem": Role.CLINICIAN, "nurse": Role.NURSE,
         "engineer": Role.ENGINEER, "admin": Role.ADMIN}  # fmt: skip


@dataclass
class Clinic:
    north: Site
    far: Site
    people: dict[str, User]

    def __getattr__(self, name: str) -> User:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None

    def draft(self, who: str = "ada", **changes: Any) -> Version:
        return service.create(actor=self.people[who], document=document(**changes), now=NOON)

    def submitted(self, who: str = "ada", **changes: Any) -> Version:
        return service.submit(actor=self.people[who], version=self.draft(who, **changes), now=NOON)

    def approved(self, who: str = "ada", by: str = "ben", **changes: Any) -> Version:
        return self.approve(self.submitted(who, **changes), by)

    def approve(self, version: Version, by: str) -> Version:
        return service.approve(
            actor=self.people[by], version=version, reason="read against the trial", now=NOON
        )


def document(**changes: Any) -> dict[str, Any]:
    """Return a sound document; `step` changes values of its one step."""
    step = changes.pop("step", {})
    told = DOCUMENT | changes
    return told | {"steps": [told["steps"][0] | step, *told["steps"][1:]]} if step else dict(told)


def furnish() -> Clinic:
    north = Site.objects.create(slug="north", name="North")
    far = Site.objects.create(slug="far", name="Far")
    people = {name: User.objects.create(username=name) for name in (*NORTH, "stranger")}
    for name, role in NORTH.items():
        Membership.objects.create(user=people[name], site=north, role=role)
    Membership.objects.create(user=people["stranger"], site=far, role=Role.CLINICIAN)
    return Clinic(north, far, people)
