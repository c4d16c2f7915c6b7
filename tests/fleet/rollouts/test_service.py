"""Who may write, approve, start and stop a rollout; and what is refused, with which field is wrong."""

from uuid import uuid4

import pytest

from devices.models import ProtocolDocument
from fleet.access.errors import NotVisible
from fleet.access.models import AuditEntry, Role
from fleet.access.service import Denied
from fleet.protocols import service as protocols
from fleet.rollouts import preview, service
from fleet.rollouts.errors import NotNow, OwnWork, Taken, Unusable
from fleet.rollouts.models import Rollout
from tests.fleet.rollouts import fleetlet
from tests.fleet.rollouts.fleetlet import PLAN

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward(db):
    return fleetlet.furnish("EMS-1", "EMS-2")


def asked(ward, **changes):
    return {
        "protocol": ward.version.protocol_id,
        "version": ward.version.number,
        "targets": {"site": "north"},
        **PLAN,
    } | changes


def deed(ward, row, verb, actor):
    if verb == "submit":
        return service.submit(actor=actor, rollout=row, now=ward.now)
    if verb in ("approve", "reject"):
        return getattr(service, verb)(actor=actor, rollout=row, reason="because", now=ward.now)
    return service.ask(actor=actor, rollout=row, verb=verb, now=ward.now)


WRITERS, APPROVERS = {"engineer"}, {"ada", "ben"}
MAY = {
    "submit": WRITERS,
    "approve": APPROVERS,
    "reject": APPROVERS,
    "start": WRITERS,
    "pause": WRITERS | APPROVERS,
    "resume": WRITERS,
    "advance": WRITERS,
    "abort": WRITERS | APPROVERS,
    "rollback": WRITERS | APPROVERS,
    "retry": WRITERS,
}


def test_each_verb_is_for_the_roles_of_the_table_and_a_stranger_sees_nothing(ward):
    row = ward.draft()
    for verb, allowed in MAY.items():
        for name in ("engineer", "ada", "ben", "nurse", "admin", "stranger"):
            kind = NotVisible if name == "stranger" else Denied
            if name in allowed:
                continue
            with pytest.raises(kind):
                deed(ward, row, verb, getattr(ward.clinic, name))
    denials = AuditEntry.objects.filter(action__startswith="denied.", subject=str(row.pk))
    assert denials.count() == sum(5 - len(allowed) for allowed in MAY.values())


def test_a_right_is_needed_at_every_site_of_the_rollout(ward):
    both = ward.member("both", Role.ENGINEER)
    ward.member("both", Role.ENGINEER, far=True)
    ward.device("FAR-1", far=True)
    row = service.create(actor=both, given=asked(ward, targets={"serials": ["EMS-1", "FAR-1"]}), now=ward.now)
    with pytest.raises(Denied):
        deed(ward, row, "submit", ward.engineer)
    row = deed(ward, row, "submit", both)
    with pytest.raises(Denied):
        deed(ward, row, "approve", ward.clinic.ben)


def test_nobody_approves_what_they_wrote_a_part_of_whatever_they_have_become(ward):
    row = ward.draft()
    service.edit(actor=ward.engineer, rollout=row, given=asked(ward, title="second try"), now=ward.now)
    row = deed(ward, row, "submit", ward.engineer)
    ward.member("engineer", Role.CLINICIAN)
    ward.engineer.is_superuser = True
    ward.engineer.save()
    with pytest.raises(OwnWork):
        deed(ward, row, "approve", ward.engineer)
    assert AuditEntry.objects.filter(action="denied.approve_rollout", detail__why="own work").count() == 1
    assert Rollout.objects.get(pk=row.pk).state == "submitted"


def test_who_writes_a_rollout_stays_its_writer_when_the_account_is_made_anew(ward):
    row = deed(ward, ward.draft(), "submit", ward.engineer)
    ward.engineer.delete()
    again = ward.member("engineer", Role.CLINICIAN)
    with pytest.raises(OwnWork):
        deed(ward, row, "approve", again)


