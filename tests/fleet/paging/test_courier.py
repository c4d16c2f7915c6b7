"""The courier at work: real hands, real servers, and a process that is killed between sending and the answer."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from fleet.paging import courier, planner, service
from fleet.paging.courier import Courier
from fleet.paging.models import Delivery

ROOT = Path(__file__).resolve().parents[3]
_SENDER = """
import django; django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = {database!r}
from fleet.paging.courier import Courier
Courier()._run()
"""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def hands():
    one = Courier()
    yield one
    one.stop()


@pytest.fixture
def sender():
    """A process of its own that sends: `sender()` starts one; killed at the end."""
    running = []

    def start():
        code = _SENDER.format(database=connection.settings_dict["NAME"])
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "fleet.settings",
            "TELL_PRIVATE_NETWORKS": "127.0.0.0/8",
        }
        running.append(subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=env))
        return running[-1]

    yield start
    for one in running:
        one.kill()
        one.wait()


def wait_for(state, channel, within_s=60):
    """Wait until the one message of this channel is so, and return it."""
    until = timezone.now() + timedelta(seconds=within_s)
    while timezone.now() < until:
        one = Delivery.objects.filter(channel=channel, state=state).first()
        if one is not None:
            return one
        time.sleep(0.02)
    raise AssertionError(list(Delivery.objects.values("channel", "state", "answer")))


def wait_until(true, within_s=60):
    until = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.timeout(240)
def test_a_message_whose_sender_was_killed_before_the_answer_comes_again_under_the_same_id(
    alert, on_duty, site, receiver, sender, now
):
    service.make_webhook(actor=None, site=site, name="Nurse call", url=receiver.url, now=now)
    alert()
    planner.plan(now)
    receiver.hold.set()
    first = sender()
    receiver.wait_for(1)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    one = Delivery.objects.get(channel="webhook")
    assert (one.state, one.attempts, one.answer) == ("sending", 1, "")
    receiver.hold.clear()
    Delivery.objects.filter(pk=one.pk).update(due_at=now, leased_until=now)  # as after 45 s
    sender()
    posts = receiver.wait_for(2)
    assert [post.headers["webhook-id"] for post in posts] == [str(one.pk)] * 2
    assert wait_for("sent", "webhook").attempts == 2
    assert len(receiver.posts) == 2


def test_a_mail_server_that_hangs_delays_no_webhook_and_nobody_who_plans(
    alert, on_duty, person, site, receiver, mailbox, hands, settings, now
):
    settings.TELL_SECONDS = 20
    mailbox.hold = True
    service.make_webhook(actor=None, site=site, name="Nurse call", url=receiver.url, now=now)
    for name in ("olga", "karl", "gerd"):
        person(name, site)
    for rule in ("electrode_off", "over_current", "estop"):
        alert(rule=rule)
    planner.plan(now)
    planner.plan(now + timedelta(seconds=60))  # everybody: four people's mail for two hands
    hands.start()
    receiver.wait_for(3)
    courier.tick()
    mails = Delivery.objects.filter(channel="email")
    assert set(mails.values_list("state", "answer")) == {("sending", ""), ("planned", "")}, "none has ended"
    mailbox.let_go()


def test_what_was_sent_while_the_database_went_away_is_not_sent_again_and_keeps_nobody_waiting(
    alert, on_duty, mailbox, hands, monkeypatch, now
):
    """First before the message leaves, then after it has left."""

    def gone(*_args):
        raise OperationalError("the server closed the connection unexpectedly")

    alert()
    planner.plan(now)
    for name in ("to_send", "answer"):
        with monkeypatch.context() as patch:
            patch.setattr(courier.outbox, name, gone)
            assert hands.look() == 1
            wait_until(lambda: len(hands._owed) == 1)
    assert len(mailbox.letters) == 1
    Delivery.objects.update(due_at=now, leased_until=now)  # as after 45 s
    assert hands.look() == 0
    assert Delivery.objects.get(channel="email").state == "sent"
    assert len(mailbox.letters) == 1


def test_many_messages_all_arrive_and_each_once(alert, on_duty, mailbox, hands, now):
    for number in range(12):
        alert(rule="over_current", key=str(number))
    courier.tick()
    hands.start()
    letters = mailbox.wait_for(12)
    assert len({letter["Message-ID"] for letter in letters}) == 12


def test_two_couriers_at_once_send_each_message_once(alert, on_duty, mailbox, now):
    for number in range(8):
        alert(rule="over_current", key=str(number))
    courier.tick()
    both = [Courier(), Courier()]
    for one in both:
        one.start()
    mailbox.wait_for(8)
    for one in both:
        one.stop()
    assert len(mailbox.letters) == 8
    assert Delivery.objects.filter(channel="email").values_list("attempts", flat=True).distinct().get() == 1


def test_with_a_dead_worker_the_courier_plans_too(alert, on_duty, mailbox, hands):
    alert(rule="worker_silent", duty="care")
    hands.start()
    mailbox.wait_for(1)


def test_a_stopped_courier_has_finished_what_it_was_sending(alert, on_duty, mailbox, hands):
    alert()
    courier.tick()
    assert hands.look() == 1
    hands.stop()
    assert Delivery.objects.get(channel="email").state == "sent"
