"""How often somebody may ask: a token bucket each, in Redis, so that many web processes count together.

Counted is who asks: a bearer token, else a login, else an address; and attempts to log in by address alone, since
whoever guesses names or passwords can make up the rest.  Walls, display links, health checks and
whatever makes a device safer are never limited.  A Redis that is dead or slow limits nobody: it is logged,
and left alone for some seconds.  Why not a library: docs/decisions/rate-limits.md.
"""

import contextlib
import hashlib
import ipaddress
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from redis.commands.core import Script

from dashboards import errors
from dashboards.presses import can_wait, is_followed_up, is_press
from fleet.access.clients import address_of

REDIS_TIMEOUT_S = 0.25  # a request waits no longer to be counted
REST_S = 5.0  # so long a Redis that did not answer is not asked again

_LOGIN = {"login", "account_login", "mfa_authenticate"}
# Each sends something out of the house while somebody waits: to a mailbox, another system, a push service.
_TRIES = {"account-email", "account-email-test", "person-email", "account-push-test", "webhook-test"}
_TRIES_PER_MINUTE, _TRIES_AT_ONCE = 12, 10
_UNLIMITED_PAGES = {"wall", "display", "logout"}

# KEYS[1]: bucket; ARGV: tokens a second, capacity.  The clock is Redis's own: web processes may differ.
# Returns whether there was a token, how many are left, and after how many ms there is one (or all) again.
_TAKE = """
local told = redis.call('TIME')
local now = told[1] * 1000 + math.floor(told[2] / 1000)
local per_ms, most = tonumber(ARGV[1]) / 1000, tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(most, (tonumber(kept[1]) or most) + math.max(0, now - (tonumber(kept[2]) or now)) * per_ms)
local taken = 0
if tokens >= 1 then tokens = tokens - 1; taken = 1 end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
local full_ms = math.ceil((most - tokens) / per_ms)
redis.call('PEXPIRE', KEYS[1], full_ms + 1000)
return {taken, math.floor(tokens), full_ms, tokens >= 1 and 0 or math.ceil((1 - tokens) / per_ms)}
"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a minute in the long run, and so many at once; `by_address` whatever else a request shows."""

    name: str
    per_minute: int
    burst: int
    by_address: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was left when a request was counted."""

    rate: Rate
    allowed: bool
    left: int
    full_in_ms: int
    wait_ms: int

    def as_headers(self) -> dict[str, str]:
        """Return the three RateLimit fields (draft-ietf-httpapi-ratelimit-headers-07); reset in seconds."""
        return {
            "RateLimit-Limit": str(self.rate.burst),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(math.ceil(self.full_in_ms / 1000)),
        }


class RateLimits:
    """Middleware: counts a request once its address is known to lead somewhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        verdict: Verdict | None = getattr(request, "rate_verdict", None)
        if verdict is not None:
            for name, value in verdict.as_headers().items():
                response.headers.setdefault(name, value)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        rate = rate_of(request)
        if rate is None:
            return None
        verdict = buckets().take(rate, from_where(request) if rate.by_address else who(request))
        if verdict is None:
            return None
        request.rate_verdict = verdict  # type: ignore[attr-defined]
        if verdict.allowed:
            return None
        return errors.too_many(request, wait_s=max(1, math.ceil(verdict.wait_ms / 1000)))


def rate_of(request: HttpRequest) -> Rate | None:
    """Return what limits this request; None: nothing does."""
    match = request.resolver_match
    if is_press(request.method, request.path_info) and not can_wait(request):
        return None
    if is_followed_up(request.method, request.path_info):
        return None
    if request.path_info.startswith("/api/"):
        rate = Rate("api", settings.API_REQUESTS_PER_MINUTE, settings.API_BURST)
    elif request.method == "POST" and match is not None and match.url_name in _LOGIN:
        rate = Rate("logins", settings.LOGINS_PER_MINUTE, settings.LOGIN_BURST, by_address=True)
    elif match is None or match.namespace != "dashboards" or match.url_name in _UNLIMITED_PAGES:
        return None
    elif request.method == "POST" and match.url_name in _TRIES and settings.PAGE_REQUESTS_PER_MINUTE:
        rate = Rate("tries", _TRIES_PER_MINUTE, _TRIES_AT_ONCE)
    else:
        rate = Rate("pages", settings.PAGE_REQUESTS_PER_MINUTE, settings.PAGE_BURST)
    return rate if rate.per_minute else None


def who(request: HttpRequest) -> str:
    """Return whose bucket a request takes from; secrets go through a hash."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return _digest("token", token.strip())
    session = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    return _digest("login", session) if session else from_where(request)


def from_where(request: HttpRequest) -> str:
    """Return the bucket of the client's address; for IPv6 of its /64, since one machine has all of that."""
    address = address_of(request)
    with contextlib.suppress(ValueError):
        known = ipaddress.ip_address(address.partition("%")[0])
        if known.version == 6 and known.ipv4_mapped is None:
            address = str(ipaddress.ip_network((known, 64), strict=False))
    return _digest("address", address)


def _digest(kind: str, text: str) -> str:
    return f"{kind}:{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:32]}"


class Buckets:
    """The buckets in one Redis.  Safe for many threads."""

    def __init__(self, url: str) -> None:
        client = redis.Redis.from_url(
            url, socket_connect_timeout=REDIS_TIMEOUT_S, socket_timeout=REDIS_TIMEOUT_S, retry=None
        )
        self._take: Script = client.register_script(_TAKE)
        self._rests_until_s = 0.0

    def take(self, rate: Rate, whose: str) -> Verdict | None:
        """Count one request; None if Redis cannot, and the request passes."""
        if time.monotonic() < self._rests_until_s:
            return None
        try:
            taken, left, full_ms, wait_ms = self._take(
                keys=[f"myofleet:rate:{rate.name}:{whose}"],
                args=[rate.per_minute / 60, max(1, rate.burst)],
            )
        except (redis.RedisError, OSError) as error:
            self._rests_until_s = time.monotonic() + REST_S
            _log.warning("nobody is rate-limited for %g s: Redis did not answer: %r", REST_S, error)
            return None
        return Verdict(rate, bool(taken), int(left), int(full_ms), int(wait_ms))


@cache
def _buckets_of(url: str) -> Buckets:
    return Buckets(url)


def buckets() -> Buckets:
    """Return the buckets of this process."""
    return _buckets_of(settings.REDIS_URL)
