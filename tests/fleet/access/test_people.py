"""Making people, the link behind which they choose their password, and who may do so."""

import threading
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from fleet.access import people, recovery, roster, service, sites
from fleet.access.models import AuditEntry, Membership, Role
from fleet.access.service import Denied, NotVisible, Refused


def actions():
    return list(AuditEntry.objects.order_by("id").values_list("action", "subject"))


def make(admin, site, username="nora", full_name="Nora Lindqvist", role=Role.NURSE):
    return people.make_person(actor=admin, site=site, username=username, full_name=full_name, role=role)


def opened(path):
    return people.person_of_link(*path.split("/"))


@pytest.fixture
def both(person, north, south):
    user = person("bo", north, Role.COACH)
    Membership.objects.create(user=user, site=south, role=Role.NURSE)
    return user


# --- making ---


def test_a_new_person_has_a_role_no_password_and_a_link(admin, north):
    nora, path = make(admin, north, full_name="  Nora   Maria Lindqvist ")
    assert nora.get_full_name() == "Nora Maria Lindqvist"
    assert service.role_at(nora, north) is Role.NURSE
    assert not nora.has_usable_password()
    assert opened(path) == nora
    assert actions() == [("person.made", "nora"), ("password.link_made", "nora")]
    assert path.split("/")[1] not in str(list(AuditEntry.objects.values()))


def test_who_does_not_manage_people_makes_nobody(nurse, stranger, north):
    with pytest.raises(Denied):
        make(nurse, north)
    with pytest.raises(NotVisible):
        make(stranger, north)
    assert not User.objects.filter(username="nora").exists()


@pytest.mark.parametrize("name", ["", "no ra", "a/b", "x\0y", "ö" * 151])
def test_a_user_name_that_cannot_be_typed_is_refused(admin, north, name):
    with pytest.raises(Refused):
        make(admin, north, username=name)


@pytest.mark.parametrize("name", ["", "   ", "\0", "x" * 151])
def test_a_person_needs_a_name(admin, north, name):
    with pytest.raises(Refused):
        make(admin, north, full_name=name)


@pytest.mark.parametrize("name", ["charlie", "Charlie", " CHARLIE "])
def test_a_user_name_is_taken_once_however_it_is_written(admin, stranger, north, name):
    with pytest.raises(people.Taken):
        make(admin, north, username=name)
    assert not Membership.objects.filter(user=stranger, site=north).exists()


def test_somebody_who_works_elsewhere_is_added_by_their_exact_user_name(admin, stranger, north, south):
    people.add_person(actor=admin, site=north, username="charlie", role=Role.COACH)
    assert service.role_at(stranger, north) is Role.COACH
    assert service.role_at(stranger, south) is Role.NURSE
    with pytest.raises(Refused, match="already"):
        people.add_person(actor=admin, site=north, username="charlie", role=Role.NURSE)
    with pytest.raises(Refused, match="nobody"):
        people.add_person(actor=admin, site=north, username="Charlie", role=Role.NURSE)
    assert actions() == [("membership.granted", "charlie")]


def test_no_name_turns_the_words_beside_it_around(admin, north):
    nora, _path = make(admin, north, full_name="Nora\u202e \x07nimda\u2066  Lind")
    assert nora.get_full_name() == "Nora nimda Lind"


# --- links ---


def test_a_link_works_once(admin, north):
    nora, path = make(admin, north)
    people.choose_password(person=opened(path), password="a good long one")
    assert User.objects.get(pk=nora.pk).check_password("a good long one")
    assert opened(path) is None


def test_who_was_locked_out_is_let_in_with_the_password_they_chose(admin, nurse):
    AccessAttempt.objects.create(
        username="alice", ip_address="10.0.0.1", failures_since_start=9, attempt_time=timezone.now()
    )
    assert recovery.locked_names(timezone.now()) == {"alice"}
    people.choose_password(person=opened(people.make_link(actor=admin, person=nurse)), password="a good one")
    assert not recovery.locked_names(timezone.now())


