"""Everything that changes an alert.

News (`apply` inside ingest's transaction, `take` for everybody else), what people do, and what time does.  Each
step is the life cycle's (`lifecycle`), is written down in the alert's journal, and is announced once committed.
"""

from fleet.safety.intake import Applied, apply, take

__all__ = ["Applied", "apply", "take"]
