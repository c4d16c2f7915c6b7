"""What is true of a device now: newest wins.  Pure; all times are Unix ms of the server's clock.

Live values are ordered by the device's own (boot, up_ms).  Silence changes `link` and nothing else: a silent
device in session stays "was on, N s ago, unknown", because silence is never read as "output off".
"""

from typing import Any

import msgspec

from devices import identity
from devices.identity import Life
from devices.moments import from_ms as from_ms
from devices.moments import iso as iso
from devices.moments import to_ms as to_ms
from devices.statuses import changes_of, is_credible, is_refuted
from devices.wire import codec
from devices.wire.errors import WireError
from devices.wire.messages import Status, Telemetry, Will
from devices.wire.topics import Kind

GRACE_WILL_MS = 5_000  # a will counts after this, unless something newer was heard
SUSPECT_MS = {True: 6_000, False: 20_000}  # by "in session"
OFFLINE_MS = {True: 10_000, False: 45_000}
_SKEW_STEP_MS = 500  # a skew that moves less is noise
_WORSE_OUTPUT = {None: 0, "off": 1, "ramping": 2, "on": 3}


class LiveState(msgspec.Struct):
    """The live state of one device, as the `State` row keeps it."""

    device_id: int
    rev: int = 0
    link: str = "never"
    heard_ms: int | None = None
    silent_after_ms: int | None = None
    will_ms: int | None = None
    boot: int | None = None
    conn: int | None = None
    up_ms: int | None = None
    skew_ms: int | None = None
    state: str | None = None
    output: str | None = None
    session: str | None = None
    soc: float | None = None
    mv: int | None = None
    charging: bool | None = None
    temp_c: float | None = None
    status_body: bytes | None = None
    status_ms: int | None = None
    telemetry_body: bytes | None = None
    telemetry_ms: int | None = None
    lives: list[Life] = []
    planned_ms: int | None = None
    planned_for: str | None = None
    worst_alert: dict[str, Any] | None = None  # as the API tells it; never changed in place
    # Decoded once, not kept in the row.
    status: Status | None = None
    telemetry: Telemetry | None = None
    # What the last change of them told, so that a slow drift is told too.  Not kept: a restart begins anew.
    told_soc: float | None = None
    told_temp_c: float | None = None

    def copy(self) -> "LiveState":
        return msgspec.structs.replace(self)

    def decode(self) -> "LiveState":
        """Fill `status` and `telemetry` from their bytes, which were good when they were stored.

        A stricter version of the contract may refuse them now: then they are not known until the next message.
        """
        if self.status is None and self.status_body is not None:
            status = _read("status", self.status_body)
            self.status = status if isinstance(status, Status) else None
            if self.status is not None:
                _told(self, self.status)
        if self.telemetry is None and self.telemetry_body is not None:
            telemetry = _read("telemetry", self.telemetry_body)
            self.telemetry = telemetry if isinstance(telemetry, Telemetry) else None
        return self


def _read(kind: Kind, body: bytes) -> object:
    try:
        return codec.decode(kind, body)
    except WireError:
        return None


def hear_telemetry(live: LiveState, message: Telemetry, body: bytes, placed_ms: int, arrival_ms: int) -> None:
    """Take in one live telemetry message; an older one than the newest known moves nothing back."""
    newest = live.telemetry
    _heard(live, placed_ms, arrival_ms)
    if newest is not None and (message.boot, message.up_ms) <= (newest.boot, newest.up_ms):
        return
    live.telemetry, live.telemetry_body, live.telemetry_ms = message, body, placed_ms
    if _advance(live, message.boot, message.up_ms):
        if live.output == "off" and live.link != "conflict" and _is_wrong(live, message):
            live.output = "on"
        if message.soc is not None:
            live.soc = message.soc
        if message.mv is not None:
            live.mv = message.mv
        if message.temp_c is not None:
            live.temp_c = message.temp_c
        _skewed(live, message.t - placed_ms)
        if live.status is None or live.status.boot < message.boot:
            live.session = message.session
            _set_deadline(live)


def hear_event(live: LiveState, boot: int, up_ms: int, placed_ms: int, arrival_ms: int) -> None:
    """A live event is a sign of life; what still holds is told by the status that follows it."""
    _heard(live, placed_ms, arrival_ms)
    _advance(live, boot, up_ms)


def plan(live: LiveState, session: str, planned_ms: int | None) -> None:
    """A session has begun that is planned to last this long."""
    live.planned_for, live.planned_ms = session, planned_ms


