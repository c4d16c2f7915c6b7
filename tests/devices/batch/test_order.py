"""Whatever the order, the repeats and the cuts into batches: the same ledger, sums and final live state."""

from dataclasses import asdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from devices.batch.desk import Heard
from devices.state import LiveState
from tests.devices.batch.worktop import DEVICE, T0, Worktop, event, heard, status, telemetry

COUNT = 40


def day() -> list[Heard]:
    """One boot: births, telemetry of two sessions in three seconds of four, events, a stretch from the buffer."""
    said: list[Heard] = []
    for seq in range(1, COUNT + 1):
        up_ms = 1000 * seq
        session = "S1" if seq < 25 else "S2"
        if seq % 10 == 1:
            said.append(
                heard(status(up_ms=up_ms - 1, conn=1 + seq // 20, session=session, seq=seq), T0 + up_ms - 1)
            )
        if seq in (2, 24):
            kind = "session_started" if seq == 2 else "session_ended"
            said.append(heard(event(seq, kind, session="S1"), T0 + up_ms))
            continue
        channels = 2 if seq < 30 else 3
        one = telemetry(
            seq, late=10 <= seq < 20, session=session, set_ma=(30.0,) * channels,
            ma=((float(seq), 2.0),) * channels, ohm=(800.0, None, 900.0)[:channels],
            contact=("ok",) * channels, charge_uc=(2.0 * seq,) * channels, pulses=(seq,) * channels,
        )  # fmt: skip
        said.append(heard(one, T0 + up_ms))
    return said


def outcome(worktop: Worktop) -> dict[str, Any]:
    """What must come out the same."""
    live, book = worktop.live, worktop.book()
    assert live.status is not None
    assert live.telemetry is not None
    records = [*worktop.all.telemetry, *worktop.all.events]
    return {
        "ledger": (book.first_seq, book.stored, book.dropped, book.rejected),
        "records": sorted((row.boot, row.seq, row.placed_ms) for row in records),
        "minutes": {key: asdict(one) for key, one in worktop.desk.rollup.minutes.items()},
        "sessions": {key: asdict(one) for key, one in worktop.desk.rollup.sessions.items()},
        "live": (live.boot, live.up_ms, live.soc, live.heard_ms, live.link),
        "newest": (live.status.up_ms, live.telemetry.seq),
    }


def in_order() -> dict[str, Any]:
    worktop = Worktop()
    worktop.settle_each(day())
    return outcome(worktop)


EXPECTED = in_order()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_order_duplication_and_split_comes_to_the_same(data: st.DataObject) -> None:
    birth, *said = day()
    said += data.draw(st.lists(st.sampled_from(said), max_size=20))
    # What is placed goes by its arrival; so that the same comes out, it arrives as it was sent, in any order.  The
    # birth comes first: a boot never heard live is placed by other means.
    order = data.draw(st.permutations(range(len(said))))
    worktop = Worktop()
    worktop.settle(birth)
    rest = [said[at] for at in order]
    while rest:
        cut = data.draw(st.integers(1, len(rest)))
        worktop.settle(*rest[:cut])
        rest = rest[cut:]
    found = outcome(worktop)
    for name, value in EXPECTED.items():
        assert found[name] == value, name


def test_the_expected_day_is_what_it_should_be() -> None:
    """Guards the law above against comparing nothing with nothing."""
    assert EXPECTED["ledger"] == (1, [(1, COUNT)], [], [])
    assert len(EXPECTED["records"]) == COUNT
    assert sum(one["messages"] for one in EXPECTED["minutes"].values()) == COUNT - 2
    assert EXPECTED["sessions"][DEVICE, "S2"]["charge_uc"] == [2.0 * COUNT] * 3
    assert EXPECTED["live"][:2] == (7, 1000 * COUNT)


def test_a_device_that_is_not_in_a_batch_is_not_touched() -> None:
    worktop = Worktop(1, 2)
    worktop.settle(heard(telemetry(1), T0 + 1000, device=2))
    assert worktop.desk.states[1] == LiveState(1)
    assert worktop.desk.states[2].rev == 1
