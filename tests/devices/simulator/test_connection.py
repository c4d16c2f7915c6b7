"""Liveness, and what a device keeps and sends again: docs/wire.md, "Connecting", "Keeping and forgetting"."""

from itertools import pairwise

import pytest

from tests.devices.simulator.lab import FIRST_BOOT, Lab, connected


def test_it_subscribes_and_then_is_born_with_every_field() -> None:
    lab = Lab()
    lab.run(3)
    assert lab.subscriptions[0] == [
        (b"ems/v1/EMS-0000/command", 1),
        (b"ems/v1/EMS-0000/watermark", 0),
        (b"ems/v1/_server/status", 1),
    ]
    birth = lab.of("status")[0]
    assert birth.keys() >= {
        "v", "state", "boot", "conn", "up_ms", "t", "output", "model", "firmware", "channels", "max_ma",
        "electrode_cm2", "self_stop_ms", "protocol", "session", "held", "locked", "conditions", "battery",
        "temp_c", "buffered", "seq", "can",
    }  # fmt: skip
    assert (birth["state"], birth["boot"], birth["conn"], birth["output"]) == ("idle", FIRST_BOOT, 1, "off")
    assert all(sent.retain == (sent.kind == "status") for sent in lab.sent)


def test_the_will_carries_the_boot_and_conn_of_its_own_connection_and_no_more() -> None:
    lab = connected()
    lab.break_line()
    lab.run(5)
    assert lab.body.will() == b'{"v":1,"state":"offline","boot":%d,"conn":2}' % FIRST_BOOT


@pytest.mark.parametrize("in_session,longest_s", [(False, 15), (True, 5)])
def test_it_beats_at_least_every_15_s_idle_and_5_s_in_session(in_session: bool, longest_s: int) -> None:
    lab = connected(obliging=True)
    if in_session:
        lab.start_session()
    lab.run(90)
    at_ms = [sent.at_ms for sent in lab.sent if sent.kind == "status"][1 if in_session else 0 :]
    assert max(b - a for a, b in pairwise(at_ms)) <= 1000 * longest_s


def test_a_change_is_told_within_500_ms() -> None:
    lab = connected()
    lab.strike("estop")
    lab.run(0.5)
    assert (lab.status()["state"], lab.status()["conditions"]) == ("fault", ["estop"])


def test_it_backs_off_from_2_s_to_60_s_and_starts_over_after_a_calm_minute() -> None:
    lab = connected()
    lab.accepting = False
    lab.break_line()
    lab.run(600)
    at_ms = [line["at"] for line in lab.told("disconnect")]
    lab.accepting = True
    lab.run(70)
    dials = len(lab.wires)
    assert at_ms  # the broken connection was noticed
    assert 10 <= dials <= 30  # a minute apart at most, once in 30 s at the least
    lab.run(65)
    lab.break_line()
    lab.run(3.5)
    assert len(lab.wires) == dials + 1, "after 60 s connected, the first retry comes within 2 s again"


def test_live_records_go_out_at_once_and_are_kept_until_a_watermark_covers_them() -> None:
    lab = connected()
    lab.start_session()
    lab.run(10)
    made = lab.body.seq
    assert lab.records(late=True) == [], (
        "nothing was made before the birth but the boot event, which is covered"
    )
    assert [seq for _, seq in lab.records(late=False)] == list(range(2, made + 1))
    assert len(lab.body.buffer) == made - 1  # the first watermark covered the boot event
    lab.watermark(FIRST_BOOT, 5)
    assert len(lab.body.buffer) == made - 5
    assert lab.told("watermark")[-1]["forgot"] == (2, 5)