def test_only_what_was_seen_is_submitted_and_approved(ward):
    row = ward.draft()
    read = row.rev
    service.edit(actor=ward.engineer, rollout=row, given=asked(ward, title="anew"), now=ward.now)
    with pytest.raises(NotNow, match="changed"):
        service.submit(actor=ward.engineer, rollout=row, rev=read, now=ward.now)
    row = deed(ward, row, "submit", ward.engineer)
    read = row.rev
    row = deed(ward, row, "reject", ward.clinic.ada)
    service.edit(actor=ward.engineer, rollout=row, given=asked(ward, pace_per_minute=600), now=ward.now)
    row = deed(ward, row, "submit", ward.engineer)
    for decide in (service.approve, service.reject):
        with pytest.raises(NotNow, match="changed"):
            decide(actor=ward.clinic.ben, rollout=row, reason="as I read it", rev=read, now=ward.now)
    assert (
        service.approve(
            actor=ward.clinic.ben, rollout=row, reason="as it is", rev=row.rev, now=ward.now
        ).state
        == "approved"
    )


def test_nobody_approves_that_devices_get_what_they_may_not_read(ward):
    ward.member("both", Role.ENGINEER)
    both = ward.member("both", Role.ENGINEER, far=True)
    ward.device("FAR-1", far=True)
    row = service.create(actor=both, given=asked(ward, targets={"site": "far"}), now=ward.now)
    row = deed(ward, row, "submit", both)
    with pytest.raises(NotNow, match="do not see this protocol"):
        deed(ward, row, "approve", ward.clinic.stranger)
    ward.member("stranger", Role.COACH)
    assert deed(ward, row, "approve", ward.clinic.stranger).state == "approved"


def test_reasons_are_kept_without_what_cannot_be_read(ward):
    row = deed(ward, ward.draft(title="A\u202eB"), "submit", ward.engineer)
    row = service.reject(actor=ward.clinic.ada, rollout=row, reason="too\0 \u202efast", now=ward.now)
    assert (row.title, row.decision_reason) == ("AB", "too fast")


def test_nothing_starts_without_approval(ward):
    row = ward.draft()
    for _step in ("draft", "submitted"):
        with pytest.raises(NotNow):
            ward.ask(row, "start")
        if _step == "draft":
            row = deed(ward, row, "submit", ward.engineer)
    assert ward.offers() == []


def test_a_rejected_rollout_is_a_draft_again_with_the_reason(ward):
    row = deed(ward, deed(ward, ward.draft(), "submit", ward.engineer), "reject", ward.clinic.ada)
    assert (row.state, row.decision_reason, row.decided_by) == ("draft", "because", "ada")


def test_a_submitted_rollout_is_not_changed_any_more(ward):
    row = deed(ward, ward.draft(), "submit", ward.engineer)
    with pytest.raises(NotNow):
        service.edit(actor=ward.engineer, rollout=row, given=asked(ward), now=ward.now)


def test_whoever_edits_what_somebody_else_has_just_changed_is_told(ward):
    row = ward.draft()
    seen = row.rev
    service.edit(actor=ward.engineer, rollout=row, given=asked(ward, title="mine"), rev=seen, now=ward.now)
    with pytest.raises(NotNow, match="changed"):
        service.edit(actor=ward.engineer, rollout=row, given=asked(ward), rev=seen, now=ward.now)


def test_one_id_is_one_rollout(ward):
    id_ = uuid4()
    first = service.create(actor=ward.engineer, given=asked(ward), id=id_, now=ward.now)
    assert service.create(actor=ward.engineer, given=asked(ward), id=id_, now=ward.now).pk == first.pk
    with pytest.raises(Taken):
        service.create(actor=ward.engineer, given=asked(ward, title="another"), id=id_, now=ward.now)


