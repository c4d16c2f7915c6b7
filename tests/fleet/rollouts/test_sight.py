"""Whether the newest status of a device came live: only that proves anything."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet.rollouts.sight import Says, _came_live

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SAYS = Says(boot=7, up_ms=5_000, channels=4)


@pytest.mark.parametrize(
    "why, heard_after_ms, boot, up_ms, is_live",
    [
        ("it is what was heard last", 0, 7, 5_000, True),
        ("a sample of the same boot was heard after it", 900, 7, 5_900, True),
        ("an event before it was placed a little too late", 3, 7, 5_000, True),
        ("a retained copy is newer than anything that was heard", -60_000, 7, 5_000, False),
        ("another life of the device was heard after it", 900, 8, 100, False),
    ],
)
def test_a_status_is_live_when(why, heard_after_ms, boot, up_ms, is_live):
    heard_at = NOON + timedelta(milliseconds=heard_after_ms)
    assert _came_live(SAYS, heard_at, NOON, boot, up_ms) is is_live, why


def test_a_device_that_was_never_heard_shows_nothing():
    assert not _came_live(SAYS, None, NOON, 7, 5_000)
    assert not _came_live(None, NOON, NOON, 7, 5_000)
