"""Hypothesis strategies made from the message types themselves, so that every limit is visited."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from devices.wire import commands, data, messages
from devices.wire.units import INT8_MAX, INT8_MIN, MAX_CHANNELS, MAX_SAMPLES, MAX_TEXT, T_MAX_MS, T_MIN_MS
from devices.wire.words import Verb

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=MAX_TEXT)
_JSON_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(INT8_MIN, INT8_MAX)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON = st.recursive(
    _JSON_LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


def built(type_: Any, **fields: Any) -> st.SearchStrategy[Any]:
    """Any value of a struct type, with some fields drawn from other strategies."""
    info = inspect.type_info(type_)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        if field.name not in fields:
            fields[field.name] = _any(field.type)
    return st.builds(info.cls, **fields)


def struct(type_: Any) -> st.SearchStrategy[Any]:
    """Any value of a struct type whose fields agree as the contract wants."""
    return BUILT[type_] if type_ in BUILT else built(type_)


def _any(info: inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case inspect.Metadata():
            return _any(info.type)
        case inspect.IntType() | inspect.FloatType():
            return _number(info)
        case inspect.StrType(pattern=None):
            return TEXT.filter(lambda text: len(text) >= (info.min_length or 0))
        case inspect.StrType(pattern=pattern):
            return st.from_regex(str(pattern), fullmatch=True)
        case inspect.VarTupleType():
            return _tuples(info.item_type, info.min_length or 0, min(info.max_length or 4, 4))
        case inspect.TupleType():
            return st.tuples(*map(_any, info.item_types)).map(lambda ends: tuple(sorted(ends)))
        case inspect.UnionType():
            return st.one_of(*map(_any, info.types))
        case inspect.StructType():
            return struct(info.cls)
    return _choice(info)


def _choice(info: inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case inspect.LiteralType():
            return st.sampled_from(info.values)
        case inspect.EnumType():
            return st.sampled_from(list(info.cls))
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
    raise NotImplementedError(info)


def _number(info: inspect.IntType | inspect.FloatType) -> st.SearchStrategy[Any]:
    if isinstance(info, inspect.FloatType):
        low = info.gt if info.ge is None else info.ge
        return st.floats(low, info.le, exclude_min=info.ge is None, allow_nan=False)
    if (info.ge, info.le) == (INT8_MIN, INT8_MAX):
        return st.integers(T_MIN_MS, T_MAX_MS)  # beyond is tested by name: it is moved
    return st.integers(INT8_MIN if info.ge is None else info.ge, INT8_MAX if info.le is None else info.le)


def _tuples(item: inspect.Type, low: int, high: int) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(_any(item), min_size=low, max_size=high).map(tuple)


def _items(type_: Any, name: str, count: int) -> st.SearchStrategy[tuple[Any, ...]]:
    """Values for one per-channel field, one a channel."""
    info = next(field.type for field in inspect.type_info(type_).fields if field.name == name)  # type: ignore[attr-defined]
    options = info.types if isinstance(info, inspect.UnionType) else (info,)
    array = next(option for option in options if isinstance(option, inspect.VarTupleType))
    return _tuples(array.item_type, count, count)


@st.composite
def telemetry(draw: st.DrawFn) -> messages.Telemetry:
    channels = draw(st.integers(1, 4) | st.just(MAX_CHANNELS))
    samples = draw(st.integers(1, 3) | st.just(MAX_SAMPLES)) if channels < 3 else 2
    current = st.floats(0, 10_000)
    row = st.lists(current, min_size=samples, max_size=samples).map(tuple)
    fields = {
        name: _items(messages.Telemetry, name, channels)
        for name in ("set_ma", "ohm", "contact", "charge_uc", "pulses")
    }
    fields["force_n"] = st.none() | _items(messages.Telemetry, "force_n", channels)
    fields["ma"] = st.lists(row, min_size=channels, max_size=channels).map(tuple)
    return draw(built(messages.Telemetry, **fields))


@st.composite
def status(draw: st.DrawFn) -> messages.Status:
    channels = draw(st.integers(1, MAX_CHANNELS))
    areas = st.none() | _items(messages.Status, "electrode_cm2", channels)
    return draw(built(messages.Status, channels=st.just(channels), electrode_cm2=areas))


@st.composite
def event(draw: st.DrawFn) -> messages.Event:
    kind = draw(st.sampled_from(list(data.TYPES)))
    said = data.plain(draw(struct(data.TYPES[kind])))
    more = draw(st.dictionaries(TEXT.map(lambda text: f"x{text}"[:MAX_TEXT]), JSON, max_size=2))
    return draw(built(messages.Event, kind=st.just(kind), data=st.just({**more, **said})))


@st.composite
def command(draw: st.DrawFn) -> messages.Command:
    verb = draw(st.sampled_from([verb for verb in Verb if verb is not Verb.APPLY_PROTOCOL]))
    args = draw(built(commands.ARGS[verb]))
    raw = msgspec.Raw(msgspec.json.encode(args))
    return draw(built(messages.Command, verb=st.just(verb), args=st.just(raw)))


@st.composite
def protocol(draw: st.DrawFn) -> messages.ProtocolDocument:
    used = draw(st.lists(st.integers(1, MAX_CHANNELS), min_size=1, max_size=4, unique=True).map(tuple))
    step = built(
        messages.ProtocolStep,
        target_ma=st.none() | _items(messages.ProtocolStep, "target_ma", len(used)),
        max_ma=_items(messages.ProtocolStep, "max_ma", len(used)),
    )
    steps = st.lists(step, min_size=1, max_size=3).map(tuple)
    return draw(built(messages.ProtocolDocument, channels_used=st.just(used), steps=steps))


def _ordered_range(value: messages.BufferedRange) -> messages.BufferedRange:
    first, last = sorted((value.from_, value.to))
    return messages.BufferedRange(boot=value.boot, from_=first, to=last)


def _equal_totals(ended: data.SessionEnded) -> data.SessionEnded:
    if ended.charge_uc is None or ended.pulses is None:
        return ended
    channels = min(len(ended.charge_uc), len(ended.pulses))
    return msgspec.structs.replace(
        ended, charge_uc=ended.charge_uc[:channels], pulses=ended.pulses[:channels]
    )


BUILT: dict[type, st.SearchStrategy[Any]] = {}
BUILT[messages.BufferedRange] = built(messages.BufferedRange).map(_ordered_range)
BUILT[data.SessionEnded] = built(data.SessionEnded).map(_equal_totals)

MESSAGES: dict[str, st.SearchStrategy[Any]] = {
    "status": status(),
    "will": built(messages.Will),
    "telemetry": telemetry(),
    "event": event(),
    "ack": built(messages.Ack),
    "command": command(),
    "watermark": built(messages.Watermark),
    "server_status": built(messages.ServerStatus),
    "protocol": protocol(),
}
