"""What browsers are told about every page, and what production's settings are worth."""

import os
import subprocess
import sys

import pytest
from django.test import Client

from fleet.embedded.options import ROOT
from tests.dashboards.api.ward import Ward

PRODUCTION = {
    "SECRET_KEY": "k3Yq-nT8vR_2wXz7LpBd5sHjMf9cGa4uEeVbNiQoWtZyXrK1mP6h",
    "ALLOWED_HOSTS": "fleet.example",
    "CSRF_TRUSTED_ORIGINS": "https://fleet.example",
    "BEHIND_PROXY": "1",
}
SHOW = """
import django; django.setup()
from django.conf import settings as s
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,
      s.SESSION_COOKIE_HTTPONLY, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS)
"""


def in_production(*command: str) -> subprocess.CompletedProcess[str]:
    names = ("SECURE_COOKIES", "DEBUG", "SESSION_HOURS", "HSTS_SECONDS")
    env = {name: value for name, value in os.environ.items() if name not in names} | PRODUCTION
    return subprocess.run(
        [sys.executable, *command], env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.servers
def test_djangos_own_check_of_a_deployment_finds_nothing() -> None:
    done = in_production("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout + done.stderr


@pytest.mark.servers
def test_in_production_cookies_are_for_this_host_and_for_https_alone() -> None:
    said = in_production("-c", SHOW).stdout.split()
    assert said == ["__Host-sessionid", "__Host-csrftoken", "True", "True", "True", "True", "31536000"]


@pytest.mark.parametrize(
    "path", ["/", "/login/", "/sites/north/", "/nowhere/", "/api/v1/devices", "/healthz"]
)
def test_every_answer_says_what_a_page_may_do(ward: Ward, nurse: Client, path: str) -> None:
    answer = nurse.get(path)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "camera=()" in answer["Permissions-Policy"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"


def test_a_made_up_host_writes_nothing_into_the_policy(db: None) -> None:
    answer = Client().get("/static/dashboards/css/base.css", headers={"host": "x; script-src evil"})
    assert "evil" not in answer["Content-Security-Policy"]
    known = Client().get("/static/dashboards/css/base.css", headers={"host": "localhost:8000"})
    assert "connect-src 'self' ws://localhost:8000;" in known["Content-Security-Policy"]


def test_behind_tls_browsers_come_back_over_tls_alone(ward: Ward, settings: object) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000  # type: ignore[attr-defined]
    answer = Client().get("/login/", secure=True)
    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
