"""Pages about people: adding, roles, acts; nothing lost on an error, nothing done twice."""

import re

import pytest
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from fleet.access import service
from fleet.access.models import AuditEntry, Membership, Role, Site
from tests.dashboards.access.conftest import Enter

NORA = {"full_name": "Nora Lindqvist", "username": "nora", "site": "north", "role": "nurse", "once": "w1"}


def text(answer: object) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())  # type: ignore[attr-defined]


def link_in(page: str) -> str:
    found = re.search(r"http://testserver(/welcome/[^\"]+)", page)
    assert found
    return found.group(1)


def role_of(user: User) -> str:
    return Membership.objects.get(user=user, site__slug="north").role


# --- the list ---


def test_the_list_shows_my_people_with_their_roles_and_nobody_else(
    enter: Enter, both: User, alice: User
) -> None:
    page = text(enter("ada").get("/people/"))
    for words in ("Ada Berg", "Alice Lind", "Bo Both", "Administrator", "Coach"):
        assert words in page
    for words in ("Charlie", "South clinic"):
        assert words not in page


@pytest.mark.parametrize(
    "asked,seen",
    [
        ("q=lind", {"alice"}), ("q=ALI", {"alice"}), ("role=coach", {"bo"}), ("role=nurse", {"alice"}),
        ("site=north&role=admin", {"ada"}), ("state=ended", set()), ("state=never", {"alice", "bo"}),
        ("factor=off", {"ada", "alice", "bo"}), ("factor=on", set()), ("state=locked", {"bo"}),
    ],
)  # fmt: skip
def test_filters_narrow_the_list(enter: Enter, both: User, asked: str, seen: set[str]) -> None:
    AccessAttempt.objects.create(
        username="bo", ip_address="10.0.0.1", failures_since_start=9, attempt_time=timezone.now()
    )
    page = text(enter("ada").get(f"/people/?{asked}"))
    assert set(re.findall(r'<span class="under">(\w+)</span>', page)) == seen


def test_the_csv_holds_the_same_people(enter: Enter, alice: User, both: User) -> None:
    lines = b"".join(enter("ada").get("/people.csv?role=nurse")).decode("utf-8-sig").splitlines()  # type: ignore[call-overload]
    assert len(lines) == 2
    assert lines[1].startswith("alice,Alice Lind,north: nurse,")


def test_many_people_take_no_query_each(
    enter: Enter, north: Site, django_assert_max_num_queries: object
) -> None:
    users = User.objects.bulk_create(User(username=f"u{n}") for n in range(40))
    Membership.objects.bulk_create(Membership(user=user, site=north, role="nurse") for user in users)
    browser = enter("ada")
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        assert browser.get("/people/").status_code == 200


# --- somebody new ---


def test_a_new_person_gets_a_link_that_is_shown_once_and_works(enter: Enter) -> None:
    ada = enter("ada")
    answer = ada.post("/people/new/", NORA)
    nora = User.objects.get(username="nora")
    assert answer["Location"] == f"/people/{nora.pk}/"
    link = link_in(text(ada.get(answer["Location"])))
    assert "/welcome/" not in text(ada.get(answer["Location"]))
    guest = Client()
    page = guest.get(link)
    assert "Nora Lindqvist" in text(page)
    assert page["Referrer-Policy"] == "same-origin"
    wrong = guest.post(link, {"new_password": "a good long one", "again": "another"})
    assert wrong.status_code == 422
    assert "not the same" in text(wrong)
    assert "at least 10 characters" in text(guest.post(link, {"new_password": "short", "again": "short"}))
    chosen = guest.post(link, {"new_password": "a good long one", "again": "a good long one"})
    assert chosen["Location"] == "/login/"
    assert guest.login(username="nora", password="a good long one", request=chosen.wsgi_request)
    used = Client().get(link)
    assert used.status_code == 410
    assert "This link is over" in text(used)


