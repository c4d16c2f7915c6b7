"""Hostile payloads to the end: whatever `decode` lets through, PostgreSQL takes."""

from collections.abc import Sequence

import pytest
from django.db import transaction

from devices.models import Device, Ledger, Reject
from devices.mqtt.link import Message
from devices.store import sql
from fleet.access.models import Site
from tests.devices.store.tables import T0, Ingest, packet
from tests.devices.wire import mutate

PAYLOADS, DEVICES, BATCH = 20_000, 500, 400


@pytest.fixture
def fleet(site: Site) -> list[str]:
    serials = [f"FUZZ-{n:03}" for n in range(DEVICES)]
    Device.objects.bulk_create(Device(serial=serial, site=site) for serial in serials)
    return serials


def take(ingest: Ingest, batch: Sequence[Message]) -> int:
    """Store a batch; return how many records it added.  A failure names the one payload that brings it about."""
    try:
        with transaction.atomic():
            facts = ingest.take(*batch).facts
        return len(facts.telemetry) + len(facts.events)
    except Exception as error:
        ingest.forget()
        if len(batch) == 1:
            raise AssertionError(f"{batch[0].topic!r}: {batch[0].payload[:2000]!r}") from error
        middle = len(batch) // 2
        return take(ingest, batch[:middle]) + take(ingest, batch[middle:])


def test_what_is_let_through_is_stored_and_the_rest_refused(fleet: list[str]) -> None:
    ingest = Ingest()
    packets = [
        packet(fleet[n % DEVICES], body, T0 + 10 * n, kind=kind)
        for n, (kind, body) in enumerate(mutate.payloads(2026, PAYLOADS))
        if kind in ("status", "telemetry", "event")
    ]
    added = sum(take(ingest, packets[start : start + BATCH]) for start in range(0, len(packets), BATCH))
    ingest.flush()
    [(telemetry,)] = sql.rows("SELECT count(*) FROM devices_telemetry")
    [(events,)] = sql.rows("SELECT count(*) FROM devices_event")
    assert (
        telemetry + events
        == added
        == sum(sum(high - low + 1 for low, high in ledger.stored) for ledger in Ledger.objects.all())
    )
    assert added > PAYLOADS / 20, "too few get through to prove anything"
    assert Reject.objects.count() > PAYLOADS / 4
    ingest.forget()
    assert take(ingest, packets[:BATCH]) == 0  # and all of it can be read back, and is known as stored


@pytest.mark.parametrize("retained", [False, True])
def test_goodbyes_wills_and_births_at_every_limit_are_stored(fleet: list[str], *, retained: bool) -> None:
    ingest = Ingest()
    packets = [
        packet(fleet[n % 7], body, T0 + 10 * n, kind="status", retained=retained)
        for n, (kind, body) in enumerate(mutate.payloads(7, 6_000))
        if kind == "status"
    ]
    for start in range(0, len(packets), BATCH):
        take(ingest, packets[start : start + BATCH])
    ingest.forget()
    take(ingest, packets[:10])
