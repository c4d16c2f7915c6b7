"""What each person sees and may do: asked for a member, for another role, and for a stranger."""

import pytest
from django.contrib.auth.models import AnonymousUser

from fleet.access import queries, service
from fleet.access.errors import NotVisible
from fleet.access.models import Membership, Role


def test_a_person_sees_the_sites_of_their_memberships_and_no_other(nurse, coach, stranger, north, south):
    Membership.objects.create(user=coach, site=south, role=Role.COACH)
    assert list(queries.sites_of(nurse)) == [north]
    assert list(queries.sites_of(coach)) == [north, south]
    assert list(queries.sites_of(stranger)) == [south]


def test_a_superuser_sees_every_site_and_somebody_not_logged_in_none(superuser, north, south):
    assert list(queries.sites_of(superuser)) == [north, south]
    assert not queries.sites_of(AnonymousUser()).exists()


def test_an_inactive_user_sees_and_may_nothing_superuser_or_not(nurse, superuser, north):
    nurse.is_active = superuser.is_active = False
    for user in (nurse, superuser):
        assert not queries.sites_of(user).exists()
        assert queries.role_at(user, north) is None
        assert not queries.may(user, "see", north)


def test_a_role_holds_at_its_own_site_only(nurse, coach, stranger, north, south):
    assert queries.role_at(nurse, north) is Role.NURSE
    assert queries.role_at(nurse, south) is None
    assert queries.may(nurse, "lock", north)
    assert not queries.may(nurse, "lock", south)
    assert not queries.may(coach, "lock", north)
    assert not queries.may(stranger, "lock", north)


def test_a_superuser_is_administrator_everywhere_and_approves_nothing_by_being_one(superuser, north):
    assert queries.role_at(superuser, north) is Role.ADMIN
    assert queries.may(superuser, "manage_people", north)
    assert not queries.may(superuser, "approve_protocol", north)


def test_a_superusers_membership_adds_to_what_they_may_do(superuser, north, south):
    Membership.objects.create(user=superuser, site=north, role=Role.CLINICIAN)
    assert queries.role_at(superuser, north) is Role.CLINICIAN
    assert queries.may(superuser, "approve_protocol", north)
    assert queries.may(superuser, "manage_people", north)
    assert list(queries.sites_where(superuser, "approve_protocol")) == [north]
    assert list(queries.sites_where(superuser, "manage_people")) == [north, south]


@pytest.mark.parametrize("verb", ["see", "lock", "see_audit", "apply_protocol", "manage_people"])
def test_the_list_of_sites_for_a_verb_agrees_with_asking_site_by_site(
    verb, nurse, coach, admin, stranger, superuser, north, south
):
    for user in (nurse, coach, admin, stranger, superuser, AnonymousUser()):
        one_by_one = [site for site in (north, south) if queries.may(user, verb, site)]
        assert list(queries.sites_where(user, verb)) == one_by_one, user
        assert queries.may_anywhere(user, verb) is bool(one_by_one), user


def test_a_superuser_may_see_unknown_serials_before_there_is_a_site(superuser, person):
    assert queries.may_anywhere(superuser, "see_unknown_rejects")
    assert not queries.may_anywhere(person("nobody"), "see_unknown_rejects")


def test_a_site_is_found_by_a_member_and_does_not_exist_for_a_stranger(nurse, coach, stranger, north):
    assert queries.site_for(nurse, "north") == north
    assert queries.site_for(coach, "north") == north
    for user, slug in ((stranger, "north"), (nurse, "nowhere"), (AnonymousUser(), "north")):
        with pytest.raises(NotVisible):
            queries.site_for(user, slug)


def test_the_audit_is_read_by_the_administrator_of_its_site(nurse, admin, stranger, superuser, north, south):
    service.record(nurse, "command.stop", site=north)
    service.record(stranger, "command.stop", site=south)
    service.record(None, "user.deactivated")
    assert [entry.site for entry in queries.audit_of(admin)] == [north]
    assert not queries.audit_of(nurse).exists()
    assert not queries.audit_of(stranger).exists()
    everything = {"command.stop", "user.deactivated", "superuser.made"}
    assert set(queries.audit_of(superuser).values_list("action", flat=True)) == everything
