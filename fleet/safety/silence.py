"""What a device that is not heard, or does not measure, is to be told for.  Pure; times are Unix ms, server's clock.

Silence is a fact that no message brings, so time looks for it (`sweep`).  It is never read as "output off".
"""

from dataclasses import dataclass
from typing import Any, Final

from fleet.safety.rules import RULES, Limits
from fleet.safety.signals import Key, Rise

LINK_LOST: Final = "link_lost"
OFFLINE_IDLE: Final = "offline_idle"
NO_MEASUREMENTS: Final = "no_measurements"
ABOUT_DEVICES: Final = (LINK_LOST, OFFLINE_IDLE, NO_MEASUREMENTS)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the live state says of one device that has ever been heard."""

    device_id: int
    link: str
    heard_ms: int
    session: str | None = None
    output: str | None = None
    measured_ms: int | None = None  # of the open session: its start, or its newest telemetry
    said_goodbye: bool = False
    met_ms: int = 0  # since when there is contact again, where that is known

    @property
    def in_session(self) -> bool:
        return self.session is not None


@dataclass(frozen=True, slots=True)
class Known:
    """A silence that was found before: what was last heard then, and when it was noted."""

    since_ms: int
    noted_ms: int


def found(
    heard: Heard, limits: Limits, known: dict[str, Known], now_ms: int, *, may_begin: bool
) -> dict[str, int]:
    """Return what is true of the device now, by rule: since when nothing has been heard, ms.

    What was found stays true until something newer is heard: a limit that is raised meanwhile clears nothing.

    Args:
        known: By rule, what was found before and has not ended.
        may_begin: Whether silence may be news: not while the server itself may be what was away.
    """
    rule = LINK_LOST if heard.in_session else OFFLINE_IDLE
    true: dict[str, int] = {}
    before = known.get(rule)
    if (before is not None and before.since_ms == heard.heard_ms) or (
        may_begin and _is_silent(heard, limits, now_ms)
    ):
        true[rule] = heard.heard_ms
    if heard.in_session:
        since_ms = _unmeasured_since(heard, limits, known.get(NO_MEASUREMENTS), now_ms, may_begin=may_begin)
        if since_ms is not None:
            true[NO_MEASUREMENTS] = since_ms
    return true


def _is_silent(heard: Heard, limits: Limits, now_ms: int) -> bool:
    age_ms = now_ms - heard.heard_ms
    if heard.in_session:  # whatever `link` says by now
        return age_ms >= limits[LINK_LOST]["after_s"] * 1000
    gone = heard.link == "offline" and not heard.said_goodbye
    return gone and age_ms >= limits[OFFLINE_IDLE]["after_s"] * 1000


def _unmeasured_since(
    heard: Heard, limits: Limits, before: Known | None, now_ms: int, *, may_begin: bool
) -> int | None:
    """Of a device that is silent nothing is known: what was true stays, and nothing begins."""
    if heard.measured_ms is None:
        return before.since_ms if before else None
    if before is not None and before.since_ms == heard.measured_ms:
        return before.since_ms
    after_ms = limits[NO_MEASUREMENTS]["after_s"] * 1000
    is_heard = now_ms - heard.heard_ms < min(after_ms, limits[LINK_LOST]["after_s"] * 1000)
    if may_begin and is_heard and now_ms - max(heard.measured_ms, heard.met_ms) >= after_ms:
        return heard.measured_ms
    return None


def rise(
    rule: str, heard: Heard, limits: Limits, since_ms: int, *, not_before_ms: int, cause_id: int | None
) -> Rise:
    """Return the news of a silence.

    Args:
        not_before_ms: From when on silence counted: while the server was away nobody could know.
    """
    about = RULES[rule]
    facts: dict[str, Any] = {"heard_ms": heard.heard_ms}
    if heard.in_session:
        facts |= {"output": heard.output}
    if rule == NO_MEASUREMENTS:
        facts |= {"measured_ms": since_ms}
    due_ms = since_ms + round(limits[rule]["after_s"] * 1000)
    return Rise(
        Key(rule, device_id=heard.device_id),
        max(due_ms, not_before_ms),
        about.priorities[0],
        about.duty,
        facts,
        latched=about.latched,
        session=heard.session,
        in_session=heard.in_session,
        rule_version=limits.version,
        cause_id=cause_id,
    )
