"""Who may open a live socket: our own pages with their cookie, and anybody with a token."""

import pytest
from django.conf import settings

from dashboards.live.sockets import NOT_FOUND, Credentials, credentials_of, find_seat, is_same_origin

OURS = "localhost:8000"


def handshake(query: str = "", **headers: str) -> dict[str, object]:
    named = {"host": OURS} | headers
    return {
        "type": "websocket",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }


@pytest.mark.parametrize(
    "origin", ["http://localhost:8000", "https://localhost:8000", "http://LOCALHOST:8000"]
)
def test_our_own_page_is_of_the_same_origin(origin: str) -> None:
    assert is_same_origin(handshake(origin=origin))


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost:8001",
        "http://localhost",
        "http://localhost:8000.evil.example",
        "null",
    ],
)
def test_another_page_is_not(origin: str) -> None:
    assert not is_same_origin(handshake(origin=origin))


def test_a_program_that_is_no_browser_sends_no_origin() -> None:
    assert is_same_origin(handshake())


def test_a_host_that_is_not_ours_is_refused_even_to_its_own_pages() -> None:
    assert not is_same_origin(handshake(host="evil.example", origin="http://evil.example"))


def test_a_trusted_origin_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CSRF_TRUSTED_ORIGINS", ["https://wall.example"])
    assert is_same_origin(handshake(origin="https://wall.example"))


def test_a_token_comes_in_the_address_or_in_a_header_and_wins_over_the_cookie() -> None:
    assert credentials_of(handshake("site=north&token=abc", cookie="sessionid=s1")).token == "abc"
    assert credentials_of(handshake(authorization="Bearer abc")).token == "abc"
    assert credentials_of(handshake(cookie="other=1; sessionid=s1")).session_key == "s1"
    assert credentials_of(handshake("token=abc", cookie="sessionid=s1")).session_key == ""


def test_credentials_are_not_written_into_logs() -> None:
    assert "abc" not in repr(credentials_of(handshake("token=abc")))


def test_a_site_that_no_database_could_hold_is_not_found() -> None:
    assert find_seat(Credentials(token="any"), "north\0") == NOT_FOUND
