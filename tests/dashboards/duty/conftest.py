"""A site in Berlin with a nurse, an engineer, an administrator and a coach, and a stranger of another site."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from fleet.access.models import Membership, Role, Site

Enter = Callable[[str], Client]
_PEOPLE = {
    "nora": ("Nora Lindqvist", Role.NURSE),
    "carla": ("Carla Mendes", Role.COACH),
    "emre": ("Emre Aydın", Role.ENGINEER),
    "anton": ("Anton Berg", Role.ADMIN),
}


@pytest.fixture
def north(db: None) -> Site:
    site = Site.objects.create(slug="north", name="North clinic", time_zone="Europe/Berlin")
    for username, (name, role) in _PEOPLE.items():
        first, _blank, last = name.rpartition(" ")
        user = User.objects.create(username=username, first_name=first, last_name=last)
        Membership.objects.create(user=user, site=site, role=role)
    far = Site.objects.create(slug="far", name="Far clinic", time_zone="Australia/Sydney")
    stranger = User.objects.create(username="stella", first_name="Stella", last_name="Novak")
    Membership.objects.create(user=stranger, site=far, role=Role.NURSE)
    return site


@pytest.fixture
def enter(north: Site) -> Enter:
    """The browser of one of the people, logged in."""

    def come(username: str) -> Client:
        browser = Client()
        browser.force_login(User.objects.get(username=username))
        return browser

    return come
