"""The page of one session, its chart and its CSV, as the server gives them."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from msgspec import structs

from devices import documents
from devices.models import Change, Ledger, Session
from devices.store import sql
from devices.wire.messages import Limits, ProtocolDocument, ProtocolStep
from tests.dashboards.api.ward import Ward
from tests.devices import history

PAGE = f"/sessions/EMS-0001/{history.SESSION}/"
PHASES = ("ramp_up", "on", "on", "on", "on", "ramp_down", "rest", "rest")
CYCLES = 5
SECONDS = CYCLES * len(PHASES)


def prescription() -> ProtocolDocument:
    """Five cycles of 1 s up, 4 s on, 1 s down, 2 s rest at 32 mA on channel 1."""
    step = ProtocolStep(
        name="work", kind="work", repeat=CYCLES, frequency_hz=50, phase_us=250, ramp_up_s=1, on_s=4,
        ramp_down_s=1, off_s=2, target_ma=(32.0,), max_ma=(60.0,),
    )  # fmt: skip
    limits = Limits(max_session_s=600, max_sessions_per_day=1, min_rest_h=0)
    return ProtocolDocument(
        id="quad-strength", version=3, title="Quadriceps strengthening", indication="tka", channels_used=(1,),
        waveform="symmetric_biphasic", steps=(step,), limits=limits,
    )  # fmt: skip


def telemetry(second: int, **other: Any) -> Any:
    cycle, at = divmod(second - 1, len(PHASES))
    resting = {"ma": ((0.0,) * 10, (0.0,) * 10)} if PHASES[at] == "rest" else {}
    return history.telemetry(second, phase=PHASES[at], cycle=cycle + 1, **(resting | other))


class Told:
    """A session of EMS-0001 that ended a minute ago, with its document."""

    def __init__(self, ward: Ward) -> None:
        self.ward, self.device = ward, ward.running
        self.start = ward.now - timedelta(seconds=SECONDS + 60)
        self.sha256 = documents.keep(prescription()).sha256

    def store(self, seconds: Any = range(1, SECONDS + 1), **other: Any) -> None:
        some = [telemetry(second, **other) for second in seconds]
        history.store_telemetry(self.device, self.start, some, received_at=self.ward.now, rolled_up=True)
        self.tell(protocol_sha256=self.sha256)

    def tell(self, **other: Any) -> None:
        known = {
            "subject": "p-7f3a",
            "protocol_id": "quad-strength",
            "protocol_version": 3,
            "started_at": self.start,
            "started_up_ms": 0,
            "ended_at": self.start + timedelta(seconds=SECONDS),
            "end_reason": "completed",
            "elapsed_ms": 1000 * SECONDS,
            "contractions": CYCLES,
        }
        Session.objects.filter(device=self.device).update(**(known | other))

    def event(self, seq: int, kind: str, at_s: int, **other: Any) -> None:
        one = history.event(seq, kind, up_ms=1000 * at_s, **other)
        history.store_event(self.device, self.start, one, received_at=self.ward.now)


@pytest.fixture
def told(ward: Ward) -> Told:
    return Told(ward)


def read(client: Client, path: str = PAGE) -> str:
    """Return the page's words, in order."""
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_a_nurse_reads_what_was_prescribed_and_what_was_delivered(nurse: Client, told: Told) -> None:
    told.store()
    page = read(nurse)
    assert "Valid 5 of 5 planned contractions were at target (100 %)." in page
    for words in ("Quadriceps strengthening", "completed", "0:40 of 0:40 planned", "p-7f3a", "North"):
        assert words in page, words
    # 5 x (4 s on + a tenth of each ramp) at 32 mA were planned; 300 pulses a cycle, 8 µC each at full height
    assert "25 s 119 % of 21 s" in page
    assert "31.9 100 % of 32.0" in page
    assert "at most 60" in page
    assert "4.0 40 % of 10.0" in page
    assert "2 000 133 % of 1 500" in page


