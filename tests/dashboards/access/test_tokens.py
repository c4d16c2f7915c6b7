"""API tokens: made with an end, shown once, revoked at once."""

import re
from datetime import date, timedelta

from django.contrib.auth.models import User
from django.test import Client

from fleet.access import service
from fleet.access.models import Role, Site, Token
from tests.dashboards.access.conftest import Enter
from tests.dashboards.access.test_people import text


def sent(**other: str) -> dict[str, str]:
    last_day = (date.today() + timedelta(days=30)).isoformat()  # noqa: DTZ011  the site's day, or one beside it
    return {"name": "ward report", "last_day": last_day, "once": "w1"} | other


def secret_in(page: str) -> str:
    found = re.search(r"myo_[\w-]+", page)
    assert found
    return found.group()


def asks(token: str) -> int:
    return Client().get("/api/v1/devices", headers={"Authorization": f"Bearer {token}"}).status_code


def test_an_administrator_makes_a_token_for_themselves_that_works_until_it_is_revoked(enter: Enter) -> None:
    ada = enter("ada")
    page = text(ada.post("/account/tokens/", sent(), follow=True))
    token = secret_in(page)
    assert asks(token) == 200
    assert "myo_" not in text(ada.get("/account/"))
    made = Token.objects.get()
    assert token not in str(Token.objects.values().get())
    assert "Revoke the token “ward report”?" in text(ada.get(f"/account/tokens/{made.pk}/revoke/"))
    assert asks(token) == 200
    assert "is revoked" in text(ada.post(f"/account/tokens/{made.pk}/revoke/", follow=True))
    assert asks(token) == 401
    assert ada.post(f"/account/tokens/{made.pk}/revoke/").status_code == 302


def test_sending_the_form_twice_makes_one_token(enter: Enter) -> None:
    ada = enter("ada")
    assert (
        ada.post("/account/tokens/", sent())["Location"] == ada.post("/account/tokens/", sent())["Location"]
    )
    assert Token.objects.count() == 1


def test_a_secret_is_shown_to_whom_it_was_made_for_and_nobody_else(enter: Enter) -> None:
    ada, root = enter("ada"), enter("root")
    answer = ada.post("/account/tokens/", sent())
    root.cookies["shown"] = answer.cookies["shown"].value
    assert "myo_" not in text(root.get("/account/"))
    assert answer.cookies["shown"]["httponly"]
    assert answer.cookies["shown"]["samesite"] == "Strict"


def test_a_token_needs_a_name_of_its_own_and_an_end_within_a_year(enter: Enter) -> None:
    ada = enter("ada")
    ada.post("/account/tokens/", sent())
    for wrong, words in (
        ({"name": ""}, "Say what it is for"),
        ({"name": " ward  report "}, "There is a token named “ward report” already"),
        ({"name": "b", "last_day": ""}, "Choose a day"),
        ({"name": "b", "last_day": "soon"}, "This is no day"),
        ({"name": "b", "last_day": "2020-01-01"}, "2020-01-01 cannot be"),
        ({"name": "b", "last_day": "2999-01-01"}, "2999-01-01 cannot be"),
    ):
        answer = ada.post("/account/tokens/", sent(once="", **wrong))
        assert answer.status_code == 422
        assert words in text(answer)
        assert "open" in re.findall(r"<details class=\"more\"([^>]*)><summary>Make a token", text(answer))[0]
    assert Token.objects.count() == 1


def test_a_nurse_makes_no_token_but_ends_their_own(enter: Enter, alice: User) -> None:
    nurse = enter("alice")
    assert "Make a token" not in text(nurse.get("/account/"))
    assert nurse.post("/account/tokens/", sent()).status_code == 403
    token, secret = service.issue_token(actor=None, user=alice, name="phone", days=9)
    assert "phone" in text(nurse.get("/account/"))
    nurse.post(f"/account/tokens/{token.pk}/revoke/")
    assert asks(secret) == 401


def test_an_administrator_makes_and_ends_tokens_of_their_people(enter: Enter, alice: User) -> None:
    ada = enter("ada")
    page = text(ada.post(f"/people/{alice.pk}/tokens/", sent(), follow=True))
    token = secret_in(page)
    assert asks(token) == 200
    made = Token.objects.get()
    ada.post(f"/people/{alice.pk}/tokens/{made.pk}/revoke/")
    assert asks(token) == 401


def test_a_token_that_would_open_a_site_of_others_is_not_made(
    enter: Enter, both: User, ada: User, south: Site
) -> None:
    assert enter("ada").post(f"/people/{both.pk}/tokens/", sent()).status_code == 403
    service.grant(actor=None, user=ada, site=south, role=Role.NURSE)
    assert enter("ada").post("/account/tokens/", sent()).status_code == 403
    assert not Token.objects.exists()


def test_a_token_of_somebody_else_is_not_mine_to_revoke(enter: Enter, charlie: User, alice: User) -> None:
    token, _secret = service.issue_token(actor=None, user=charlie, name="x", days=9)
    for path in (f"/account/tokens/{token.pk}/revoke/", f"/people/{alice.pk}/tokens/{token.pk}/revoke/"):
        assert enter("ada").post(path).status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None
