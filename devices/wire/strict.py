"""JSON as the contract wants it, read slowly and completely.

The typed decoder skips unknown fields and keeps the last of two equal keys; here everything is seen.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any, Final, NoReturn

from .errors import WireError
from .units import INT8_MAX, INT8_MIN, MAX_COUNT, MAX_TEXT

MAX_BYTES: Final = 65_536
MAX_NESTING: Final = 8

# A string, or the rest of the payload where its end is missing: else a quote after another would be tried
# to the end, in quadratic time.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NAMED: Final = (b'"boot"', b'"seq"')
_PEEK = {
    name: re.compile(rb'"%s"\s{0,9}:\s{0,9}(\w{0,17})\s{0,9}([,}]?)' % name) for name in (b"boot", b"seq")
}


def parse(payload: bytes) -> dict[str, Any]:
    """Return the object that `payload` holds, every string, key, number and level of it checked.

    Raises:
        WireError: size, utf8, nesting, json, duplicate_key, string_length, control_character or number.
    """
    if not 0 < len(payload) <= MAX_BYTES:
        raise WireError("size", f"{len(payload)} bytes, expected 1 to {MAX_BYTES}")
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError("utf8", f"byte {error.start} is not UTF-8: {error.reason}") from None
    _check_nesting(payload)
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_not_a_number)
    except WireError:
        raise
    except json.JSONDecodeError as error:
        raise WireError("json", str(error)) from None
    except ValueError:  # Python stops at 4,300 digits
        raise WireError("number", "a number of thousands of digits") from None
    except RecursionError:  # not below the nesting limit; a parser's own limit must not stop ingest
        raise WireError("nesting", f"deeper than {MAX_NESTING} levels") from None
    if not isinstance(value, dict):
        raise WireError("json", f"{type(value).__name__} at the top, expected an object")
    _check_values(value)
    return value


def peek(payload: bytes) -> tuple[int, int] | None:
    """Return (boot, seq) of a record that `decode` refused, or None.  Never raises.

    From JSON the top-level fields are taken, if each stands there once; from anything else what stands
    in it once.
    """
    if b"\\" not in payload and not all(name in payload for name in _NAMED):
        return None  # most garbage, and the largest: a flood of it must cost little
    try:
        _check_nesting(payload)
        top = json.loads(payload.decode("utf-8", "replace"), object_pairs_hook=tuple)
        fields = top if type(top) is tuple else ()  # an array is a list
        found = [[value for key, value in fields if key == name] for name in ("boot", "seq")]
    except (ValueError, TypeError, RecursionError):  # a WireError is a ValueError
        found = [
            [int(word) if word.isdigit() and end else -1 for word, end in pattern.findall(payload)]
            for pattern in _PEEK.values()
        ]
    boot, seq = (values[0] if len(values) == 1 and _is_count(values[0]) else -1 for values in found)
    return (boot, seq) if boot >= 0 and seq >= 1 else None


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_COUNT


def _check_nesting(payload: bytes) -> None:
    """Count brackets outside strings, before any parser recurses into them."""
    if payload.count(b"[") + payload.count(b"{") <= MAX_NESTING:
        return
    depth = 0
    for bracket in _STRING.sub(b"", payload).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_NESTING:
            raise WireError("nesting", f"deeper than {MAX_NESTING} levels")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise WireError("duplicate_key", f"{twice[:MAX_TEXT]!a} stands twice in one object")
    return fields


def _not_a_number(word: str) -> NoReturn:
    raise WireError("json", f"{word} is not JSON; leave the field out or write null")


def _check_values(value: dict[str, Any]) -> None:
    waiting: list[Any] = [value]
    items: Iterable[Any]
    for holder in waiting:  # grows while it is read
        items = chain(holder, holder.values()) if type(holder) is dict else holder
        for item in items:
            kind = type(item)
            if kind is str:
                if len(item) > MAX_TEXT or not item.isprintable():
                    _check_text(item)
            elif kind is dict or kind is list:
                waiting.append(item)
            elif kind is int:
                if not INT8_MIN <= item <= INT8_MAX:
                    raise WireError("number", "an integer beyond 64 bits")
            elif kind is float and not math.isfinite(item):
                raise WireError("number", "a number beyond the range of doubles")


def _check_text(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise WireError("string_length", f"{text[:40]!a}… has {len(text)} characters, at most {MAX_TEXT}")
    if match := _CONTROL.search(text):
        raise WireError("control_character", f"U+{ord(match[0]):04X} in {text[:40]!a}")
