"""What differs between two documents, as a clinician asks: stronger or weaker, where, by how much.  Pure.

Both may be drafts.  Steps are matched by name and kind, else by their place.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Final, Literal

from devices.protocols.reading import number, numbers, steps_of

Direction = Literal["stronger", "weaker", "other"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    `path` is that of the new value (of the old one where it is gone).  `facts` holds `old`, `new`, `percent` where
    both are numbers and the old one is not 0, and `step` (from 1), `step_name`, `channel` where they apply.
    """

    path: str
    code: str
    direction: Direction
    facts: Mapping[str, Any] = field(default_factory=dict)


_MORE_IS_STRONGER: Final = ("repeat", "frequency_hz", "phase_us", "on_s")
_MORE_IS_WEAKER: Final = ("ramp_up_s", "off_s")
_OTHER: Final = ("name", "kind", "interphase_us", "ramp_down_s")
_LIMITS: Final[dict[str, int]] = {"max_session_s": 1, "max_sessions_per_day": 1, "min_rest_h": -1}

Document = Mapping[str, Any]
Step = Mapping[str, Any]


def difference(old: Document, new: Document) -> list[Change]:
    """Return what differs, in the order of the document; nothing of `version`."""
    return [*_heads(old, new), *_channels(old, new), *_steps(old, new), *_limits(old, new)]


def carried(paths: Iterable[str], old: Document, new: Document) -> list[str]:
    """Return where what stood at these paths of `old` stands in `new`, whatever is written there now.

    A path such as `steps.0.on_s` follows its step when steps are added or moved, and is left out when it is removed.
    """
    before, after = ([step for _at, step in steps_of(one)] for one in (old, new))
    moved = {was: now for was, now in _matched(before, after) if was is not None}
    found = []
    for path in paths:
        parts = path.split(".")
        if parts[0] == "steps" and len(parts) > 1 and parts[1].isdigit():
            place = moved.get(int(parts[1]))
            if place is None:
                continue
            found.append(".".join(["steps", str(place), *parts[2:]]))
        else:
            found.append(path)
    return found


def value_at(document: Any, path: str) -> Any:
    """Return what stands at a path such as `steps.0.max_ma.1`; None where nothing does."""
    for part in path.split(".") if path else ():
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, list | tuple) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document


def _heads(old: Document, new: Document) -> Iterator[Change]:
    for name in ("id", "title", "indication", "waveform"):
        if old.get(name) != new.get(name):
            yield Change(name, name, "other", {"old": old.get(name), "new": new.get(name)})


def _channels(old: Document, new: Document) -> Iterator[Change]:
    before, after = (numbers(one, "channels_used") for one in (old, new))
    for place, channel in enumerate(after):
        if channel is not None and channel not in before:
            yield Change(f"channels_used.{place}", "channel_added", "stronger", {"channel": channel})
    for place, channel in enumerate(before):
        if channel is not None and channel not in after:
            yield Change(f"channels_used.{place}", "channel_removed", "weaker", {"channel": channel})


def _limits(old: Document, new: Document) -> Iterator[Change]:
    before, after = (one.get("limits") or {} for one in (old, new))
    for name, sign in _LIMITS.items():
        yield from _value(f"limits.{name}", name, before.get(name), after.get(name), sign, {})


def _steps(old: Document, new: Document) -> Iterator[Change]:
    before, after = ([step for _at, step in steps_of(one)] for one in (old, new))
    pairs = _matched(before, after)
    kept = {was for was, _now in pairs if was is not None}
    for place, step in enumerate(before):
        if place not in kept:
            yield Change(f"steps.{place}", "step_removed", "weaker", _of_step(place, step))
    order = [was for was, _now in pairs if was is not None]
    for was, now in pairs:
        about = _of_step(now, after[now])
        if was is None:
            yield Change(f"steps.{now}", "step_added", "stronger", about)
            continue
        if sorted(order).index(was) != order.index(was):
            yield Change(f"steps.{now}", "step_moved", "other", {**about, "old": was + 1, "new": now + 1})
        yield from _step(before[was], after[now], f"steps.{now}", about, old, new)


def _of_step(place: int, step: Step) -> dict[str, Any]:
    return {"step": place + 1, "step_name": step.get("name") or ""}


def _matched(before: Sequence[Step], after: Sequence[Step]) -> list[tuple[int | None, int]]:
    """Return (place before or None, place after) of each step of `after`."""
    free = dict(enumerate(before))
    found: dict[int, int] = {}
    for exactly in (True, False):
        for now, step in enumerate(after):
            if now in found:
                continue
            for was, candidate in free.items():
                if _same(candidate, step, exactly=exactly):
                    found[now] = was
                    del free[was]
                    break
    rest = [now for now in range(len(after)) if now not in found]
    for now in rest:  # renamed, or its kind changed: the one at its place, if that was not found elsewhere
        if now in free:
            found[now] = now
            del free[now]
    return [(found.get(now), now) for now in range(len(after))]


def _same(one: Step, other: Step, *, exactly: bool) -> bool:
    if exactly:
        return one == other
    if not one.get("name") or one.get("kind") != other.get("kind"):
        return False
    names = str(one.get("name")).casefold(), str(other.get("name")).casefold()
    return names[0] == names[1] or SequenceMatcher(None, *names).ratio() > 0.8


def _step(
    was: Step, now: Step, path: str, about: dict[str, Any], old: Document, new: Document
) -> Iterator[Change]:
    for name in _OTHER:
        default = 0 if name == "interphase_us" else None
        yield from _value(f"{path}.{name}", name, was.get(name, default), now.get(name, default), 0, about)
    for name in _MORE_IS_STRONGER:
        yield from _value(f"{path}.{name}", name, was.get(name), now.get(name), 1, about)
    for name in _MORE_IS_WEAKER:
        yield from _value(f"{path}.{name}", name, was.get(name), now.get(name), -1, about)
    before, after = (numbers(one, "channels_used") for one in (old, new))
    for place, channel in enumerate(after):
        if channel is None or channel not in before:
            continue
        for name in ("target_ma", "max_ma"):
            values = _at(was, name, before.index(channel)), _at(now, name, place)
            told = {**about, "channel": channel}
            yield from _current(f"{path}.{name}.{place}", name, *values, told)


def _at(step: Step, name: str, place: int) -> Any:
    values = step.get(name)
    return values[place] if isinstance(values, list | tuple) and place < len(values) else None


def _current(path: str, name: str, old: Any, new: Any, about: dict[str, Any]) -> Iterator[Change]:
    """A target of None is "to tolerance": up to `max_ma`, so more than any number."""
    if name == "target_ma" and (old is None) != (new is None):
        direction: Direction = "stronger" if new is None else "weaker"
        yield Change(path, name, direction, {**about, "old": old, "new": new})
        return
    yield from _value(path, name, old, new, 1, about)


def _value(path: str, code: str, old: Any, new: Any, sign: int, about: Mapping[str, Any]) -> Iterator[Change]:
    if old == new:
        return
    facts: dict[str, Any] = {**about, "old": old, "new": new}
    direction: Direction = "other"
    before, after = number({"": old}, ""), number({"": new}, "")
    if before is not None and after is not None:
        if before:
            facts["percent"] = 100 * (after - before) / before
        if sign:
            direction = "stronger" if (after - before) * sign > 0 else "weaker"
    yield Change(path, code, direction, facts)
