"""What telemetry says of what was asked: it refutes a stop, and proves that current was lowered.

Called inside ingest's transaction, with every batch: one look at the few commands that a sample can say anything about.
"""

from datetime import datetime

from devices.batch.desk import Facts
from devices.moments import to_ms
from fleet.control import outbox, proofs, queries
from fleet.control.proof import Evidence, Sampled
from fleet.live import events


def react(facts: Facts, now: datetime) -> list[tuple[int, events.Event]]:
    """Weigh a batch's live samples; return what to announce once committed.

    What comes to be refuted is told to people by dispatch, which is woken by the commit.
    """
    if not facts.telemetry:
        return []
    asked = proofs.asked_of_samples(now)
    if not asked:
        return []
    now_ms = to_ms(now)
    pieces: list[tuple[int, Evidence]] = [
        (row.device_id, Sampled(message, row.placed_ms, now_ms, is_disputed=row.disputed))
        for row, (_device, message, *_rest) in zip(facts.telemetry, facts.sums, strict=True)
        if row.device_id in asked and not row.late
    ]
    moved = proofs.weigh(pieces, now) if pieces else []
    if not moved:
        return []
    if proofs.is_alarming(moved):
        outbox.ring()
    ids = [command.pk for command, _case in moved]
    return queries.told(queries.commands().filter(pk__in=ids))
