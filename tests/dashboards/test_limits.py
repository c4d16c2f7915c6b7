"""Who asks too often waits; walls, stops and health checks never do; a dead Redis limits nobody."""

import logging
from collections.abc import Iterator
from uuid import uuid4

import pytest
import redis
from django.conf import settings as django_settings
from django.test import Client, RequestFactory
from django.urls import ResolverMatch, resolve, reverse
from pytest_django import Settings

from dashboards import limits
from dashboards.limits import Buckets, Rate
from fleet.embedded.servers import Servers
from tests.dashboards.api.ward import Ward, ask
from tests.harness import wait_for

DEAD_REDIS = "redis://127.0.0.1:1/0"  # nobody listens on port 1
SLOWLY = Rate("test", per_minute=60, burst=3)


@pytest.fixture
def low(settings: Settings, servers: Servers) -> Iterator[Settings]:
    """Three at once, then one a minute."""
    settings.API_REQUESTS_PER_MINUTE = settings.PAGE_REQUESTS_PER_MINUTE = 1
    settings.API_BURST = settings.PAGE_BURST = 3
    yield settings
    with redis.Redis.from_url(django_settings.REDIS_URL) as client:
        for key in client.scan_iter("myofleet:rate:*"):
            client.delete(key)


def test_a_burst_passes_and_then_one_token_a_second(servers: Servers) -> None:
    buckets, me = Buckets(django_settings.REDIS_URL), str(uuid4())
    verdicts = [buckets.take(SLOWLY, me) for _ in range(4)]
    assert all(verdicts)
    assert [one.allowed for one in verdicts if one] == [True, True, True, False]
    last = verdicts[-1]
    assert last
    assert 0 < last.wait_ms <= 1000
    assert last.as_headers()["RateLimit-Limit"] == "3"
    assert last.as_headers()["RateLimit-Remaining"] == "0"
    assert int(last.as_headers()["RateLimit-Reset"]) == 3
    wait_for(
        lambda: (again := buckets.take(SLOWLY, me)) and again.allowed, within_s=3, why="no token came back"
    )


def test_each_has_a_bucket_of_their_own(servers: Servers) -> None:
    buckets = Buckets(django_settings.REDIS_URL)
    for _ in range(4):
        buckets.take(SLOWLY, "one")
    other = buckets.take(SLOWLY, str(uuid4()))
    assert other
    assert other.allowed


