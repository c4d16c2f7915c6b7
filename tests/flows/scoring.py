"""What the server stored, held against what the simulated devices did."""

from collections import Counter, defaultdict
from contextlib import suppress
from typing import Any

from devices.batch import sequence
from devices.batch.sequence import Spans
from devices.fields import spans_of
from devices.simulator.truth import Truth
from tests.harness import House, wait_for

Key = tuple[str, int]
DURATION_MS = 1_000  # a session lasts as long as it really did, give or take this
EARLY_MS = 50  # between the clock of the truth log and the server's, which are one machine's

STORED = """
    SELECT d.serial, r.boot, r.seq, r.up_ms, r.kind, (extract(epoch FROM r.received_at) * 1000)::bigint FROM (
        SELECT device_id, boot, seq, up_ms, 'telemetry' AS kind, received_at FROM devices_telemetry
        UNION ALL SELECT device_id, boot, seq, up_ms, kind, received_at FROM devices_event) r
    JOIN devices_device d ON d.id = r.device_id"""


def assert_all_is_right(house: House, truth: Truth) -> None:
    """Every record stored exactly once and as it was, every watermark right, sessions as long as they were."""
    with suppress(TimeoutError):  # roll-ups are written every ROLLUP_SECONDS
        wait_for(lambda: not wrong_sums(house), within_s=60, every_s=0.5, why="")
    problems = [
        *wrong_records(house, truth),
        *wrong_ledgers(house, truth),
        *early_watermarks(house, truth),
        *wrong_sessions(house, truth),
        *wrong_sums(house),
    ]
    assert not problems, f"{len(problems)} problems, the first: " + "\n".join(problems[:20])


def wrong_records(house: House, truth: Truth) -> list[str]:
    """Records that are missing, stored twice, never made, or stored with another `up_ms` or kind."""
    boots = truth.records().keys()  # an earlier run on this house had others
    stored = [row[:5] for row in house.sql(STORED) if (row[0], row[1]) in boots]
    score = truth.score(stored)  # type: ignore[arg-type]
    return [
        *(f"{key}: {len(seqs)} records lost for good, {_short(seqs)}: {_story(truth, key, seqs)}"
          for key, seqs in score.forgotten_unstored.items()),
        *(f"{key}: {len(seqs)} records not stored, {_short(seqs)}" for key, seqs in score.missing.items()),
        *(f"{key}: stored and never made, {_short(seqs)}" for key, seqs in score.invented.items()),
        *score.wrong,
    ]  # fmt: skip


def wrong_ledgers(house: House, truth: Truth) -> list[str]:
    """Boots whose ledger does not say: what was made is stored, what was dropped is dropped, no gap is left."""
    made, dropped = truth.records(), truth.dropped()
    ledgers = _ledgers(house)
    problems = [f"{key}: no ledger" for key in made.keys() - ledgers.keys()]
    for key in made.keys() & ledgers.keys():
        first, stored, settled = ledgers[key]
        highest = max(made[key])
        if sequence.contiguous(first, settled) < highest:
            gaps = list(sequence.gaps(first, highest, settled))
            problems.append(f"{key}: {first}…{highest} were made, unsettled are {gaps[:5]}")
        if made[key].keys() - dropped.get(key, set()) != set(_numbers(stored)) - dropped.get(key, set()):
            problems.append(f"{key}: the ledger's stored numbers are not those that were made")
    return problems


def early_watermarks(house: House, truth: Truth) -> list[str]:
    """Watermarks that a device obeyed before what they cover was here, or declared dropped.

    A record that was stored, told as covered, and lost again with the database would have come back later.
    """
    received: dict[Key, dict[int, int]] = defaultdict(dict)
    for serial, boot, seq, _, _, at_ms in house.sql(STORED):
        received[serial, boot][seq] = int(at_ms)
    dropped, made = truth.dropped(), truth.records()
    seen: Counter[Key] = Counter()
    problems = []
    for line in truth.lines:
        if line["what"] != "watermark" or line["seq"] <= seen[key := (line["serial"], line["boot"])]:
            continue
        covered = range(seen[key] + 1, line["seq"] + 1)
        seen[key] = line["seq"]
        early = [
            seq
            for seq in covered
            if received[key].get(seq, 2**62) > line["wall"] + EARLY_MS
            and seq not in dropped.get(key, set())
            and not made.get(key, {}).get(seq, {}).get("spoiled")
        ]
        if early:
            problems.append(f"{key}: the watermark {line['seq']} came before {_short(early)} was stored")
    return problems


