"""A session in its protocol's envelope: over session time, peaks kept, gaps as gaps."""

from devices.envelope import Told, planned, reduced
from devices.wire.messages import Limits, ProtocolDocument, ProtocolStep
from devices.wire.words import StepKind


def told(elapsed_s: float, *ma: float, set_ma: float = 30) -> Told:
    return Told(round(elapsed_s * 1000), 100, [set_ma], [list(ma)])


def document(target_ma: tuple[float, ...] | None = (60.0,)) -> ProtocolDocument:
    kind: StepKind = "work"
    step = ProtocolStep(
        name="work", kind=kind, repeat=2, frequency_hz=50, phase_us=250, ramp_up_s=1, on_s=2, ramp_down_s=1,
        off_s=4, target_ma=target_ma, max_ma=(80.0,),
    )  # fmt: skip
    limits = Limits(max_session_s=1200, max_sessions_per_day=2, min_rest_h=4)
    return ProtocolDocument(
        id="quad", version=1, title="Quadriceps", indication="tka", channels_used=(2,),
        waveform="symmetric_biphasic", steps=(step,), limits=limits,
    )  # fmt: skip


def test_no_peak_is_lost_however_many_messages_a_point_joins() -> None:
    said = [told(second, 10, 99 if second == 37 else 12) for second in range(100)]
    columns = reduced(said, most=10)
    assert len(columns["t"]) == 10
    assert max(columns["channels"][0]["ma_max"]) == 99
    assert min(columns["channels"][0]["ma_min"]) == 10


def test_missing_messages_are_nulls_and_never_joined_over() -> None:
    columns = reduced([told(1, 10), told(2, 10), told(8, 12)])
    assert columns["t"] == [1, 2, 5, 8]
    assert columns["channels"][0]["ma"] == [10, 10, None, 12]


def test_a_session_without_telemetry_is_empty() -> None:
    assert reduced([]) == {"t": [], "channels": []}


def test_a_plan_is_a_line_through_its_ramps_for_each_channel_it_uses() -> None:
    lines = planned(document())
    assert lines is not None
    assert lines["length_ms"] == 16_000
    assert lines["t"][:8] == [0, 1, 1, 3, 3, 4, 4, 8]
    [channel] = lines["channels"]
    assert channel["n"] == 2
    assert channel["ma"][:8] == [0, 60, 60, 60, 60, 0, 0, 0]


def test_to_tolerance_has_a_limit_and_no_target() -> None:
    lines = planned(document(None))
    assert lines is not None
    [channel] = lines["channels"]
    assert set(channel["ma"]) == {None}
    assert set(channel["limit_ma"]) == {80.0}
