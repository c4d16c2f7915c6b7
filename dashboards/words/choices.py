"""Which devices a wall shows, and in which order: what stands in its address.  Pure.

`static/dashboards/js/choice.js` says the same in the browser; a test holds the two together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ORDERS = ("place", "trouble")
COUNTED = ("in_session", "attention", "silent")  # what the counts above a wall count
STATES = (*COUNTED, "on", "paused", "ready", "idle", "charging", "fault", "lost", "never", "conflict")
LONGEST = 80  # characters of a search; more is cut


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants to see of a site; empty means everything."""

    order: str = "place"
    room: str = ""
    state: str = ""
    text: str = ""

    @property
    def filters(self) -> bool:
        return bool(self.room or self.state or self.text)


def choice_of(asked: Mapping[str, str], *, remembered: str = "", kiosk: bool = False) -> Choice:
    """Read the parameters of an address: `order`, `room`, `state`, `q`.  What is not known is left out.

    A screen on the wall keeps each bed where it is, whatever its browser's last person liked.
    """
    usual = "place" if kiosk else remembered if remembered in ORDERS else "trouble"
    order, state = asked.get("order", ""), asked.get("state", "")
    return Choice(
        order=order if order in ORDERS else usual,
        room=asked.get("room", ""),
        state=state if state in STATES else "",
        text=asked.get("q", "")[:LONGEST],
    )


def matches(tile: Mapping[str, Any], choice: Choice) -> bool:
    """Whether a tile (`tiles.tile`: `name`, `serial`, `room` and its face) is shown."""
    if choice.room and tile["room"] != choice.room:
        return False
    if choice.state and not _is_in(tile, choice.state):
        return False
    searched = f"{tile['name']} {tile['serial']} {tile['room']}".lower()
    return all(word in searched for word in choice.text.lower().split(" "))


def _is_in(tile: Mapping[str, Any], state: str) -> bool:
    if state in COUNTED:
        return bool(tile[state])
    tone = tile["tone"]
    return state == ("on" if tone == "ramping" else tone)


def arranged(tiles: Sequence[Mapping[str, Any]], order: str) -> list[Mapping[str, Any]]:
    """Return the tiles, which come by place, in this order; equally troubled ones stay by place."""
    return sorted(tiles, key=lambda tile: tile["rank"]) if order == "trouble" else list(tiles)


# --- a screen on the wall, which nobody scrolls ---

PAGE = 24
_STRIP = {24: 4, 18: 12, 12: 20}
"""By the number of tiles on a page: how many troubles the strip above them has room for."""


def page_size(shown: int, troubled: int) -> int:
    """Return how many tiles stand on one page: fewer, where trouble of other pages needs the room."""
    if shown <= PAGE:
        return PAGE
    return next((size for size, room in _STRIP.items() if troubled <= room), 12)


def strip_room(size: int) -> int:
    return _STRIP[size]
