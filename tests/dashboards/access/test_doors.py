"""Who may open which page: 404 for what is not theirs to see, 403 for what their role does not allow."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from fleet.access import displays
from fleet.access.models import AuditEntry, Site
from tests.dashboards.access.conftest import Enter

PAGES = {  # path: answers for the administrator, the nurse of the same site, and a stranger
    "/people/": (200, 403, 403),
    "/people.csv": (200, 403, 403),
    "/people/new/": (200, 403, 403),
    "/people/{alice}/": (200, 404, 404),
    "/people/{alice}/end-login/": (200, 404, 404),
    "/people/{alice}/password-link/": (200, 404, 404),
    "/people/{alice}/role/north/withdraw/": (200, 404, 404),
    "/people/{alice}/no-such-act/": (404, 404, 404),
    "/people/{charlie}/": (404, 404, 404),
    "/sites/north/settings/": (200, 403, 404),
    "/sites/north/displays/": (200, 403, 404),
    "/sites/south/settings/": (404, 404, 403),
    "/new-site/": (403, 403, 403),
    "/audit/": (200, 403, 403),
    "/audit.csv": (200, 403, 403),
    "/audit.jsonl": (200, 403, 403),
    "/account/": (200, 200, 200),
}


@pytest.mark.parametrize("path", PAGES)
def test_each_page_opens_for_whom_it_is_meant(path: str, enter: Enter, alice: User, charlie: User) -> None:
    address = path.format(alice=alice.pk, charlie=charlie.pk)
    seen = tuple(enter(who).get(address).status_code for who in ("ada", "alice", "charlie"))
    assert seen == PAGES[path]
    if 403 in seen:  # as the page says
        assert AuditEntry.objects.filter(action__startswith="denied.").exists()


@pytest.mark.parametrize("path", PAGES)
def test_who_is_not_logged_in_is_asked_to(path: str, alice: User, charlie: User, client: Client) -> None:
    address = path.format(alice=alice.pk, charlie=charlie.pk)
    assert client.get(address)["Location"] == f"/login/?next={address}"


def test_a_superuser_opens_every_page(enter: Enter, alice: User, charlie: User, south: Site) -> None:
    for path in PAGES:
        if "no-such-act" not in path:
            address = path.format(alice=alice.pk, charlie=charlie.pk)
            assert enter("root").get(address).status_code == 200, address


@pytest.mark.parametrize(
    "path",
    [
        "/people/{alice}/role/", "/people/{alice}/tokens/", "/people/{alice}/end-login/",
        "/people/{alice}/name/", "/people/{alice}/password-link/", "/people/{alice}/role/north/withdraw/",
    ],
)  # fmt: skip
def test_nobody_but_their_administrator_changes_a_person(path: str, enter: Enter, alice: User) -> None:
    before = (User.objects.values().get(pk=alice.pk), alice.memberships.get().role)
    sent = {"site": "north", "role": "admin", "seen": "nurse", "full_name": "X", "name": "x"}
    for who in ("alice", "charlie"):
        assert enter(who).post(path.format(alice=alice.pk), sent).status_code == 404
    now = User.objects.values().get(pk=alice.pk)
    now["last_login"] = before[0]["last_login"]  # set by logging in
    assert (now, alice.memberships.get().role) == before


def test_a_display_link_of_another_site_cannot_be_revoked(enter: Enter, south: Site) -> None:
    link, _secret = displays.make_link(actor=None, site=south, name="Hall", now=timezone.now())
    assert enter("ada").post(f"/sites/north/displays/{link.pk}/revoke/").status_code == 404
    assert enter("ada").post(f"/sites/south/displays/{link.pk}/revoke/").status_code == 404
    link.refresh_from_db()
    assert link.revoked_at is None
