"""From an empty database to people at work, with the shell alone."""

import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from fleet.access.models import Membership, Role, Site
from fleet.access.service import authenticate_token

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_a_site_a_member_and_a_token_from_nothing():
    run("site", "north", "--name", "North clinic", "--time-zone", "Europe/Berlin")
    said = run("member", "alice", "--site", "north", "--role", "nurse", "--create")
    password = said.split()[1]
    alice = User.objects.get(username="alice")
    assert alice.check_password(password)
    assert not alice.is_superuser
    assert Membership.objects.get(user=alice).role == Role.NURSE
    token = run("token", "alice", "--name", "display", "--days", "30").strip()
    assert authenticate_token(token) == alice
    assert "display" in run("token", "alice", "--list")
    assert token not in run("token", "alice", "--list")
    run("token", "alice", "--revoke", "display")
    assert authenticate_token(token) is None
    run("member", "alice", "--site", "north", "--remove")
    assert not Membership.objects.exists()


@pytest.mark.parametrize(
    "arguments,seen",
    [
        (("member", "alice", "--site", "nroth", "--role", "nurse"), "no site 'nroth'.*north"),
        (("member", "alcie", "--site", "north", "--role", "nurse"), "no user 'alcie'"),
        (("member", "alice", "--site", "north", "--remove"), "no member"),
        (("token", "alcie", "--name", "x"), "no user 'alcie'"),
        (("token", "alice", "--name", "x", "--days", "0"), "days, not 0"),
        (("token", "alice", "--revoke", "x"), "no token named 'x'"),
        (("site", "north", "--time-zone", "Berlin"), "'Berlin' is no time zone"),
    ],
)
def test_a_mistake_is_named_and_changes_nothing(arguments, seen):
    Site.objects.create(slug="north", name="North")
    User.objects.create_user("alice")
    with pytest.raises(CommandError, match=seen):
        run(*arguments)
    assert not Membership.objects.exists()


def test_a_user_is_not_made_if_the_role_could_not_be_given():
    with pytest.raises(CommandError):
        run("member", "alice", "--site", "nowhere", "--role", "nurse", "--create")
    assert not User.objects.exists()
