"""What a device does with a protocol that it is offered: take it over between sessions, hold it, or refuse it.

Rules: docs/wire.md, "Commands and their proof".  Pure: the caller gives the time.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import msgspec

from devices.simulator.body import Body, Held
from devices.simulator.session import Protocol, read

Verdict = tuple[str, str | None]  # outcome and reason


def take(body: Body, args: Any, command_id: str, now_ms: int, left_ms: int) -> Verdict:
    """Take over the document in `args` now, or keep it for later, `left_ms` at most."""
    document = bytes(args.protocol)
    if hashlib.sha256(document).hexdigest() != args.sha256:
        return _refuse(body, now_ms, args, "hash")
    try:
        protocol = read(document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _refuse(body, now_ms, args, "other")
    if not protocol.fits(body.channels, body.make.max_ma):
        return _refuse(body, now_ms, args, "limits")
    if body.whims.refuses is not None:
        return _refuse(body, now_ms, args, body.whims.refuses)
    if body.session is not None or body.whims.holds is not None:
        return _hold(body, Held(command_id, protocol, now_ms + left_ms), now_ms)
    if body.whims.swallows:
        return "received", None
    take_over(body, now_ms, protocol)
    return "done", None


def _hold(body: Body, new: Held, now_ms: int) -> Verdict:
    replaced, body.held = body.held, new
    if replaced is not None:
        body.answer(now_ms, replaced.id, "refused", "other")
    body.uplink.changed()
    return "received", None


def _refuse(body: Body, now_ms: int, args: Any, reason: str) -> Verdict:
    body.event(now_ms, "protocol_rejected", {"sha256": args.sha256, "reason": reason})
    return "refused", reason


def apply_held(body: Body, now_ms: int) -> None:
    """Nothing is in the way any more: take over the protocol that waited, if there is one."""
    if body.session is not None or body.whims.holds is not None:
        return
    held, body.held = body.held, None
    if held is None:
        return
    body.uplink.changed()
    if now_ms > held.until_ms:
        body.answer(now_ms, held.id, "expired", None)
    elif body.whims.refuses is not None:
        body.answer(now_ms, held.id, "refused", body.whims.refuses)
    elif not body.whims.swallows:
        take_over(body, now_ms, held.protocol)
        body.answer(now_ms, held.id, "done", None)


def forget_late(body: Body, now_ms: int) -> None:
    """Drop what waited longer than its command allows, and say so."""
    if body.held is not None and now_ms > body.held.until_ms:
        late, body.held = body.held, None
        body.answer(now_ms, late.id, "expired", None)
        body.uplink.changed()


def withdraw(body: Body, offer_id: str) -> Verdict:
    """Forget an offer that is not applied yet, also one that is still on its way."""
    if body.memory.get(offer_id) == "done":
        return "refused", "applied"
    if body.held is not None and body.held.id == offer_id:
        body.held = None
    body.remember(offer_id, "refused")  # should it arrive late, it is not carried out
    return "done", None


def take_over(body: Body, now_ms: int, protocol: Protocol) -> None:
    """Use a protocol for the next session.  A device with a fault says so too, and has another."""
    if body.whims.wrong == "garbled":
        body.protocol = replace(protocol, sha256=hashlib.sha256(protocol.sha256.encode()).hexdigest())
    elif body.whims.wrong is None:
        body.protocol = protocol
    if body.protocol is not None and body.whims.wrong != "old":
        session = body.session.id if body.session else None
        body.truth.tell(
            now_ms, body.serial, "protocol", boot=body.boot, up_ms=body.up_ms(now_ms), session=session,
            **body.protocol.ref(),
        )  # fmt: skip
    body.event(now_ms, "protocol_applied", {**protocol.ref(), "reason": None})
    body.uplink.changed()
