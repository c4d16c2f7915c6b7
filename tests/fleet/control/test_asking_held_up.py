"""Asking devices on a database that is held up, and by two ways at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection

from devices.models import Device
from fleet.access.models import AuditEntry, Site
from fleet.control.models import Command
from tests.fleet.control.test_asking import ask, device_of, person


@pytest.fixture
def site(transactional_db: None) -> Site:
    return Site.objects.create(slug="north", name="North")


@pytest.fixture
def nurse(site: Site) -> User:
    return person("nurse", site)


@pytest.fixture
def device(site: Site) -> Device:
    return device_of(site, "EMS-1")


@contextmanager
def held_up() -> Iterator[None]:
    """Somebody else's transaction holds what every entry of the audit needs."""
    options = connection.settings_dict
    with psycopg.connect(
        host=options["HOST"], port=options["PORT"], dbname=options["NAME"],
        user=options["USER"], password=options["PASSWORD"],
    ) as other:  # fmt: skip
        other.execute("SELECT pg_advisory_xact_lock(1635083369)")
        yield


@pytest.mark.django_db(transaction=True)
def test_a_stop_waits_a_quarter_of_a_second_for_a_database_that_is_held_up_and_leaves_nothing_behind(
    device: Device, nurse: User
) -> None:
    over = threading.Event()
    watch = threading.Timer(2.0, over.set)
    watch.start()
    with held_up(), pytest.raises(OperationalError):
        ask(nurse, device)
    watch.cancel()
    assert not over.is_set()
    assert not Command.objects.exists()
    assert ask(nurse, device).state == "requested"


@pytest.mark.django_db(transaction=True)
def test_the_same_press_by_two_ways_at_once_is_one_command(device: Device, nurse: User) -> None:
    one, found, start = uuid4(), list[UUID](), threading.Barrier(2)

    def press() -> None:
        start.wait()
        try:
            found.append(ask(nurse, device, id=one).pk)
        finally:
            connection.close()

    hands = [threading.Thread(target=press) for _ in range(2)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(60)
    assert found == [one, one]
    assert AuditEntry.objects.filter(action="command.stop").count() == 1
