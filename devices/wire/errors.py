"""The one exception of the wire package."""

from __future__ import annotations

from typing import Final

MAX_DETAIL: Final = 300


class WireError(ValueError):
    """A topic or payload that the contract does not allow.

    Args:
        reason: Short snake_case label for metrics and reject rows; one of `REASONS`.
        detail: One sentence for people: what was seen, and what was expected.  Kept printable
            and within 300 characters.
    """

    def __init__(self, reason: str, detail: str) -> None:
        if not detail.isprintable():  # a device's own words end up in logs, tables and pages
            detail = detail.encode("unicode_escape").decode("ascii")
        detail = detail[:MAX_DETAIL]
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type[WireError], tuple[str, str]]:
        return (WireError, (self.reason, self.detail))


#: Every label that a WireError can carry, with its meaning.  The codec and the topics give those
#: above the line; the server adds the others when a well-formed message does not fit its ledger.
REASONS: dict[str, str] = {
    "topic": "no topic of this contract",
    "size": "longer than 65,536 bytes, or empty",
    "utf8": "not UTF-8",
    "json": "not JSON, or no object at the top",
    "nesting": "objects and arrays more than 8 deep",
    "duplicate_key": "an object names a key twice",
    "control_character": "a string holds a control character or half of a surrogate pair",
    "string_length": "a string or a key longer than 200 characters",
    "number": "a number that fits neither 64-bit integers nor finite doubles",
    "version": "`v` is missing or not 1",
    "schema": "a field is missing, or of a type or value that the contract does not allow",
    "channels": "arrays that should have one entry a channel differ in length",
    "samples": "the channels of `ma` differ in their number of samples",
    "ranges": "a range ends before it begins",
    "hash": "a protocol document is not the one that was hashed",
    # ------------------------------------------------------------------ given by the server:
    "reused": "a record's key was used before for another `up_ms` or kind",
    "sparse": "so many numbers were skipped that the ledger would grow without bound",
    "unstorable": "the database refused the record",
    "unknown_serial": "on the topic of no device and no account",
}
