"""One device that never stops talking keeps no other's proof waiting."""

from devices.mqtt.client import Message
from fleet.control.crowding import MOST_A_SECOND, Crowding


def said(serial: str, at_ms: int, kind: str = "ack") -> Message:
    return Message(f"ems/v1/{serial}/{kind}".encode(), b"{}", at_ms, b"\0\1", False, 1)


def test_of_what_one_device_says_in_a_second_only_so_much_is_taken_in() -> None:
    crowd = [said("LOUD", 1_000) for _ in range(MOST_A_SECOND + 50)]
    kept, dropped = Crowding().split(crowd)
    assert (len(kept), len(dropped)) == (MOST_A_SECOND, 50)


def test_others_and_what_it_says_a_second_later_and_its_statuses_are_taken_in() -> None:
    crowding = Crowding()
    crowding.split([said("LOUD", 1_000) for _ in range(MOST_A_SECOND)])
    others = [said("QUIET", 1_500), said("LOUD", 1_600, "status")]
    assert crowding.split([said("LOUD", 1_999), *others]) == (others, [said("LOUD", 1_999)])
    assert crowding.split([said("LOUD", 2_000)]) == ([said("LOUD", 2_000)], [])