def test_sending_the_form_twice_makes_one_person(enter: Enter) -> None:
    ada = enter("ada")
    first, second = ada.post("/people/new/", NORA), ada.post("/people/new/", NORA)
    assert first["Location"] == second["Location"]
    assert AuditEntry.objects.filter(action="person.made").count() == 1


def test_nothing_typed_is_lost_when_something_cannot_be(enter: Enter) -> None:
    answer = enter("ada").post("/people/new/", NORA | {"username": "no ra", "role": ""})
    page = text(answer)
    assert answer.status_code == 422
    for words in ('value="Nora Lindqvist"', 'value="no ra"', "Choose what they may do there"):
        assert words in page
    answer = enter("ada").post("/people/new/", NORA | {"username": "no ra"})
    assert "cannot be a user name" in text(answer)
    assert 'aria-invalid="true"' in text(answer)
    assert not User.objects.filter(first_name="Nora").exists()


def test_a_user_name_of_elsewhere_tells_no_more_than_that_it_is_taken(enter: Enter, charlie: User) -> None:
    ada = enter("ada")
    page = text(ada.post("/people/new/", NORA | {"username": "charlie"}))
    assert "with the login that they have" in page
    for words in ("Novak", "South"):
        assert words not in page
    added = ada.post("/people/new/", NORA | {"username": "charlie", "existing": "yes", "once": "w2"})
    assert added["Location"] == f"/people/{charlie.pk}/"
    assert role_of(charlie) == "nurse"
    charlie.refresh_from_db()
    assert charlie.get_full_name() == "Charlie Novak"
    assert AuditEntry.objects.filter(action="membership.granted", subject="charlie").exists()
    page = text(ada.get(f"/people/{charlie.pk}/"))
    assert "also works at sites that you do not administer" in page
    assert "South" not in page
    assert "Make a password link" not in page


def test_people_are_added_only_at_sites_that_i_administer(enter: Enter, south: Site) -> None:
    assert enter("ada").post("/people/new/", NORA | {"site": "south"}).status_code == 422
    assert not User.objects.filter(username="nora").exists()


# --- roles ---


def test_a_role_is_changed_and_the_page_says_so(enter: Enter, alice: User) -> None:
    ada = enter("ada")
    sent = {"site": "north", "role": "clinician", "seen": "nurse"}
    page = text(ada.post(f"/people/{alice.pk}/role/", sent, follow=True))
    assert "Alice Lind is Clinician at North clinic now." in page
    assert role_of(alice) == "clinician"
    assert ada.post(f"/people/{alice.pk}/role/", sent).status_code == 302
    assert AuditEntry.objects.filter(action="membership.granted").count() == 1


def test_two_tabs_do_not_undo_each_other(enter: Enter, alice: User) -> None:
    ada = enter("ada")
    ada.post(f"/people/{alice.pk}/role/", {"site": "north", "role": "coach", "seen": "nurse"})
    page = text(
        ada.post(
            f"/people/{alice.pk}/role/", {"site": "north", "role": "engineer", "seen": "nurse"}, follow=True
        )
    )
    assert "meanwhile somebody made Alice Lind Coach" in page
    assert role_of(alice) == "coach"


def test_a_role_is_taken_away_after_a_question(enter: Enter, alice: User) -> None:
    ada = enter("ada")
    where = f"/people/{alice.pk}/role/north/withdraw/"
    assert "Take the role Nurse of Alice Lind at North clinic away?" in text(ada.get(where))
    page = text(ada.post(where, follow=True))
    assert "has no role at North clinic any more" in page
    assert not Membership.objects.filter(user=alice).exists()
    assert ada.get(f"/people/{alice.pk}/").status_code == 404


