"""What devices are and say, read in one go, as far as rollouts ask of it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from devices.store import sql
from fleet.rollouts.kept import Kept


class Ref(msgspec.Struct, frozen=True):
    """A protocol as a device names it."""

    id: str
    version: int
    sha256: str


class Says(msgspec.Struct, frozen=True):
    """What of a device's full status rollouts look at."""

    boot: int
    up_ms: int
    channels: int
    model: str = ""
    session: str | None = None
    held: str | None = None
    protocol: Ref | None = None
    max_ma: float | None = None
    electrode_cm2: tuple[float | None, ...] | None = None
    can: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """One device: where it stands, what it is, and what it said last.  Times are Unix ms of the server's clock.

    Attributes:
        says: Its newest full status; None: none is known, or it cannot be read.
        said_ms: The placed time of that status.
        is_live: Whether that status arrived live: no retained copy, and none that had waited in the broker.
        session: That is open as far as is known, from whatever it said last.
    """

    id: int
    serial: str
    site_id: int
    room: str
    name: str
    model: str
    risk_class: str
    tags: tuple[str, ...]
    is_revoked: bool
    link: str
    heard_ms: int | None
    says: Says | None
    said_ms: int | None
    is_live: bool
    session: str | None

    @property
    def is_reachable(self) -> bool:
        return self.link in ("online", "suspect")

    @property
    def sha256(self) -> str | None:
        """The hash of the protocol that it reports; None: it reports none, or said nothing."""
        return self.says.protocol.sha256 if self.says and self.says.protocol else None


_KEPT: Final = Kept[int, Standing]()
_DECODE: Final = msgspec.json.Decoder(Says)
_COLUMNS: Final = """d.id, d.serial, d.site_id, d.room, d.name, d.model, d.risk_class, d.tags, d.revoked_at IS NOT NULL,
    coalesce(s.link, 'never'), floor(extract(epoch FROM s.heard_at) * 1000)::bigint, s.status,
    floor(extract(epoch FROM s.status_at) * 1000)::bigint, s.session, s.boot, s.up_ms"""
_VERSION: Final = "concat(d.xmin, d.ctid, s.xmin, s.ctid)"
_FROM: Final = "FROM devices_device d LEFT JOIN devices_state s ON s.device_id = d.id"


def at_sites(site_ids: Iterable[int]) -> list[Standing]:
    """Return the devices of these sites, by serial; revoked ones too."""
    return list(_read("d.site_id = ANY(%s) ORDER BY d.serial", list(site_ids)).values())


def named(serials: Iterable[str]) -> list[Standing]:
    """Return the devices of these serials, by serial; what no device has is passed over."""
    known = [one for one in serials if "\0" not in one]
    return list(_read("d.serial = ANY(%s) ORDER BY d.serial", known).values())


def of(device_ids: Collection[int]) -> dict[int, Standing]:
    """Return these devices by their ids."""
    return _read("d.id = ANY(%s::bigint[])", sql.numbers(device_ids)) if device_ids else {}


def _read(which: str, values: Any) -> dict[int, Standing]:
    versions = sql.rows(f"SELECT d.id, {_VERSION} {_FROM} WHERE {which}", [values])
    return _KEPT.through(versions, _anew)


def _anew(device_ids: list[int]) -> Iterable[tuple[int, str, Standing]]:
    found = sql.rows(
        f"SELECT {_COLUMNS}, {_VERSION} {_FROM} WHERE d.id = ANY(%s::bigint[])", [sql.numbers(device_ids)]
    )
    return ((row[0], row[-1], _standing(row)) for row in found)


def _standing(row: tuple[Any, ...]) -> Standing:
    (
        id_, serial, site_id, room, name, model, risk, tags, is_revoked, link, heard_ms, body, said_ms, session,
        boot, up_ms,
    ) = row[:16]  # fmt: skip
    says = _decoded(body)
    return Standing(
        id_,
        serial,
        site_id,
        room,
        name,
        (says.model if says else "") or model,
        risk,
        tuple(tags),
        is_revoked,
        link,
        heard_ms,
        says,
        said_ms,
        _came_live(says, heard_ms, said_ms, boot, up_ms),
        session,
    )


def _decoded(body: Any) -> Says | None:
    """What was good when it was stored may be no status of this version of the contract."""
    try:
        return None if body is None else _DECODE.decode(bytes(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _came_live(
    says: Says | None,
    heard_ms: int | None,
    said_ms: int | None,
    boot: int | None,
    up_ms: int | None,
) -> bool:
    """Whether the newest status is a sign of life, which a retained copy, or one that waited, never is.

    A live status moves `heard_at` to the time at which it is placed.  Where that is later still, something was heard
    since, by the same life of the device; or it was placed a moment too late, before the network was known so well.
    """
    if says is None or heard_ms is None or said_ms is None or heard_ms < said_ms:
        return False
    return heard_ms == said_ms or (boot == says.boot and up_ms is not None and up_ms >= says.up_ms)
