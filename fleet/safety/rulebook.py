"""What is judged: every rule with its duty, its priorities, and the numbers a site may change.  Pure.

A rule's texts are in `safety.texts`, what it looks at in `safety.finders`.  docs/safety/rules.md is written from
here (`manage.py rules --write`), and says how sure each source is.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fleet.safety.words import Duty, Priority

HIGH, MEDIUM, LOW = Priority.HIGH, Priority.MEDIUM, Priority.LOW
CARE, TECHNICAL = Duty.CARE, Duty.TECHNICAL


class Shape(StrEnum):
    """When a rule's finding becomes an alert."""

    AT_ONCE = "at_once"
    FOR_DURATION = "for_duration"  # true, and never said to be false, for `on_delay_s`
    REPEATED = "repeated"  # `count` times within `window_s`
    ON_SILENCE = "on_silence"  # nothing was heard for `after_s`


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of a rule that a site may change, within the product's bounds (both included)."""

    name: str  # ends in its unit
    unit: str
    default: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong."""

    id: str
    duty: Duty
    priorities: tuple[Priority, ...]  # the ones it may have, most urgent first
    condition: Shape
    source: str
    parameters: tuple[Parameter, ...] = ()
    per_channel: bool = False
    latched: bool = False  # stays until a person has seen to it
    follows_silence: bool = False  # a consequence of silence, so a silent group explains it
    of_server: bool = False  # about the server itself: no device, no site

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter of this name, or None."""
        return next((one for one in self.parameters if one.name == name), None)


def _p(name: str, unit: str, default: float, low: float, high: float) -> Parameter:
    return Parameter(name, unit, default, low, high)


def _on(default: float, low: float, high: float) -> Parameter:
    return _p("on_delay_s", "s", default, low, high)


def _off(default: float, low: float = 0, high: float = 60) -> Parameter:
    return _p("off_delay_s", "s", default, low, high)


