"""Has a document the shape of the contract?  Field by field, also of a draft that lacks values.  Pure.

What may stand where is read off the contract's own types, so that it is written once.
"""

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import msgspec.inspect as mi

from devices.protocols.finding import Finding
from devices.wire.messages import ProtocolDocument

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
MAY_BE_LEFT_OUT: Final = frozenset({"interphase_us"})


def shape(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is missing, or cannot stand, where it stands."""
    yield from _look(document, _contract(), "")
    yield from _lengths(document)


@cache
def _contract() -> mi.Type:
    return mi.type_info(ProtocolDocument)


def _look(value: Any, kind: mi.Type, path: str) -> Iterator[Finding]:
    match kind:
        case mi.Metadata(type=bare):
            yield from _look(value, bare, path)
        case mi.UnionType(types=types):
            if value is not None:
                yield from _look(value, next(one for one in types if not isinstance(one, mi.NoneType)), path)
        case _ if value is None:
            yield Finding(path, "error", "missing")
        case mi.StructType(fields=fields):
            yield from _fields(value, fields, path)
        case mi.VarTupleType():
            yield from _list(value, kind, path)
        case mi.IntType() | mi.FloatType():
            yield from _number(value, kind, path)
        case mi.StrType():
            yield from _text(value, kind, path)
        case mi.LiteralType(values=words):
            yield from _word(value, [str(one) for one in words], path)
        case mi.EnumType(cls=cls):
            yield from _word(value, [one.value for one in cls], path)


def _fields(value: Any, fields: tuple[mi.Field, ...], path: str) -> Iterator[Finding]:
    if not isinstance(value, Mapping):
        yield Finding(path, "error", "type", {"expected": "object"})
        return
    known = {one.encode_name: one.type for one in fields}
    for name, kind in known.items():
        here = f"{path}.{name}" if path else name
        if name in value:
            yield from _look(value[name], kind, here)
        elif name not in MAY_BE_LEFT_OUT:  # a target that is not said is not "to tolerance", which is null
            yield Finding(here, "error", "missing")
    for name in value:
        if name not in known:
            yield Finding(path, "error", "unknown_field", {"name": str(name)[:64]})


def _list(value: Any, kind: mi.VarTupleType, path: str) -> Iterator[Finding]:
    if not isinstance(value, list | tuple):
        yield Finding(path, "error", "type", {"expected": "list"})
        return
    if kind.min_length and not value:
        yield Finding(path, "error", "missing")
    elif kind.max_length is not None and len(value) > kind.max_length:
        yield Finding(path, "error", "length", {"most": kind.max_length, "seen": len(value)})
    else:
        for number, item in enumerate(value):
            yield from _look(item, kind.item_type, f"{path}.{number}")


def _number(value: Any, kind: mi.IntType | mi.FloatType, path: str) -> Iterator[Finding]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        yield Finding(path, "error", "type", {"expected": "number"})
    elif isinstance(kind, mi.IntType) and value != int(value):
        yield Finding(path, "error", "type", {"expected": "whole_number", "seen": value})
    elif (
        (kind.ge is not None and value < kind.ge)
        or (kind.gt is not None and value <= kind.gt)
        or (kind.le is not None and value > kind.le)
    ):
        bounds = {"least": kind.ge, "above": kind.gt, "most": kind.le}
        told = {name: bound for name, bound in bounds.items() if bound is not None}
        yield Finding(path, "error", "range", {**told, "seen": value})


def _text(value: Any, kind: mi.StrType, path: str) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield Finding(path, "error", "type", {"expected": "text"})
    elif kind.min_length and not value.strip():
        yield Finding(path, "error", "missing")
    elif kind.max_length is not None and len(value) > kind.max_length:
        yield Finding(path, "error", "length", {"most": kind.max_length, "seen": len(value)})
    elif _CONTROL.search(value):
        yield Finding(path, "error", "control_character")
    elif kind.pattern is not None and not re.search(kind.pattern.replace("$", r"\Z"), value):
        yield Finding(path, "error", "token", {"seen": value[:80]})


def _word(value: Any, words: list[str], path: str) -> Iterator[Finding]:
    if not isinstance(value, str) or value not in words:
        yield Finding(path, "error", "word", {"expected": words, "seen": str(value)[:80]})


def _lengths(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what the types alone do not say: channels once each, and one current a channel."""
    used = document.get("channels_used")
    if not isinstance(used, list | tuple) or not used:
        return
    twice = sorted({one for one in used if isinstance(one, int) and used.count(one) > 1})
    if twice:
        yield Finding("channels_used", "error", "twice", {"channel": twice[0]})
    steps = document.get("steps")
    for number, step in enumerate(steps if isinstance(steps, list | tuple) else ()):
        for name in ("target_ma", "max_ma"):
            values = step.get(name) if isinstance(step, Mapping) else None
            if isinstance(values, list | tuple) and values and len(values) != len(used):
                facts = {"seen": len(values), "expected": len(used)}
                yield Finding(f"steps.{number}.{name}", "error", "count", facts)
