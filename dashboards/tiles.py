"""The wall as it is first rendered: faces with their ages, and the counts above them."""

from collections.abc import Iterable, Mapping
from typing import Any

from dashboards.faces import Texts, age, face

ROOMY, WIDE = 8, 15  # up to so many devices the tiles grow, to be read from further away


def tile(device: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    """Return what the template of one tile shows."""
    shown = face(device, texts)
    heard = age(device["age_ms"], texts)
    return {
        "serial": device["serial"],
        "name": device["name"] or device["serial"],
        "room": device["room"],
        "rev": device["rev"],
        "heard_at": device["heard_at"],
        "link_kind": device["link"],
        **shown,
        "age": heard,
        "timing": heard if shown["silent"] else shown["timing"],
    }


def counts(tiles: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many devices there are, in session, asking for attention, and silent."""
    every = list(tiles)
    kinds = ("in_session", "attention", "silent")
    return {"all": len(every)} | {kind: sum(bool(one[kind]) for one in every) for kind in kinds}


def size(devices: int) -> str:
    return "roomy" if devices <= ROOMY else "wide" if devices <= WIDE else "dense"


def channel_rows(tiles: Iterable[Mapping[str, Any]]) -> int:
    """Return for how many channels every tile has room, so that all stand in equal rows: 8 or 16."""
    return 16 if any(len(one["channels"]) > 8 for one in tiles) else 8