def test_of_two_who_use_a_link_at_once_one_chooses_the_password(admin, north):
    nora, path = make(admin, north)
    first, second = opened(path), opened(path)
    people.choose_password(person=first, password="a good long one")
    with pytest.raises(Refused, match="used"):
        people.choose_password(person=second, password="another long one")
    assert User.objects.get(pk=nora.pk).check_password("a good long one")


def test_a_newer_link_ends_the_older_one_and_the_password(admin, nurse):
    nurse.set_password("known to somebody")
    nurse.save()
    Client().force_login(nurse)
    first = people.make_link(actor=admin, person=nurse)
    assert not Session.objects.exists()
    second = people.make_link(actor=admin, person=nurse)
    assert opened(first) is None
    assert opened(second) == nurse
    nurse.refresh_from_db()
    assert not nurse.has_usable_password()


def test_a_link_lasts_seven_days(admin, north, settings, monkeypatch):
    _nora, path = make(admin, north)
    assert settings.PASSWORD_RESET_TIMEOUT == 7 * 24 * 3600
    now = people.links._now()
    for days, works in ((6.9, True), (7.1, False)):
        monkeypatch.setattr(people.links, "_now", lambda days=days: now + timedelta(days=days))
        assert (opened(path) is not None) is works


def test_a_link_of_somebody_whose_login_was_ended_opens_nothing(admin, north):
    nora, path = make(admin, north)
    service.set_active(actor=admin, user=nora, active=False)
    assert opened(path) is None
    with pytest.raises(Refused, match="may not log in"):
        people.make_link(actor=admin, person=User.objects.get(pk=nora.pk))


@pytest.mark.parametrize("path", ["x/y", "MQ/", "é/z", "OTk5OTk5OTk5OTk5OTk5OTk5/abc-def", "MQ/abc-\0"])
@pytest.mark.django_db
def test_what_is_no_link_opens_nothing(path):
    assert opened(path) is None


# --- a login opens every site of its owner ---


@pytest.mark.parametrize(
    "deed",
    [
        lambda admin, user: people.make_link(actor=admin, person=user),
        lambda admin, user: recovery.unlock(actor=admin, person=user),
        lambda admin, user: recovery.reset_second_factor(actor=admin, person=user),
        lambda admin, user: people.rename(actor=admin, person=user, full_name="Somebody Else"),
    ],
    ids=["link", "unlock", "second factor", "name"],
)
def test_who_administers_one_site_of_somebody_does_not_decide_over_their_login(
    deed, admin, both, stranger, nurse, north
):
    with pytest.raises(Denied):
        deed(admin, both)
    assert actions()[-1] == ("denied.manage_people", "bo")
    with pytest.raises(NotVisible):
        deed(admin, stranger)
    with pytest.raises(NotVisible):
        deed(nurse, admin)
    deed(admin, nurse)


def test_nobody_but_a_superuser_decides_over_a_superuser(admin, superuser, north):
    Membership.objects.create(user=superuser, site=north, role=Role.NURSE)
    with pytest.raises(Denied):
        people.make_link(actor=admin, person=superuser)


def test_one_s_own_password_and_second_factor_are_changed_on_the_page_of_the_account(admin):
    for deed in (people.make_link, recovery.reset_second_factor):
        with pytest.raises(Refused):
            deed(actor=admin, person=admin)


def test_everybody_may_correct_their_own_name(nurse):
    people.rename(actor=nurse, person=nurse, full_name="Alice Lind")
    assert User.objects.get(pk=nurse.pk).get_full_name() == "Alice Lind"
    people.rename(actor=nurse, person=nurse, full_name="Alice Lind")
    assert actions() == [("person.renamed", "alice")]


# --- whom an administrator sees ---


def test_an_administrator_sees_who_works_at_their_sites_and_of_them_only_the_roles_there(
    admin, nurse, both, stranger, superuser, north, south
):
    assert set(roster.people_of(admin)) == {admin, nurse, both}
    [seen] = [one for one in roster.people_of(admin) if one == both]
    assert [held.site for held in seen.here] == [north]
    assert set(roster.people_of(superuser)) == {admin, nurse, both, stranger, superuser}
    assert not roster.people_of(nurse).exists()
    with pytest.raises(NotVisible):
        roster.person_for(admin, stranger.pk)


