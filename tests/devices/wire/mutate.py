"""Hostile payloads without end, the same for the same seed.

Made from the golden payloads: cut, flipped, spliced, with values at and beyond every limit, with NUL,
half surrogates, nesting 20,000 deep, doubled keys and unknown fields; and plain noise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from devices.wire.topics import KINDS, Kind

from . import goldens

NUMBERS = (
    [
        "0",
        "-0",
        "-0.0",
        "1",
        "-1",
        "0.1",
        "110",
        "110.1",
        "99.99999999999999",
        "1000",
        "1000.1",
        "-100",
        "-101",
    ]
    + [str(2**bits + step) for bits in (7, 15, 16, 31, 32, 53, 63, 64, 100) for step in (-1, 0, 1)]
    + [str(-(2**bits) - step) for bits in (31, 53, 63, 64) for step in (-1, 0, 1)]
    + [str(10**power + step) for power in (4, 6, 8, 12) for step in (0, 1)]
    + ["1e308", "1e309", "-1e999", "1e-400", "5e-324", "1E5", "10000.0", "100000000.5", "1.0", "9" * 5000]
    + [
        "-62135596800000",
        "-62135596800001",
        "253402300799999",
        "253402300800000",
        "01",
        "+1",
        ".5",
        "1.",
        "0x1",
    ]
)
WORDS = (
    [
        "true",
        "false",
        "null",
        "[]",
        "{}",
        '""',
        "NaN",
        "Infinity",
        "-Infinity",
        "undefined",
        "'x'",
        "",
        "[[]]",
    ]
    + [json.dumps("x" * length) for length in (64, 65, 200, 201, 5000)]
    + [r'"\u0000"', r'"a\u001fb"', r'"\u007f"', '"\x7f"', r'"\ud800"', r'"\udc00\ud800"', r'"\ud83d\ude00"']
    + ['"\x00"', '"\n"', r'"\n"', '"\u0085"', '"\u202e"', '"Ω"', '"😀"', '"\\', r'"\x"', '"a:b"', '",{[:"']
    + ['{"a":1,"a":2}', '{"boot":1,"seq":1}', '[{"boot":1},{"boot":2}]', '{"":0}', '{"\\u0000":0}']
    + ["[" * depth + "]" * depth for depth in (2, 6, 7, 8, 9, 500, 1500)]
    + ['{"a":' * depth + "1" + "}" * depth for depth in (6, 7, 8, 9, 1500)]
    + [
        "[1,2]",
        "[[1,2]]",
        "[[2,1]]",
        "[[1,2],[2,3]]",
        "[[0,1]]",
        json.dumps([[1, 2]] * 33),
        json.dumps([0] * 17),
    ]
)
DEPTH = 20_000
_HOLE = "@hole@"
_MESSAGES = [(goldens.kind_of(name), goldens.payload(name)) for name in goldens.NAMES]
_FIELDS = [(kind, json.loads(body)) for kind, body in _MESSAGES if kind in KINDS]


def payloads(seed: int, count: int) -> Iterator[tuple[Kind, bytes]]:
    """Yield `count` pairs of topic kind and payload; most break the contract, some do not."""
    random = Random(seed)
    ways = [way for way, weight in _WAYS.items() for _ in range(weight)]
    for _ in range(count):
        kind, body = random.choice(ways)(random)
        if random.random() < 0.02:
            kind = random.choice(KINDS)
        yield kind, body  # type: ignore[misc]


def _message(random: Random) -> tuple[str, bytes]:
    kind, body = random.choice(_MESSAGES)
    return (kind if kind in KINDS else "command"), body


def _noise(random: Random) -> tuple[str, bytes]:
    return random.choice(KINDS), random.randbytes(random.choice((0, 1, 2, 10, 100, 1000)))


def _cut(random: Random) -> tuple[str, bytes]:
    kind, body = _message(random)
    return kind, body[: random.randrange(len(body))]


def _flipped(random: Random) -> tuple[str, bytes]:
    kind, body = _message(random)
    changed = bytearray(body)
    for _ in range(random.randint(1, 4)):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return kind, bytes(changed)


def _retyped(random: Random) -> tuple[str, bytes]:
    """Bytes of JSON's own alphabet change, so that more of it still parses."""
    kind, body = _message(random)
    place = random.randrange(len(body))
    insert = random.choice(
        ['"', ",", ":", "[", "]", "{", "}", "0", "1", "-", "e", ".", "\\", " ", "\x00", "null"]
    )
    return kind, body[:place] + insert.encode() + body[place + random.randint(0, 1) :]


