"""Protocols as they may stand, written straight into their tables."""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from devices import documents
from fleet.access.models import Site
from fleet.protocols import authors, bodies
from fleet.protocols.models import Protocol, Version


def document(**changes: Any) -> dict[str, Any]:
    """Return a complete document that nothing is wrong with."""
    step = {
        "name": "work", "kind": "work", "repeat": 15, "frequency_hz": 50, "phase_us": 250, "interphase_us": 0,
        "ramp_up_s": 3, "on_s": 15, "ramp_down_s": 1, "off_s": 45, "target_ma": [60, None], "max_ma": [70, 70],
    }  # fmt: skip
    return {
        "title": "Quadriceps", "indication": "tka", "channels_used": [1, 2],
        "waveform": "symmetric_biphasic", "steps": [step],
        "limits": {"max_session_s": 1200, "max_sessions_per_day": 2, "min_rest_h": 4},
    } | changes  # fmt: skip


def write(
    *sites: Site,
    id: str = "quad",
    number: int = 1,
    state: str = "approved",
    by: User | None = None,
    **fields: Any,
) -> Version:
    """Write a version; `fields` are those of its row, `document` its document."""
    now = timezone.now()
    protocol, _made = Protocol.objects.get_or_create(id=id, defaults={"created_at": now})
    protocol.sites.set(sites)
    told = fields.pop("document", None) or document()
    row = Version(protocol=protocol, number=number, state=state, created_at=now, edited_at=now, **fields)
    bodies.write(row, {**told, "id": id, "version": number})
    if state != "draft":
        row.submitted_at, row.submitted_by = now, by.username if by else ""
    if state in ("approved", "withdrawn"):
        kept = documents.keep(row.body.encode())
        type(kept).objects.filter(pk=kept.pk).update(approved_at=now)
    if state == "withdrawn":
        row.withdrawn_at = now
    row.save()
    if by is not None:
        authors.note(row, by, now)
    return row
