"""Protocols with the real database: four eyes, numbers, what never changes, what is on record."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from devices import documents
from devices.models import Device, ProtocolDocument
from devices.simulator.session import built_in
from devices.wire.canonical import canonical
from devices.wire.messages import ProtocolRef
from fleet import demo_data
from fleet.access.errors import Denied, NotVisible
from fleet.access.models import AuditEntry, Membership, Role
from fleet.protocols import authors, bodies, queries, service
from fleet.protocols.lifecycle import State
from fleet.protocols.models import Protocol, Version
from tests.devices import history
from tests.fleet.protocols.clinic import NOON, Clinic, document


def test_a_first_version_is_a_draft_with_a_hash_of_its_canonical_document(clinic: Clinic) -> None:
    draft = clinic.draft(version=17)
    told = document(version=1)
    assert (draft.number, draft.state) == (1, State.DRAFT)
    assert draft.sha256 == hashlib.sha256(canonical(told)).hexdigest()
    assert bodies.read(draft) == told
    assert {site.slug for site in draft.protocol.sites.all()} == {"north"}


def test_versions_are_counted_by_the_server_and_are_part_of_the_hash(clinic: Clinic) -> None:
    drafts = [clinic.draft() for _ in range(3)]
    assert [one.number for one in drafts] == [1, 2, 3]
    assert len({one.sha256 for one in drafts}) == 3


def test_a_draft_may_lack_values_and_has_no_hash_until_it_is_complete(clinic: Clinic) -> None:
    draft = clinic.draft(step={"on_s": None})
    assert draft.sha256 == ""
    with pytest.raises(service.Unusable) as caught:
        service.submit(actor=clinic.ada, version=draft, now=NOON)
    assert [(one.path, one.code) for one in caught.value.findings] == [("steps.0.on_s", "missing")]
    draft = service.edit(actor=clinic.ada, version=draft, document=document(), now=NOON)
    assert draft.sha256
    assert service.submit(actor=clinic.ada, version=draft, now=NOON).state == State.SUBMITTED


@pytest.mark.parametrize(
    "change, path, code",
    [
        ({"step": {"target_ma": [90, 60]}}, "steps.0.target_ma.0", "target_above_max"),
        ({"step": {"max_ma": [80, 149], "phase_us": 510}}, "steps.0.max_ma.1", "charge_uc"),
        ({"step": {"max_ma": [80, 151]}}, "steps.0.max_ma.1", "peak_ma"),
        ({"step": {"frequency_hz": 2100}}, "steps.0.phase_us", "phases_overlap"),
        ({"limits": {"max_session_s": 7201, "max_sessions_per_day": 1, "min_rest_h": 4}},
         "limits.max_session_s", "session_s"),
    ],
)  # fmt: skip
def test_what_is_against_physics_or_policy_is_not_submitted(
    clinic: Clinic, change: dict[str, Any], path: str, code: str
) -> None:
    draft = clinic.draft(**change)
    with pytest.raises(service.Unusable) as caught:
        service.submit(actor=clinic.ada, version=draft, now=NOON)
    assert (path, code) in {(one.path, one.code) for one in caught.value.findings}


@pytest.mark.parametrize(
    "change", [{"steps": "x"}, {"waveform": "sine"}, {"step": {"repeat": 1.5}}, {"foo": 1}]
)
def test_what_no_device_could_read_is_not_even_a_draft(clinic: Clinic, change: dict[str, Any]) -> None:
    with pytest.raises(service.Unusable):
        clinic.draft(**change)
    assert not Protocol.objects.exists()


# --- four eyes ---


def _by_writer(clinic: Clinic) -> tuple[Version, str]:
    return clinic.submitted("ada"), "ada"


def _by_an_editor_of_one_value(clinic: Clinic) -> tuple[Version, str]:
    draft = clinic.draft("ada")
    service.edit(actor=clinic.ben, version=draft, document=document(title="Other"), now=NOON)
    return service.submit(actor=clinic.ada, version=draft, now=NOON), "ben"


def _by_the_writer_of_a_rejected_one(clinic: Clinic) -> tuple[Version, str]:
    seen = clinic.submitted("ada")
    service.reject(actor=clinic.ben, version=seen, reason="too strong", now=NOON)
    seen.refresh_from_db()
    again = service.take_up(actor=clinic.ben, version=seen, now=NOON)
    return service.submit(actor=clinic.ben, version=again, now=NOON), "ada"


def _by_the_writer_of_a_draft_that_another_posted_again(clinic: Clinic) -> tuple[Version, str]:
    clinic.draft("ada")
    return clinic.submitted("ben"), "ada"


def _by_a_writer_two_versions_back(clinic: Clinic) -> tuple[Version, str]:
    clinic.draft("ada")
    clinic.draft("cem")
    return clinic.submitted("ben"), "ada"


def _by_a_superuser_who_wrote(clinic: Clinic) -> tuple[Version, str]:
    User.objects.filter(pk=clinic.ada.pk).update(is_superuser=True)
    clinic.ada.refresh_from_db()
    return clinic.submitted("ada"), "ada"


def _by_a_writer_under_another_name_now(clinic: Clinic) -> tuple[Version, str]:
    version = clinic.submitted("ada")
    User.objects.filter(pk=clinic.ada.pk).update(username="ada2")
    clinic.ada.refresh_from_db()
    return version, "ada"


def _by_the_writer_of_a_draft_that_was_made_harmless_once_it_was_taken(clinic: Clinic) -> tuple[Version, str]:
    later = NOON + timedelta(minutes=1)
    first = clinic.draft("ada", step={"phase_us": 300})
    taken = clinic.draft("ben", step={"phase_us": 300})
    service.edit(actor=clinic.ada, version=first, document=document(), now=later)
    clinic.approve(service.submit(actor=clinic.ada, version=first, now=later), "cem")
    ProtocolDocument.objects.all().delete()
    return service.submit(actor=clinic.ben, version=taken, now=later), "ada"


OWN = [
    _by_writer,
    _by_the_writer_of_a_draft_that_was_made_harmless_once_it_was_taken,
    _by_an_editor_of_one_value,
    _by_the_writer_of_a_rejected_one,
    _by_the_writer_of_a_draft_that_another_posted_again,
    _by_a_writer_two_versions_back,
    _by_a_superuser_who_wrote,
    _by_a_writer_under_another_name_now,
]


@pytest.mark.parametrize("case", OWN, ids=[one.__name__.strip("_") for one in OWN])
def test_nobody_approves_what_they_wrote_any_part_of(clinic: Clinic, case: Any) -> None:
    version, who = case(clinic)
    with pytest.raises(service.OwnWork):
        clinic.approve(version, who)
    version.refresh_from_db()
    assert version.state == State.SUBMITTED
    assert not ProtocolDocument.objects.exists()
    denial = AuditEntry.objects.get(action="denied.approve_protocol")
    assert denial.detail["why"] == "own work"


def test_whoever_edits_while_they_approve_has_written_a_part(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = clinic.draft("ada")
    read = service._reason

    def meanwhile(text: str) -> str:
        service.edit(actor=clinic.ben, version=draft, document=document(title="Mine"), now=NOON)
        service.submit(actor=clinic.ada, version=draft, now=NOON)
        return read(text)

    monkeypatch.setattr(service, "_reason", meanwhile)
    with pytest.raises(service.OwnWork):
        clinic.approve(draft, "ben")
    draft.refresh_from_db()
    assert draft.state == State.SUBMITTED


def test_who_wrote_only_what_was_approved_may_approve_what_comes_after(clinic: Clinic) -> None:
    clinic.approved("ada", "ben")
    assert clinic.approve(clinic.submitted("ben"), "ada").state == State.APPROVED


def test_a_version_based_on_an_approved_one_leaves_drafts_between_them_aside(clinic: Clinic) -> None:
    first = clinic.approved("ada", "ben")
    clinic.draft("ben")
    draft = service.create(actor=clinic.ada, document=document(), based_on=first, now=NOON)
    assert (draft.number, draft.based_on) == (3, first)
    clinic.approve(service.submit(actor=clinic.ada, version=draft, now=NOON), "ben")


@pytest.mark.parametrize("who", ["nurse", "engineer", "admin"])
def test_other_roles_neither_write_nor_approve(clinic: Clinic, who: str) -> None:
    with pytest.raises(Denied):
        clinic.draft(who)
    version = clinic.submitted("ada")
    with pytest.raises(Denied):
        clinic.draft(who)
    for deed in (service.approve, service.reject):
        with pytest.raises(Denied):
            deed(actor=clinic.people[who], version=version, reason="fine", now=NOON)
    version = clinic.approve(version, "ben")
    with pytest.raises(Denied):
        service.withdraw(actor=clinic.people[who], version=version, reason="fine", now=NOON)


def test_a_stranger_sees_no_protocol_and_an_id_that_is_taken_says_no_more_than_that(clinic: Clinic) -> None:
    version = clinic.submitted("ada")
    with pytest.raises(service.Taken, match="choose another id"):
        clinic.draft("stranger")
    with pytest.raises(NotVisible):
        clinic.approve(version, "stranger")


def test_a_clinician_of_one_of_its_sites_may_approve(clinic: Clinic) -> None:
    Membership.objects.create(user=clinic.ada, site=clinic.far, role=Role.CLINICIAN)
    version = clinic.submitted("ada")
    assert clinic.approve(version, "stranger").decided_by == "stranger"
    entries = AuditEntry.objects.filter(action="protocol.approved")
    assert {one.site.slug for one in entries if one.site} == {"north", "far"}


# --- what never changes ---


def test_a_submitted_version_is_edited_by_nobody(clinic: Clinic) -> None:
    version = clinic.submitted()
    for state in (State.SUBMITTED, State.APPROVED, State.WITHDRAWN):
        Version.objects.filter(pk=version.pk).update(state=state)
        with pytest.raises(service.NotNow):
            service.edit(actor=clinic.ada, version=version, document=document(title="x"), now=NOON)
    version.refresh_from_db()
    assert bodies.read(version)["title"] != "x"


def test_an_edit_of_a_draft_that_somebody_else_edited_meanwhile_overwrites_nothing(clinic: Clinic) -> None:
    draft = clinic.draft()
    mine = service.edit(actor=clinic.ada, version=draft, document=document(title="A"), rev=1, now=NOON)
    with pytest.raises(service.Edited):
        service.edit(actor=clinic.ben, version=draft, document=document(title="B"), rev=1, now=NOON)
    with pytest.raises(service.Edited):
        service.submit(actor=clinic.ben, version=draft, rev=1, now=NOON)
    assert (mine.rev, Version.objects.get(pk=draft.pk).title) == (2, "A")
    assert not mine.authors.filter(name="ben").exists()


def test_an_edit_that_changes_nothing_makes_nobody_an_author(clinic: Clinic) -> None:
    draft = clinic.draft("ada")
    service.edit(actor=clinic.ben, version=draft, document=document(version=1), now=NOON)
    clinic.approve(service.submit(actor=clinic.ada, version=draft, now=NOON), "ben")


def test_the_approved_bytes_are_those_that_were_hashed_and_can_be_offered(clinic: Clinic) -> None:
    version = clinic.approved()
    row = ProtocolDocument.objects.get(pk=version.sha256)
    assert bytes(row.body) == version.body.encode()
    assert (row.approved_by, row.withdrawn_at) == ("ben", None)
    found = documents.find(version.sha256)
    assert found is not None
    assert found.version == version.number


def test_each_step_is_taken_once_and_only_from_where_it_may_be(clinic: Clinic) -> None:
    version = clinic.submitted()
    with pytest.raises(service.NotNow, match="only a draft is submitted; it is waiting for approval"):
        service.submit(actor=clinic.ada, version=version, now=NOON)
    with pytest.raises(service.NotNow):
        service.withdraw(actor=clinic.ben, version=version, reason="x", now=NOON)
    clinic.approve(version, "ben")
    for deed in (service.approve, service.reject):
        with pytest.raises(service.NotNow):
            deed(actor=clinic.cem, version=version, reason="again", now=NOON)


def test_nothing_is_decided_without_a_reason(clinic: Clinic) -> None:
    version = clinic.submitted()
    for deed, reason in ((service.approve, "  "), (service.reject, "\0 ")):
        with pytest.raises(service.Unusable, match="Say why"):
            deed(actor=clinic.ben, version=version, reason=reason, now=NOON)


def test_a_withdrawn_version_is_as_if_never_approved_and_does_not_come_back(clinic: Clinic) -> None:
    version = clinic.approved()
    service.withdraw(actor=clinic.ada, version=version, reason="skin reddened", now=NOON)
    assert ProtocolDocument.objects.get(pk=version.sha256).withdrawn_at == NOON
    version.refresh_from_db()
    with pytest.raises(service.NotNow):
        clinic.approve(version, "ben")
    again = service.take_up(actor=clinic.ada, version=version, now=NOON)
    assert (again.number, again.state, again.sha256 != version.sha256) == (2, State.DRAFT, True)


# --- values from memory ---


def test_a_value_from_memory_needs_a_note_at_approval(clinic: Clinic) -> None:
    draft = service.create(
        actor=clinic.ada, document=document(), to_confirm=["steps.0.on_s"], library_row=4, now=NOON
    )
    version = service.submit(actor=clinic.ada, version=draft, now=NOON)
    with pytest.raises(service.Unusable, match="from memory"):
        clinic.approve(version, "ben")
    done = service.approve(
        actor=clinic.ben, version=version, reason="ok", confirmation="15 s: read in the paper", now=NOON
    )
    assert done.confirmation == "15 s: read in the paper"


def test_what_is_to_be_confirmed_follows_its_step_whatever_is_filled_in_and_goes_with_it(
    clinic: Clinic,
) -> None:
    """A range from memory is filled in by its writer: the value chosen within it is from memory as well."""
    [step] = document()["steps"]
    draft = service.create(
        actor=clinic.ada,
        document=document(steps=[step | {"on_s": None}]),
        to_confirm=["steps.0.on_s", "steps.0.off_s", "limits.max_session_s"],
        now=NOON,
    )
    warm_up = step | {"name": "warm up", "kind": "warm_up"}
    steps = [warm_up, step | {"off_s": 40}]
    draft = service.edit(actor=clinic.ada, version=draft, document=document(steps=steps), now=NOON)
    assert draft.to_confirm == ["steps.1.on_s", "steps.1.off_s", "limits.max_session_s"]
    draft = service.edit(actor=clinic.ada, version=draft, document=document(steps=[warm_up]), now=NOON)
    assert draft.to_confirm == ["limits.max_session_s"]


def test_posting_a_draft_again_does_not_wash_off_what_is_to_be_confirmed(clinic: Clinic) -> None:
    service.create(actor=clinic.ada, document=document(), to_confirm=["steps.0.on_s"], now=NOON)
    assert clinic.draft("ben").to_confirm == ["steps.0.on_s"]


# --- documents that devices report already ---


def test_a_kept_document_is_taken_in_under_its_own_number(clinic: Clinic) -> None:
    row = documents.keep(canonical(document(version=3)))
    assert clinic.draft(version=3).sha256 == row.sha256
    assert clinic.draft(version=3).number == 4


def test_a_next_version_never_has_the_number_of_another_document_that_is_kept(clinic: Clinic) -> None:
    documents.keep(canonical(document(version=3, title="of another hand")))
    assert clinic.draft(version=1).number == 4


def test_every_deed_is_on_record(clinic: Clinic) -> None:
    version = clinic.approved()
    service.withdraw(actor=clinic.ada, version=version, reason="skin reddened", now=NOON)
    told = AuditEntry.objects.order_by("pk").values_list("action", "actor_name", "subject")
    assert list(told) == [
        ("protocol.created", "ada", "quad-strength 1"),
        ("protocol.submitted", "ada", "quad-strength 1"),
        ("protocol.approved", "ben", "quad-strength 1"),
        ("protocol.withdrawn", "ada", "quad-strength 1"),
    ]


def test_the_demos_protocols_are_approved_by_two_clinicians_once(clinic: Clinic) -> None:
    for name in ("clinician", "clinician2"):
        Membership.objects.create(
            user=User.objects.create(username=name), site=clinic.north, role=Role.CLINICIAN
        )
    for _start in range(2):
        demo_data._approve_protocols()
    hashes = {one.sha256 for one in built_in().values()}
    rows = ProtocolDocument.objects.filter(approved_by="clinician2", withdrawn_at=None)
    assert set(rows.values_list("sha256", flat=True)) == hashes
    assert Version.objects.count() == len(hashes)


def test_authors_are_read_in_two_queries_whatever_the_number_of_versions(
    clinic: Clinic, django_assert_num_queries: Any
) -> None:
    for who in ("ada", "ben", "cem", "ada"):
        clinic.draft(who)
    versions = list(Version.objects.order_by("number"))
    with django_assert_num_queries(2):
        told = authors.of_each(versions)
    assert [told[one.pk] for one in versions] == [
        ["ada"], ["ada", "ben"], ["ada", "ben", "cem"], ["ada", "ben", "cem"],
    ]  # fmt: skip


def test_devices_that_have_a_version_are_those_whose_newest_status_says_its_hash(clinic: Clinic) -> None:
    version = clinic.approved()
    ref = ProtocolRef(id=version.protocol_id, version=version.number, sha256=version.sha256)
    has, had, other, far = (
        Device.objects.create(serial=serial, site=clinic.far if serial == "D" else clinic.north)
        for serial in "ABCD"
    )
    history.say(has, NOON, protocol=ref, session=None, state="idle", output="off")
    history.say(had, NOON, link="offline", protocol=ref)
    history.say(other, NOON)
    history.say(far, NOON, protocol=ref)
    told = queries.holders(version, [clinic.north])
    assert [(one.device.serial, one.in_session, one.told_at) for one in told] == [
        ("A", False, NOON), ("B", True, NOON),
    ]  # fmt: skip
