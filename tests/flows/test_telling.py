"""People are told by the processes themselves: beat rings, the worker plans, the courier sends; each can fail."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from tests.fleet.paging.others import Mailbox, Receiver
from tests.harness import House, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

RULES = ("over_current", "electrode_off", "estop")
# Three alerts that are over already, so that nobody is told of them until they come back, and a webhook.
_ALERTS = """
from django.utils import timezone
from devices.models import Device
from fleet.paging import service
from fleet.safety.models import Alert
now, device = timezone.now(), Device.objects.filter(site__slug="north-rehab").order_by("serial").first()
for rule in {rules!r}:
    Alert.objects.create(key=f"flow|{{rule}}", device=device, site=device.site, rule=rule, priority="high",
        peak="high", state="cleared", in_session=True, raised_at=now, risen_at=now, noted_at=now)
service.make_webhook(actor=None, site=device.site, name="Nurse call", url={url!r}, now=now)
"""


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as box:
        yield box


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


@pytest.fixture(scope="module")
def house(make_shared_house: Callable[..., House], mailbox: Mailbox, receiver: Receiver) -> House:
    house = make_shared_house(
        env={
            "EMAIL_URL": f"smtp://127.0.0.1:{mailbox.port}",
            "TELL_PRIVATE_NETWORKS": "127.0.0.0/8",
            "TELL_SECONDS": "20",
            "ALERT_HOLD_SECONDS": "1",
        }
    )
    house.manage("shell", "-c", _ALERTS.format(rules=RULES, url=receiver.url))
    house.start("worker", "courier", "beat")
    return house


def rise(house: House, rule: str) -> None:
    house.sql(
        "UPDATE safety_alert SET state = 'raised', risen_at = now(), noted_at = now() WHERE key = %s",
        f"flow|{rule}",
    )


def acknowledge(house: House) -> None:
    house.sql(
        "UPDATE safety_alert SET state = 'acknowledged', acknowledged_at = now() WHERE state = 'raised'"
    )


def rules_posted(receiver: Receiver) -> list[str]:
    return [post.json["data"]["rule"] for post in receiver.posts]


def worker_age_s(house: House) -> float:
    (row,) = house.sql("SELECT at FROM devices_pulse WHERE part = 'worker'")
    return (datetime.now(UTC) - row[0]).total_seconds()


def test_a_high_alert_reaches_whoever_is_on_duty_by_mail_and_the_sites_systems(
    house: House, mailbox: Mailbox, receiver: Receiver
) -> None:
    rise(house, "over_current")
    letters = mailbox.wait_for(1)
    assert letters[0]["Subject"].strip().startswith("High · North")
    wait_for(lambda: "over_current" in rules_posted(receiver), within_s=60, why="no webhook came")
    acknowledge(house)


def test_a_mail_server_that_hangs_delays_neither_the_clock_of_alerts_nor_a_webhook(
    house: House, mailbox: Mailbox, receiver: Receiver
) -> None:
    mailbox.hold = True
    rise(house, "electrode_off")
    wait_for(
        lambda: house.sql("SELECT 1 FROM paging_delivery WHERE channel = 'email' AND state = 'sending'"),
        within_s=60,
        why="no mail was on its way",
    )
    wait_for(lambda: "electrode_off" in rules_posted(receiver), within_s=60, why="no webhook came")
    since = datetime.now(UTC)
    wait_for(
        lambda: house.sql("SELECT 1 FROM devices_pulse WHERE part = 'worker' AND at > %s", since),
        within_s=60,
        why="the clock stands still",
    )
    assert house.sql("SELECT 1 FROM paging_delivery WHERE channel = 'email' AND state = 'sending'"), (
        "it still hangs"
    )
    acknowledge(house)
    mailbox.let_go()


def test_with_the_worker_dead_people_are_told_all_the_same(
    house: House, mailbox: Mailbox, receiver: Receiver
) -> None:
    house.kill9("worker")
    rise(house, "estop")
    wait_for(lambda: "estop" in rules_posted(receiver), within_s=60, why="no webhook came")
    assert worker_age_s(house) > 5


def test_with_postgresql_dead_ingest_calls_out_once_by_mail_and_webhook_and_says_so_when_it_is_back(
    house: House, mailbox: Mailbox, receiver: Receiver
) -> None:
    acknowledge(house)
    house.start("worker", "ingest", env={"ALERT_PART_SILENT_SECONDS": "3"})
    wait_for(
        lambda: "whom to call without a database" in house.processes.tail("ingest", 100),
        within_s=60,
        why="ingest does not know whom to call",
    )
    letters, posts = len(mailbox.letters), len(receiver.posts)
    house.kill9("postgres")

    def called() -> bool:
        return len(mailbox.letters) > letters and len(receiver.posts) > posts

    wait_for(called, within_s=60, why=lambda: f"nobody was called:\n{house.processes.tail('ingest')}")
    time.sleep(3)  # as long again as it took to call: no second one
    (letter,), (post,) = mailbox.letters[letters:], receiver.posts[posts:]
    assert letter["Subject"].strip() == "High · the server itself: the database is gone: nothing is stored"
    assert (post.json["type"], post.json["data"]["part"]) == ("server.silent", "database")
    house.start("postgres")
    wait_for(
        lambda: house.sql("SELECT 1 FROM safety_alert WHERE rule = 'database_silent' AND state = 'cleared'"),
        within_s=60,
        why=lambda: f"that it was gone is on no record:\n{house.processes.tail('ingest')}",
    )
