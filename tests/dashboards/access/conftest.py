"""People at two sites: ada administers the north, root everything; alice is a nurse there; charlie works far away."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from fleet.access.models import Membership, Role, Site

Enter = Callable[[str], Client]


@pytest.fixture
def north(db: None) -> Site:
    return Site.objects.create(slug="north", name="North clinic", time_zone="Europe/Berlin")


@pytest.fixture
def south(db: None) -> Site:
    return Site.objects.create(slug="south", name="South clinic")


def _person(username: str, full_name: str, **roles: tuple[Site, Role]) -> User:
    first, _blank, last = full_name.rpartition(" ")
    user = User(username=username, first_name=first, last_name=last)
    user.set_unusable_password()  # so there is none to ask for again before a token is made
    user.save()
    for site, role in roles.values():
        Membership.objects.create(user=user, site=site, role=role)
    return user


@pytest.fixture
def ada(north: Site) -> User:
    return _person("ada", "Ada Berg", here=(north, Role.ADMIN))


@pytest.fixture
def alice(north: Site) -> User:
    return _person("alice", "Alice Lind", here=(north, Role.NURSE))


@pytest.fixture
def charlie(south: Site) -> User:
    return _person("charlie", "Charlie Novak", here=(south, Role.NURSE))


@pytest.fixture
def both(north: Site, south: Site) -> User:
    """Somebody who works at both sites, of which ada administers one."""
    return _person("bo", "Bo Both", here=(north, Role.COACH), there=(south, Role.NURSE))


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create(username="root", is_superuser=True)


@pytest.fixture
def enter(ada: User, alice: User, charlie: User, root: User) -> Enter:
    """The browser of one of the people, logged in."""

    def come(username: str) -> Client:
        browser = Client()
        browser.force_login(
            User.objects.get(username=username), backend="django.contrib.auth.backends.ModelBackend"
        )
        return browser

    return come
