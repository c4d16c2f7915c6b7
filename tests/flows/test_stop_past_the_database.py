"""Stops on days on which the house is gone: dispatch starts without its database, the web is full of waiters."""

import json
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.flows.devices import Air, Device
from tests.flows.operators import Operator, Page
from tests.flows.stops import audited, frozen_database, wait_direct_path
from tests.harness import House, wait_for

pytestmark = pytest.mark.servers

SITE = "north-rehab"
WITHIN_S = 1.5  # a second, on a machine that does much else
WAITERS = 30  # more than the web has connections


@pytest.fixture(scope="module")
def house(make_shared_house: Callable[..., House]) -> House:
    house = make_shared_house(env={"PLAIN_STATIC": "1"})
    house.start("web", "dispatch")
    house.kill9("redis")  # whatever is done here needs none; Celery was never there
    wait_direct_path(house)
    return house


@pytest.fixture(scope="module")
def air(house: House) -> Iterator[Air]:
    with Air(house) as air:
        yield air


@pytest.fixture(scope="module")
def permit(house: House) -> str:
    return Operator(house).permit(SITE)


@pytest.fixture
def device(house: House, air: Air) -> Device:
    """A device of the site, on; no ingest runs, so the house's last word of it is `never heard`."""
    sites = {one["serial"]: one["site"] for one in house.people["spare_devices"]}
    device = next(one for one in iter(air.device, None) if sites[one.serial] == SITE)
    device.session = "by-hand"
    device.connect()
    return device


def test_while_every_thread_of_the_web_waits_for_a_database_that_hangs_a_stop_takes_a_second(
    house: House, device: Device, permit: str
) -> None:
    nurse = Operator(house)
    with frozen_database(house):
        waiters = [threading.Thread(target=_wait_in_vain, args=(house,), daemon=True) for _ in range(WAITERS)]
        for waiter in waiters:
            waiter.start()
        time.sleep(0.3)  # until they wait; no one tells
        answer = nurse.stop_directly(permit, device=device.serial)
        assert (answer.status, answer.body["sent"]) == (202, 1)
        assert answer.took_s < WITHIN_S
        assert device.next_command()["id"] == answer.id
        device.ack(answer.id)
        device.status(state="idle", output="off", session=None)

    def is_proved() -> bool:
        device.status(state="idle", output="off", session=None)
        return state_of(house, answer.id) == "confirmed"

    wait_for(is_proved, within_s=60, every_s=0.3, why="it is not booked and proved")
    assert [who for who, detail in audited(house, "command.stop", device.serial)] == ["nurse"]


def test_dispatch_that_is_killed_and_starts_without_the_database_takes_stops_and_books_them_all_once(
    house: House, device: Device, permit: str
) -> None:
    nurse, ids = Operator(house), [str(uuid.uuid4()) for _ in range(3)]

    def stop(id: str) -> None:
        answer = nurse.stop_directly(permit, device=device.serial, id=id)
        assert (answer.status, answer.body["sent"]) == (202, 1), answer

    house.kill9("postgres")
    try:
        stop(ids[0])
        house.kill9("dispatch")  # it is in the journal, and nowhere else
        gone = nurse.stop_directly(permit, device=device.serial)
        assert (gone.status, gone.took_s < WITHIN_S) == (503, True)
        assert "go there" in gone.body["detail"]
        house.launch("dispatch")
        wait_for(
            lambda: nurse.stop_directly(permit, device=device.serial, id=ids[1]).status == 202,
            within_s=60,
            why="dispatch does not serve without its database",
        )
        stop(ids[1])
        whole_site = nurse.stop_directly(permit, id=ids[2])
        on = [one["device"] for one in whole_site.body["commands"]]
        assert device.serial in on, "nobody knows that it is off"
    finally:
        house.start("postgres")
    wait_for(lambda: all(state_of(house, id) for id in ids[:2]), within_s=60, why="they are not booked")
    rows = house.sql("SELECT count(*), count(DISTINCT id) FROM control_command WHERE via = 'direct'")
    assert rows[0][0] == rows[0][1]
    told = [detail["command"] for _, detail in audited(house, "command.stop", device.serial)]
    assert sorted(told) == sorted(ids[:2])
    wait_for(lambda: len(audited(house, "site.stop", SITE)) == 1, within_s=60, why="the site's is not booked")


def test_a_login_that_ends_ends_its_permits(house: House, device: Device) -> None:
    coach = Operator(house, "coach")
    permit = coach.permit(SITE)
    page = Page(house, "coach")
    by_login = json.loads(page.get(f"/sites/{SITE}/permit/"))["permit"]
    for one in (permit, by_login):
        assert coach.stop_directly(one, device=device.serial).status == 202
    page.send("/logout/")
    ended = lambda: coach.stop_directly(by_login, device=device.serial).status == 401  # noqa: E731
    wait_for(ended, within_s=5, why="a permit outlives its login")
    assert coach.stop_directly(permit, device=device.serial).status == 202, "that was another login"
    house.sql(
        "DELETE FROM access_membership WHERE user_id = (SELECT id FROM auth_user WHERE username = 'coach')"
    )
    ended = lambda: coach.stop_directly(permit, device=device.serial).status == 401  # noqa: E731
    wait_for(ended, within_s=5, why="a permit outlives its owner's role")


def test_without_the_broker_nothing_is_said_to_be_sent(house: House, device: Device, permit: str) -> None:
    house.pause("broker")
    try:
        answer = Operator(house).stop_directly(permit, device=device.serial)
    finally:
        house.resume("broker")
    assert (answer.status, answer.body["asked"], answer.body["sent"]) == (202, 1, 0)
    assert answer.took_s < WITHIN_S
    assert device.next_command()["id"] == answer.id, "its time was not over when the broker was back"


def state_of(house: House, id: str) -> str | None:
    rows = house.sql("SELECT state FROM control_command WHERE id = %s", id)
    return rows[0][0] if rows else None


def _wait_in_vain(house: House) -> None:
    with suppress(OSError):
        urllib.request.urlopen(f"{house.url}/login/", timeout=10).read()  # noqa: S310
