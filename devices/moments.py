"""Moments as Unix ms, as `datetime` and as text; UTC, and also before 1970.  Pure."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_ms(ms: int) -> datetime:
    """Return Unix ms as a time; also before 1970."""
    return _EPOCH + timedelta(milliseconds=ms)


def to_ms(at: datetime) -> int:
    """Return a time as Unix ms."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def iso(ms: int | None) -> str | None:
    """Return Unix ms as ISO 8601 UTC with milliseconds."""
    if ms is None:
        return None
    return from_ms(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
