"""MQTT 3.1.1 as bytes: what the standard's own tables say, and streams cut anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.mqtt import packets


def test_a_connect_packet_is_laid_out_as_the_standard_says() -> None:
    packet = packets.connect(
        "EMS-1", keep_alive_s=20, username="EMS-1", password="pw", will=(b"ems/v1/EMS-1/status", b"{}")
    )
    assert packet == (
        b"\x10\x35"  # CONNECT, 53 bytes
        b"\x00\x04MQTT\x04"
        b"\xee"  # user name, password, will retained with QoS 1, clean session
        b"\x00\x14"
        b"\x00\x05EMS-1\x00\x13ems/v1/EMS-1/status\x00\x02{}\x00\x05EMS-1\x00\x02pw"
    )


def test_a_publish_packet_carries_topic_id_and_payload() -> None:
    assert packets.publish(b"a/b", b"hi", 10) == b"\x32\x09\x00\x03a/b\x00\x0ahi"
    assert packets.publish(b"a/b", b"hi", 10, retain=True)[0] == 0x33


def test_subscribe_asks_for_each_filter_with_its_qos() -> None:
    assert (
        packets.subscribe(10, [(b"a/b", 1), (b"c/d", 0)]) == b"\x82\x0e\x00\x0a\x00\x03a/b\x01\x00\x03c/d\x00"
    )


def test_small_packets() -> None:
    assert packets.puback(0x1234) == b"\x40\x02\x12\x34"
    assert packets.pingreq() == b"\xc0\x00"
    assert packets.disconnect() == b"\xe0\x00"


@given(
    st.lists(
        st.tuples(
            st.binary(min_size=1, max_size=20), st.binary(max_size=400), st.integers(1, 65_535), st.booleans()
        ),
        max_size=8,
    ),
    st.lists(st.integers(1, 50), max_size=40),
)
def test_what_was_published_is_read_back_wherever_the_stream_is_cut(
    messages: list[tuple[bytes, bytes, int, bool]], cuts: list[int]
) -> None:
    stream = b"".join(
        packets.publish(topic, payload, number, retain=retain) for topic, payload, number, retain in messages
    )
    reader, found, at = packets.Reader(), [], 0
    for cut in [*cuts, len(stream) + 1]:
        found += reader.feed(stream[at : at + cut])
        at += cut
    read = [packets.read_published(packet) for packet in found]
    assert [(p.topic, p.payload, p.id, p.retain) for p in read] == messages


@pytest.mark.parametrize("size", [127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_the_remaining_length_takes_as_many_bytes_as_it_needs(size: int) -> None:
    payload = b"x" * (size - 2 - 3 - 2)
    (packet,) = packets.Reader().feed(packets.publish(b"a/b", payload, 1))
    assert len(packet.body) == size
    assert packets.read_published(packet).payload == payload


@given(st.binary(max_size=300))
def test_whatever_arrives_nothing_but_a_protocol_error_comes_out(data: bytes) -> None:
    try:
        for packet in packets.Reader().feed(data):
            if packet.type == packets.PUBLISH:
                packets.read_published(packet)
            elif packet.type in (packets.PUBACK, packets.SUBACK):
                assert 0 <= packet.id <= 65_535
    except packets.ProtocolError:
        pass


def test_a_length_of_five_bytes_is_no_length() -> None:
    with pytest.raises(packets.ProtocolError, match="more than four bytes"):
        packets.Reader().feed(b"\x30\xff\xff\xff\xff\x01")