def test_the_record_of_a_login_is_read_by_who_answers_for_it(admin, nurse, both, stranger, superuser):
    for user in (nurse, both, stranger):
        service.record(user, "login", subject=user.username)
    service.record(None, "device.revoked", subject="alice")  # a serial that reads like a name, at no site
    service.record(nurse, "data.exported", subject="devices")
    service.record(both, "data.exported", subject="devices")
    read = [(entry.actor_name, entry.action) for entry in roster.record_for(admin).order_by("id")]
    assert read == [("alice", "login"), ("alice", "data.exported")]
    assert roster.record_for(superuser).count() == AuditEntry.objects.count()
    assert not roster.record_for(nurse).exists()


# --- the last administrator ---


def test_a_site_keeps_its_last_administrator(superuser, admin, nurse, north):
    for deed in (
        lambda: service.grant(actor=superuser, user=admin, site=north, role=Role.NURSE),
        lambda: service.withdraw_membership(actor=superuser, user=admin, site=north),
        lambda: service.set_active(actor=superuser, user=admin, active=False),
    ):
        with pytest.raises(Refused, match="last administrator of North clinic"):
            deed()
    assert service.role_at(admin, north) is Role.ADMIN
    service.grant(actor=superuser, user=nurse, site=north, role=Role.ADMIN)
    service.grant(actor=superuser, user=admin, site=north, role=Role.NURSE)
    assert service.role_at(admin, north) is Role.NURSE


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_demote_each_other_at_once_leave_one(admin, nurse, north):
    service.grant(actor=None, user=nurse, site=north, role=Role.ADMIN)
    together = threading.Barrier(2)

    def demote(actor, user):
        try:
            together.wait(timeout=60)
            service.grant(actor=actor, user=user, site=north, role=Role.NURSE)
        except (Refused, Denied, NotVisible):
            pass
        finally:
            connection.close()

    for _round in range(3):
        threads = [threading.Thread(target=demote, args=pair) for pair in ((admin, nurse), (nurse, admin))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert Membership.objects.filter(site=north, role=Role.ADMIN).exists()
        Membership.objects.filter(site=north).update(role=Role.ADMIN)


def test_an_administrator_whose_login_was_ended_does_not_count(superuser, admin, nurse, north):
    service.grant(actor=superuser, user=nurse, site=north, role=Role.ADMIN)
    service.set_active(actor=superuser, user=nurse, active=False)
    with pytest.raises(Refused):
        service.grant(actor=superuser, user=admin, site=north, role=Role.NURSE)


def test_who_ended_a_login_may_restore_it(admin, nurse, north):
    service.set_active(actor=admin, user=nurse, active=False)
    service.set_active(actor=admin, user=User.objects.get(pk=nurse.pk), active=True)
    assert User.objects.get(pk=nurse.pk).is_active


# --- sites ---


def test_an_administrator_names_their_site_and_sets_its_clock(admin, nurse, north, south):
    assert sites.change_site(actor=admin, site=north, name=" North  ward ", time_zone="Europe/Berlin")
    north.refresh_from_db()
    assert (north.name, north.time_zone) == ("North ward", "Europe/Berlin")
    assert not sites.change_site(actor=admin, site=north, name="North ward", time_zone="Europe/Berlin")
    assert actions() == [("site.changed", "north")]
    for name, zone in (("", "UTC"), ("x" * 121, "UTC"), ("North", "Mars/Base")):
        with pytest.raises(Refused):
            sites.change_site(actor=admin, site=north, name=name, time_zone=zone)
    with pytest.raises(Denied):
        sites.change_site(actor=nurse, site=north, name="Mine", time_zone="UTC")
    with pytest.raises(NotVisible):
        sites.change_site(actor=admin, site=south, name="Mine", time_zone="UTC")
