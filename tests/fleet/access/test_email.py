"""Where somebody gets mail: an address counts once its owner opened the link that was sent there."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from fleet.access import email
from fleet.access.models import AuditEntry, EmailWish
from fleet.access.service import Denied, NotVisible, Refused

NOON = timezone.now()
LATER = NOON + timedelta(minutes=2)


def address_of(person):
    return User.objects.get(pk=person.pk).email


def test_an_address_counts_only_once_its_link_was_opened(nurse):
    _wish, secret = email.ask(actor=nurse, person=nurse, address=" alice@clinic.example ", now=NOON)
    assert address_of(nurse) == ""
    assert secret not in str(list(EmailWish.objects.values()))
    assert email.confirm(secret=secret, now=LATER) == nurse
    assert address_of(nurse) == "alice@clinic.example"
    with pytest.raises(Refused, match="used, over, or replaced"):
        email.confirm(secret=secret, now=LATER)
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "email.asked",
        "email.confirmed",
    ]
    assert "clinic.example" not in str(list(AuditEntry.objects.values()))


def test_a_newer_link_ends_the_one_before_and_each_ends_after_three_days(nurse):
    _wish, first = email.ask(actor=nurse, person=nurse, address="a@clinic.example", now=NOON)
    _wish, second = email.ask(actor=nurse, person=nurse, address="b@clinic.example", now=LATER)
    assert email.wish_of(first, LATER) is None
    assert email.wish_of(second, LATER + email.LASTS) is None
    assert email.wish_of(second, LATER) is not None
    for nonsense in ("", "x", "y" * 5_000):
        assert email.wish_of(nonsense, LATER) is None


def test_the_confirmed_address_is_used_until_another_one_is_confirmed(nurse):
    User.objects.filter(pk=nurse.pk).update(email="old@clinic.example")
    nurse.refresh_from_db()
    email.ask(actor=nurse, person=nurse, address="new@clinic.example", now=NOON)
    assert address_of(nurse) == "old@clinic.example"
    with pytest.raises(Refused, match="confirmed already"):
        email.ask(actor=nurse, person=nurse, address="OLD@clinic.example", now=LATER)


def test_nobody_floods_a_mailbox_by_asking_again_and_again(nurse):
    email.ask(actor=nurse, person=nurse, address="a@clinic.example", now=NOON)
    for _turn in range(2):
        with pytest.raises(Refused, match="less than a minute ago"):
            email.ask(actor=nurse, person=nurse, address="a@clinic.example", now=NOON + timedelta(seconds=30))
        email.forget(actor=nurse, person=nurse)  # nor by taking it back in between
    email.ask(actor=nurse, person=nurse, address="a@clinic.example", now=LATER)


@pytest.mark.parametrize("typed", ["", "alice", "alice@", "a b@c.example", "a@b.example\nBcc: x@y.example"])
def test_what_can_be_no_address_is_refused_before_anything_is_kept(nurse, typed):
    with pytest.raises(Refused, match="whole address"):
        email.ask(actor=nurse, person=nurse, address=typed, now=NOON)
    assert not EmailWish.objects.exists()


def test_an_administrator_asks_for_their_people_and_nobody_else_does(admin, nurse, coach, stranger):
    email.ask(actor=admin, person=nurse, address="alice@clinic.example", now=NOON)
    for somebody in (coach, stranger):
        with pytest.raises((Denied, NotVisible)):
            email.ask(actor=somebody, person=nurse, address="mine@far.example", now=LATER)
        with pytest.raises((Denied, NotVisible)):
            email.forget(actor=somebody, person=nurse)
    assert EmailWish.objects.get().address == "alice@clinic.example"


def test_a_login_that_is_ended_confirms_nothing_and_an_address_can_be_forgotten(nurse):
    _wish, secret = email.ask(actor=nurse, person=nurse, address="alice@clinic.example", now=NOON)
    User.objects.filter(pk=nurse.pk).update(is_active=False)
    assert email.wish_of(secret, LATER) is None
    User.objects.filter(pk=nurse.pk).update(is_active=True, email="old@clinic.example")
    assert email.forget(actor=nurse, person=nurse)
    assert address_of(nurse) == ""
    assert email.wish_of(secret, LATER) is None
    assert not email.forget(actor=nurse, person=nurse)
