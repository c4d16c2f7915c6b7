"""What is known of protocols by their hash: documents that are kept, and whether they may be used on people.

That is: somebody approved it, and nobody has withdrawn it since.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

import structlog

from devices import documents
from devices.models import ProtocolDocument
from devices.wire.errors import WireError
from devices.wire.messages import ProtocolRef
from fleet.safety.yardstick import Knowledge

log = structlog.get_logger(__name__)


class Standing(NamedTuple):
    """What the database says of a protocol."""

    is_kept: bool = False
    approved_at: datetime | None = None
    withdrawn_at: datetime | None = None
    is_other: bool = False  # something else is kept under its name and version


_NOWHERE: Final = Standing()


class Protocols:
    """Looked up once, and asked again by `refresh` whether anything has changed since."""

    def __init__(self) -> None:
        self._known: dict[ProtocolRef, Knowledge] = {}
        self._standing: dict[ProtocolRef, Standing] = {}

    def __call__(self, protocol: ProtocolRef) -> Knowledge:
        known = self._known.get(protocol)
        if known is None:
            known = self._look_up(protocol, _standing([protocol])[protocol])
        return known

    def refresh(self) -> set[ProtocolRef]:
        """Look again at all that were asked for; return those of which something else is known now."""
        if not self._known:
            return set()
        standing = _standing(self._known)
        changed = {one for one in self._known if self._standing[one] != standing[one]}
        for one in changed:
            self._look_up(one, standing[one])
        return changed

    def _look_up(self, protocol: ProtocolRef, standing: Standing) -> Knowledge:
        self._standing[protocol] = standing
        self._known[protocol] = known = _knowledge(protocol.sha256, standing)
        return known


def _standing(protocols: Iterable[ProtocolRef]) -> dict[ProtocolRef, Standing]:
    asked = list(protocols)
    rows = ProtocolDocument.objects.filter(sha256__in=[one.sha256 for one in asked])
    kept = {
        sha256: Standing(True, approved_at, withdrawn_at)
        for sha256, approved_at, withdrawn_at in rows.values_list("sha256", "approved_at", "withdrawn_at")
    }
    strange = [one for one in asked if one.sha256 not in kept]
    named = ProtocolDocument.objects.filter(protocol_id__in={one.id for one in strange})
    names = set(named.values_list("protocol_id", "version")) if strange else set()
    return {
        one: kept.get(one.sha256) or (Standing(is_other=True) if (one.id, one.version) in names else _NOWHERE)
        for one in asked
    }


def _knowledge(sha256: str, standing: Standing) -> Knowledge:
    if not standing.is_kept:
        return Knowledge(is_other=standing.is_other)
    try:
        document = documents.find(sha256)
    except WireError as error:  # kept under an earlier version of the contract
        log.warning("a protocol that is kept cannot be read", sha256=sha256, error=str(error))
        document = None
    return Knowledge(
        document,
        is_approved=standing.approved_at is not None and standing.withdrawn_at is None,
        is_withdrawn=standing.withdrawn_at is not None,
    )
