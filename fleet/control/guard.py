"""May this be asked of this device as it is now?  Pure.

Nothing stands before a stop: it passes for every device, whatever its link and whatever it says it can.  There is
no verb that starts or raises anything, so there is nothing here that would let one pass.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from devices.wire.commands import ARGS, Args, Lock, Lower
from devices.wire.words import LockReason, Verb
from fleet.control.lifecycle import EASING

REASONS: Final = tuple(one.value for one in LockReason)
STOP: Final = Args()
_CANNOT_BE: Final = frozenset({"args", "channel"})


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a device; None: it has not said.

    Attributes:
        link: `never | online | suspect | offline | conflict`.
        channels: How many it has.
        can: The verbs it says it carries out; None: all of version 1.
    """

    serial: str
    link: str = "never"
    channels: int | None = None
    can: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not asked: `args`, `channel`, `cannot` or `conflict`, with what words about it need."""

    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_about_the_request(self) -> bool:
        """Whether another request could pass, as the device is now."""
        return self.reason in _CANNOT_BE


class Unusable(ValueError):
    """The arguments cannot be: `odd` is none of this verb's, one `one_of` is expected, or else the text says."""

    def __init__(self, text: str = "", *, odd: str = "", one_of: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.odd, self.one_of = odd, one_of


def read_args(verb: Verb, given: Mapping[str, Any]) -> Args:
    """Return the arguments as the type of their verb.

    A stop takes none, so whatever came with one is left out.  Unlocking may go without a reason.

    Raises:
        Unusable: One is missing, unknown or out of range.
    """
    if verb is Verb.STOP:
        return STOP
    type_ = ARGS[verb]
    known = {one.encode_name for one in msgspec.structs.fields(type_)}
    if odd := sorted(map(str, given.keys() - known)):
        raise Unusable(odd=odd[0][:40], one_of=tuple(sorted(known)))
    if issubclass(type_, Lock):
        word = given.get("reason", LockReason.OTHER.value if verb is Verb.UNLOCK else None)
        if word not in REASONS:
            raise Unusable(one_of=REASONS)
        given = {"reason": word}
    try:
        args = msgspec.convert(dict(given), type_)
    except msgspec.ValidationError as error:
        raise Unusable(str(error)) from None
    if isinstance(args, Lower) and not math.isfinite(args.to_ma):
        raise Unusable(f"to_ma: {args.to_ma}")
    return args


def judge(verb: Verb, args: Args, seen: Seen) -> Refusal | None:
    """Return why the device, as it is now, is not asked for this; None: it is asked.

    Silence refuses nothing: what a device does not hear in time it never carries out, and a picture of ours that
    is old keeps nobody from trying.
    """
    if verb is Verb.STOP:
        return None
    if seen.can is not None and verb.value not in seen.can:
        return Refusal("cannot", {"serial": seen.serial, "verb": verb.value})
    if seen.link == "conflict" and verb not in EASING:  # which makes either of the two safer
        return Refusal("conflict", {"serial": seen.serial, "verb": verb.value})
    if isinstance(args, Lower) and (args.channel or 0) > (seen.channels or math.inf):
        return Refusal("channel", {"serial": seen.serial, "channel": args.channel, "channels": seen.channels})
    return None