def test_a_client_that_asks_too_often_is_told_when_to_ask_again(low: Settings, ward: Ward) -> None:
    answers = [ask("devices", "nurse") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert [one["RateLimit-Remaining"] for one in answers] == ["2", "1", "0", "0"]
    assert answers[-1]["Content-Type"] == "application/problem+json"
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    assert ask("devices", "engineer").status_code == 200  # another token


def test_a_page_asked_for_too_often_is_a_page(low: Settings, nurse: Client) -> None:
    answers = [nurse.get("/") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert "Too many requests" in answers[-1].content.decode()


def test_a_wall_and_health_are_never_limited(low: Settings, nurse: Client) -> None:
    for path in ("/sites/north/", "/healthz", "/metrics"):
        for _ in range(5):
            answer = nurse.get(path)
            assert answer.status_code == 200
            assert "RateLimit-Limit" not in answer


STOP = "/api/v1/sites/north/stop"
ASK = "/api/v1/devices/EMS-0001/commands"


@pytest.mark.parametrize(
    "path, body",
    [
        (STOP, b""),
        (STOP, b'{"verb":"identify"}'),
        *((ASK, b'{"verb":"%s"}' % verb) for verb in (b"stop", b"pause", b"lower", b"start")),
        *((ASK, odd) for odd in (b"", b"[]", b"\xff", b"[" * 9_000, b'{"verb":["lock"]}', b'"lock"')),
    ],
)
def test_what_makes_a_device_safer_is_never_limited(settings: Settings, path: str, body: bytes) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1
    press = RequestFactory().post(path, body, content_type="application/json")
    assert limits.rate_of(press) is None
    assert limits.rate_of(RequestFactory().get(path)) is not None


@pytest.mark.parametrize("verb", ["identify", "lock", "unlock", "rebirth", "apply_protocol", "withdraw"])
def test_what_can_wait_is_and_so_is_the_record_of_who_may_not(settings: Settings, verb: str) -> None:
    settings.API_REQUESTS_PER_MINUTE = settings.PAGE_REQUESTS_PER_MINUTE = 1
    asked = RequestFactory().post(ASK, {"verb": verb}, content_type="application/json")
    form = RequestFactory().post("/devices/EMS-0001/ask/", {"verb": verb})
    form.resolver_match = resolve("/devices/EMS-0001/ask/")
    assert limits.rate_of(asked) is not None
    assert limits.rate_of(form) is not None
    assert limits.rate_of(RequestFactory().post("/api/v1/sites/north/identify")) is not None


@pytest.mark.parametrize("path", ["/api/v1/commands/7", "/api/v1/stops/7", "/sites/north/permit/"])
def test_nor_is_seeing_what_became_of_it(settings: Settings, path: str) -> None:
    settings.API_REQUESTS_PER_MINUTE = settings.PAGE_REQUESTS_PER_MINUTE = 1
    assert limits.rate_of(RequestFactory().get(path)) is None
    assert limits.rate_of(RequestFactory().get("/api/v1/commands")) is not None


def test_a_page_is_limited_and_a_display_is_not(settings: Settings) -> None:
    settings.PAGE_REQUESTS_PER_MINUTE = 1
    for name, limited in (("devices", True), ("display", False), ("wall", False)):
        request = RequestFactory().get("/")
        request.resolver_match = ResolverMatch(lambda: None, (), {}, url_name=name, namespaces=["dashboards"])
        assert (limits.rate_of(request) is not None) is limited


def test_what_sends_something_out_of_the_house_has_a_narrower_limit_of_its_own(settings: Settings) -> None:
    settings.PAGE_REQUESTS_PER_MINUTE = 600
    for path in ("/account/telling/email/test/", "/sites/north/telling/webhooks/1/test/"):
        request = RequestFactory().post(path)
        request.resolver_match = resolve(path)
        rate = limits.rate_of(request)
        assert rate is not None
        assert (rate.name, rate.per_minute) == ("tries", 12)


def test_attempts_to_log_in_are_counted_by_address_whatever_else_is_made_up(
    low: Settings, client: Client, db: None
) -> None:
    low.LOGINS_PER_MINUTE, low.LOGIN_BURST = 1, 3
    answers = []
    for n in range(4):
        client.cookies["sessionid"] = f"made-up-{n}"
        tried = {"username": f"name-{n}", "password": "Winter2026!"}
        answers.append(client.post("/login/", tried, headers={"Authorization": f"Bearer {n}"}).status_code)
    assert answers == [200, 200, 200, 429]
    assert client.get("/login/").status_code == 200
    assert client.post("/login/", {"username": "a"}, REMOTE_ADDR="192.0.2.1").status_code == 200


def test_one_machine_has_a_whole_network_of_ipv6_addresses() -> None:
    near, same, far, other = (
        limits.from_where(RequestFactory().get("/", REMOTE_ADDR=address))
        for address in ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1", "::ffff:192.0.2.1")
    )
    assert near == same
    assert len({near, far, other}) == 3


def test_no_token_or_cookie_is_kept_in_the_clear() -> None:
    for headers in ({"Authorization": "Bearer secret"}, {"Cookie": "sessionid=secret"}):
        assert "secret" not in limits.who(RequestFactory().get("/", headers=headers))
    assert limits.who(RequestFactory().get("/")).startswith("address:")


def test_a_dead_redis_limits_nobody_and_is_not_asked_each_time(
    settings: Settings, ward: Ward, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_REQUESTS_PER_MINUTE, settings.REDIS_URL = 1, DEAD_REDIS
    with caplog.at_level(logging.WARNING):
        assert [ask("devices").status_code for _ in range(3)] == [200] * 3
    assert caplog.text.count("nobody is rate-limited") == 1


def test_the_pages_without_a_limit_are_still_called_so() -> None:
    for name, arguments in (("wall", ["north"]), ("display", ["secret"]), ("logout", [])):
        assert name in limits._UNLIMITED_PAGES
        match = resolve(reverse(f"dashboards:{name}", args=arguments))
        assert {match.url_name} <= limits._UNLIMITED_PAGES or not match.namespace
