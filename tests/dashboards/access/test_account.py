"""One's own account, and the door of a password link."""

from django.contrib.auth.models import User
from django.test import Client

from fleet.access import people
from tests.dashboards.access.conftest import Enter
from tests.dashboards.access.test_people import text


def test_the_account_shows_my_roles_and_last_logins(enter: Enter) -> None:
    page = text(enter("alice").get("/account/"))
    for words in (
        "Nurse",
        "North clinic",
        "not set up",
        "Last logins",
        "/account/password/",
        "/account/mfa/",
    ):
        assert words in page


def test_my_name_is_mine_to_correct(enter: Enter, alice: User) -> None:
    nurse = enter("alice")
    answer = nurse.post("/account/name/", {"full_name": ""})
    assert answer.status_code == 422
    assert "Type the name" in text(answer)
    assert "Your name is saved" in text(nurse.post("/account/name/", {"full_name": "Alice Li"}, follow=True))
    alice.refresh_from_db()
    assert alice.get_full_name() == "Alice Li"


def test_who_tries_a_link_in_their_own_browser_is_logged_out_of_it(
    enter: Enter, ada: User, alice: User
) -> None:
    path = people.make_link(actor=ada, person=alice)
    browser = enter("ada")
    sent = {"new_password": "a good long one", "again": "a good long one"}
    page = text(browser.post(f"/welcome/{path}/", sent, follow=True))
    assert "Log in with it as alice" in page
    assert browser.get("/account/").status_code == 302


def test_what_is_no_link_says_so_and_names_the_next_step(db: None) -> None:
    for path in ("/welcome/MQ/abc-def/", "/welcome/x/y/", "/welcome/MQ/%00/"):
        answer = Client().get(path)
        assert answer.status_code == 410
        assert "ask an administrator" in text(answer)