@pytest.mark.parametrize(
    "path",
    ["/sessions/EMS-0100/01JD2/", "/sessions/EMS-0001/none/", "/sessions/none/01JD2/", "/sessions/%00/%00/"],
)
@pytest.mark.parametrize("part", ["", "plot.json", "samples.csv"])
def test_a_session_that_is_not_mine_does_not_exist(nurse: Client, told: Told, path: str, part: str) -> None:
    told.store()
    assert nurse.get(path + part).status_code == 404


@pytest.mark.parametrize("part", ["", "plot.json", "samples.csv"])
def test_a_stranger_sees_nothing_of_it(stranger: Client, told: Told, part: str) -> None:
    told.store()
    assert stranger.get(PAGE + part).status_code == 404


def test_who_is_not_logged_in_is_asked_to(client: Client, told: Told) -> None:
    told.store()
    assert client.get(PAGE)["Location"].startswith("/login/")


def test_a_session_without_a_document_says_so_and_is_not_judged(nurse: Client, told: Told) -> None:
    told.store()
    told.tell(protocol_sha256="ab" * 32)
    page = read(nurse)
    assert "Not judged No protocol document is kept for this session" in page
    assert "manage.py protocols keep" in page
    assert "31.9 set 32.0" in page


def test_a_document_of_too_many_phases_is_not_laid_beside_the_session(nurse: Client, told: Told) -> None:
    told.store()
    step = structs.replace(
        prescription().steps[0], repeat=100_000, ramp_up_s=0.001, on_s=0.001, ramp_down_s=0, off_s=0
    )
    endless = structs.replace(prescription(), version=4, steps=(step,))
    told.tell(protocol_sha256=documents.keep(endless).sha256)
    page = read(nurse)
    assert "Not judged The protocol document has more phases than can be laid beside a session." in page
    assert nurse.get(PAGE + "plot.json").json()["plan"] is None


def test_a_free_session_says_that_the_device_named_no_protocol(nurse: Client, told: Told) -> None:
    told.store()
    told.tell(protocol_id=None, protocol_version=None, protocol_sha256=None)
    assert "Not judged The device named no protocol: a free session, set by hand." in read(nurse)


def test_a_gap_is_named_with_what_the_numbers_leave_out(nurse: Client, told: Told) -> None:
    told.store([*range(1, 12), *range(25, SECONDS + 1)])
    page = read(nurse)
    assert "of telemetry are missing in 1 gap" in page
    assert "Cannot be told 3 of 5 planned contractions were seen at target; for 2 it cannot be known" in page


def test_an_open_session_says_as_of_when_and_asks_to_be_renewed(nurse: Client, told: Told) -> None:
    told.store(range(1, 21))
    told.tell(ended_at=None, end_reason=None, contractions=None, elapsed_ms=20_000)
    answer = nurse.get(PAGE).content.decode()
    assert 'data-open="yes"' in answer  # the ward's device says that it is in this session
    page = read(nurse)
    assert "In progress 2 of 5 planned contractions were at target so far. As of" in page
    assert "not yet" in page


def test_a_silent_device_is_never_shown_as_done(nurse: Client, told: Told) -> None:
    told.store(range(1, 21))
    told.tell(ended_at=None, end_reason=None, contractions=None)
    told.device.live.link = "offline"
    told.device.live.save()
    assert "Was in progress, now unknown" in read(nurse)


def test_an_end_that_was_never_told_is_named(nurse: Client, told: Told) -> None:
    told.store(range(1, 21))
    told.tell(ended_at=None, end_reason=None, contractions=None)
    told.device.live.session = None
    told.device.live.save()
    page = read(nurse)
    assert "End not told" in page
    assert 'data-open="no"' in nurse.get(PAGE).content.decode()


def test_deleted_samples_leave_the_totals_and_say_so(nurse: Client, told: Told) -> None:
    told.store()
    sql.execute("DELETE FROM devices_telemetry")
    Ledger.objects.create(device=told.device, boot=7, first_seq=1, stored=[(1, SECONDS)], pruned_to=SECONDS)
    page = read(nurse)
    assert "The samples of this session were deleted: telemetry is kept for 90 days" in page
    assert "4.0 40 % of 10.0" in page  # charge
    assert "Not known: no samples are kept." in page
    lines = b"".join(nurse.get(PAGE + "samples.csv")).decode().splitlines()  # type: ignore[arg-type]
    assert lines[0].startswith("\ufeff# 40 of 40 seconds of this session are missing here")
    assert lines[1].startswith("time_utc,")
    assert len(lines) == 2


