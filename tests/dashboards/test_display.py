"""A screen on the wall: one site, read only, by a secret in the address, until the link is ended."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from dashboards.live.sockets import NOT_ALLOWED, NOT_FOUND, Credentials, Seat, credentials_of, find_seat
from dashboards.views.display import GUESSES_A_MINUTE
from fleet.access import displays, service
from fleet.access.errors import Denied, NotVisible, Refused
from fleet.access.models import AuditEntry, DisplayLink
from fleet.paging.models import Turn
from tests.dashboards.api.ward import Ward


@pytest.fixture
def made(ward: Ward) -> tuple[DisplayLink, str]:
    admin = User.objects.get(username="admin")
    return displays.make_link(actor=admin, site=ward.north, name="Gym, by the door", now=timezone.now())


def test_the_screen_shows_the_wall_without_any_login(made: tuple[DisplayLink, str], client: Client) -> None:
    answer = client.get(f"/display/{made[1]}/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'data-serial="EMS-0001"' in page
    assert f'data-display="{made[1]}"' in page
    assert "EMS-0100" not in page, "a device of another site"
    assert not answer.cookies


def test_its_address_goes_nowhere_and_is_kept_nowhere(made: tuple[DisplayLink, str], client: Client) -> None:
    answer = client.get(f"/display/{made[1]}/")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert made[1] not in str(list(DisplayLink.objects.values()))
    assert made[1] not in str(list(AuditEntry.objects.values()))


def test_it_names_nobody_and_leads_nowhere_even_on_a_machine_where_somebody_is_logged_in(
    made: tuple[DisplayLink, str], nurse: Client
) -> None:
    User.objects.filter(username="nurse").update(first_name="Nora", last_name="Lindqvist")
    user, since = User.objects.get(username="nurse"), timezone.now()
    Turn.objects.create(site=made[0].site, duty="care", user=user, since=since)
    page = nurse.get(f"/display/{made[1]}/").content.decode()
    assert "Lindqvist" not in page
    assert "On duty: somebody" in page
    assert "/logout/" not in page
    assert 'href="/devices/' not in page
    assert 'href="/sites/' not in page


def test_it_cannot_do_anything(made: tuple[DisplayLink, str], client: Client) -> None:
    assert client.post(f"/display/{made[1]}/").status_code == 405
    assert client.get("/sites/north/").status_code == 302
    for header in ({"Authorization": f"Bearer {made[1]}"}, {}):
        assert client.get("/api/v1/devices", headers=header).status_code == 401


@pytest.mark.parametrize("secret", ["x", "myd_", "myd_" + "x" * 43, "myd_" + "x" * 500, "..", "%00"])
def test_another_secret_is_no_page(ward: Ward, client: Client, secret: str) -> None:
    cache.clear()
    answer = client.get(f"/display/{secret}/")
    assert answer.status_code == 404
    assert "Traceback" not in answer.content.decode()


def test_guessing_is_slowed_down_and_a_good_link_still_opens(
    made: tuple[DisplayLink, str], client: Client
) -> None:
    cache.clear()
    guesses = [client.get(f"/display/myd_{n:043d}/").status_code for n in range(GUESSES_A_MINUTE + 1)]
    assert guesses[-1] == 429
    assert set(guesses[:-1]) == {404}
    assert client.get(f"/display/{made[1]}/").status_code == 200
    cache.clear()


def test_an_ended_link_says_so(made: tuple[DisplayLink, str], client: Client) -> None:
    displays.revoke_link(actor=None, link=made[0], now=timezone.now())
    answer = client.get(f"/display/{made[1]}/")
    assert answer.status_code == 410
    assert "was ended" in answer.content.decode()
    assert "EMS-0001" not in answer.content.decode()
    assert "To my sites" not in answer.content.decode()


def test_when_it_was_last_seen_is_kept_to_the_minute(made: tuple[DisplayLink, str]) -> None:
    link, now = made[0], timezone.now()
    displays.note_seen(link, now)
    displays.note_seen(link, now + timedelta(seconds=59))
    link.refresh_from_db()
    assert link.seen_at == now
    displays.note_seen(link, now + timedelta(seconds=61))
    link.refresh_from_db()
    assert link.seen_at == now + timedelta(seconds=61)


def test_the_socket_opens_the_one_site_of_the_link(made: tuple[DisplayLink, str]) -> None:
    link, secret = made
    shown = Credentials(display=secret)
    assert find_seat(shown, "north") == Seat(displays.group_of(link.pk), link.site_id)
    assert find_seat(shown, "far") == NOT_FOUND
    assert find_seat(Credentials(display="myd_" + "x" * 43), "north") == NOT_ALLOWED
    displays.revoke_link(actor=None, link=link, now=timezone.now())
    assert find_seat(shown, "north") == NOT_ALLOWED


def test_a_handshake_with_a_display_link_uses_nothing_else() -> None:
    headers = [(b"host", b"localhost"), (b"cookie", b"sessionid=s1"), (b"authorization", b"Bearer abc")]
    scope = {"query_string": b"site=north&display=myd_x&token=t", "headers": headers}
    assert credentials_of(scope) == Credentials(display="myd_x")
    assert "myd_x" not in repr(credentials_of(scope))


def test_only_an_administrator_of_the_site_makes_and_ends_links(ward: Ward) -> None:
    people = {name: User.objects.get(username=name) for name in ("nurse", "engineer", "stranger", "admin")}
    now = timezone.now()
    for name, refusal in (("nurse", Denied), ("engineer", Denied), ("stranger", NotVisible)):
        with pytest.raises(refusal):
            displays.make_link(actor=people[name], site=ward.north, name="x", now=now)
    with pytest.raises(Refused):
        displays.make_link(actor=people["admin"], site=ward.north, name="  ", now=now)
    link, _secret = displays.make_link(actor=people["admin"], site=ward.north, name="x", now=now)
    with pytest.raises(Denied):
        displays.revoke_link(actor=people["nurse"], link=link, now=now)
    displays.revoke_link(actor=people["admin"], link=link, now=now)
    displays.revoke_link(actor=people["admin"], link=link, now=now)
    told = list(AuditEntry.objects.filter(action__startswith="display.").values_list("action", flat=True))
    assert sorted(told) == ["display.made", "display.revoked"]
    assert service.may(people["admin"], "manage_displays", ward.north)
