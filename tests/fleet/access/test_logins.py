"""Logins, logouts and failures are on record, without ever keeping what was mistyped."""

import pytest
from django.contrib.auth import authenticate, login, logout
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory

from fleet.access.models import AuditEntry


@pytest.fixture
def request_(db):
    request = RequestFactory().post("/login/", REMOTE_ADDR="192.0.2.7")
    request.session = SessionStore()
    return request


def entry():
    return AuditEntry.objects.values_list("actor_name", "action", "subject", "detail").get()


def test_a_login_is_on_record_with_its_address(nurse, request_):
    login(request_, nurse, backend="django.contrib.auth.backends.ModelBackend")
    assert entry() == ("alice", "login", "alice", {"address": "192.0.2.7"})


def test_a_logout_is_on_record(nurse, request_):
    request_.user = nurse
    logout(request_)
    assert entry() == ("alice", "logout", "alice", {"address": "192.0.2.7"})


def test_a_wrong_password_is_on_record_under_the_users_name(nurse, request_):
    assert authenticate(request_, username="alice", password="wrong") is None
    assert entry() == ("(not logged in)", "login.failed", "alice", {"address": "192.0.2.7"})


def test_a_wrong_password_of_somebody_who_is_asked_again_is_no_failed_login(nurse, request_):
    request_.user = nurse
    assert authenticate(request_, username="alice", password="wrong") is None
    assert entry() == ("alice", "password.wrong", "alice", {"address": "192.0.2.7"})


@pytest.mark.parametrize("typed", ["hunter2-typed-into-the-wrong-box", "alice ", ""])
def test_a_name_that_is_no_user_is_not_kept_since_it_may_be_a_password(nurse, request_, typed):
    assert authenticate(request_, username=typed, password="wrong") is None
    assert entry() == ("(not logged in)", "login.failed", "(unknown user)", {"address": "192.0.2.7"})


def test_an_inactive_user_does_not_get_in(nurse, request_):
    nurse.is_active = False
    nurse.set_password("correct horse battery")
    nurse.save()
    assert authenticate(request_, username="alice", password="correct horse battery") is None
