"""A permit says who may stop where, until when, and cannot be made or changed by anybody else."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import signing

from fleet import redaction
from fleet.control import permits
from fleet.control.permits import NoPermit, Permit

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
GIVEN = Permit(3, "nurse", 1, "north", "s:abc", NOON)


def test_a_permit_says_what_it_was_given_for():
    assert permits.read(permits.signed(GIVEN), NOON + timedelta(minutes=14)) == GIVEN


@pytest.mark.parametrize("minutes", [15, 60, -16])
def test_a_permit_is_over_after_fifteen_minutes_and_none_is_good_before_its_time(minutes):
    with pytest.raises(NoPermit):
        permits.read(permits.signed(GIVEN), NOON + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        ":",
        "a:b:c",
        "\0",
        "\ud800",
        "." * 5_000,
        permits.signed(GIVEN)[:-1],
        "A" + permits.signed(GIVEN),
    ],
)
def test_what_was_not_signed_here_is_no_permit(text):
    with pytest.raises(NoPermit):
        permits.read(text, NOON)


@pytest.mark.parametrize("fields", [[], [1, "a"], {"who": 1}, "text", [1, "a", 1, "b", "c", "d"]])
def test_what_was_signed_for_something_else_is_no_permit(fields):
    with pytest.raises(NoPermit):
        permits.read("myp_" + signing.dumps(fields, salt="fleet.control.permits"), NOON)
    with pytest.raises(NoPermit):
        permits.read("myp_" + signing.dumps([3, "nurse", 1, "north", "s:abc", 0], salt="other"), NOON)


def test_no_permit_is_in_a_log_or_a_report():
    text = permits.signed(GIVEN)
    assert redaction.clean(f"body: {{'permit': '{text}', 'id': 1}}") == "body: {'permit': 'myp_…', 'id': 1}"
    assert text not in str(redaction.clean_all({"permit": text}))


def test_a_permit_gives_no_session_away():
    key = "k" * 32
    assert key not in permits.signed(Permit(3, "nurse", 1, "north", permits.by_session(key), NOON))
    assert permits.by_session(key) != permits.by_session(key[1:])
