"""Whether a page may say that what is pressed there would leave the server."""

import pytest

from fleet.live import events

NOW_MS = 1_763_788_000_000


@pytest.mark.parametrize(
    "at_ms, detail, goes_out",
    [
        (NOW_MS - 1_000, {"broker": True}, True),
        (NOW_MS - 5_000, {"broker": True}, True),
        (NOW_MS - 5_001, {"broker": True}, False),
        (NOW_MS - 1_000, {"broker": False}, False),
        (None, {}, False),
    ],
    ids=["lives", "late", "silent", "cut off", "never ran"],
)
def test_commands_go_out_while_dispatch_lives_and_has_its_broker(
    at_ms: int | None, detail: dict[str, bool], goes_out: bool
) -> None:
    assert events.sends(NOW_MS, at_ms, detail) is goes_out