def test_after_a_reconnect_it_waits_for_the_watermark_then_sends_all_above_it_oldest_first_and_late() -> None:
    lab = connected()
    lab.start_session()
    lab.run(5)
    before = lab.body.seq
    lab.watermark(FIRST_BOOT, 3)
    lab.break_line()
    lab.run(4)
    assert lab.link.born
    assert not lab.records(late=True), "nothing is sent again before the watermark"
    lab.watermark(FIRST_BOOT, 3)
    lab.run(1)
    late = [seq for _, seq in lab.records(late=True)]
    assert late == sorted(late)
    assert late[0] == 4
    assert late[-1] >= before
    live = {seq for _, seq in lab.records(late=False)}
    assert live | set(late) == set(range(2, lab.body.seq + 1))


def test_without_a_watermark_it_sends_again_5_s_after_the_birth() -> None:
    lab = connected()
    lab.start_session()
    lab.run(3)
    lab.break_line()
    lab.run(3)
    birth_ms = lab.told("birth")[-1]["at"]
    lab.run(8)
    first_late_ms = next(s.at_ms for s in lab.sent if s.kind in ("event", "telemetry") and s.json()["late"])
    assert 5_000 <= first_late_ms - birth_ms <= 6_500


def test_no_more_late_records_are_on_their_way_than_the_window_lets() -> None:
    lab = connected()
    lab.start_session()
    lab.accepting = False
    lab.break_line()
    lab.run(70)
    lab.come_back()
    lab.run(20)
    assert len(lab.records(late=True)) <= 100, "the window of the last watermark it had"
    lab.break_line()
    lab.come_back()
    sent_late = len(lab.records(late=True))
    lab.watermark(FIRST_BOOT, 1, window=10)
    lab.run(2)
    assert len(lab.records(late=True)) - sent_late == 10
    lab.watermark(FIRST_BOOT, 5, window=10)
    lab.run(1)
    assert len(lab.records(late=True)) - sent_late == 14


def test_live_records_go_first_while_old_ones_are_sent_again() -> None:
    lab = connected()
    lab.start_session()
    lab.accepting = False
    lab.break_line()
    lab.run(300)
    lab.come_back()
    start = len(lab.sent)
    lab.obliging = True
    lab.run(5)
    live = [s for s in lab.sent[start:] if s.kind == "telemetry" and not s.json()["late"]]
    assert len(live) == 5
    assert all(s.at_ms - (s.json()["up_ms"] + lab.body.boot_at_ms) == 0 for s in live)
    assert len(lab.records(late=True)) >= 100


def test_what_a_watermark_names_missing_is_sent_again() -> None:
    lab = connected()
    lab.start_session()
    lab.run(10)
    lab.watermark(FIRST_BOOT, 3, missing=[[4, 5], [8, 8]])
    lab.run(1)
    assert [seq for _, seq in lab.records(late=True)] == [4, 5, 8]


def test_what_is_missing_and_gone_is_declared_dropped() -> None:
    lab = connected()
    lab.start_session()
    lab.run(3)
    lab.watermark(FIRST_BOOT, 3)
    lab.watermark(FIRST_BOOT, 3, missing=[[2, 3]])
    lab.run(11)
    assert lab.events("dropped")[0]["data"] == {"boot": FIRST_BOOT, "ranges": [[2, 3]]}


def test_all_above_a_watermark_that_has_not_moved_for_30_s_is_sent_again() -> None:
    lab = connected()
    lab.start_session()
    lab.run(29)
    assert not lab.records(late=True)
    lab.run(4)
    assert [seq for _, seq in lab.records(late=True)][:5] == [2, 3, 4, 5, 6]


def test_while_the_server_is_offline_telemetry_goes_on_for_30_s_and_is_then_kept() -> None:
    lab = connected()
    lab.start_session()
    lab.run(5)
    lab.server("offline")
    gone_ms = lab.now_ms
    lab.run(60)
    lab.strike("estop")  # an event, which is always sent
    lab.run(1)
    telemetry_ms = [s.at_ms for s in lab.sent if s.kind == "telemetry"]
    assert 29_000 <= max(telemetry_ms) - gone_ms <= 31_000
    assert lab.events("estop")
    assert lab.of("status")[-1]["state"] == "fault"
    assert not lab.records(late=True), "no watermark is waited for while the server is away"


