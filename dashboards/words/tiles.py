"""The wall as it is first rendered: faces with their ages, in the order and choice of who looks, and the counts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dashboards.words import choices
from dashboards.words.choices import COUNTED, Choice
from dashboards.words.faces import Texts, age, face
from dashboards.words.worst import rank
from devices.state import may_be_on

ROOMY, WIDE = 8, 15  # up to so many devices the tiles grow, to be read from further away
_PEEK = 12  # troubles in the strip of a desk's wall, which is one row

Tile = dict[str, Any]


def tile(device: Mapping[str, Any], texts: Texts) -> Tile:
    """Return what the template of one tile shows."""
    shown = face(device, texts)
    heard = age(device["age_ms"], texts)
    return {
        "serial": device["serial"],
        "name": device["name"] or device["serial"],
        "room": device["room"],
        "rev": device["rev"],
        "rank": rank(device, shown),
        "heard_at": device["heard_at"],
        "link_kind": device["link"],
        "may_be_on": may_be_on(device["link"], device["output"]),
        **shown,
        "age": heard,
        "timing": heard if shown["silent"] else shown["timing"],
    }


def counts(tiles: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many devices there are, in session, asking for attention, and silent."""
    every = list(tiles)
    return {"all": len(every)} | {kind: sum(bool(one[kind]) for one in every) for kind in COUNTED}


def rooms(tiles: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return each room once, in the order of the wall."""
    return list(dict.fromkeys(one["room"] for one in tiles if one["room"]))


def trouble(tiles: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return whoever asks for attention, the worst first."""
    return choices.arranged([one for one in tiles if one["attention"]], "trouble")


def arrange(tiles: Sequence[Tile], choice: Choice, *, kiosk: bool) -> dict[str, Any]:
    """Return what is shown at first: the tiles in their order, those not chosen hidden, and the strip above them."""
    troubled = trouble(tiles)
    ordered = choices.arranged(tiles, choice.order)
    chosen = [one for one in ordered if choices.matches(one, choice)]
    page = choices.page_size(len(chosen), len(troubled)) if kiosk else len(tiles)
    seen = {one["serial"] for one in chosen[:page]}
    room = choices.strip_room(page) if kiosk else _PEEK
    return {
        "tiles": [{**one, "hidden": one["serial"] not in seen} for one in ordered],
        "chosen": len(chosen),
        "strip": troubled[:room],
        "strip_more": max(0, len(troubled) - room),
        "page": page,
        "pages": max(1, -(-len(chosen) // page)) if page else 1,
        "fit": fit(len(chosen)),
    }


def fit(shown: int) -> int:
    """Return for how many tiles the grid of a screen on the wall is laid out: 6, 12 or 24."""
    return next((most for most in (6, 12) if shown <= most), choices.PAGE)


def size(devices: int) -> str:
    return "roomy" if devices <= ROOMY else "wide" if devices <= WIDE else "dense"


def channel_rows(tiles: Iterable[Mapping[str, Any]]) -> int:
    """Return for how many channels every tile has room, so that all stand in equal rows: 8 or 16."""
    return 16 if any(len(one["channels"]) > 8 for one in tiles) else 8