def test_disputed_messages_are_shown_and_count_for_nothing(nurse: Client, told: Told) -> None:
    told.store()
    sql.execute("UPDATE devices_telemetry SET disputed = true WHERE seq > 8")
    told.tell(disputed=True)
    page = read(nurse)
    assert "Two devices shared this serial number. 32 messages of that time are kept" in page


def test_pauses_turns_and_other_events_are_told_with_whose_act_it_was(nurse: Client, told: Told) -> None:
    told.store()
    told.event(101, "session_paused", 10, data={"by": "patient"})
    told.event(102, "session_resumed", 25, data={"by": "operator"})
    turn = {"channel": 1, "from_ma": 30.0, "to_ma": 32.0, "by": "patient"}
    told.event(103, "intensity_changed", 26, data=turn, channel=1)
    told.event(104, "electrode_off", 27, data={"ohm": None}, channel=1)
    page = read(nurse)
    assert "15 s by the patient by the operator" in page
    assert "The 1 change" in page
    assert "1 30.0 32.0 by the patient" in page
    assert "Channel 1: electrode off the skin" in page


def test_late_messages_and_reconnects_are_told(nurse: Client, told: Told) -> None:
    told.store()
    sql.execute("UPDATE devices_telemetry SET late = true WHERE seq <= 3")
    for conn in (1, 2, 3, 3):
        Change.objects.create(
            device=told.device, rev=conn, placed_at=told.start + timedelta(seconds=conn), received_at=told.start,
            boot=7, conn=conn, link="online", why="conn",
        )  # fmt: skip
    page = read(nurse)
    assert "3 messages came late" in page
    assert "2 reconnects" in page


def test_a_session_of_which_only_the_beginning_was_told_has_a_page(nurse: Client, told: Told) -> None:
    Session.objects.create(
        device=told.device, session="S-9", boot=7, started_at=told.start, last_at=told.start, last_up_ms=0
    )
    page = read(nurse, "/sessions/EMS-0001/S-9/")
    assert "No current was set on any channel yet." in page


def test_each_contraction_has_a_row_for_those_who_do_not_see_the_chart(nurse: Client, told: Told) -> None:
    told.store(range(1, 21))
    page = read(nurse)
    assert "Each of the 5 planned contractions" in page
    assert "1 work 1 0:01 4.0 5.0 ✓ at target" in page
    assert "3 work 3 0:17 4.0 3.0" in page  # stopped in it
    assert "4 work 4 0:25 4.0 –" in page


def test_the_page_names_every_address_it_needs(nurse: Client, told: Told) -> None:
    told.store()
    page = nurse.get(PAGE).content.decode()
    address = {"serial": "EMS-0001", "session": history.SESSION}
    assert reverse("dashboards:session-plot", kwargs=address) in page
    assert reverse("dashboards:session-csv", kwargs=address) in page


# --- The chart ---


def test_the_chart_has_plan_set_and_delivered_over_session_time(nurse: Client, told: Told) -> None:
    told.store()
    plot = nurse.get(PAGE + "plot.json").json()
    assert plot["t"] == [float(second) for second in range(1, SECONDS + 1)]
    assert plot["channels"][0]["ma"][:8] == [31.9] * 6 + [0, 0]
    assert plot["plan"]["length_s"] == SECONDS
    [planned] = plot["plan"]["channels"]
    assert list(zip(plot["plan"]["t"], planned["planned"], strict=True))[:8] == [
        (0.0, 0.0), (0.999, 32.0), (1.0, 32.0), (4.999, 32.0), (5.0, 32.0), (5.999, 0.0), (6.0, 0.0), (7.999, 0.0),
    ]  # fmt: skip
    assert set(planned["limit"]) == {None}


