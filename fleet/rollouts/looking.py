"""What is known of the devices that a rollout has to decide about now."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from devices import documents
from devices.models import ProtocolDocument, Pulse
from devices.moments import from_ms, to_ms
from devices.protocols import DeviceFacts, blocks, legal_on
from devices.store import silence, sql
from devices.wire import messages
from devices.wire.errors import WireError
from fleet.control.lifecycle import State as CommandState
from fleet.protocols.lifecycle import State as VersionState
from fleet.rollouts import models, sight
from fleet.rollouts.evidence import Answer, Evidence, Link, Outcome, Status
from fleet.rollouts.kept import Kept
from fleet.rollouts.rows import Loaded
from fleet.rollouts.scene import State, Target
from fleet.rollouts.sight import Standing
from fleet.rollouts.states import OPEN, Direction, TargetState

_NEWEST_MATTERS: Final = OPEN | {TargetState.PLANNED, TargetState.FAILED, TargetState.TIMED_OUT}
_LINKS: Final = {one.value: one for one in Link}
_OUTCOMES: Final = {
    CommandState.RECEIVED.value: Outcome.RECEIVED,
    CommandState.DONE.value: Outcome.DONE,
    CommandState.REFUSED.value: Outcome.REFUSED,
}
_KEPT: Final = Kept[str, Answer]()
_EVENTS: Final = {"protocol_applied": Outcome.DONE, "protocol_rejected": Outcome.REFUSED}


class Capable:
    """Whether a document is for a device; asked once for each kind of device."""

    def __init__(self) -> None:
        self._documents: dict[str, messages.ProtocolDocument | None] = {}
        self._known: dict[tuple[str, DeviceFacts], tuple[str, ...]] = {}

    def why_not(self, sha256: str, device: Standing) -> tuple[str, ...]:
        """Return the codes of what speaks against it; none: it may have it."""
        says = device.says
        if says is None:
            return ()
        facts = DeviceFacts(
            says.channels,
            says.max_ma,
            None if says.can is None else frozenset(says.can),
            says.electrode_cm2 or (),
        )
        found = self._known.get((sha256, facts))
        if found is None:
            found = self._known[sha256, facts] = self._judge(sha256, facts)
        return found

    def _judge(self, sha256: str, facts: DeviceFacts) -> tuple[str, ...]:
        if sha256 not in self._documents:
            try:
                self._documents[sha256] = documents.find(sha256)
            except WireError:
                self._documents[sha256] = None
        document = self._documents[sha256]
        if document is None:
            return ("no_document",)
        against = [one for one in legal_on(document, facts) if blocks([one])]
        return tuple(dict.fromkeys(one.code for one in against))


def around(
    loaded: Loaded, devices: Iterable[Standing] = (), *, changed_too: bool = False
) -> dict[str, Evidence]:
    """Return the evidence of the devices that matter now, by serial.

    Args:
        devices: Look at these, too: they are no targets yet.
        changed_too: Look at all that were changed: they are to be rolled back.
    """
    state = loaded.state
    wanted = [one for one in state.targets.values() if _matters(one, state) or (changed_too and one.changed)]
    standing = sight.of([loaded.device_ids[one.serial] for one in wanted])
    for one in devices:
        standing.setdefault(one.id, one)
    answers = _answers(wanted)
    told = _told(loaded, wanted, answers)
    others = elsewhere(loaded.row, standing)
    capable = Capable()
    seen: dict[str, Evidence] = {}
    for device in standing.values():
        target = state.targets.get(device.serial)
        want = state.sha256 if target is None else target.want_sha256
        offer = answers.get(target.command or "") if target else None
        seen[device.serial] = Evidence(
            _LINKS.get(device.link, Link.OFFLINE),
            status_of(device),
            conflict=device.link == "conflict",
            revoked=device.is_revoked,
            incapable=capable.why_not(want, device) if _is_to_be_offered(target) else (),
            other_rollout=others.get(device.id),
            offer=told.get(device.serial, offer),
            withdrawal=answers.get(target.withdrawal or "") if target else None,
        )
    return seen


def hearing(now: datetime) -> tuple[bool, bool]:
    """Return whether what devices say arrives here, and whether their silence is theirs: not that of ingest.

    Where ingest never ran, no device was ever heard, and none can be offered anything.
    """
    pulse = Pulse.objects.filter(part="ingest").first()
    if pulse is None:
        return True, True
    is_theirs = silence.counts_from(now, pulse_old=silence.DOUBTED) is not None
    return now - pulse.at <= silence.PULSE_OLD, is_theirs


def status_of(device: Standing) -> Status | None:
    """Return what a device shows; None: nothing that came live."""
    says = device.says
    if says is None or not device.is_live or device.said_ms is None:
        return None
    ref = says.protocol
    protocol = None if ref is None else {"id": ref.id, "version": ref.version, "sha256": ref.sha256}
    return Status(says.boot, says.up_ms, device.said_ms, protocol, says.session, says.held)


def barred(loaded: Loaded) -> dict[str, str]:
    """Return the hashes that may be offered to nobody, each with a word why."""
    state = loaded.state
    befores = {one.before["sha256"] for one in state.targets.values() if one.before is not None}
    befores |= {one.want_sha256 for one in state.targets.values() if one.direction is Direction.BACK}
    kept = {
        sha256: (approved_at, withdrawn_at)
        for sha256, approved_at, withdrawn_at in ProtocolDocument.objects.filter(
            sha256__in=befores | {state.sha256}
        ).values_list("sha256", "approved_at", "withdrawn_at")
    }
    out = {one: word for one in befores if (word := _unusable_before(kept.get(one)))}
    approved_at, withdrawn_at = kept.get(state.sha256, (None, None))
    is_usable = approved_at is not None and withdrawn_at is None
    if not is_usable or loaded.row.version.state != VersionState.APPROVED:
        out[state.sha256] = "version_withdrawn"
    return out


def _unusable_before(kept: tuple[datetime | None, datetime | None] | None) -> str:
    if kept is None:
        return "nothing_before"
    approved_at, withdrawn_at = kept
    if withdrawn_at is not None:
        return "before_withdrawn"
    return "before_not_approved" if approved_at is None else ""


def _matters(one: Target, state: State) -> bool:
    if one.state is TargetState.PLANNED:
        return one.wave <= state.wave or state.wave == 0
    return one.state in _NEWEST_MATTERS


def _is_to_be_offered(target: Target | None) -> bool:
    return target is None or target.state is TargetState.PLANNED


def _answers(targets: Iterable[Target]) -> dict[str, Answer]:
    ids = [one for target in targets for one in (target.command, target.withdrawal) if one is not None]
    if not ids:
        return {}
    versions = sql.rows(
        "SELECT id::text, concat(xmin, ctid) FROM control_command WHERE id = ANY(%s::uuid[])",
        [sql.texts(ids)],
    )
    return _KEPT.through(versions, _answers_anew)


def _answers_anew(ids: list[str]) -> Iterable[tuple[str, str, Answer]]:
    found = sql.rows(
        """SELECT concat(xmin, ctid), id::text, floor(extract(epoch FROM requested_at) * 1000)::bigint,
            floor(extract(epoch FROM expires_at) * 1000)::bigint,
            coalesce(floor(extract(epoch FROM published_at) * 1000)::bigint, (evidence #>> '{ended,at_ms}')::bigint),
            state, evidence #>> '{ack,outcome}',
            evidence #>> '{ack,reason}', evidence ->> 'cancelled',
            coalesce(ack_boot, (evidence #>> '{ack,boot}')::bigint),
            coalesce(ack_up_ms, (evidence #>> '{ack,up_ms}')::bigint), attempts > 0
           FROM control_command WHERE id = ANY(%s::uuid[])""",
        [sql.texts(ids)],
    )
    return ((row[1], row[0], _answer(*row[1:])) for row in found)


def _answer(
    id_: str,
    requested_ms: int,
    expires_ms: int,
    published_ms: int | None,
    state: str,
    said: str | None,
    why: str | None,
    cancelled: str | None,
    boot: int | None,
    up_ms: int | None,
    tried: bool,
) -> Answer:
    """That a command expired is the device's word only where it said so; else we concluded it from silence.

    One that was ended while it was on its way may have left: nobody waits for dispatch with it.
    """
    word = why if said == "repeat" else said
    outcome = _OUTCOMES.get(state)
    if cancelled is not None and outcome is None:
        outcome, why = Outcome.EXPIRED, "cancelled"
    if outcome is None and word is not None:
        outcome = Outcome.EXPIRED if word == "expired" else Outcome.RECEIVED
    return Answer(
        id_,
        requested_ms,
        expires_ms,
        published_ms,
        outcome,
        "" if said == "repeat" else why or "",
        boot,
        up_ms,
        tried,
    )


def _told(loaded: Loaded, targets: Iterable[Target], answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """Return the answers that devices told as events: an ack may get lost, an event never does."""
    silent = {
        loaded.device_ids[one.serial]: one
        for one in targets
        if one.state in OPEN and _is_unanswered(answers.get(one.command or ""))
    }
    if not silent:
        return {}
    since_ms = min(one.offered_ms or 0 for one in silent.values())
    events = sql.rows(
        """SELECT device_id, kind, boot, up_ms, placed_at, body FROM devices_event
           WHERE device_id = ANY(%s::bigint[]) AND kind = ANY(%s) AND placed_at > %s AND NOT disputed
           ORDER BY placed_at""",
        [sql.numbers(silent), list(_EVENTS), from_ms(since_ms)],
    )
    out: dict[str, Answer] = {}
    for device_id, kind, boot, up_ms, placed_at, body in events:
        target = silent[device_id]
        offer = answers.get(target.command or "")
        data = _data(bytes(body))
        if offer is None or to_ms(placed_at) < (offer.published_ms or offer.requested_ms):
            continue
        if data.get("sha256") == target.want_sha256:
            out[target.serial] = _as_told(offer, kind, data, boot, up_ms)
    return out


def _as_told(offer: Answer, kind: str, data: Mapping[str, Any], boot: int, up_ms: int) -> Answer:
    return Answer(
        offer.command,
        offer.requested_ms,
        offer.expires_ms,
        offer.published_ms,
        _EVENTS[kind],
        str(data.get("reason") or "") if kind == "protocol_rejected" else "",
        boot,
        up_ms,
    )


def _is_unanswered(offer: Answer | None) -> bool:
    return offer is not None and offer.outcome in (None, Outcome.RECEIVED)


def _data(body: bytes) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    data = told.get("data") if isinstance(told, dict) else None
    return data if isinstance(data, dict) else {}


def elsewhere(row: models.Rollout | None, device_ids: Collection[int]) -> dict[int, str]:
    """Return by device the other rollout than this that has an offer out to it."""
    others = sql.rows(
        """SELECT device_id, rollout_id::text FROM rollouts_target
           WHERE state = ANY(%s) AND rollout_id IS DISTINCT FROM %s""",
        [sorted(OPEN), None if row is None else row.pk],
    )
    return {device: rollout for device, rollout in others if device in device_ids}
