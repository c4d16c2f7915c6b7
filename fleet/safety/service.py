"""Everything that changes an alert.

News (`apply` inside ingest's transaction, `take` for everybody else), what people do, what explains it, and what
time does.  Each step is the life cycle's (`lifecycle`), is written down in the alert's journal, and is announced
once committed.
"""

from fleet.safety.deeds import Over, acknowledge, assign, close, comment, shelve, unshelve
from fleet.safety.explaining import explain, surface
from fleet.safety.intake import Applied, apply, take
from fleet.safety.passing import pass_time
from fleet.safety.workshop import back_in_service, out_of_service

__all__ = [
    "Applied",
    "Over",
    "acknowledge",
    "apply",
    "assign",
    "back_in_service",
    "close",
    "comment",
    "explain",
    "out_of_service",
    "pass_time",
    "shelve",
    "surface",
    "take",
    "unshelve",
]