def test_nobody_changes_their_own_role(enter: Enter, ada: User, alice: User, north: Site) -> None:
    service.grant(actor=None, user=alice, site=north, role=Role.ADMIN)
    browser = enter("ada")
    assert "This is you" in text(browser.get(f"/people/{ada.pk}/"))
    sent = {"site": "north", "role": "nurse", "seen": "admin"}
    assert browser.post(f"/people/{ada.pk}/role/", sent).status_code == 403
    assert browser.post(f"/people/{ada.pk}/role/north/withdraw/").status_code == 403
    assert role_of(ada) == "admin"


def test_the_last_administrator_stays_and_the_page_says_why(enter: Enter, ada: User) -> None:
    root = enter("root")
    for path, sent in (
        ("role/", {"site": "north", "role": "nurse", "seen": "admin"}),
        ("role/north/withdraw/", {}),
        ("end-login/", {}),
    ):
        page = text(root.post(f"/people/{ada.pk}/{path}", sent, follow=True))
        assert "is the last administrator of North clinic" in page, path
    assert role_of(ada) == "admin"


# --- logins ---


def test_a_login_is_ended_and_restored(enter: Enter, alice: User) -> None:
    ada, page = enter("ada"), f"/people/{alice.pk}/"
    nurse = enter("alice")
    assert nurse.get("/account/").status_code == 200
    assert "End the login of Alice Lind?" in text(ada.get(f"{page}end-login/"))
    assert "cannot log in any more" in text(ada.post(f"{page}end-login/", follow=True))
    assert nurse.get("/account/").status_code == 302
    assert "may log in again" in text(ada.post(f"{page}restore-login/", follow=True))
    alice.refresh_from_db()
    assert alice.is_active


def test_who_failed_too_often_is_let_in_again(enter: Enter, alice: User) -> None:
    AccessAttempt.objects.create(
        username="alice", ip_address="10.0.0.1", failures_since_start=9, attempt_time=timezone.now()
    )
    ada, page = enter("ada"), f"/people/{alice.pk}/"
    assert "Let them try again" in text(ada.get(page))
    ada.post(f"{page}unlock/")
    assert "Let them try again" not in text(ada.get(page))
    assert AuditEntry.objects.filter(action="login.unlocked", subject="alice").exists()


def test_a_lost_second_factor_is_taken_away_on_record(enter: Enter, alice: User) -> None:
    Authenticator.objects.create(user=alice, type="totp", data={"secret": "x"})
    ada, page = enter("ada"), f"/people/{alice.pk}/"
    assert "set up" in text(ada.get(page))
    ada.post(f"{page}reset-second-factor/")
    assert not Authenticator.objects.filter(user=alice).exists()
    assert AuditEntry.objects.filter(action="mfa.taken_away", subject="alice").exists()


def test_a_password_link_replaces_the_password_after_a_question(enter: Enter, alice: User) -> None:
    ada, where = enter("ada"), f"/people/{alice.pk}/password-link/"
    nurse = enter("alice")
    assert "stops working at once" in text(ada.get(where))
    assert nurse.get("/account/").status_code == 200
    page = text(ada.post(where, {"once": "w1"}, follow=True))
    assert Client().get(link_in(page)).status_code == 200
    assert nurse.get("/account/").status_code == 302  # whoever knew the old password may be somebody else


@pytest.mark.parametrize("path", ["/people/{n}/", "/people/{n}/end-login/", "/account/tokens/{n}/revoke/"])
def test_a_number_that_is_nobody_s_is_not_found_however_long(enter: Enter, path: str) -> None:
    for number in ("0", "99999999", "9" * 30):
        assert enter("ada").get(path.format(n=number)).status_code == 404


def test_a_name_can_be_corrected(enter: Enter, alice: User) -> None:
    ada = enter("ada")
    assert ada.post(f"/people/{alice.pk}/name/", {"full_name": " "}).status_code == 422
    ada.post(f"/people/{alice.pk}/name/", {"full_name": "Alice <b>Lind</b>"})
    page = text(ada.get(f"/people/{alice.pk}/"))
    assert "Alice &lt;b&gt;Lind&lt;/b&gt;" in page
    assert "<b>Lind" not in page
