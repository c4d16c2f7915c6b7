"""The memory of the rules between its rows (`Condition`) and `conditions.Slot`."""

from collections.abc import Iterable
from typing import Any

import msgspec

from devices.moments import to_ms
from devices.store import sql
from fleet.safety.conditions import Slot
from fleet.safety.words import Priority

_COLUMNS = "device_id, rule, channel, is_true, since, told, seen_at, priority, marks, facts::text"
_WRITE = f"""
    INSERT INTO safety_condition (device_id, rule, channel, is_true, since, told, seen_at, priority, marks, facts)
    SELECT id, rule, channel, is_true, {sql.MS.format("since")}, told, {sql.MS.format("seen")}, priority,
        (SELECT coalesce(array_agg(m::bigint), '{{}}') FROM jsonb_array_elements_text(facts->'marks') m),
        facts - 'marks'
    FROM unnest(%s::bigint[], %s::text[], %s::int[], %s::bool[], %s::bigint[], %s::bool[], %s::bigint[], %s::text[],
        %s::jsonb[]) AS v(id, rule, channel, is_true, since, told, seen, priority, facts)
    ON CONFLICT (device_id, rule, channel) DO UPDATE SET is_true = excluded.is_true, since = excluded.since,
        told = excluded.told, seen_at = excluded.seen_at, priority = excluded.priority, marks = excluded.marks,
        facts = excluded.facts"""  # noqa: S608  put together from our own constants
_FORGET = """
    DELETE FROM safety_condition c USING unnest(%s::bigint[], %s::text[], %s::int[]) AS v(id, rule, channel)
    WHERE c.device_id = v.id AND c.rule = v.rule AND c.channel = v.channel"""


def load(device_ids: Iterable[int], rules: Iterable[str]) -> list[tuple[int, Slot]]:
    """Return (device, what a rule last found) for all that these rules remember of these devices."""
    found = sql.rows(
        f"SELECT {_COLUMNS} FROM safety_condition WHERE device_id = ANY(%s::bigint[])"  # noqa: S608
        " AND rule = ANY(%s::text[])",
        [sql.numbers(device_ids), sql.texts(rules)],
    )
    return [(row[0], _slot(row)) for row in found]


def _slot(row: tuple[Any, ...]) -> Slot:
    kept = msgspec.json.decode(row[9])
    return Slot(
        rule=row[1],
        channel=row[2],
        is_true=row[3],
        since_ms=to_ms(row[4]),
        told=row[5],
        seen_ms=to_ms(row[6]),
        priority=Priority(row[7]),
        marks=list(row[8]),
        facts=kept.get("said", {}),
        sources=kept.get("sources", 0),
        size=kept.get("size", 0.0),
        hold_ms=kept.get("hold_ms", 0),
    )


def write(slots: Iterable[tuple[int, Slot]]) -> None:
    """Write what the rules found, of each (device, rule, channel) once."""
    some = sorted(slots, key=lambda one: (one[0], one[1].rule, one[1].channel))
    if not some:
        return
    sql.execute(
        _WRITE,
        [
            sql.numbers(device_id for device_id, _slot in some),
            sql.texts(slot.rule for _device, slot in some),
            sql.numbers(slot.channel for _device, slot in some),
            sql.flags(slot.is_true for _device, slot in some),
            sql.numbers(slot.since_ms for _device, slot in some),
            sql.flags(slot.told for _device, slot in some),
            sql.numbers(slot.seen_ms for _device, slot in some),
            sql.texts(slot.priority.value for _device, slot in some),
            sql.texts(_kept(slot) for _device, slot in some),
        ],
    )


def _kept(slot: Slot) -> str:
    kept = {
        "said": slot.facts,
        "sources": slot.sources,
        "size": slot.size,
        "hold_ms": slot.hold_ms,
        "marks": slot.marks,
    }
    return msgspec.json.encode(kept).decode()


def forget(keys: Iterable[tuple[int, str, int]]) -> None:
    """Delete what need not be remembered: (device, rule, channel)."""
    some = sorted(keys)
    if some:
        sql.execute(
            _FORGET,
            [
                sql.numbers(device_id for device_id, _rule, _channel in some),
                sql.texts(rule for _device, rule, _channel in some),
                sql.numbers(channel for _device, _rule, channel in some),
            ],
        )
