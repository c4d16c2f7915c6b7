"""The truth log scores claims: what is missing, invented, wrong, and lost for good."""

import io
import json
from pathlib import Path
from typing import Any

from devices.simulator import truth


def written(*lines: dict[str, Any]) -> truth.Truth:
    return truth.Truth([{"at": n, "wall": 1000 + n, "serial": "A", **line} for n, line in enumerate(lines)])


def record(seq: int, **more: Any) -> dict[str, Any]:
    return {"what": "record", "boot": 7, "seq": seq, "up_ms": 100 * seq, "kind": "telemetry", **more}


def claim(seq: int, *, up_ms: int | None = None, kind: str = "telemetry") -> tuple[str, int, int, int, str]:
    return ("A", 7, seq, 100 * seq if up_ms is None else up_ms, kind)


def test_a_true_claim_is_perfect() -> None:
    assert written(record(1), record(2)).score([claim(1), claim(2)]).perfect()


def test_what_was_made_and_is_not_claimed_is_missing() -> None:
    score = written(record(1), record(2), record(3)).score([claim(2)])
    assert score.missing == {("A", 7): [1, 3]}
    assert not score.forgotten_unstored, "the device may still have it"


def test_what_the_device_forgot_for_a_watermark_and_nobody_has_is_lost_for_good() -> None:
    mark = {"what": "watermark", "boot": 7, "seq": 2, "forgot": [1, 2]}
    assert written(record(1), record(2), record(3), mark).score([claim(1)]).forgotten_unstored == {
        ("A", 7): [2]
    }


def test_dropped_and_spoiled_records_need_not_be_claimed() -> None:
    dropped = {"what": "dropped", "boot": 7, "seq": 1}
    assert written(record(1), record(2, spoiled=True), record(3), dropped).score([claim(3)]).perfect()


def test_what_was_never_made_is_invented() -> None:
    assert written(record(1)).score([claim(1), claim(9)]).invented == {("A", 7): [9]}


def test_another_time_another_kind_and_a_second_copy_are_wrong() -> None:
    log = written(record(1), record(2), record(3))
    wrong = log.score([claim(1, up_ms=5), claim(2, kind="boot"), claim(3), claim(3)]).wrong
    assert wrong == [
        "A boot 7 seq 1: telemetry at 5, was telemetry at 100",
        "A boot 7 seq 2: boot at 200, was telemetry at 200",
        "A boot 7 seq 3 is stored twice",
    ]


def test_the_output_at_an_instant_and_how_often_a_command_was_carried_out() -> None:
    log = written(
        {"what": "output", "state": "running", "output": "on", "session": "s"},
        {"what": "output", "state": "idle", "output": "off", "session": None},
        {"what": "command", "id": "x", "executed": True},
        {"what": "command", "id": "x", "executed": False},
    )
    assert log.output_at("A", 999) is None
    assert log.output_at("A", 1000)["output"] == "on"  # type: ignore[index]
    assert log.output_at("A", 5000)["output"] == "off"  # type: ignore[index]
    assert log.executions("A") == {"x": 1}


def test_lines_are_held_back_until_flushed_and_carry_both_times() -> None:
    file = io.BytesIO()
    writer = truth.Writer(file, lambda at_ms: 5_000 + at_ms)
    writer.tell(3, "A", "power", on=True)
    assert file.getvalue() == b""
    writer.flush()
    assert json.loads(file.getvalue()) == {"at": 3, "wall": 5_003, "serial": "A", "what": "power", "on": True}


def test_a_full_log_makes_room_and_both_are_read(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    with truth.File(path, most_bytes=300) as file:
        writer = truth.Writer(file, lambda at_ms: at_ms)
        for at_ms in range(20):
            writer.tell(at_ms, "A", "power", on=True)
            writer.flush()
    assert path.stat().st_size <= 300
    assert truth.earlier(path).stat().st_size <= 300
    read = [line["at"] for line in truth.read(path).lines]
    assert read == list(range(read[0], 20))
    assert len(read) >= 4


def test_a_last_line_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text('{"at":1,"wall":1,"serial":"A","what":"power"}\n{"at":2,"wa')
    assert len(truth.read(path).lines) == 1