def _spliced(random: Random) -> tuple[str, bytes]:
    kind, body = _message(random)
    _, other = _message(random)
    return kind, body[: random.randrange(len(body))] + other[random.randrange(len(other)) :]


def _copy(random: Random) -> tuple[str, dict[str, Any]]:
    kind, fields = random.choice(_FIELDS)
    return kind, json.loads(json.dumps(fields))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a value that can hold another: (container, key or index)."""
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        own = [(value, key) for key, _ in items]
        return own + [place for holder, key in own for place in _places(holder[key])]
    return []


def _filled(fields: dict[str, Any], text: str) -> bytes:
    spelt = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    return spelt.replace(json.dumps(_HOLE), text, 1).encode("utf-8", "surrogatepass")


def _another_number(random: Random) -> tuple[str, bytes]:
    kind, fields = _copy(random)
    numbers = [(holder, key) for holder, key in _places(fields) if type(holder[key]) in (int, float)]
    holder, key = random.choice(numbers)
    holder[key] = _HOLE
    return kind, _filled(fields, random.choice(NUMBERS))


def _another_value(random: Random) -> tuple[str, bytes]:
    kind, fields = _copy(random)
    holder, key = random.choice(_places(fields))
    holder[key] = _HOLE
    return kind, _filled(fields, random.choice(WORDS + NUMBERS))


def _without(random: Random) -> tuple[str, bytes]:
    kind, fields = _copy(random)
    holder, key = random.choice(_places(fields))
    del holder[key]
    return kind, json.dumps(fields).encode()


def _doubled(random: Random) -> tuple[str, bytes]:
    kind, fields = _copy(random)
    key = json.dumps(random.choice(list(fields)))
    body = json.dumps(fields)
    return kind, f"{body[:-1]}, {key}: {random.choice(NUMBERS + WORDS)}}}".encode("utf-8", "surrogatepass")


def _with_unknown(random: Random) -> tuple[str, bytes]:
    kind, fields = _copy(random)
    holders = [fields, *(h[k] for h, k in _places(fields) if isinstance(h[k], dict))]
    random.choice(holders)[random.choice(["x", "", "of", "Ω", "k" * 201, "a:b", "data"])] = _HOLE
    return kind, _filled(fields, random.choice(WORDS + NUMBERS))


def _deep(random: Random) -> tuple[str, bytes]:
    kind, fields = _copy(random)
    holder, key = random.choice(_places(fields))
    holder[key] = _HOLE
    opening, closing = random.choice([("[", "]"), ('{"a":', "}"), ("[", ""), ("]", "[")])
    return kind, _filled(fields, opening * DEPTH + closing * DEPTH)


def _large(random: Random) -> tuple[str, bytes]:
    kind, body = _message(random)
    return kind, body + b" " * (65_536 - len(body) + random.randint(-1, 1))


def _whole(random: Random) -> tuple[str, bytes]:
    return _message(random)


_WAYS: dict[Callable[[Random], tuple[str, bytes]], int] = {
    _noise: 20,
    _cut: 30,
    _flipped: 30,
    _retyped: 30,
    _spliced: 10,
    _another_number: 60,
    _another_value: 60,
    _without: 20,
    _doubled: 15,
    _with_unknown: 30,
    _whole: 15,
    _deep: 2,
    _large: 3,
}
