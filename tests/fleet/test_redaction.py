"""No secret is written down: not by itself, not in an address, not in a header, not in a report of an error."""

import io
import json
import logging
import sys

import pytest
import structlog

from fleet import logs
from fleet.debugging import ReporterFilter
from fleet.redaction import clean, clean_all, clean_event

WORD = "Zq1-_8fKx0aP3vTn"


@pytest.mark.parametrize(
    "line",
    [
        "/ws/v1/live?site=north&token={0}&x=1",
        "/ws/v1/live?site=north&display={0}",
        "WSCONNECT /ws/v1/live?display={0}",
        "GET /display/{0}/ 200",
        "GET http://x/display/{0}?kiosk=1",
        "GET /welcome/Mg/{0}/",
        "Authorization: Bearer {0}",
        "'HTTP_AUTHORIZATION': 'Bearer {0}'",
        "(b'authorization', b'Bearer {0}')",
        '{{"headers": {{"Authorization": "Bearer {0}"}}}}',
        "Cookie: theme=dark; sessionid={0}; csrftoken={0}",
        "__Host-sessionid={0}",
        "username=nurse&password={0}",
        "find(token='{0}')",
        "a token myo_{0} that stands alone",
        "a display link myd_{0}.",
        "GET /email/{0}{0}/ 200",
        "/login/?next=/email/{0}{0}/",
        "_Hook(url='https://x', secret='whsec_{0}+/=')",
        "EMAIL_URL is smtp://alerts:{0}@mail.example:25",
        "redis://:{0}@redis:6379/0",
    ],
)
def test_a_secret_is_cut_wherever_it_stands(line: str) -> None:
    said = clean(line.format(WORD))
    assert WORD not in said
    assert "…" in said


@pytest.mark.parametrize(
    "line",
    [
        "GET /devices/EMS-0001/ 200",
        "token.issued for nurse",
        "GET /sites/north/displays/",
        "display.made",
        "POST /account/telling/email/forget/",
        "http://127.0.0.1:8080/alerts/?who=nora@clinic.example",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert clean(line) == line


def test_a_report_of_an_error_is_cleaned_all_through() -> None:
    event = {
        "request": {"url": f"http://x/display/{WORD}/", "headers": {"Authorization": f"Bearer {WORD}"}},
        "exception": {"values": [{"stacktrace": {"frames": [{"vars": {"secret": f"'{WORD}'", "n": 1}}]}}]},
        "data": {"endpoint": f"https://push.example/{WORD}", "keys": {"auth": WORD, "p256dh": WORD}},
        "breadcrumbs": [("GET", f"/x?token={WORD}"), f"?display={WORD}".encode()],
    }
    assert WORD not in json.dumps(clean_event(event, None), default=repr)
    assert clean_all({"n": 1, "at": None}) == {"n": 1, "at": None}


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_neither_the_line_nor_the_traceback_of_a_log_holds_a_secret(log_format: str) -> None:
    root = logging.getLogger()
    kept = (root.handlers[:], root.level)
    try:
        logs.configure(log_format, "INFO")
        stream = io.StringIO()
        root.handlers[0].setStream(stream)  # type: ignore[attr-defined]
        structlog.get_logger("x").info("asked", path=f"/x?token={WORD}", deep={"list": [f"Bearer {WORD}"]})
        logging.getLogger("y").warning("Not Found: %s", f"/display/{WORD}/")
        try:
            raise ValueError(f"myd_{WORD}")
        except ValueError:
            logging.getLogger("z").exception("an error at %s", "/x", exc_info=sys.exc_info())
    finally:
        root.handlers[:], root.level = kept
    said = stream.getvalue()
    assert said.count("\n") >= 3
    assert WORD not in said


def test_djangos_page_of_an_error_shows_no_password_that_stands_in_a_servers_address(
    settings: object,
) -> None:
    settings.EMAIL_URL = f"smtp://alerts:{WORD}@mail.example"  # type: ignore[attr-defined]
    settings.CHANNEL_LAYERS = {"default": {"CONFIG": {"hosts": [f"redis://:{WORD}@redis"]}}}  # type: ignore[attr-defined]
    assert WORD not in repr(ReporterFilter().get_safe_settings())
