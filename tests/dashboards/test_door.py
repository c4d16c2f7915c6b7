"""Logging in and out: with one factor and with two, too often, and what is asked again before it is changed."""

import base64
import hmac
import re
import struct
import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from dashboards.live.sockets import NOT_ALLOWED, Credentials, find_seat
from fleet import checks
from fleet.access import recovery
from fleet.access.models import AuditEntry, Token
from fleet.access.service import set_active
from tests.dashboards.api.ward import Ward

PASSWORD = "correct horse battery"


@pytest.fixture
def ada(ward: Ward) -> User:
    user = User.objects.get(username="nurse")
    user.set_password(PASSWORD)
    user.save()
    return user


def log_in(client: Client, password: str = PASSWORD, name: str = "nurse", **asked: Any) -> Any:
    return client.post("/login/", {"username": name, "password": password, **asked})


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def code_of(secret: str, *, steps: int = 0) -> str:
    """A time-based one-time code (RFC 6238: SHA-1, 30 s, six digits)."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def key_on(page: HttpResponse) -> str:
    found = re.search(r'class="key">([A-Z2-7=]+)<', page.content.decode())
    assert found
    return found.group(1)


@pytest.fixture
def second_factor(ada: User, client: Client) -> tuple[str, list[str]]:
    """Set up as a person would; returns the key and the recovery codes, and leaves nobody logged in."""
    log_in(client)
    client.post("/account/confirm/", {"password": PASSWORD, "next": "/account/mfa/totp/activate/"})
    key = key_on(client.get("/account/mfa/totp/activate/"))
    shown = client.post("/account/mfa/totp/activate/", {"code": code_of(key, steps=-1)}, follow=True)
    codes = re.findall(r"<li><code>(\d+)</code>", shown.content.decode())
    assert len(codes) == 10
    client.post("/logout/")
    return key, codes


# --- one factor ---


def test_the_form_is_called_as_programs_expect_and_leads_where_one_wanted_to_go(
    ada: User, client: Client
) -> None:
    page = client.get("/login/?next=/sites/north/").content.decode()
    assert 'name="username"' in page
    assert 'name="password"' in page
    assert 'value="/sites/north/"' in page
    assert log_in(client, next="/sites/north/")["Location"] == "/sites/north/"
    assert client.get("/login/").status_code == 302
    assert "login" in actions()


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_led_away_after_logging_in(ada: User, client: Client, next_: str) -> None:
    assert log_in(client, next=next_)["Location"] == "/"


def test_the_session_has_another_number_after_logging_in(ada: User, client: Client) -> None:
    client.get("/login/")
    client.session.save()
    before = client.session.session_key
    log_in(client)
    assert client.session.session_key != before


def test_a_login_that_was_ended_opens_nothing(ada: User, client: Client) -> None:
    User.objects.update(is_active=False)
    answer = log_in(client)
    assert answer.status_code == 200
    assert "do not belong together" in answer.content.decode()


def test_a_login_that_was_ended_and_restored_is_logged_in_nowhere(ada: User, client: Client) -> None:
    colleague = Client()
    colleague.force_login(User.objects.get(username="engineer"))
    log_in(client)
    for active in (False, True):
        set_active(actor=None, user=ada, active=active)
    assert client.get("/")["Location"].startswith("/login/")
    assert colleague.get("/").status_code == 200


@pytest.mark.parametrize(
    "path", ["signup/", "password/reset/", "email/", "confirm-email/", "3rdparty/", "social/signup/"]
)
def test_nobody_signs_up_or_resets_by_mail(client: Client, db: None, path: str) -> None:
    for place in (path, f"account/{path}", f"accounts/{path}", f"login/{path}"):
        assert client.get(f"/{place}").status_code in (302, 404)


# --- too often ---


def test_after_five_failures_nobody_gets_in_under_that_name_from_there_not_even_with_the_password(
    ada: User, client: Client
) -> None:
    for _ in range(4):
        assert log_in(client, "wrong").status_code == 200
    assert log_in(client, "wrong").status_code == 429
    answer = log_in(client)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 15 * 60
    assert "for the next 15 minutes" in answer.content.decode()
    assert actions().count("login.failed") >= 5
    assert "login.locked_out" in actions()


def test_a_colleague_and_another_machine_are_not_locked_out_with_it(ada: User, client: Client) -> None:
    for _ in range(6):
        log_in(client, "wrong")
    other = User.objects.get(username="engineer")
    other.set_password(PASSWORD)
    other.save()
    assert log_in(client, name="engineer").status_code == 302
    away = Client(REMOTE_ADDR="192.0.2.9")
    assert log_in(away).status_code == 302


def test_a_success_forgets_the_failures_before_it(ada: User, client: Client) -> None:
    for _ in range(3):
        for _ in range(3):
            log_in(client, "wrong")
        assert log_in(client).status_code == 302
        client.post("/logout/")


def test_who_was_locked_out_gets_in_after_an_administrator_said_so(ada: User, client: Client) -> None:
    for _ in range(5):
        log_in(client, "wrong")
    recovery.unlock(actor=None, person=ada)
    assert log_in(client).status_code == 302
    assert "login.unlocked" in actions()


def test_a_name_that_is_nobodys_is_locked_in_the_same_way_and_kept_nowhere(
    ward: Ward, client: Client
) -> None:
    from axes.models import AccessAttempt

    typed = "hunter2-typed-into-the-wrong-box"
    statuses = [log_in(client, "x", name=typed).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 200, 429]
    assert typed not in str(list(AccessAttempt.objects.values()))
    assert typed not in str(list(AuditEntry.objects.values()))


def test_behind_a_proxy_the_client_is_who_the_proxy_saw(
    ada: User, client: Client, settings: Settings
) -> None:
    log_in(client, "wrong", name="nurse")
    settings.BEHIND_PROXY = True
    client.post("/login/", {"username": "nurse", "password": "x"}, HTTP_X_FORWARDED_FOR="6.6.6.6, 192.0.2.7")
    addresses = AuditEntry.objects.filter(action="login.failed").values_list("detail__address", flat=True)
    assert sorted(addresses) == ["127.0.0.1", "192.0.2.7"]


# --- two factors ---


def test_who_waits_at_the_code_page_while_a_lost_phone_is_reset_can_log_in(
    ada: User, client: Client, second_factor: tuple[str, list[str]]
) -> None:
    """Not led in circles between two pages until the waiting login is over."""
    log_in(client)
    recovery.reset_second_factor(actor=None, person=ada)
    answer = client.post("/login/code/", {"code": "000000"}, follow=True)
    assert answer.status_code == 200
    assert "Log in again" in answer.content.decode()
    assert log_in(client).headers["Location"] == "/"


def test_with_a_second_factor_the_password_alone_opens_nothing(
    second_factor: tuple[str, list[str]], client: Client
) -> None:
    key, codes = second_factor
    assert log_in(client)["Location"].startswith("/login/code/")
    assert client.get("/sites/north/").status_code == 302
    assert "Incorrect" in client.post("/login/code/", {"code": "000000"}).content.decode()
    assert client.get("/sites/north/").status_code == 302
    assert client.post("/login/code/", {"code": code_of(key)})["Location"] == "/"
    assert client.get("/sites/north/").status_code == 200
    assert "login.code_failed" in actions()
    client.post("/logout/")
    log_in(client)
    assert client.post("/login/code/", {"code": codes[0]}).status_code == 302
    client.post("/logout/")
    log_in(client)
    assert client.post("/login/code/", {"code": codes[0]}).status_code == 200, "a recovery code opens once"


@pytest.mark.django_db(transaction=True)
def test_a_second_factor_that_comes_or_goes_is_on_record(
    second_factor: tuple[str, list[str]], client: Client
) -> None:
    log_in(client)
    client.post("/login/code/", {"code": second_factor[1][0]})
    client.post("/account/confirm/", {"password": PASSWORD, "next": "/account/mfa/"})
    client.post("/account/mfa/totp/deactivate/")
    assert not Authenticator.objects.exists()
    assert {"mfa.added", "mfa.removed"} <= set(actions())


def test_codes_cannot_be_tried_one_after_another(
    second_factor: tuple[str, list[str]], client: Client
) -> None:
    key, _codes = second_factor
    log_in(client)
    for _ in range(6):
        client.post("/login/code/", {"code": "000000"})
    assert client.post("/login/code/", {"code": code_of(key)}).status_code == 200


def test_the_key_is_not_readable_in_the_database(second_factor: tuple[str, list[str]]) -> None:
    key, codes = second_factor
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert key not in kept
    assert not any(code in kept for code in codes)


def test_a_second_factor_is_set_up_and_taken_away_only_after_the_password_was_asked_again(
    ada: User, client: Client
) -> None:
    log_in(client)
    assert client.get("/account/mfa/totp/activate/")["Location"].startswith("/account/confirm/")
    refused = client.post("/account/confirm/", {"password": "wrong"})
    assert "not your password" in refused.content.decode()


def test_a_token_is_made_only_after_the_password_was_asked_again(ada: User, client: Client) -> None:
    admin = User.objects.get(username="admin")
    admin.set_password(PASSWORD)
    admin.save()
    log_in(client, name="admin")
    page = client.get("/account/").content.decode()
    last_day = (timezone.now() + timedelta(days=30)).date().isoformat()
    sent = dict(re.findall(r'name="(once)" value="([^"]+)"', page)) | {"name": "report", "last_day": last_day}
    before = Token.objects.count()
    answer = client.post("/account/tokens/", sent)
    assert answer["Location"] == "/account/confirm/?next=%2Faccount%2Ftokens%2F"
    assert Token.objects.count() == before
    asked = {"password": PASSWORD, "next": "/account/tokens/"}
    shown = client.post("/account/confirm/", asked, follow=True)
    assert Token.objects.filter(user=admin, name="report").exists(), shown.content.decode()[:2000]
    assert "myo_" in shown.content.decode()


def test_a_role_that_needs_a_second_factor_sets_it_up_before_anything_else(
    ada: User, client: Client, settings: Settings
) -> None:
    settings.MFA_REQUIRED_ROLES = frozenset({"nurse"})
    log_in(client)
    assert client.get("/sites/north/")["Location"] == "/account/mfa/totp/activate/"
    made_up = {"Authorization": "Bearer x"}
    assert client.get("/sites/north/", headers=made_up)["Location"] == "/account/mfa/totp/activate/"
    assert client.post("/account/tokens/")["Location"] == "/account/mfa/totp/activate/"
    assert (
        client.get("/account/mfa/totp/activate/", follow=True)
        .redirect_chain[-1][0]
        .startswith("/account/confirm/")
    )
    assert client.get("/api/v1/devices").status_code == 403
    assert client.get("/api/v1/devices", headers=made_up).status_code == 401
    assert client.get("/api/v1/devices", headers={"Authorization": "Basic x"}).status_code == 403
    assert find_seat(Credentials(session_key=str(client.session.session_key)), "north") == NOT_ALLOWED
    token = {"Authorization": "Bearer token of nurse"}
    assert client.get("/api/v1/devices", headers=token).status_code == 200
    engineer = Client()
    engineer.force_login(User.objects.get(username="engineer"))
    assert engineer.get("/sites/north/").status_code == 200


def test_a_role_that_there_is_not_stops_the_start(settings: Settings) -> None:
    settings.MFA_REQUIRED_ROLES = frozenset({"nurse", "enginer"})
    [problem] = checks.required_roles()
    assert "'enginer'" in problem.msg
    assert "engineer" in str(problem.hint)


# --- the password ---


def test_a_changed_password_is_on_record_and_ends_every_other_session(ada: User, client: Client) -> None:
    elsewhere = Client()
    log_in(elsewhere)
    log_in(client)
    new = "another long password"
    asked = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post("/account/password/", asked).status_code == 302
    assert client.get("/").status_code == 200
    open_ones = set(Session.objects.values_list("session_key", flat=True))
    assert open_ones == {client.session.session_key}, "permits to stop devices live as long as their session"
    assert elsewhere.get("/").status_code == 302
    assert actions().count("password.changed") == 2, "once by this test itself, as from the shell"
    assert new not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize("new,seen", [("short", "10 characters"), ("password123", "too common")])
def test_a_weak_password_is_refused_with_the_reason(ada: User, client: Client, new: str, seen: str) -> None:
    log_in(client)
    answer = client.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert seen in answer.content.decode()