def hear_status(
    live: LiveState,
    status: Status,
    body: bytes,
    placed_ms: int,
    arrival_ms: int,
    *,
    is_live: bool,
    is_retained: bool = False,
) -> tuple[str, ...]:
    """Take in one full status.

    A retained copy, or one that waited in the broker (`is_live` false), is old news: it may still be the
    newest known, but it is no sign of life.

    Returns:
        What changed beyond its clocks (see `changes_of`); empty if the status is older than the newest known.
    """
    _outlive_will(live, status)
    if is_live:
        _heard(live, placed_ms, arrival_ms)
    if not is_retained:
        _meet(live, status, arrival_ms, is_live=is_live)
    newest = live.status
    is_older = newest is not None and (status.boot, status.up_ms) <= (newest.boot, newest.up_ms)
    if is_older or (live.boot is not None and status.boot < live.boot):
        if live.link == "conflict":
            _worse_of_both(live)
        return ()
    if status.state == "offline":
        return _goodbye(live, status)
    is_same_boot = status.boot == live.boot
    live.conn = max(live.conn or 0, status.conn) if is_same_boot else status.conn
    changed = changes_of(newest, status, told_soc=live.told_soc, told_temp_c=live.told_temp_c)
    if changed:
        _told(live, status)
    had, was_wrong = live.output, newest is not None and newest.output == "off" and live.output == "on"
    live.status, live.status_body, live.status_ms = status, body, placed_ms
    live.state, live.output, live.session = status.state, status.output, status.session
    _doubt(live, status, was_wrong=was_wrong)
    if _advance(live, status.boot, status.up_ms):
        if status.battery is not None:
            live.soc, live.mv, live.charging = status.battery.soc, status.battery.mv, status.battery.charging
        if status.temp_c is not None:
            live.temp_c = status.temp_c
        if is_live:
            _skewed(live, status.t - placed_ms)
    _set_deadline(live)
    return changed or (("output",) if live.output != had else ())


def _doubt(live: LiveState, status: Status, *, was_wrong: bool) -> None:
    """A status that says off is not all there is: a second device may say on, or this one have been wrong before."""
    if live.link == "conflict":
        _worse_of_both(live)
    elif was_wrong and not is_credible(status, live.telemetry):
        live.output = "on"


def _is_wrong(live: LiveState, message: Telemetry) -> bool:
    """Whether current is measured though the newest status says that none can flow: then it is on."""
    return live.status is not None and is_refuted(live.status, message)


def _told(live: LiveState, status: Status) -> None:
    live.told_soc = None if status.battery is None else status.battery.soc
    live.told_temp_c = status.temp_c


def hear_will(live: LiveState, will: Will, arrival_ms: int) -> bool:
    """Take in a will; return whether it counts.  One older than the newest birth is ignored."""
    if live.boot is not None and (will.boot, will.conn) < (live.boot, live.conn or 0):
        return False
    if live.link in ("offline", "conflict"):
        return False
    if live.will_ms is None:  # a repeat of it gives no new grace
        live.will_ms = arrival_ms
    due_ms = live.will_ms + GRACE_WILL_MS
    live.silent_after_ms = due_ms if live.silent_after_ms is None else min(live.silent_after_ms, due_ms)
    return True


def silence(live: LiveState, now_ms: int) -> str | None:
    """Return the link that silence has brought about by now, or None if it is still what it was."""
    if live.link not in ("online", "suspect") or live.heard_ms is None:
        if live.link == "never" and live.will_ms is not None and now_ms >= live.will_ms + GRACE_WILL_MS:
            return "offline"
        return None
    in_session = live.session is not None
    age_ms = now_ms - live.heard_ms
    if age_ms >= OFFLINE_MS[in_session]:
        return "offline"
    if live.will_ms is not None and now_ms >= live.will_ms + GRACE_WILL_MS:
        return "offline"
    if age_ms >= SUSPECT_MS[in_session] and live.link == "online":
        return "suspect"
    return None


def deadline_ms(live: LiveState) -> int | None:
    """Return the next moment at which silence could change the link."""
    if live.link not in ("online", "suspect") or live.heard_ms is None:
        return None if live.will_ms is None or live.link != "never" else live.will_ms + GRACE_WILL_MS
    in_session = live.session is not None
    due = live.heard_ms + (SUSPECT_MS if live.link == "online" else OFFLINE_MS)[in_session]
    return due if live.will_ms is None else min(due, live.will_ms + GRACE_WILL_MS)


def _heard(live: LiveState, placed_ms: int, arrival_ms: int) -> None:
    """Move the sign of life forward, and with it the link and its deadline; what is not newer is no sign."""
    at_ms = min(placed_ms, arrival_ms)
    if live.heard_ms is not None and at_ms <= live.heard_ms:
        return
    live.heard_ms = at_ms
    if live.will_ms is not None:
        if at_ms > live.will_ms:
            live.will_ms = None
        elif live.link == "offline":
            return  # sent before the connection broke, and only came after it
    if live.link != "conflict":
        live.link = "online"
    _set_deadline(live)


