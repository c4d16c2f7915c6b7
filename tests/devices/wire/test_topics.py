from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.wire import topics
from devices.wire.errors import WireError
from devices.wire.topics import Topic

topics_of_devices = st.builds(
    Topic, st.from_regex(topics.SERIAL_PATTERN, fullmatch=True), st.sampled_from(topics.KINDS)
)


@given(topics_of_devices)
def test_topics_parse_and_print_as_twins(topic):
    assert topics.parse(str(topic)) == topic


@given(st.text())
def test_what_parses_prints_the_same_text(text):
    for candidate in (text, f"ems/v1/{text}/status", f"ems/v1/EMS-1/{text}"):
        with contextlib.suppress(WireError):
            assert str(topics.parse(candidate)) == candidate


@pytest.mark.parametrize(
    "text",
    [
        "ems/v1/_server/status",
        "ems/v1/EMS-1/status\n",
        "ems/v1/EMS-1/status/",
        "/ems/v1/EMS-1/status",
        "ems/v2/EMS-1/status",
        "ems/v1//status",
        "ems/v1/-x/status",
        "ems/v1/a b/status",
        "ems/v1/é/status",
        "ems/v1/" + "x" * 65 + "/status",
        "ems/v1/EMS-1/Status",
        "ems/v1/+/status",
        "\udcff",
        "",
    ],
)
def test_what_is_no_device_topic_is_refused(text):
    with pytest.raises(WireError, match=r"^topic: "):
        topics.parse(text)


def test_no_serial_can_look_like_a_server_account():
    assert not topics.is_serial("_ingest-1")
    assert topics.is_serial("EMS-0000A1B2")
    assert not topics.is_serial("EMS-1\n")
    assert topics.is_server(topics.SERVER_STATUS)
    assert not topics.is_server("ems/v1/EMS-1/status")


def test_one_subscription_covers_the_fleet():
    assert topics.every("ack") == "ems/v1/+/ack"
