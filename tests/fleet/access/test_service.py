"""Letting in and turning away, and what is on record of it."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from fleet.access import service
from fleet.access.models import AuditEntry, Membership, Role, Site
from fleet.access.service import Denied, NotVisible, Refused


def actions():
    return list(AuditEntry.objects.order_by("id").values_list("actor_name", "action", "subject"))


# --- require ---


def test_a_member_whose_role_allows_it_passes_and_leaves_no_entry(nurse, north):
    service.require(nurse, "lock", north)
    assert actions() == []


def test_another_role_is_denied_and_the_attempt_is_on_record(coach, north):
    with pytest.raises(Denied, match="North clinic"):
        service.require(coach, "lock", north, subject="EMS-1")
    assert actions() == [("bob", "denied.lock", "EMS-1")]
    assert AuditEntry.objects.get().site == north


@pytest.mark.parametrize("verb", ["see", "stop", "lock"])
def test_to_a_stranger_the_site_does_not_exist(verb, stranger, north):
    for user in (stranger, AnonymousUser()):
        with pytest.raises(NotVisible):
            service.require(user, verb, north)
    assert actions() == []


@pytest.mark.django_db(transaction=True)
def test_asking_inside_a_transaction_is_a_mistake_because_the_denial_would_be_rolled_back(coach, north):
    with pytest.raises(RuntimeError), transaction.atomic():
        service.require(coach, "lock", north)
    with pytest.raises(Denied):
        service.require(coach, "lock", north)
    assert actions() == [("bob", "denied.lock", "")]


@pytest.mark.django_db(transaction=True)
def test_an_entry_stands_only_if_the_deed_does(nurse, north):
    with transaction.atomic():
        service.record(nurse, "command.stop", site=north)
        transaction.set_rollback(True)
    assert actions() == []


def test_an_entry_outlives_its_user(nurse, north):
    service.record(nurse, "command.stop", site=north, subject="EMS-1", command="c1")
    number = nurse.pk
    nurse.delete()
    entry = AuditEntry.objects.get()
    assert (entry.actor_id, entry.actor_name, entry.detail) == (number, "alice", {"command": "c1"})


# --- memberships ---


def test_an_administrator_gives_a_role_at_their_site(admin, stranger, north):
    service.grant(actor=admin, user=stranger, site=north, role=Role.COACH)
    assert service.role_at(stranger, north) is Role.COACH
    assert actions() == [("ada", "membership.granted", "charlie")]


def test_a_second_grant_replaces_the_role(admin, nurse, north):
    service.grant(actor=admin, user=nurse, site=north, role=Role.CLINICIAN)
    assert list(Membership.objects.filter(user=nurse).values_list("role", flat=True)) == [Role.CLINICIAN]


def test_another_role_gives_nobody_a_role(nurse, coach, north):
    with pytest.raises(Denied):
        service.grant(actor=nurse, user=coach, site=north, role=Role.ADMIN)
    assert service.role_at(coach, north) is Role.COACH


def test_an_administrator_of_one_site_is_a_stranger_at_another(admin, nurse, stranger, south):
    with pytest.raises(NotVisible):
        service.grant(actor=admin, user=nurse, site=south, role=Role.NURSE)
    with pytest.raises(NotVisible):
        service.withdraw_membership(actor=admin, user=stranger, site=south)


def test_nobody_changes_their_own_role(admin, superuser, north):
    for actor in (admin, superuser):
        with pytest.raises(Denied):
            service.grant(actor=actor, user=actor, site=north, role=Role.CLINICIAN)
    assert service.role_at(admin, north) is Role.ADMIN
    assert ("ada", "denied.manage_people", "ada") in actions()


def test_a_withdrawn_member_sees_nothing_any_more(admin, nurse, north):
    service.withdraw_membership(actor=admin, user=nurse, site=north)
    assert not service.sites_of(nurse).exists()
    with pytest.raises(Refused, match="no member"):
        service.withdraw_membership(actor=admin, user=nurse, site=north)


def test_the_shell_gives_the_first_role_of_all(nurse, south):
    service.grant(actor=None, user=nurse, site=south, role=Role.ADMIN)
    assert service.role_at(nurse, south) is Role.ADMIN
    assert actions() == [("(shell)", "membership.granted", "alice")]


# --- logins ---


def test_an_administrator_ends_the_login_of_a_member(admin, nurse, north):
    service.set_active(actor=admin, user=nurse, active=False)
    nurse.refresh_from_db()
    assert not nurse.is_active
    assert not service.may(nurse, "see", north)


def test_an_administrator_of_one_of_two_sites_cannot_end_a_login(admin, nurse, south):
    Membership.objects.create(user=nurse, site=south, role=Role.NURSE)
    with pytest.raises(NotVisible):
        service.set_active(actor=admin, user=nurse, active=False)


def test_a_superuser_is_beyond_every_administrator(admin, superuser, north):
    with pytest.raises(Denied):
        service.set_active(actor=admin, user=superuser, active=False)
    with pytest.raises(Denied):
        service.issue_token(actor=admin, user=superuser, name="mine now", days=1)


def test_a_user_without_a_site_is_nobodys_but_a_superusers(nurse, person, superuser):
    newcomer = person("dora")
    with pytest.raises(Denied):
        service.set_active(actor=nurse, user=newcomer, active=False)
    service.set_active(actor=superuser, user=newcomer, active=False)
    newcomer.refresh_from_db()
    assert not newcomer.is_active


def test_nobody_ends_their_own_login(admin):
    with pytest.raises(Refused):
        service.set_active(actor=admin, user=admin, active=False)


# --- sites ---


def test_a_site_is_made_once_and_then_changed(db):
    service.make_site(actor=None, slug="north", name="North", time_zone="Europe/Berlin")
    service.make_site(actor=None, slug="north", name="North clinic", time_zone="Europe/Vienna")
    assert Site.objects.values_list("slug", "name", "time_zone").get() == (
        "north",
        "North clinic",
        "Europe/Vienna",
    )


@pytest.mark.parametrize(
    "slug,time_zone,seen", [("no rth", "UTC", "no rth"), ("north", "Mars/Olympus", "Mars")]
)
def test_a_site_that_cannot_be_is_refused_with_what_was_seen(db, slug, time_zone, seen):
    with pytest.raises(Refused, match=seen):
        service.make_site(actor=None, slug=slug, name="x", time_zone=time_zone)


def test_an_administrator_makes_no_site(admin):
    with pytest.raises(Denied):
        service.make_site(actor=admin, slug="east", name="East")