def _set_deadline(live: LiveState) -> None:
    """Note when silence is looked at next."""
    live.silent_after_ms = deadline_ms(live)


def _advance(live: LiveState, boot: int, up_ms: int) -> bool:
    """Move the newest (boot, up_ms); return whether this message is the newest (or as new)."""
    if live.boot is None or boot > live.boot:
        if live.boot is not None and (live.status is None or live.status.boot < boot):
            live.conn = 0  # the birth of this boot has not been heard: any will of it counts
        live.boot, live.up_ms = boot, up_ms
        return True
    if boot == live.boot and up_ms >= (live.up_ms or 0):
        live.up_ms = up_ms
        return True
    return False


def _skewed(live: LiveState, skew_ms: int) -> None:
    if live.skew_ms is None or abs(skew_ms - live.skew_ms) >= _SKEW_STEP_MS:
        live.skew_ms = max(-(2**62), min(2**62, skew_ms))


def _outlive_will(live: LiveState, status: Status) -> None:
    """A birth is newer than any will that came before it, however close."""
    if live.boot is None or (status.boot, status.conn) > (live.boot, live.conn or 0):
        live.will_ms = None


def _goodbye(live: LiveState, status: Status) -> tuple[str, ...]:
    """A goodbye needs no grace; it changes only the link."""
    live.conn = status.conn
    _advance(live, status.boot, status.up_ms)
    if live.link in ("conflict", "offline"):
        return ()
    live.link, live.silent_after_ms, live.will_ms = "offline", None, None
    return ("goodbye",)


def _meet(live: LiveState, status: Status, arrival_ms: int, *, is_live: bool) -> None:
    """Notice two devices under one name."""
    seen = Life(
        status.boot, status.conn, status.up_ms, arrival_ms, status.output, status.session, status.state
    )
    lives, is_conflict = identity.meet(live.lives, seen, is_live=is_live)
    if lives != live.lives:
        live.lives = lives
    if is_conflict:
        live.link = "conflict"


def _worse_of_both(live: LiveState) -> None:
    """In a conflict, show the worse of what both say."""
    worst = identity.worst(live.lives, _WORSE_OUTPUT)
    if worst is not None:
        live.output, live.state, live.session = worst.output, worst.state, worst.session


def may_be_on(link: str, output: str | None) -> bool:
    """Whether a device is on, or nobody knows that it is off: silence is no "off".

    One that was never heard live is known by an old word of its own at most.
    """
    if link == "never":
        return output not in (None, "off")
    return output != "off" or link != "online"


def view(live: LiveState) -> dict[str, Any]:
    """Return the moving fields of the API's device object.  `live` has been decoded."""
    status = live.status
    protocol = status.protocol if status else None
    fields: dict[str, Any] = {
        "model": status.model if status else None,
        "firmware": status.firmware if status else None,
        "link": live.link,
        "state": live.state,
        "output": live.output,
        "session": live.session,
        "heard_at": iso(live.heard_ms),
        "clock_skew_ms": live.skew_ms,
        "battery": {"soc": live.soc, "mv": live.mv, "charging": live.charging},
        "temp_c": live.temp_c,
        "protocol": {"id": protocol.id, "version": protocol.version, "sha256": protocol.sha256}
        if protocol
        else None,
        "conditions": list(status.conditions) if status else [],
        "held": status.held if status else None,
        "locked": status.locked if status else None,
        "status_at": iso(live.status_ms),
        "worst_alert": live.worst_alert,
        "rev": live.rev,
    }
    planned = live.planned_ms if live.session is not None and live.planned_for == live.session else None
    fields["planned"] = None if planned is None else {"session_ms": planned}
    fields |= _session_view(live)
    return fields


def _session_view(live: LiveState) -> dict[str, Any]:
    """What the newest telemetry says, if it is of the session that is open now; else null, for not known."""
    message = live.telemetry
    if message is None or live.session is None or message.session != live.session:
        count = live.status.channels if live.status else 0
        return {
            "channels": [
                {"n": n, "set_ma": None, "ma": None, "ohm": None, "contact": None, "charge_uc": None}
                for n in range(1, count + 1)
            ],
            "phase": None,
            "cycle": None,
            "step": None,
            "elapsed_ms": None,
            "telemetry_at": None,
        }
    return {
        "channels": [
            {"n": n, "set_ma": set_ma, "ma": ma[-1], "ohm": ohm, "contact": contact, "charge_uc": charge_uc}
            for n, (set_ma, ma, ohm, contact, charge_uc) in enumerate(
                zip(message.set_ma, message.ma, message.ohm, message.contact, message.charge_uc, strict=True),
                1,
            )
        ],
        "phase": message.phase,
        "cycle": message.cycle,
        "step": message.step,
        "elapsed_ms": message.elapsed_ms,
        "telemetry_at": iso(live.telemetry_ms),
    }