def wrong_sessions(house: House, truth: Truth) -> list[str]:
    """Sessions that ended at the device and are missing, open, doubled or of another length on the server."""
    stored: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    query = """SELECT d.serial, s.session, s.elapsed_ms, s.end_reason, s.ended_at - s.started_at
               FROM devices_session s JOIN devices_device d ON d.id = s.device_id"""
    for serial, session, *rest in house.sql(query):
        stored[serial, session].append(tuple(rest))
    problems = []
    for line in truth.lines:
        if line["what"] != "session":
            continue
        rows = stored[line["serial"], line["session"]]
        lasted_ms = [row[0] for row in rows]
        if len(rows) != 1 or abs((lasted_ms[0] or 0) - line["elapsed_ms"]) > DURATION_MS:
            problems.append(
                f"{line['serial']}: a session of {line['elapsed_ms']} ms is stored as {lasted_ms}"
            )
        elif rows[0][1] != line["reason"]:
            problems.append(
                f"{line['serial']}: a session ended by {line['reason']} is stored as {rows[0][1]}"
            )
    return problems


def wrong_sums(house: House) -> list[str]:
    """Minute and session roll-ups that do not hold each telemetry record once."""
    query = """
        SELECT d.serial, t.n, m.n, s.n FROM devices_device d
        JOIN (SELECT device_id, count(*) AS n FROM devices_telemetry GROUP BY 1) t ON t.device_id = d.id
        LEFT JOIN (SELECT device_id, sum(messages) n FROM devices_minute GROUP BY 1) m ON m.device_id = d.id
        LEFT JOIN (SELECT device_id, sum(messages) n FROM devices_session GROUP BY 1) s ON s.device_id = d.id
        WHERE t.n IS DISTINCT FROM m.n OR t.n IS DISTINCT FROM s.n"""
    return [
        f"{serial}: {records} telemetry records, {minutes} in its minutes, {sessions} in its sessions"
        for serial, records, minutes, sessions in house.sql(query)
    ]


def stored(house: House) -> int:
    """How many records the server holds."""
    [(count,)] = house.sql(
        "SELECT (SELECT count(*) FROM devices_telemetry) + (SELECT count(*) FROM devices_event)"
    )
    return int(count)


def _ledgers(house: House) -> dict[Key, tuple[int, Spans, Spans]]:
    """(first, stored, settled) of each (serial, boot)."""
    query = """SELECT d.serial, l.boot, l.first_seq, l.stored, l.dropped, l.rejected
               FROM devices_ledger l JOIN devices_device d ON d.id = l.device_id"""
    found = {}
    for serial, boot, first, *multiranges in house.sql(query):
        spans = [spans_of(multirange) for multirange in multiranges]
        found[serial, boot] = (first or 1, spans[0], sequence.union(*spans))
    return found


def _numbers(spans: Spans) -> list[int]:
    return [number for low, high in spans for number in range(low, high + 1)]


def _story(truth: Truth, key: Key, seqs: list[int]) -> str:
    """What the device did and was told until it forgot a record that is lost for good."""
    words = []
    for line in truth.lines:
        if line["serial"] != key[0] or line.get("boot", key[1]) != key[1]:
            continue
        detail = line.get("seq", line.get("conn", ""))
        words.append(f"{line['at'] / 1000:.1f} s {line['what']} {detail}")
        if line["what"] == "watermark" and line["seq"] >= seqs[0]:
            break
    return " · ".join(words[-40:])


def _short(seqs: list[int]) -> str:
    return f"{seqs[:5]}{' …' if len(seqs) > 5 else ''}"
