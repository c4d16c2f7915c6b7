"""The database is gone: people are called by what was remembered."""

import pytest
from django.db import connection

from fleet.access.models import Role
from fleet.paging import lifeline, service
from fleet.paging.models import Turn
from tests.fleet.paging.others import Mailbox


@pytest.fixture
def line(monkeypatch, site, engineer, person, on_duty, mailbox, receiver, now):
    """Remembers a site whose nurse is on duty, and nobody of the engineers."""
    person("erna", site, Role.ENGINEER, email=False)
    service.make_webhook(actor=None, site=site, name="Nurse call", url=receiver.url, now=now)
    monkeypatch.setattr(lifeline.timezone, "now", lambda: now)
    one = lifeline.Lifeline()
    one.remember()
    return one


def call_without_a_database(line):
    with connection.execute_wrapper(_no_database):
        line.call("database")


def _no_database(*_args):
    raise AssertionError("the database was asked")


def test_one_mail_reaches_who_is_on_duty_and_where_nobody_is_whoever_could_be(line, mailbox):
    call_without_a_database(line)
    (letter,) = mailbox.letters
    assert letter["Subject"].strip() == "High · the server itself: the database is gone: nothing is stored"
    assert "Look at the devices themselves" in letter.get_content()
    assert mailbox.recipients == [["egon@example.org", "nora@example.org"]]


def test_each_system_of_a_site_gets_one_signed_message(line, receiver):
    call_without_a_database(line)
    (post,) = receiver.posts
    assert post.json["type"] == "server.silent"
    assert post.json["data"]["site"] == "north"
    assert post.headers["webhook-signature"].startswith("v1,")


def test_a_mail_server_that_hangs_keeps_no_webhook_back(line, mailbox: Mailbox, receiver, settings):
    settings.TELL_SECONDS = 1
    mailbox.hold = True
    call_without_a_database(line)
    assert len(receiver.posts) == 1


def test_who_knows_nobody_says_so_in_the_log_and_goes_on(settings):
    lifeline.Lifeline().call("database")


def test_it_asks_the_database_now_and_then_only(line, django_assert_num_queries, site, nurse, now):
    with django_assert_num_queries(0):
        line.remember()
    assert Turn.objects.exists()
