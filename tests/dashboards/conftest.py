"""Fixtures of the pages' tests."""

import django
import pytest

django.setup()  # before the tests import models; tests/conftest.py has chosen the settings

from django.contrib.auth.models import User  # noqa: E402
from django.test import Client  # noqa: E402

from tests.dashboards.api import ward as wards  # noqa: E402


@pytest.fixture
def ward(db: None) -> wards.Ward:
    return wards.furnish()


@pytest.fixture
def nurse(ward: wards.Ward, client: Client) -> Client:
    """The browser of the nurse, who is logged in."""
    client.force_login(User.objects.get(username="nurse"))
    return client


@pytest.fixture
def stranger(ward: wards.Ward, client: Client) -> Client:
    client.force_login(User.objects.get(username="stranger"))
    return client
