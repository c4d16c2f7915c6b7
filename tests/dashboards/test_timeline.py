"""A bar of time: nothing that was lost is too narrow to be seen."""

from datetime import UTC, datetime, timedelta

from dashboards.system.timeline import WIDTH, blocks
from devices import links
from devices.links import Turn

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_bar_is_filled_from_end_to_end() -> None:
    parts = links.stretches([Turn(NOON + timedelta(hours=6), "online")], NOON, NOON + timedelta(hours=24))
    drawn = {block.part.link: (block.x, block.width) for block in blocks(parts)}
    assert drawn == {"unknown": (0, 250), "online": (250, 750)}


def test_ten_seconds_without_contact_are_seen_in_a_month() -> None:
    low, high = NOON - timedelta(days=30), NOON
    turns = [
        Turn(low, "online"),
        Turn(high - timedelta(seconds=10), "offline"),
    ]
    [*_others, last] = blocks(links.stretches(turns, low, high))
    assert last.part.link == "offline"
    assert last.width >= 1
    assert last.x + last.width <= WIDTH


def test_a_bar_of_nothing_is_empty() -> None:
    assert blocks([]) == []
