"""Writing, submitting, approving and withdrawing protocols.

Who may is asked first, and a denial is on record; then one transaction a deed, with its entry in the audit of each
site that sees the protocol.  A version never changes once it is submitted, and nobody approves what they wrote.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from devices import documents
from devices.models import ProtocolDocument
from devices.protocols import blocks, carried, findings
from fleet.access import queries as sight
from fleet.access import service as access
from fleet.access.models import Site
from fleet.access.names import tidy
from fleet.protocols import authors, bodies, texts
from fleet.protocols.errors import Edited, NotNow, OwnWork, Taken, Unusable
from fleet.protocols.lifecycle import APPROVED_ONCE, State, allows
from fleet.protocols.models import Protocol, Version

__all__ = [
    "Edited",
    "NotNow",
    "OwnWork",
    "Taken",
    "Unusable",
    "approve",
    "create",
    "edit",
    "reject",
    "submit",
    "take_up",
    "withdraw",
]

WRITE: Final = "write_protocol"
APPROVE: Final = "approve_protocol"
LONGEST_REASON: Final = 300
LONGEST_NOTE: Final = 1_000
_MOST_VERSIONS: Final = 2**31 - 1


def create(
    *,
    actor: User,
    document: Mapping[str, Any],
    based_on: Version | None = None,
    library_row: int | None = None,
    to_confirm: Iterable[str] | None = None,
    now: datetime,
) -> Version:
    """Make a draft: of a new protocol, or the next version of one that the actor writes at.

    A next version is taken as written on top of the one before it, whatever it holds: so whoever wrote that, and
    was never approved, does not approve this one either.  `based_on` an approved version leaves drafts between
    them aside.

    Args:
        document: As on the wire; values that are not known yet are null or absent.  Its `version` is replaced.
        to_confirm: Paths of values from memory; None: those of the version it is based on, with their steps.

    Raises:
        Unusable: A value cannot stand where it stands; or there is no id.
        Taken: The id is a protocol's that the actor does not see.
        access.Denied: The actor writes no protocols there.  The attempt is on record.
    """
    id = bodies.id_of(document)
    known = Protocol.objects.filter(pk=id).first()
    if known is not None and _sites(known, actor, "see"):
        _require(actor, WRITE, known)
    else:
        access.require_anywhere(actor, WRITE, to=WRITE)
        if known is not None:
            raise Taken
    if based_on is not None and based_on.protocol_id != id:
        raise Unusable(_("A version is based on one of the same protocol."))
    bodies.tidy(document, id=id, number=1)
    try:
        with transaction.atomic():
            protocol = known or _new(id, actor, library_row, now)
            draft = _draft(protocol, document, based_on, to_confirm, library_row, now)
            authors.note(draft, actor, now)
            _record(actor, "protocol.created", draft, based_on=str(draft.based_on or ""))
    except IntegrityError:  # somebody else made the same id between the look and the write
        if known is None and Protocol.objects.filter(pk=id).exists():
            return create(
                actor=actor, document=document, based_on=based_on,
                library_row=library_row, to_confirm=to_confirm, now=now,
            )  # fmt: skip
        raise
    return draft


def edit(
    *,
    actor: User,
    version: Version,
    document: Mapping[str, Any],
    rev: int | None = None,
    to_confirm: Iterable[str] | None = None,
    now: datetime,
) -> Version:
    """Write a draft anew; what is the same as it stands changes nothing and makes nobody its author.

    Args:
        rev: Of the draft that the actor saw; None: whatever it is now.

    Raises:
        NotVisible, access.Denied: As `access.require`.
        NotNow: It is no draft any more.
        Edited: It has another `rev`.
        Unusable: As `create`; and the id of a version never changes.
    """
    _require(actor, WRITE, version.protocol)
    if document.get("id", version.protocol_id) != version.protocol_id:
        raise Unusable(_("The id of a protocol never changes: make a new protocol."))
    with transaction.atomic():
        draft = _locked(version)
        if draft.state != State.DRAFT:
            raise NotNow(texts.no_longer_a_draft(draft))
        if rev is not None and rev != draft.rev:
            raise Edited(_("Somebody edited this draft meanwhile: look at it as it is now, then edit again."))
        before = bodies.read(draft)
        told = bodies.tidy(document, id=draft.protocol_id, number=draft.number)
        kept = list(to_confirm) if to_confirm is not None else carried(draft.to_confirm, before, told)
        body = draft.body
        bodies.write(draft, told)
        if (draft.body, kept) == (body, draft.to_confirm):
            return draft
        draft.to_confirm, draft.edited_at, draft.rev = kept, now, draft.rev + 1
        draft.save()
        authors.note(draft, actor, now)
        _record(actor, "protocol.edited", draft, rev=draft.rev)
    return draft


def submit(*, actor: User, version: Version, rev: int | None = None, now: datetime) -> Version:
    """Hand a draft in for approval: from now on it never changes.

    Raises:
        NotVisible, access.Denied: As `access.require`.
        NotNow: It is no draft any more.
        Edited: It has another `rev` than the actor saw.
        Unusable: Something is missing, or against physics or policy; with the findings.
    """
    _require(actor, WRITE, version.protocol)
    with transaction.atomic():
        draft = _locked(version)
        _require_state(draft, State.SUBMITTED)
        if rev is not None and rev != draft.rev:
            raise Edited(_("Somebody edited this draft meanwhile: look at it before it is submitted."))
        if wrong := blocks(findings(bodies.read(draft), texts.policy())):
            raise Unusable(_("This version cannot be submitted yet."), wrong)
        draft.state = State.SUBMITTED.value
        draft.submitted_at, draft.submitted_by = now, actor.get_username()[:150]
        draft.save(update_fields=["state", "submitted_at", "submitted_by"])
        _record(actor, "protocol.submitted", draft, sha256=draft.sha256)
    return draft


def approve(*, actor: User, version: Version, reason: str, confirmation: str = "", now: datetime) -> Version:
    """Say that it may be used on people; from now on it may be rolled out.  Nobody approves what they wrote.

    Args:
        confirmation: What the actor found about each value that was to be confirmed; needed if there is one.

    Raises:
        NotVisible, access.Denied: As `access.require`; OwnWork if the actor wrote a part.  Both on record.
        NotNow: It does not wait for approval.
        Unusable: No reason; or no note about what was to be confirmed; or it is against today's policy.
    """
    site = _require(actor, APPROVE, version.protocol)
    _require_other_eyes(actor, version, site)
    words, note = _reason(reason), _note(confirmation)
    with transaction.atomic():
        seen = _locked(version)
        _require_state(seen, State.APPROVED)
        if authors.wrote(seen, actor):  # who has come to be one since the look
            raise OwnWork(site.name)
        if seen.to_confirm and not note:
            raise Unusable(_("Values from memory are in it: say in the note how each was confirmed."))
        if wrong := blocks(findings(bodies.read(seen), texts.policy())):
            raise Unusable(_("The limits have changed since it was submitted."), wrong)
        _decide(seen, State.APPROVED, actor, words, now)
        seen.confirmation = note
        seen.save(update_fields=["state", "decided_at", "decided_by", "decision_reason", "confirmation"])
        row = documents.keep(seen.body.encode(), sha256=seen.sha256)
        ProtocolDocument.objects.filter(pk=row.pk).update(
            approved_at=now, approved_by=seen.decided_by, approval_reason=words, withdrawn_at=None
        )
        detail = {"confirmation": note} if note else {}
        _record(actor, "protocol.approved", seen, reason=words, sha256=seen.sha256, **detail)
    return seen


def reject(*, actor: User, version: Version, reason: str, now: datetime) -> Version:
    """Say that it must not be used as it is; it stays on record, and can be taken up again as a new version.

    Whoever wrote it may turn it down, too: that makes nothing usable.

    Raises:
        NotVisible, access.Denied: As `access.require`.
        NotNow: It does not wait for approval.
        Unusable: No reason.
    """
    _require(actor, APPROVE, version.protocol)
    words = _reason(reason)
    with transaction.atomic():
        seen = _locked(version)
        _require_state(seen, State.REJECTED)
        _decide(seen, State.REJECTED, actor, words, now)
        seen.save(update_fields=["state", "decided_at", "decided_by", "decision_reason"])
        _record(actor, "protocol.rejected", seen, reason=words)
    return seen


def withdraw(*, actor: User, version: Version, reason: str, now: datetime) -> Version:
    """Take an approved version out of use at once: it is offered nowhere, and a session by it raises an alert.

    One clinician is enough, also its writer: it asks for less, never for more.  Devices that have it keep it until
    they are locked or rolled back.

    Raises:
        NotVisible, access.Denied: As `access.require`.
        NotNow: It is not approved.
        Unusable: No reason.
    """
    _require(actor, APPROVE, version.protocol)
    words = _reason(reason)
    with transaction.atomic():
        seen = _locked(version)
        _require_state(seen, State.WITHDRAWN)
        seen.state = State.WITHDRAWN.value
        seen.withdrawn_at, seen.withdrawn_by = now, actor.get_username()[:150]
        seen.withdrawal_reason = words
        seen.save(update_fields=["state", "withdrawn_at", "withdrawn_by", "withdrawal_reason"])
        ProtocolDocument.objects.filter(pk=seen.sha256).update(withdrawn_at=now)
        _record(actor, "protocol.withdrawn", seen, reason=words, sha256=seen.sha256)
    return seen


def take_up(*, actor: User, version: Version, now: datetime) -> Version:
    """Make a draft that begins as this version, such as a rejected or withdrawn one.

    Raises:
        NotVisible, access.Denied: As `access.require`.
        NotNow: It is a draft itself.
    """
    if version.state == State.DRAFT:
        raise NotNow(_("This is a draft: edit it."))
    return create(
        actor=actor,
        document=bodies.read(version),
        based_on=version,
        library_row=version.library_row,
        now=now,
    )


# --- parts ---


def _sites(protocol: Protocol, actor: User, verb: str) -> list[Site]:
    return list(sight.sites_where(actor, verb).filter(protocols=protocol).order_by("slug"))


def _require(actor: User, verb: str, protocol: Protocol) -> Site:
    """Return a site of the protocol at which the actor may; else turn them away."""
    allowed = _sites(protocol, actor, verb)
    if allowed:
        return allowed[0]
    seen = _sites(protocol, actor, "see")
    if not seen:
        raise access.NotVisible(protocol.pk)
    access.require(actor, verb, seen[0], subject=protocol.pk)
    return seen[0]  # the role came between the two looks


def _require_other_eyes(actor: User, version: Version, site: Site) -> None:
    if not authors.wrote(version, actor):
        return
    with transaction.atomic(durable=True):
        access.record(actor, f"denied.{APPROVE}", site=site, subject=str(version), why="own work")
    raise OwnWork(site.name)


def _require_state(version: Version, to: State) -> None:
    if not allows(version.state, to):
        raise NotNow(texts.not_from_here(version, to))


def _locked(version: Version) -> Version:
    return (
        Version.objects.select_for_update(of=("self",))
        .select_related("protocol", "based_on")
        .get(pk=version.pk)
    )


def _new(id: str, actor: User, library_row: int | None, now: datetime) -> Protocol:
    protocol = Protocol.objects.create(
        id=id, library_row=library_row, created_at=now, created_by=actor.get_username()[:150]
    )
    protocol.sites.set(sight.sites_where(actor, WRITE))
    return protocol


def _draft(
    protocol: Protocol,
    document: Mapping[str, Any],
    based_on: Version | None,
    to_confirm: Iterable[str] | None,
    library_row: int | None,
    now: datetime,
) -> Version:
    Protocol.objects.select_for_update().get(pk=protocol.pk)  # numbers are given one after another
    last = protocol.versions.order_by("-number").first()
    base = based_on or last
    number = _number(protocol.pk, document, last)
    told = bodies.tidy(document, id=protocol.pk, number=number)
    if to_confirm is None:
        unconfirmed = base is not None and base.state not in APPROVED_ONCE
        to_confirm = carried(base.to_confirm, bodies.read(base), told) if base and unconfirmed else ()
    draft = Version(
        protocol=protocol,
        number=number,
        based_on=base,
        library_row=library_row,
        to_confirm=list(to_confirm),
        created_at=now,
        edited_at=now,
    )
    bodies.write(draft, told)
    draft.save(force_insert=True)
    return draft


def _number(id: str, document: Mapping[str, Any], last: Version | None) -> int:
    """Return the number of the next version: never one that a document kept under this id has already.

    A document that is kept, but has no version here yet, keeps its own number: devices report it by that hash.
    """
    newest = last.number if last else 0
    claimed = document.get("version")
    if isinstance(claimed, int) and newest < claimed <= _MOST_VERSIONS and bodies.is_kept(document):
        return claimed
    kept = ProtocolDocument.objects.filter(protocol_id=id).aggregate(most=Max("version"))["most"]
    number = max(newest, kept or 0) + 1
    if number > _MOST_VERSIONS:
        raise NotNow(_("No number is left for a next version: choose another id."))
    return number


def _decide(version: Version, to: State, actor: User, reason: str, now: datetime) -> None:
    version.state = to.value
    version.decided_at, version.decided_by = now, actor.get_username()[:150]
    version.decision_reason = reason


def _reason(text: str) -> str:
    words = tidy(text)
    if not words:
        raise Unusable(_("Say why: a reason is kept on record."))
    if len(words) > LONGEST_REASON:
        raise Unusable(_("A reason has at most %(most)d characters.") % {"most": LONGEST_REASON})
    return words


def _note(text: str) -> str:
    return "\n".join(tidy(line) for line in text.splitlines()).strip()[:LONGEST_NOTE]


def _record(actor: User, action: str, version: Version, **detail: Any) -> None:
    """Write it into the audit of each site whose people see the protocol."""
    for site in version.protocol.sites.order_by("slug"):
        access.record(
            actor, action, site=site, subject=str(version),
            protocol=version.protocol_id, version=version.number, **detail,
        )  # fmt: skip
