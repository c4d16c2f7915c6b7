"""Ending an identity conflict: a person has seen to it that one device speaks under the serial again."""

from datetime import datetime

from devices import state
from devices.batch.desk import ChangeRow
from devices.models import Link, State
from devices.state import LiveState, from_ms, to_ms
from devices.store import records, states


def end(device_id: int, now: datetime) -> LiveState | None:
    """Take the device out of conflict; None if it is in none.

    It is `suspect` until it is heard: the next live message brings it online, silence takes it offline.  If both
    devices still speak, the conflict is noticed again.
    """
    row = State.objects.select_for_update().filter(device_id=device_id, link=Link.CONFLICT).first()
    if row is None:
        return None
    live = states.live_of(row)
    live.link, live.rev, live.lives = "suspect", live.rev + 1, []
    deadline = state.deadline_ms(live)
    row.link, row.rev, row.lives = live.link, live.rev, []
    row.silent_after = None if deadline is None else from_ms(deadline)
    row.save(update_fields=["link", "rev", "lives", "silent_after"])
    change = ChangeRow(
        live.device_id,
        live.rev,
        to_ms(now),
        live.boot,
        live.conn,
        live.up_ms,
        live.link,
        live.state,
        live.output,
        live.session,
        "conflict ended",
        None,
    )
    records.copy_changes([change], now)
    return live
