"""What is known of protocols by their hash: documents that are kept, and whether somebody approved them."""

import structlog

from devices import documents
from devices.models import ProtocolDocument
from devices.wire.errors import WireError
from fleet.safety.yardstick import UNKNOWN, Knowledge

log = structlog.get_logger(__name__)


class Protocols:
    """Looked up once, and asked again by `refresh` whether anything has changed since."""

    def __init__(self) -> None:
        self._known: dict[str, Knowledge] = {}

    def __call__(self, sha256: str) -> Knowledge:
        known = self._known.get(sha256)
        if known is None:
            known = self._known[sha256] = _look_up(sha256)
        return known

    def refresh(self) -> set[str]:
        """Look again at all that were asked for; return the hashes of which something else is known now."""
        if not self._known:
            return set()
        rows = ProtocolDocument.objects.filter(sha256__in=self._known).values_list("sha256", "approved_at")
        approved = {sha256: at is not None for sha256, at in rows}
        changed = {
            sha256
            for sha256, known in self._known.items()
            if (known.document is not None, known.is_approved)
            != (sha256 in approved, approved.get(sha256, False))
        }
        for sha256 in changed:
            self._known[sha256] = _look_up(sha256)
        return changed


def _look_up(sha256: str) -> Knowledge:
    row = ProtocolDocument.objects.filter(sha256=sha256).values_list("approved_at", flat=True)
    if not row:
        return UNKNOWN
    try:
        document = documents.find(sha256)
    except WireError as error:  # kept under an earlier version of the contract
        log.warning("a protocol that is kept cannot be read", sha256=sha256, error=str(error))
        document = None
    return Knowledge(document, row[0] is not None)
