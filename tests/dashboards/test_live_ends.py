"""Open sockets end within five seconds of what opened them, each by the deed that a person would do."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from fleet.access import displays, service
from fleet.access.models import Token
from tests.dashboards.api import ward as wards
from tests.dashboards.test_live import ENDS_S, ORIGIN, PATIENT_S, Browser
from tests.dashboards.test_live import ward as ward  # the fixture

pytestmark = pytest.mark.django_db(transaction=True)


class Scene:
    """One socket and what ends it."""

    def __init__(self, address: str, headers: tuple[Any, ...], end: Callable[[], Any], code: int) -> None:
        self.browser, self.end, self.code = Browser(address, *headers), sync_to_async(end), code

    async def seconds_until_closed(self) -> float:
        await self.end()
        begun = time.monotonic()
        assert await self.browser.closed() == self.code
        return time.monotonic() - begun


def by_cookie(username: str, end: Callable[[Client, User], Any], code: int) -> Scene:
    user = User.objects.get(username=username)
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    cookie = (b"cookie", f"{name}={client.cookies[name].value}".encode())
    return Scene("site=north", (cookie, ORIGIN), lambda: end(client, user), code)


def by_token(days: int, end: Callable[[Token], Any]) -> Scene:
    nurse = User.objects.get(username="nurse")
    token, text = service.issue_token(actor=None, user=nurse, name="program", days=days)
    return Scene(f"site=north&token={text}", (), lambda: end(token), 4403)


def run_out(client: Client, _user: User) -> None:
    Session.objects.filter(pk=client.session.session_key).update(expire_date=timezone.now())


def scenes(ward: wards.Ward) -> dict[str, Scene]:
    """Each ends a login of its own, so that they may all run at once."""
    # A server has long served its first page: that loads every page, on the one thread on which sockets read.
    Client().get("/login/")
    for name in ("left", "ended", "repassworded", "out", "late"):
        user = User.objects.create_user(name)
        service.grant(actor=None, user=user, site=ward.north, role=service.Role.NURSE)
    link, secret = displays.make_link(actor=None, site=ward.north, name="Gym", now=timezone.now())

    def new_password(_client: Client, user: User) -> None:
        user.set_password("another long password")
        user.save()

    return {
        "membership withdrawn": by_cookie(
            "left",
            lambda _c, user: service.withdraw_membership(actor=None, user=user, site=ward.north),
            4404,
        ),
        "login ended": by_cookie(
            "ended", lambda _c, user: service.set_active(actor=None, user=user, active=False), 4403
        ),
        "password changed": by_cookie("repassworded", new_password, 4403),
        "logged out": by_cookie("out", lambda client, _u: client.post("/logout/"), 4403),
        "session ran out": by_cookie("late", run_out, 4403),
        "token revoked": by_token(1, lambda token: service.revoke_token(actor=None, token=token)),
        "token ran out": by_token(
            2,
            lambda token: Token.objects.filter(pk=token.pk).update(
                expires_at=timezone.now() - timedelta(seconds=1)
            ),
        ),
        "display link ended": Scene(
            f"site=north&display={secret}",
            (ORIGIN,),
            lambda: displays.revoke_link(actor=None, link=link, now=timezone.now()),
            4403,
        ),
    }


@pytest.mark.in_time
async def test_whatever_opened_a_socket_ends_and_the_socket_within_five_seconds(ward: wards.Ward) -> None:
    staged = await sync_to_async(scenes)(ward)
    for scene in staged.values():
        assert (await scene.browser.open())["type"] == "snapshot"
    took = await asyncio.gather(*(scene.seconds_until_closed() for scene in staged.values()))
    assert {name: seconds for name, seconds in zip(staged, took, strict=True) if seconds >= ENDS_S} == {}


async def test_a_display_link_opens_no_other_site_and_a_guess_none(ward: wards.Ward) -> None:
    _link, secret = await sync_to_async(displays.make_link)(
        actor=None, site=ward.north, name="Gym", now=timezone.now()
    )
    for address, code in ((f"site=far&display={secret}", 4404), ("site=north&display=myd_guess", 4403)):
        browser = Browser(address, ORIGIN)
        accepted, _ = await browser.socket.connect(timeout=PATIENT_S)
        assert accepted
        assert await browser.closed() == code
