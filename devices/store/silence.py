"""Links that silence has changed."""

from datetime import datetime, timedelta

from devices import state
from devices.batch.desk import ChangeRow
from devices.models import Pulse, State
from devices.state import LiveState, from_ms, to_ms
from devices.store import records, states

PULSE_OLD = timedelta(seconds=5)
DOUBTED = timedelta(seconds=2.5)
"""Well before a device in session that ingest heard last is quiet: else ingest's own silence looks like a room's, or
like a device's that was offered something."""


def counts_from(now: datetime, *, pulse_old: timedelta = PULSE_OLD) -> int | None:
    """Return since when silence says something about a device, Unix ms; None if it says nothing now.

    Ingest notes it in its pulse: not while it works behind, nor for a while after a start, a broker restart or a
    backlog.

    Args:
        pulse_old: From which age of its pulse on ingest itself may be what is silent.
    """
    pulse = Pulse.objects.filter(part="ingest").first()
    if pulse is None or now - pulse.at > pulse_old:
        return None
    from_ms = int(pulse.detail.get("silence_counts_from_ms", 0))
    return from_ms if to_ms(now) >= from_ms else None


def sweep(now: datetime) -> list[LiveState]:
    """Move what is silent towards offline, unless the server itself may be what is silent.

    Rows that another writer holds are left for the next sweep.
    """
    if counts_from(now) is None:
        return []
    due = (
        State.objects.select_for_update(skip_locked=True).filter(silent_after__lte=now).order_by("device_id")
    )
    changed: list[LiveState] = []
    changes: list[ChangeRow] = []
    for row in due:
        live = states.live_of(row)
        link = state.silence(live, to_ms(now))
        if link is not None:
            live.link, live.rev = link, live.rev + 1
            changed.append(live)
            changes.append(
                ChangeRow(
                    live.device_id, live.rev, to_ms(now), live.boot, live.conn, live.up_ms, link, live.state,
                    live.output, live.session, "silence", None,
                )
            )  # fmt: skip
        deadline = state.deadline_ms(live)
        row.link, row.rev = live.link, live.rev
        row.silent_after = None if deadline is None else from_ms(deadline)
        row.save(update_fields=["link", "rev", "silent_after"])
    records.copy_changes(changes, now)
    return changed