def test_after_the_server_is_back_it_waits_up_to_10_s_and_sends_what_it_kept() -> None:
    waits_ms = []
    for seed in range(6):
        lab = connected(seed=seed)
        lab.start_session()
        lab.server("offline")
        lab.run(40)
        lab.server("online")
        back_ms = lab.now_ms
        lab.run(12)
        late_ms = [s.at_ms for s in lab.sent if s.kind == "telemetry" and s.json()["late"]]
        waits_ms.append(late_ms[0] - back_ms)
    assert all(0 <= wait_ms <= 11_200 for wait_ms in waits_ms)
    assert max(waits_ms) - min(waits_ms) > 2_000, "not all at once"


def test_an_overflowing_buffer_drops_the_oldest_telemetry_first_and_says_so_before_the_flush() -> None:
    lab = connected("[fleet]\nbuffer_records = 30\nforce = false\n[day]\nsessions = 0")
    lab.start_session()
    lab.accepting = False
    lab.break_line()
    lab.run(60)
    lab.come_back()
    lab.obliging = True
    lab.run(12)
    lab.watermark(FIRST_BOOT, lab.body.seq)
    dropped = {line["seq"] for line in lab.told("dropped")}
    said = {
        seq
        for event in lab.events("dropped")
        for first, last in event["data"]["ranges"]
        for seq in range(first, last + 1)
    }
    assert said
    assert said == dropped
    kinds = {line["seq"]: line["kind"] for line in lab.told("record")}
    assert {kinds[seq] for seq in dropped} == {"telemetry"}
    order = [(s.json().get("kind"), s.json()["late"]) for s in lab.sent if s.kind in ("event", "telemetry")]
    assert order.index(("dropped", False)) < next(n for n, (_, late) in enumerate(order) if late)
    assert {seq for _, seq in lab.records()} | dropped == set(range(2, lab.body.seq + 1))


def test_records_of_an_earlier_boot_survive_a_power_loss_and_are_told_as_buffered_until_covered() -> None:
    lab = connected()
    lab.start_session()
    lab.run(10)
    last = lab.body.seq
    lab.strike("power_loss", for_s=5)
    lab.run(15)
    birth = next(status for status in lab.of("status") if status["boot"] == FIRST_BOOT + 1)
    assert birth["buffered"] == [{"boot": FIRST_BOOT, "from": 2, "to": last}]
    lab.watermark(FIRST_BOOT, 1)
    lab.watermark(FIRST_BOOT + 1, 0)
    lab.run(2)
    assert {seq for boot, seq in lab.records(late=True) if boot == FIRST_BOOT} == set(range(2, last + 1))
    lab.watermark(FIRST_BOOT, last)
    lab.run(0.5)
    assert lab.status()["buffered"] == []


def test_the_server_time_comes_from_a_watermark_that_is_fresh_and_not_retained() -> None:
    lab = connected()
    assert lab.link.server_ms(lab.now_ms) == lab.swarm.world.plant.epoch_ms + lab.now_ms
    lab.break_line()
    lab.run(4)
    assert lab.link.server_ms(lab.now_ms) is None, "a new connection begins without"
    lab.run(10)
    lab.watermark(FIRST_BOOT, 1, age_ms=2_500)
    assert lab.link.server_ms(lab.now_ms) is None, "what the server had handled was too old"


def test_the_goodbye_is_a_full_status_that_says_offline() -> None:
    lab = connected()
    lab.link.goodbye(lab.now_ms)
    assert lab.status()["state"] == "offline"
    assert lab.status()["model"] == "RX-4"
    assert lab.wires[-1].over == "goodbye"


def test_a_slow_socket_is_not_fed_with_late_records() -> None:
    lab = connected()
    lab.start_session()
    lab.run(10)
    lab.break_line()
    lab.run(3)
    lab.wires[-1].room = False
    lab.watermark(FIRST_BOOT, 1)
    lab.run(2)
    assert not lab.records(late=True)
