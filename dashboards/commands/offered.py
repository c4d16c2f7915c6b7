"""What a device's page offers to ask of the device, and what was asked of it a moment ago."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _

from dashboards.commands import lowering, wording
from dashboards.commands.lowering import Target
from devices.models import Device
from fleet.access.people import called
from fleet.access.queries import Person, role_at
from fleet.access.roles import allows
from fleet.control.models import LockWish

VERBS: Final = ("stop", "pause", "lower", "identify", "lock", "unlock")
IDENTIFY_S: Final = (10, 30, 60)
FRESH: Final = timedelta(seconds=5)
"""What a device told so long ago may be taken for what is set now; older, it only says where to start from."""


@dataclass(frozen=True, slots=True)
class Press:
    """One button of a row: what it says, and what it comes to for each channel that it is about."""

    step: str
    label: str
    targets: tuple[Target, ...]

    @property
    def value(self) -> str:
        """What the form sends: `1=27.0 2=25.0`."""
        return " ".join(f"{one.channel}={one.to_ma}" for one in self.targets)

    @property
    def comes_to(self) -> str:
        return results(self.targets)


@dataclass(frozen=True, slots=True)
class Row:
    """One channel, or all of them (`channel` None), and the steps down from what it is set to."""

    channel: int | None
    set_ma: float | None
    presses: tuple[Press, ...]

    @property
    def is_used(self) -> bool:
        return self.channel is None or bool(self.set_ma)


@dataclass(frozen=True, slots=True)
class Lock:
    """Whether a new session may begin: what the device says, and what was wished for here.

    Attributes:
        says: What the device says, in words.
        is_locked: Whether it says so; None: it never told.
        wish: What was asked for last, by whom and when; None: nothing, as far as this server knows.
        unread: Whether the device does not say yet what was wished for.
    """

    says: str
    is_locked: bool | None
    wish: LockWish | None
    who: str
    why: str
    unread: bool


@dataclass(frozen=True, slots=True)
class Offer:
    may: Mapping[str, bool]
    rows: tuple[Row, ...]
    lock: Lock
    reasons: Mapping[str, str]
    identify_s: tuple[int, ...] = IDENTIFY_S


def offer(reader: Person, device: Device, shown: Mapping[str, Any]) -> Offer:
    """Return what this person may ask of this device, as it is shown (the API's device object)."""
    role = role_at(reader, device.site)
    may = {verb: role is not None and allows(role, verb) for verb in VERBS}
    return Offer(may, rows(shown["channels"]), lock_of(device, shown), wording.lock_words())


def rows(channels: list[dict[str, Any]]) -> tuple[Row, ...]:
    """Return all channels together first, then each."""
    used = sum(bool(one["set_ma"]) for one in channels)
    whole = Row(None, None, _presses(channels, None) if used > 1 else ())
    return (whole, *(Row(one["n"], one["set_ma"], _presses(channels, one["n"])) for one in channels))


def _presses(channels: list[dict[str, Any]], channel: int | None) -> tuple[Press, ...]:
    labels = step_labels()
    return tuple(
        Press(step, labels[step], tuple(lowering.targets(channels, channel, step))) for step in lowering.STEPS
    )


def step_labels() -> dict[str, str]:
    return {
        "-1": _("− 1 mA"),
        "-2": _("− 2 mA"),
        "-5": _("− 5 mA"),
        "-10%": _("− 10 %"),
        "half": _("half"),
    }


def results(targets: tuple[Target, ...]) -> str:
    """Return what a step comes to: “27 mA”; for several channels “1: 27 · 2: 25 mA”."""
    if len(targets) == 1:
        return wording.milliamperes(targets[0].to_ma)
    parts = [f"{one.channel}: {wording.milliamperes(one.to_ma).partition(' ')[0]}" for one in targets]
    return _("%(parts)s mA") % {"parts": " · ".join(parts)} if parts else ""


def lock_of(device: Device, shown: Mapping[str, Any]) -> Lock:
    wish = LockWish.objects.select_related("actor").filter(device=device).first()
    status_at = None if shown["status_at"] is None else datetime.fromisoformat(shown["status_at"])
    locked, is_known = shown["locked"], status_at is not None
    if wish is not None and wish.read_back_at and (status_at is None or status_at <= wish.read_back_at):
        # What proved it is newer than what ingest has written down.
        locked, is_known = (wish.word if wish.locked else None), True
    return Lock(
        _says(locked, is_known=is_known),
        locked is not None if is_known else None,
        wish,
        "" if wish is None else called(wish.actor) if wish.actor else wish.actor_name,
        "" if wish is None else wording.lock_word(wish.word),
        wish is not None and wish.read_back_at is None,
    )


def _says(locked: str | None, *, is_known: bool) -> str:
    if not is_known:
        return _("It has never told whether it is locked.")
    if locked is None:
        return _("It says that it is not locked: a session can begin.")
    return _("It says that it is locked (%(why)s): no new session can begin.") % {
        "why": wording.lock_word(locked)
    }
