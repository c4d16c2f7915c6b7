"""Store and forward, whatever happens in whatever order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from devices.simulator.buffer import Buffer, Record, joined


def record(seq: int, boot: int = 1, kind: str = "telemetry", line: int = 0) -> Record:
    return Record(boot, seq, kind, b'{"seq":%d,"late":false}' % seq, line)


def filled(count: int, capacity: int = 100) -> Buffer:
    buffer = Buffer(capacity)
    buffer.open(1, 0)
    for seq in range(1, count + 1):
        buffer.add(record(seq), 0)
    return buffer


def test_a_late_record_differs_by_its_flag_alone() -> None:
    assert record(3).late() == b'{"seq":3,"late":true}'


def test_only_a_watermark_frees_records() -> None:
    buffer = filled(10)
    buffer.flush(1)
    sent = [r.seq for r in buffer.next_late(100)]
    assert (sent, len(buffer)) == (list(range(1, 11)), 10)
    assert buffer.watermark(1, 4, [], 100, 1) == (1, 4)
    assert len(buffer) == 6
    assert buffer.watermark(1, 4, [], 100, 2) is None
    assert buffer.watermark(9, 4, [], 100, 2) is None, "a boot it never had"


def test_a_flush_leaves_out_what_went_out_live_on_this_connection() -> None:
    buffer = filled(3)
    buffer.add(record(4, line=2), 0)
    buffer.flush(2)
    assert [r.seq for r in buffer.next_late(100)] == [1, 2, 3]


def test_the_oldest_boot_is_sent_first() -> None:
    buffer = filled(2)
    buffer.open(2, 10)
    buffer.add(record(1, boot=2), 10)
    buffer.flush(1)
    assert [(r.boot, r.seq) for r in buffer.next_late(100)] == [(1, 1), (1, 2), (2, 1)]


def test_a_boot_with_nothing_left_is_forgotten_at_the_next_start() -> None:
    buffer = filled(2)
    buffer.watermark(1, 2, [], 10, 0)
    buffer.open(2, 0)
    assert buffer.buffered(2) == []


def test_telemetry_goes_before_events_when_there_is_no_room() -> None:
    buffer = Buffer(3)
    buffer.open(1, 0)
    buffer.add(record(1, kind="event"), 0)
    buffer.add(record(2), 0)
    buffer.add(record(3, kind="event"), 0)
    assert buffer.add(record(4), 0) == (1, 2)
    assert buffer.add(record(5, kind="event"), 0) == (1, 4)
    assert buffer.add(record(6, kind="event"), 0) == (1, 1), "only events are left: the oldest goes"
    assert buffer.declare() == [{"boot": 1, "ranges": [[1, 2], [4, 4]]}]
    assert not buffer.has_undeclared()


def test_what_is_missing_and_gone_is_declared_once_in_30_s() -> None:
    buffer = filled(5)
    buffer.watermark(1, 3, [(2, 4)], 10, 0)
    assert [r.seq for r in buffer.next_late(9)] == [4]
    assert buffer.declare() == [{"boot": 1, "ranges": [[2, 3]]}]
    buffer.watermark(1, 3, [(2, 4)], 10, 1_000)
    assert buffer.declare() == []
    buffer.watermark(1, 3, [(2, 3)], 10, 31_000)
    assert buffer.declare() == [{"boot": 1, "ranges": [[2, 3]]}]


def test_the_30_s_of_a_watermark_begin_with_the_first_record_it_does_not_cover() -> None:
    buffer = Buffer(10)
    buffer.open(1, 0)
    assert buffer.resend_stalled(100_000) == 0
    buffer.add(record(1), 100_000)
    assert buffer.resend_stalled(129_000) == 0
    assert buffer.resend_stalled(130_000) == 1
    assert buffer.resend_stalled(131_000) == 0, "and then begin anew"


def test_ranges_are_joined() -> None:
    assert joined([(5, 6), (1, 2), (3, 3), (6, 9)]) == [(1, 3), (5, 9)]


@settings(max_examples=200)
@given(st.data())
def test_every_record_is_kept_covered_or_declared_dropped(data: st.DataObject) -> None:
    buffer = Buffer(data.draw(st.integers(5, 40)))
    boot, seq, now_ms = 1, 0, 0
    buffer.open(boot, 0)
    made: dict[tuple[int, int], str] = {}
    covered: dict[int, int] = {}
    declared: set[tuple[int, int]] = set()
    for _ in range(data.draw(st.integers(1, 60))):
        now_ms += 1_000
        match data.draw(
            st.sampled_from(["make", "make", "make", "mark", "miss", "flush", "lose", "declare", "boot"])
        ):
            case "make":
                seq += 1
                kind = data.draw(st.sampled_from(["telemetry", "event"]))
                made[boot, seq] = kind
                buffer.add(record(seq, boot, kind, line=data.draw(st.integers(0, 2))), now_ms)
            case "mark" | "miss" if made:
                at, high = data.draw(st.sampled_from(sorted(made)))
                covered[at] = max(covered.get(at, 0), high)
                buffer.watermark(at, high, [], data.draw(st.integers(0, 8)), now_ms)
            case "flush":
                buffer.flush(data.draw(st.integers(1, 2)))
                assert len(list(buffer.next_late(10))) <= 10
            case "lose":
                buffer.lost_connection(now_ms)
            case "declare":
                for said in buffer.declare():
                    declared |= {
                        (said["boot"], n) for first, last in said["ranges"] for n in range(first, last + 1)
                    }
            case "boot":
                boot, seq = boot + 1, 0
                buffer.open(boot, now_ms)
    for said in buffer.declare():
        declared |= {(said["boot"], n) for first, last in said["ranges"] for n in range(first, last + 1)}
    buffer.lost_connection(now_ms)
    for at in {at for at, _ in made}:
        buffer.watermark(at, covered.get(at, 0), [], 10_000, now_ms)
    buffer.flush(3)
    kept = {(r.boot, r.seq) for r in buffer.next_late(10_000)}
    assert len(kept) == len(buffer) <= buffer.capacity
    for key in made:
        at_covered = key[1] <= covered.get(key[0], 0)
        assert at_covered or (key in kept) != (key in declared)
