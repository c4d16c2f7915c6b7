"""Whether the newest status of a device came live: only that proves anything."""

import pytest

from fleet.rollouts.sight import Says, _came_live

NOON_MS = 1_795_348_800_000
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
    assert _came_live(SAYS, NOON_MS + heard_after_ms, NOON_MS, boot, up_ms) is is_live, why


def test_a_device_that_was_never_heard_shows_nothing():
    assert not _came_live(SAYS, None, NOON_MS, 7, 5_000)
    assert not _came_live(None, NOON_MS, NOON_MS, 7, 5_000)
