"""A rollout that stops itself is an alert at each of its sites, until somebody decides."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from devices.models import Device
from fleet.access.models import Membership, Role, Site
from fleet.rollouts import alarms
from fleet.rollouts.models import Decision, Rollout
from fleet.safety import queries, service
from fleet.safety.models import Alert
from fleet.safety.words import Disposition
from tests.dashboards import rolled

pytestmark = pytest.mark.django_db

NOW = timezone.now()
NUMBERS = {
    "wave": 1,
    "succeeded": 1,
    "failed": 1,
    "rejected": 0,
    "timed_out": 1,
    "evaluated": 3,
    "limit": 0.1,
}


@pytest.fixture
def rollout() -> Rollout:
    stands: list[rolled.Stand] = []
    for slug, state in (("north", "failed"), ("south", "timed_out"), ("south", "verified")):
        site, _ = Site.objects.get_or_create(slug=slug, defaults={"name": slug.title()})
        device = Device.objects.create(serial=f"EMS-{len(stands):04}", site=site)
        stands.append((device, state, ""))
    return rolled.write(stands, failure_threshold=0.1, failure_count=None)


def decide(
    rollout: Rollout, kind: str, to: str, *, reason: str = "", actor: str = "", after_s: float = 0
) -> None:
    number = rollout.decisions_made = rollout.decisions_made + 1
    at = NOW + timedelta(seconds=after_s)
    facts = NUMBERS if reason == "failure_share" else {}
    Decision.objects.create(
        rollout=rollout, number=number, at=at, kind=kind, to=to, reason=reason, facts=facts, actor_name=actor
    )
    rolled.turn(rollout, state=to, reason=reason, decisions_made=number)


def stop(rollout: Rollout, *, after_s: float = 0) -> None:
    decide(rollout, "stopped", "paused", reason="failure_share", after_s=after_s)
    alarms.tell(NOW + timedelta(seconds=after_s + 1))


def states() -> list[tuple[str, str]]:
    rows = Alert.objects.filter(rule="rollout_stopped").order_by("raised_at", "site__slug")
    return list(rows.values_list("site__slug", "state"))


def test_it_is_told_once_at_each_of_its_sites_with_its_numbers(rollout: Rollout) -> None:
    stop(rollout)
    assert alarms.tell(NOW + timedelta(seconds=3)) == 0
    assert states() == [("north", "raised"), ("south", "raised")]
    alert = Alert.objects.filter(site__slug="north").get()
    assert (alert.priority, alert.duty, alert.late) == ("medium", "technical", False)
    text = queries.alert_object(alert)["text"]
    assert text == (
        f"Rollout quad-strength 3 · {str(rollout.pk)[:8]} has stopped itself; "
        "wave 1: 2 of 3 went wrong, the limit is 10 %"
    )


@pytest.mark.parametrize(
    "kind, to",
    [
        ("resumed", "running"),
        ("aborted", "aborted"),
        ("rolling_back", "rolling_back"),
        ("retried", "running"),
    ],
)
def test_it_is_over_when_somebody_decides(rollout: Rollout, kind: str, to: str) -> None:
    stop(rollout)
    decide(rollout, kind, to, actor="engineer", after_s=5)
    alarms.tell(NOW + timedelta(seconds=6))
    assert [state for _, state in states()] == ["cleared", "cleared"]


def test_somebody_who_pauses_it_is_no_alert(rollout: Rollout) -> None:
    decide(rollout, "paused", "paused", reason="asked", actor="engineer")
    assert alarms.tell(NOW) == 0
    assert states() == []


def test_what_somebody_closed_is_not_raised_again_for_the_same_stop_but_for_the_next(
    rollout: Rollout,
) -> None:
    stop(rollout)
    engineer = User.objects.create(username="engineer")
    for site in Site.objects.all():
        Membership.objects.create(user=engineer, site=site, role=Role.ENGINEER)
    for alert in Alert.objects.all():
        service.close(
            alert=alert,
            actor=engineer,
            disposition=Disposition.ACTIONABLE,
            note="",
            now=NOW + timedelta(seconds=2),
        )
    assert alarms.tell(NOW + timedelta(seconds=4)) == 0
    decide(rollout, "resumed", "running", actor="engineer", after_s=5)
    alarms.tell(NOW + timedelta(seconds=6))
    stop(rollout, after_s=9)
    assert [state for _, state in states()] == ["closed", "closed", "raised", "raised"]
