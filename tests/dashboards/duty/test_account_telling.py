"""One's own addresses: e-mail that counts once it is confirmed, and browsers that take push."""

import re
import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from fleet.access.models import EmailWish
from fleet.paging.models import PushAddress
from tests.dashboards.duty.conftest import Enter
from tests.dashboards.duty.test_duty_page import text

PAGE = "/account/telling/"


class _Smtp(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as one letter needs."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                letter = b""
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    letter += part
                self.server.letters.append(letter.decode())  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


@pytest.fixture
def letters(settings: Any) -> Iterator[list[str]]:
    """What a mail server on loopback took."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp) as server:
        server.letters = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        settings.EMAIL_URL = "smtp://127.0.0.1"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        yield server.letters  # type: ignore[attr-defined]
        server.shutdown()


def link_in(letter: str) -> str:
    found = re.search(r"https?://testserver(/email/[\w=\-\r\n]+/)", letter.replace("=\r\n", ""))
    assert found, letter
    return found.group(1)


def address_of(username: str) -> str:
    return User.objects.get(username=username).email


def test_an_address_is_confirmed_by_the_link_in_a_real_mail_also_on_a_phone_that_is_not_logged_in(
    enter: Enter, letters: list[str]
) -> None:
    nora, phone = enter("nora"), Client()
    page = text(nora.post(f"{PAGE}email/", {"address": "nora@clinic.example"}, follow=True))
    assert "A mail is on its way to nora@clinic.example." in page
    assert address_of("nora") == ""
    [letter] = letters
    assert "To: nora@clinic.example" in letter
    assert "Nora" not in letter.partition("\r\n\r\n")[2], "what leaves the house names nobody"
    link = link_in(letter)
    assert "nora@clinic.example" in text(phone.get(link))
    assert address_of("nora") == "", "opening it, as mail scanners do, confirms nothing"
    assert "Your address is confirmed" in text(phone.post(link))
    assert address_of("nora") == "nora@clinic.example"
    assert phone.post(link).status_code == 410
    assert "nora@clinic.example" in text(nora.get(PAGE))
    assert "is removed" in text(nora.post(f"{PAGE}email/forget/", follow=True))
    assert address_of("nora") == ""


def test_a_server_that_sends_no_mail_says_so_instead_of_promising_one(enter: Enter, settings: Any) -> None:
    settings.EMAIL_URL = ""
    nora = enter("nora")
    page = text(nora.post(f"{PAGE}email/", {"address": "nora@clinic.example"}, follow=True))
    assert "This server sends no e-mail, so nora@clinic.example cannot be confirmed." in page
    assert "no mail was sent" in page
    assert "is on its way" not in page


def test_what_is_no_address_is_told_beside_what_was_typed(enter: Enter) -> None:
    answer = enter("nora").post(f"{PAGE}email/", {"address": "nora@"})
    assert answer.status_code == 422
    assert "Type a whole address" in text(answer)
    assert 'value="nora@"' in answer.content.decode()


def test_an_administrator_asks_for_an_address_of_their_people_and_it_counts_once_they_confirm(
    enter: Enter, letters: list[str]
) -> None:
    anton, nora = enter("anton"), User.objects.get(username="nora")
    page = text(anton.post(f"/people/{nora.pk}/email/", {"address": "nora@clinic.example"}, follow=True))
    assert "A mail is on its way" in page
    assert "nora@clinic.example waits to be confirmed" in page
    assert enter("carla").post(f"/people/{nora.pk}/email/", {"address": "x@y.example"}).status_code == 404
    Client().post(link_in(letters[0]))
    assert address_of("nora") == "nora@clinic.example"
    EmailWish.objects.all().delete()
    assert "is removed" in text(anton.post(f"/people/{nora.pk}/email/", {"remove": "yes"}, follow=True))
    assert address_of("nora") == ""


def test_a_browser_of_somebody_else_is_neither_tried_nor_removed(enter: Enter) -> None:
    nora = User.objects.get(username="nora")
    made = timezone.now() - timedelta(days=2)
    kept = PushAddress.objects.create(
        user=nora, endpoint="https://push.example/1", p256dh="x", auth="y", name="Phone", made_at=made
    )
    assert "Phone" in text(enter("nora").get(PAGE))
    carla = enter("carla")
    assert carla.post(f"{PAGE}push/{kept.pk}/test/").status_code == 404
    carla.post(f"{PAGE}push/{kept.pk}/forget/")
    assert PushAddress.objects.filter(pk=kept.pk).exists()
    assert "gets no push any more" in text(enter("nora").post(f"{PAGE}push/{kept.pk}/forget/", follow=True))
    assert not PushAddress.objects.filter(pk=kept.pk, gone_at=None).exists()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"endpoint": 1, "keys": {}}', b'{"endpoint": "x", "keys": 3}']
)
def test_what_is_no_push_address_is_refused_with_the_reason(enter: Enter, body: bytes) -> None:
    answer = enter("nora").post(f"{PAGE}push/", body, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["error"] == "What the browser gave is no push address."
