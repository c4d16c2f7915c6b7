"""A session from the wire to its report: a simulated device through the real tables, held against the truth."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devices import documents, envelope, sessions
from devices.models import Device, Ledger, Session
from devices.plan import plan_of
from devices.sessions import Report
from devices.simulator.session import built_in
from devices.state import from_ms
from devices.store import sql
from devices.verdict import Finding
from devices.wire.words import Contact
from fleet.access.models import Site
from tests.devices import history
from tests.devices.simulator.lab import NO_FORCE, SERVER_MS, Lab, connected
from tests.devices.store.tables import Ingest, packet

pytestmark = [pytest.mark.django_db]

CALM = f'[day]\nsessions = 0\nprotocols = {{ "tka-quads" = 1.0 }}\n[people]\nrestlessness = 0.0\n{NO_FORCE}'
WHOLE_S = 62 + 15 * 64 + 5


@pytest.fixture
def device(db: None) -> Device:
    site = Site.objects.create(slug="north", name="North")
    return Device.objects.create(serial="EMS-0000", site=site)


@pytest.fixture
def lab() -> Lab:
    lab = connected(CALM, obliging=True, seed=1)
    lab.start_session()
    return lab


def stored(device: Device, lab: Lab, *, lost: Any = lambda _message: False) -> Report:
    """Store what the lab's device said, but for what is lost, and read the report."""
    ingest = Ingest()
    heard = [sent for sent in lab.sent if sent.kind in ("status", "telemetry", "event")]
    packets = [
        packet(device.serial, sent.payload, SERVER_MS + sent.at_ms + 20, kind=sent.kind)
        for sent in heard
        if not (sent.kind == "telemetry" and lost(sent.json()))
    ]
    for low in range(0, len(packets), 400):
        ingest.take(*packets[low : low + 400])
    ingest.flush()
    return read(device, lab)


def read(device: Device, lab: Lab) -> Report:
    session = Session.objects.select_related("device__site", "device__live").get(device=device)
    return sessions.report(session, from_ms(SERVER_MS + lab.now_ms + 1000))


@pytest.fixture
def kept(db: None) -> None:
    for protocol in built_in().values():
        documents.keep(protocol.document)


@pytest.mark.usefixtures("kept")
def test_the_dose_of_a_whole_session_is_what_the_device_really_gave(device: Device, lab: Lab) -> None:
    lab.run(WHOLE_S)
    report = stored(device, lab)
    [truth] = lab.told("session")
    assert report.plan is not None
    assert report.session.charge_uc == truth["charge_uc"]
    assert report.session.pulses == truth["pulses"]
    assert report.session.contractions == truth["contractions"] == report.plan.contractions == 16
    assert (report.verdict.finding, report.gaps, report.gone) == (Finding.VALID, (), 0)
    peaks = [line["ma"] for line in lab.told("record") if "ma" in line]
    for given, planned in zip(report.dose.channels[:2], report.plan.by_channel, strict=True):
        assert given.ma_max == max(ma[given.channel - 1] for ma in peaks)
        assert given.at_target_ms == pytest.approx(planned.at_target_ms, rel=0.02)
        assert given.on_ms == pytest.approx(planned.on_ms, abs=16_000)
        assert report.session.pulses[given.channel - 1] == pytest.approx(planned.pulses, rel=0.01)
        assert given.contact_ms[Contact.OK] > 0
    assert report.dose.recorded_ms == pytest.approx(truth["elapsed_ms"], abs=1_000)
    assert report.elapsed_ms == truth["elapsed_ms"] == pytest.approx(report.plan.length_ms, abs=100)


def test_a_device_gives_the_charge_that_its_protocol_plans() -> None:
    lab = connected(CALM.replace("tka-quads", "shoulder"), obliging=True, seed=1)
    lab.start_session()
    lab.run(60 * 24 + 5)
    planned = plan_of(built_in()["shoulder"].document).by_channel[0]
    [truth] = lab.told("session")
    assert truth["charge_uc"][0] == pytest.approx(planned.charge_uc, rel=0.01)
    assert truth["pulses"][0] == pytest.approx(planned.pulses, rel=0.01)


@pytest.mark.usefixtures("kept")
def test_a_gap_makes_contractions_unseen_and_leaves_charge_whole(device: Device, lab: Lab) -> None:
    lab.run(WHOLE_S)
    report = stored(device, lab, lost=lambda said: 300_000 < said["elapsed_ms"] < 420_000)
    [truth] = lab.told("session")
    assert report.session.charge_uc == truth["charge_uc"]
    assert report.verdict.least is not None
    assert (report.verdict.least.reached, report.verdict.least.unseen) == (14, 2)
    [(low, high)] = report.gaps
    assert (high - low).total_seconds() == pytest.approx(120, abs=2)


@pytest.mark.usefixtures("kept")
def test_pauses_and_turns_name_who_did_it(device: Device, lab: Lab) -> None:
    lab.run(100)
    lab.command("pause")
    lab.run(30)
    lab.ask({"session": "resume", "serial": lab.body.serial})
    lab.run(20)
    report = stored(device, lab)
    [pause] = report.pauses
    assert (pause.by, pause.resumed_by) == ("server", "operator")
    assert pause.length_ms == pytest.approx(30_000, abs=200)
    assert {change.by for change in report.changes} >= {"patient"}
    assert report.is_live
    assert report.verdict.finding is Finding.OPEN


def test_without_a_document_the_session_is_told_and_not_judged(device: Device, lab: Lab) -> None:
    lab.run(150)
    lab.command("stop")
    lab.run(2)
    report = stored(device, lab)
    assert (report.plan, report.verdict.finding) == (None, Finding.UNPLANNED)
    assert report.dose.channels[0].at_target_ms > 0
    assert report.session.end_reason == "server_stop"


@pytest.mark.usefixtures("kept")
def test_deleted_samples_leave_totals_and_are_counted(device: Device, lab: Lab) -> None:
    lab.run(800)
    lab.command("stop")
    lab.run(2)
    whole = stored(device, lab)
    sql.execute("DELETE FROM devices_telemetry WHERE device_id = %s", [device.pk])
    Ledger.objects.update(pruned_to=10_000)
    report = read(device, lab)
    assert report.gone == whole.dose.messages == whole.session.messages
    assert report.session.charge_uc == whole.session.charge_uc
    assert report.verdict.finding is Finding.UNKNOWN
    assert report.dose.channels == ()


@pytest.mark.usefixtures("kept")
def test_records_far_from_the_session_are_not_read(device: Device, lab: Lab) -> None:
    lab.run(70)
    report = stored(device, lab)
    low, high = sessions.span(report.session)
    assert list(sessions.messages_between(report.session, high, high + timedelta(hours=1))) == []
    assert len(list(sessions.messages_between(report.session, low, high))) == report.dose.messages


@pytest.mark.parametrize("is_start_known", [True, False])
def test_what_was_given_is_drawn_from_its_beginning_also_where_midnight_lies_within(
    device: Device, is_start_known: bool
) -> None:
    start = datetime(2026, 11, 22, 23, 59, 30, tzinfo=UTC)
    session = Session.objects.create(
        device=device, session=history.SESSION, boot=7, last_at=start + timedelta(minutes=1), last_up_ms=60_000,
        started_at=start if is_start_known else None,
    )  # fmt: skip
    said = [history.telemetry(seq) for seq in range(1, 61)]
    history.store_telemetry(device, start, said, received_at=start, rolled_up=False)
    assert envelope.delivered(session)["t"] == list(range(1, 61))
