"""What is known of protocols by their hash: documents that are kept, and whether they may be used on people.

That is: somebody approved it, and nobody has withdrawn it since.
"""

from collections.abc import Iterable
from datetime import datetime

import structlog

from devices import documents
from devices.models import ProtocolDocument
from devices.wire.errors import WireError
from fleet.safety.yardstick import UNKNOWN, Knowledge

log = structlog.get_logger(__name__)

Standing = tuple[datetime | None, datetime | None]
"""When it was approved, and when withdrawn."""


class Protocols:
    """Looked up once, and asked again by `refresh` whether anything has changed since."""

    def __init__(self) -> None:
        self._known: dict[str, Knowledge] = {}
        self._standing: dict[str, Standing | None] = {}

    def __call__(self, sha256: str) -> Knowledge:
        known = self._known.get(sha256)
        if known is None:
            known = self._look_up(sha256, _standing([sha256]).get(sha256))
        return known

    def refresh(self) -> set[str]:
        """Look again at all that were asked for; return the hashes of which something else is known now."""
        if not self._known:
            return set()
        standing = _standing(self._known)
        changed = {sha256 for sha256 in self._known if self._standing[sha256] != standing.get(sha256)}
        for sha256 in changed:
            self._look_up(sha256, standing.get(sha256))
        return changed

    def _look_up(self, sha256: str, standing: Standing | None) -> Knowledge:
        self._standing[sha256] = standing
        self._known[sha256] = known = _knowledge(sha256, standing)
        return known


def _standing(hashes: Iterable[str]) -> dict[str, Standing]:
    rows = ProtocolDocument.objects.filter(sha256__in=list(hashes))
    return {
        sha256: (approved_at, withdrawn_at)
        for sha256, approved_at, withdrawn_at in rows.values_list("sha256", "approved_at", "withdrawn_at")
    }


def _knowledge(sha256: str, standing: Standing | None) -> Knowledge:
    if standing is None:
        return UNKNOWN
    approved_at, withdrawn_at = standing
    try:
        document = documents.find(sha256)
    except WireError as error:  # kept under an earlier version of the contract
        log.warning("a protocol that is kept cannot be read", sha256=sha256, error=str(error))
        document = None
    return Knowledge(
        document,
        is_approved=approved_at is not None and withdrawn_at is None,
        is_withdrawn=withdrawn_at is not None,
    )
