"""People and two sites: everybody works at the north site but the stranger, who works at the south one."""

import pytest
from django.contrib.auth.models import User

from fleet.access.models import Membership, Role, Site


@pytest.fixture
def north(db):
    return Site.objects.create(slug="north", name="North clinic")


@pytest.fixture
def south(db):
    return Site.objects.create(slug="south", name="South clinic")


@pytest.fixture
def person(db):
    def make(username, site=None, role=None, **fields):
        user = User.objects.create_user(
            username, **fields
        )  # no password: hashing one takes longer than the test
        if site is not None:
            Membership.objects.create(user=user, site=site, role=role)
        return user

    return make


@pytest.fixture
def nurse(person, north):
    return person("alice", north, Role.NURSE)


@pytest.fixture
def coach(person, north):
    return person("bob", north, Role.COACH)


@pytest.fixture
def admin(person, north):
    return person("ada", north, Role.ADMIN)


@pytest.fixture
def stranger(person, south):
    return person("charlie", south, Role.NURSE)


@pytest.fixture
def superuser(person):
    return person("root", is_superuser=True)