@pytest.mark.parametrize(
    "path, changes",
    [
        ("protocol", {"protocol": "none-such"}),
        ("version", {"version": 99}),
        ("version", {"version": "1"}),
        ("targets", {"targets": None}),
        ("targets", {"targets": {}}),
        ("targets", {"targets": {"colour": "red"}}),
        ("targets.serials", {"targets": {"serials": ["NO-1"]}}),
        ("targets.serials", {"targets": {"serials": ["FAR-1"]}}),
        ("targets.site", {"targets": {"site": "far"}}),
        ("waves", {"waves": [{"count": 1}]}),
        ("success_threshold", {"success_threshold": None}),
        ("success_threshold", {"success_threshold": "0.95"}),
        ("success_threshold", {"success_threshold": float("nan")}),
        ("failure_threshold", {"failure_threshold": None}),
        ("failure_threshold", {"failure_threshold": 1.5}),
        ("failure_count", {"failure_count": 0}),
        ("deadline_s", {"deadline_s": None}),
        ("pace_per_minute", {"pace_per_minute": 0}),
        ("start_at", {"start_at": "tomorrow"}),
        ("surprise", {"surprise": 1}),
    ],
)
def test_what_cannot_be_is_named_by_its_field(ward, path, changes):
    ward.device("FAR-1", far=True)
    with pytest.raises(Unusable) as refused:
        service.create(actor=ward.engineer, given=asked(ward, **changes), now=ward.now)
    assert path in dict(refused.value.each)
    assert "FAR" not in str(refused.value) or "no such device" in str(refused.value)


def test_a_time_without_an_offset_is_the_sites_own(ward):
    ward.clinic.north.time_zone = "Europe/Berlin"
    ward.clinic.north.save()
    row = ward.draft(start_at="2026-11-23T08:00")
    assert row.start_at.isoformat() == "2026-11-23T07:00:00+00:00"


def test_a_withdrawn_version_is_offered_no_more(ward):
    row = ward.approved()
    protocols.withdraw(actor=ward.clinic.ada, version=ward.version, reason="burns", now=ward.now)
    with pytest.raises(NotNow, match="withdrawn"):
        ward.ask(row, "start")
    with pytest.raises(Unusable, match="withdrawn"):
        ward.draft()


def test_a_preview_says_whom_it_reaches_and_why_not_the_others(ward):
    ward.device("EMS-3")
    ward.says("EMS-3", sha256=ward.version.sha256)
    ward.device("EMS-4", risk_class="bench")
    ward.says("EMS-4", can=("stop",))
    ward.device("EMS-5")
    ward.says("EMS-5", link="offline")
    ward.says("EMS-2", session="01J")
    told = preview.preview(actor=ward.engineer, given=asked(ward), now=ward.now)
    assert {one["serial"]: one["outcome"] for one in told["items"]} == {
        "EMS-4": "incapable",
        "EMS-1": "offered",
        "EMS-2": "in_session",
        "EMS-3": "already_current",
        "EMS-5": "unreachable",
    }
    assert told["items"][0]["serial"] == "EMS-4"  # the bench first
    assert told["reached"] == 2
    assert all(one["text"] for one in told["items"])
    assert not Rollout.objects.exists()


def test_every_deed_is_on_record_at_each_site(ward):
    row = ward.started()
    ward.tick()
    for verb in ("pause", "resume", "abort"):
        ward.ask(row, verb)
    said = AuditEntry.objects.filter(action__startswith="rollout.", subject=str(row.pk)).order_by("pk")
    assert list(said.values_list("action", flat=True)) == [
        f"rollout.{past}"
        for past in ("created", "submitted", "approved", "started", "paused", "resumed", "aborted")
    ]


def test_a_rollout_for_nobody_does_not_start(ward):
    row = ward.approved(targets={"site": "north", "room": "9"})
    with pytest.raises(NotNow, match="No device"):
        ward.ask(row, "start")
    assert ProtocolDocument.objects.filter(pk=ward.version.sha256).exists()
    assert Rollout.objects.get(pk=row.pk).targets.count() == 0