def test_a_gap_in_the_chart_is_empty_from_end_to_end(nurse: Client, told: Told) -> None:
    told.store([1, 2, 3, 10, 11])
    plot = nurse.get(PAGE + "plot.json").json()
    assert plot["t"] == [1.0, 2.0, 3.0, 3.001, 9.999, 10.0, 11.0]
    assert plot["channels"][0]["ma"][3:5] == [None, None]


def test_a_long_session_keeps_its_peaks_in_the_chart(nurse: Client, told: Told) -> None:
    told.store(range(1, 3_601))
    sql.execute(
        "UPDATE devices_telemetry SET body = convert_to(replace(convert_from(body, 'UTF8'), '31.9', '77.7'), 'UTF8')"
        " WHERE seq = 2203"
    )
    told.tell(ended_at=told.start + timedelta(hours=1))
    plot = nurse.get(PAGE + "plot.json").json()
    assert len(plot["t"]) <= 1_200
    assert max(plot["channels"][0]["ma"]) == 77.7


# --- CSV ---


def rows(client: Client) -> tuple[Any, list[dict[str, str]]]:
    answer = client.get(PAGE + "samples.csv")
    text = b"".join(answer).decode("utf-8-sig")  # type: ignore[arg-type]
    return answer, list(csv.DictReader(io.StringIO(text)))


def test_every_sample_is_a_row_of_the_csv(nurse: Client, told: Told) -> None:
    told.store(range(1, 4))
    answer, samples = rows(nurse)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="session-EMS-0001-01JD2.csv"' in answer["Content-Disposition"]
    assert len(samples) == 3 * 10 * 2
    first = samples[0]
    assert first["time_utc"].endswith("Z")
    assert (first["elapsed_ms"], first["channel"], first["set_ma"], first["ma"]) == (
        "1000",
        "1",
        "32.0",
        "31.9",
    )
    assert (first["ohm"], first["contact"], first["phase"], first["cycle"]) == ("820.0", "ok", "ramp_up", "1")
    assert (first["boot"], first["seq"], first["late"], first["disputed"]) == ("7", "1", "0", "0")
    assert samples[1]["ohm"] == ""  # not measured
    times = [sample["time_utc"] for sample in samples if sample["channel"] == "1"]
    assert times == sorted(times)
    assert len(set(times)) == 30


def test_local_time_is_the_sites(nurse: Client, told: Told) -> None:
    told.ward.north.time_zone = "Asia/Kolkata"
    told.ward.north.save()
    told.store(range(1, 2))
    assert rows(nurse)[1][0]["time_local"].endswith("+05:30")


def test_nothing_a_device_says_becomes_a_formula_in_a_spreadsheet(nurse: Client, told: Told) -> None:
    told.store(range(1, 2))
    sql.execute(
        "UPDATE devices_telemetry SET body = convert_to(replace(replace(convert_from(body, 'UTF8'),"
        " '\"ramp_up\"', '\"=1+1\"'), '\"ok\"', '\"@SUM(1)\"'), 'UTF8')"
    )
    [first, *_] = rows(nurse)[1]
    assert (first["phase"], first["contact"]) == ("unknown", "unknown")


def test_a_name_of_a_device_is_safe_in_the_file_name(told: Told) -> None:
    from dashboards.sessions import samples_csv as session_csv

    told.device.serial = 'a"; b'
    session = Session(device=told.device, session="S-1")
    assert session_csv.name(session) == "session-a___b-S-1.csv"


def test_the_page_of_an_hour_is_quick(nurse: Client, told: Told, django_assert_max_num_queries: Any) -> None:
    told.store(range(1, 3_601))
    told.tell(ended_at=told.start + timedelta(hours=1))
    with django_assert_max_num_queries(20):
        read(nurse)


def test_every_member_of_the_site_may_read_it(client: Client, told: Told) -> None:
    told.store()
    for name in ("nurse", "engineer", "admin"):
        client.force_login(User.objects.get(username=name))
        assert client.get(PAGE).status_code == 200
