"""Bearer tokens: shown once, kept as a digest, with an end."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from fleet.access import service
from fleet.access.models import AuditEntry, Membership, Role, Token
from fleet.access.service import Denied, NotVisible, Refused, authenticate_token

NOON = timezone.now().replace(hour=12, minute=0)


@pytest.fixture
def issued(nurse):
    return service.issue_token(actor=None, user=nurse, name="ward display", days=90, now=NOON)


def test_a_token_is_its_users(issued, nurse):
    _token, text = issued
    assert authenticate_token(text, now=NOON) == nurse


def test_the_text_is_long_random_and_kept_nowhere(issued, nurse):
    token, text = issued
    _other, another = service.issue_token(actor=None, user=nurse, name="ward display", days=90)
    assert len(text) >= 43
    assert text != another
    assert text not in str(Token.objects.values())
    assert text not in str(AuditEntry.objects.values())
    assert token.digest not in str(AuditEntry.objects.values())


@pytest.mark.parametrize("text", ["", "myo_", "myo_guess", "\x00", "\ud800", "ü" * 10_000])
def test_another_text_is_nobodys(issued, text):
    assert authenticate_token(text, now=NOON) is None


def test_the_digest_is_no_token(issued):
    token, _text = issued
    assert authenticate_token(token.digest, now=NOON) is None


def test_a_token_ends_on_its_day(issued):
    _token, text = issued
    end = NOON + timedelta(days=90)
    assert authenticate_token(text, now=end - timedelta(seconds=1)) is not None
    assert authenticate_token(text, now=end) is None


def test_a_token_ends_on_its_day_there_also_where_clocks_are_put_back_before(nurse):
    berlin = ZoneInfo("Europe/Berlin")
    made = datetime(2026, 10, 1, 0, 10, tzinfo=berlin)
    token, _text = service.issue_token(actor=None, user=nurse, name="x", days=30, now=made, zone=berlin)
    assert token.expires_at.astimezone(berlin) == datetime(2026, 10, 31, 0, 10, tzinfo=berlin)


def test_a_revoked_token_ends_at_once(issued, nurse):
    token, text = issued
    service.revoke_token(actor=nurse, token=token)
    service.revoke_token(actor=nurse, token=token)
    assert authenticate_token(text, now=NOON) is None
    assert AuditEntry.objects.filter(action="token.revoked").count() == 1


def test_the_token_of_an_inactive_user_is_nobodys(issued, nurse):
    _token, text = issued
    service.set_active(actor=None, user=nurse, active=False)
    assert authenticate_token(text, now=NOON) is None


@pytest.mark.parametrize(
    "name,days", [("", 90), ("  ", 90), ("display", 0), ("display", -1), ("display", 10**6)]
)
def test_a_token_without_a_name_or_an_end_is_refused(nurse, name, days):
    with pytest.raises(Refused):
        service.issue_token(actor=None, user=nurse, name=name, days=days)


def test_an_administrator_issues_tokens_for_members_and_no_other_role_does(admin, nurse, coach):
    service.issue_token(actor=admin, user=nurse, name="display", days=1)
    for actor in (nurse, coach):
        with pytest.raises(Denied):
            service.issue_token(actor=actor, user=nurse, name="display", days=1)


def test_no_token_opens_a_site_that_its_issuer_does_not_administer(admin, nurse, stranger, south):
    Membership.objects.create(user=nurse, site=south, role=Role.NURSE)
    for user in (nurse, stranger):
        with pytest.raises(NotVisible):
            service.issue_token(actor=admin, user=user, name="display", days=1)
    assert not Token.objects.exists()


def test_a_token_is_revoked_by_its_user_or_their_administrator_and_nobody_else(
    issued, coach, stranger, admin
):
    token, text = issued
    with pytest.raises(Denied):
        service.revoke_token(actor=coach, token=token)
    with pytest.raises(NotVisible):
        service.revoke_token(actor=stranger, token=token)
    assert authenticate_token(text, now=NOON) is not None
    service.revoke_token(actor=admin, token=token)
    assert authenticate_token(text, now=NOON) is None