_RULES = (
    # --- what flows into somebody ---
    Rule(
        "over_current",
        CARE,
        (HIGH,),
        Shape.AT_ONCE,
        "IEC 60601-2-10: output within ±20–30 %, by edition (not checked against its text); maxima: device status, "
        "protocol step",
        (
            _p("excess_percent", "%", 30, 10, 50),
            _p("excess_floor_ma", "mA", 2, 1, 5),
            _p("above_max_percent", "%", 2, 0, 10),
            _off(3),
        ),
        per_channel=True,
    ),
    Rule(
        "current_while_off",
        CARE,
        (HIGH,),
        Shape.FOR_DURATION,
        "docs/wire.md: output is off only when no current can flow, and a change of it is told within 500 ms",
        (_on(2, 1, 5),),
    ),
    Rule(
        "current_density",
        CARE,
        (HIGH, MEDIUM),
        Shape.AT_ONCE,
        "IEC 60601-2-10 instructions for use, item g: above 2 mA/cm² r.m.s. attention is needed (at second hand, not "
        "checked against its text); 1.5 is practice; good contact: one study of the thigh",
        (
            _p("warn_ma_per_cm2", "mA/cm²", 1.5, 0.5, 1.9),
            _p("limit_ma_per_cm2", "mA/cm²", 2.0, 1.0, 2.0),
            _p("deadband_percent", "%", 5, 0, 20),
            _off(3),
        ),
        per_channel=True,
    ),
    Rule(
        "charge_per_phase",
        CARE,
        (MEDIUM,),
        Shape.AT_ONCE,
        "ANSI/AAMI NS4: 75 µC a pulse (figure not checked against its text)",
        (_p("limit_uc", "µC", 75, 10, 75), _p("deadband_percent", "%", 5, 0, 20), _off(3)),
        per_channel=True,
    ),
    Rule(
        "electrode_off",
        CARE,
        (HIGH, MEDIUM),
        Shape.AT_ONCE,
        "device's own word; makers measure the load from about 15 mA on; 10 kΩ is engineering practice",
        (
            _p("limit_ohm", "Ω", 10_000, 2_000, 20_000),
            _p("deadband_percent", "%", 20, 5, 50),
            _p("live_ma", "mA", 10, 5, 20),
            _on(0, 0, 5),
            _off(0, 0, 30),
        ),
        per_channel=True,
    ),
    Rule(
        "low_current",
        CARE,
        (MEDIUM,),
        Shape.FOR_DURATION,
        "device's own word; a dry pad saturates before it is off; 30 % and 10 s are practice",
        (_p("shortfall_percent", "%", 30, 20, 60), _on(10, 5, 60), _off(2, 0, 30)),
        per_channel=True,
    ),
    Rule(
        "contact_drift",
        CARE,
        (LOW,),
        Shape.FOR_DURATION,
        "moist fabric pads dried within 9–18 min (PMC8855467); 50 % is engineering practice",
        (
            _p("rise_percent", "%", 50, 20, 200),
            _p("window_min", "min", 10, 5, 60),
            _p("deadband_percent", "%", 10, 5, 50),
        ),
        per_channel=True,
    ),
    Rule(
        "overrun",
        CARE,
        (MEDIUM,),
        Shape.AT_ONCE,
        "planned length as the device told it at the start, or the protocol's longest session",
        (_p("grace_s", "s", 30, 5, 300),),
    ),
    Rule(
        "protocol_unknown",
        CARE,
        (MEDIUM, LOW),
        Shape.AT_ONCE,
        "a protocol is written, approved and read back by its SHA-256 (docs/wire.md)",
    ),
    # --- the machine ---
    Rule(
        "over_temperature",
        CARE,
        (HIGH, MEDIUM),
        Shape.AT_ONCE,
        "device's own word; portable units: warn 45 °C, shut 60 °C (engineering practice)",
        (
            _p("warn_c", "°C", 45, 35, 60),
            _p("limit_c", "°C", 55, 40, 80),
            _p("deadband_c", "°C", 2, 0.5, 10),
            _on(0, 0, 30),
        ),
    ),
    Rule(
        "watchdog",
        CARE,
        (HIGH,),
        Shape.AT_ONCE,
        "session ended by the watchdog, or a boot after it",
        latched=True,
    ),
    Rule(
        "estop",
        CARE,
        (HIGH,),
        Shape.AT_ONCE,
        "device's own word; latched until released at the device (docs/wire.md)",
        latched=True,
    ),
    Rule(
        "fault",
        TECHNICAL,
        (HIGH, MEDIUM),
        Shape.AT_ONCE,
        "device's own word, by class: output stages high, others medium",
    ),
    Rule(
        "battery_low",
        CARE,
        (MEDIUM, LOW),
        Shape.AT_ONCE,
        "10 % in session, 25 % idle (practice)",
        (
            _p("session_percent", "%", 10, 5, 40),
            _p("idle_percent", "%", 25, 10, 50),
            _p("deadband_percent", "%", 3, 1, 10),
        ),
    ),
    Rule(
        "battery_dying",
        CARE,
        (MEDIUM,),
        Shape.FOR_DURATION,
        "one Li-ion cell: low below 3.3 V, cut off at 2.5–3.0 V; percent alone hides a failing cell",
        (
            _p("dying_percent", "%", 5, 2, 15),
            _p("dying_mv", "mV", 3_300, 0, 12_000),
            _p("deadband_percent", "%", 3, 1, 10),
            _on(3, 0, 30),
        ),
    ),
    # --- what is not heard ---
    Rule(
        "link_lost",
        CARE,
        (HIGH,),
        Shape.ON_SILENCE,
        "docs/wire.md: telemetry every second, status every 5 s in session",
        (_p("after_s", "s", 7, 5, 15),),
        follows_silence=True,
    ),
    Rule(
        "offline_idle",
        TECHNICAL,
        (LOW,),
        Shape.ON_SILENCE,
        "docs/wire.md: status every 15 s idle, offline after 45 s",
        (_p("after_s", "s", 45, 45, 3_600),),
        follows_silence=True,
    ),
    Rule(
        "no_measurements",
        CARE,
        (MEDIUM,),
        Shape.ON_SILENCE,
        "docs/wire.md: telemetry every second while a session is open; longer than contact may pause",
        (_p("after_s", "s", 8, 7, 30),),
        follows_silence=True,
    ),
    Rule(
        "group_silent",
        CARE,
        (HIGH,),
        Shape.ON_SILENCE,
        "one cause, one alert: access point, gateway or room",
        (_p("at_least", "devices", 3, 2, 20), _p("share_percent", "%", 50, 30, 100)),
    ),
    Rule(
        "site_silent",
        CARE,
        (HIGH,),
        Shape.ON_SILENCE,
        "one cause, one alert: the site's network",
        (_p("at_least", "devices", 3, 2, 20), _p("share_percent", "%", 50, 30, 100)),
    ),
    # --- what cannot be trusted ---
    Rule(
        "clock_skew",
        TECHNICAL,
        (LOW,),
        Shape.AT_ONCE,
        "docs/wire.md: a clock more than 30 s off is told, not obeyed",
        (_p("limit_s", "s", 30, 10, 300), _p("deadband_s", "s", 5, 1, 60)),
    ),
    Rule(
        "identity_conflict",
        CARE,
        (HIGH,),
        Shape.AT_ONCE,
        "docs/wire.md: two devices speak under one serial",
        latched=True,
    ),
    Rule(
        "records_dropped",
        TECHNICAL,
        (LOW,),
        Shape.AT_ONCE,
        "device's own word: its buffer overflowed",
    ),
    Rule(
        "rejects",
        TECHNICAL,
        (LOW,),
        Shape.REPEATED,
        "messages that break the contract are refused and counted (docs/wire.md)",
        (_p("count", "messages", 5, 1, 1_000), _p("window_s", "s", 60, 10, 3_600)),
    ),
    Rule(
        "stop_unconfirmed",
        CARE,
        (HIGH,),
        Shape.ON_SILENCE,
        "docs/wire.md: no proof 3 s after the request",
        latched=True,
    ),
    Rule(
        "rollout_stopped",
        TECHNICAL,
        (MEDIUM,),
        Shape.AT_ONCE,
        "thresholds that were approved with the rollout (docs/rollouts.md)",
    ),
    # --- the server itself ---
    *(
        Rule(
            f"{part}_silent",
            TECHNICAL,
            (HIGH,),
            Shape.ON_SILENCE,
            "a dead pipeline must look dead: what is not watched, nobody is told of",
            of_server=True,
        )
        for part in ("ingest", "dispatch", "worker", "courier", "broker", "database")
    ),
    Rule(
        "rule_broken",
        TECHNICAL,
        (MEDIUM,),
        Shape.AT_ONCE,
        "a rule that fails must not look calm",
        of_server=True,
    ),
    Rule(
        "delivery_failed",
        TECHNICAL,
        (MEDIUM,),
        Shape.AT_ONCE,
        "what was to be told, and did not arrive, is itself worth telling",
    ),
)

RULES: Final[dict[str, Rule]] = {rule.id: rule for rule in _RULES}

DEFAULTS: Final[dict[str, dict[str, float]]] = {
    rule.id: {one.name: one.default for one in rule.parameters} for rule in _RULES
}
