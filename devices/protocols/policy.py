"""The limits that a protocol is held against, each with where it comes from and how sure that is.  Pure.

`docs/safety/limits.md` shows the same table.  A limit that was not checked against the text of its standard says so.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

Severity = Literal["error", "warning"]
Confidence = Literal["found", "memory", "own"]
"""`found`: read in the source named; `memory`: not checked against a text; `own`: this product's own choice."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit; more than `value` of `unit` is a finding of this severity (least ones say `at least`)."""

    name: str
    value: float
    unit: str
    severity: Severity
    confidence: Confidence
    what: str  # in the words of docs/safety/limits.md
    source: str


_IFU: Final = "instructions for use of the Enraf-Nonius Endomed 484, p. 25"
_NOT_SEEN: Final = "its table was not seen"

LIMITS: Final[dict[str, Limit]] = {
    limit.name: limit
    for limit in (
        Limit("peak_ma", 150, "mA", "error", "found", "peak current of one phase",
              "the strongest stimulators read about: HASOMED P24 150 mA, RehaStim2 130 mA"),
        Limit("charge_uc", 75, "µC", "error", "memory", "charge of one phase: current × phase",
              "ANSI/AAMI NS4 (TENS), 75 µC a pulse at 500 Ω; the rule `charge_per_phase` alerts at the same"),
        Limit("fda_charge_uc", 20, "µC", "warning", "memory",
              "charge of one phase above 20 + 28 × t µC (t: phase in ms)",
              "FDA's envelope of limited output; its formula was not seen again"),
        Limit("mean_ma", 10, "mA", "warning", "memory", "mean absolute current while it flows",
              "FDA's envelope of limited output, and ANSI/AAMI NS4"),
        Limit("phase_us", 500, "µs", "warning", "memory", "length of one phase",
              "FDA's envelope of limited output"),
        Limit("rms_ma", 50, "mA", "error", "memory", "r.m.s. current while it flows, below 400 Hz",
              f"IEC 60601-2-10, {_NOT_SEEN}; the {_IFU} never exceeds it"),
        Limit("rms_mid_ma", 80, "mA", "error", "memory", "r.m.s. current, 400 to 1,500 Hz",
              f"IEC 60601-2-10, {_NOT_SEEN}"),
        Limit("rms_high_ma", 100, "mA", "error", "memory", "r.m.s. current, above 1,500 Hz",
              f"IEC 60601-2-10, {_NOT_SEEN}"),
        Limit("density_ma_per_cm2", 2.0, "mA/cm²", "error", "found",
              "r.m.s. current a cm² of the smaller pad",
              f"“may require special attention of the operator” above it: AS 60601.2.10:2018, item g; {_IFU}"),
        Limit("density_warn_ma_per_cm2", 1.5, "mA/cm²", "warning", "own",
              "r.m.s. current a cm² of the smaller pad",
              "three quarters of the limit; the rule `current_density` warns at the same"),
        Limit("power_w_per_cm2", 0.25, "W/cm²", "error", "found",
              "power a cm² of the smaller pad, into 500 Ω",
              "burns: FDA's guidance for powered muscle stimulators (21 CFR 890.5850), in a summary"),
        Limit("energy_mj", 300, "mJ", "error", "found", "energy of one pulse into 500 Ω",
              "IEC 601-2-10, 51.104, as BIOPAC's and Astute's notes cite it"),
        Limit("galvanic_ma_per_cm2", 0.2, "mA/cm²", "error", "found",
              "mean direct current a cm² of the smaller pad (monophasic pulses)",
              "recommended by Enraf-Nonius for galvanic currents, manual 1600751, p. 36"),
        Limit("long_session_s", 3_600, "s", "warning", "found", "longest session",
              "sessions of the trials read: 10 to 60 minutes"),
        Limit("session_s", 7_200, "s", "error", "found", "longest session",
              "the longest of a trial read: 2 h twice a day after knee replacement (Avramidis)"),
        Limit("sessions_per_day", 3, "a day", "warning", "memory", "sessions a day",
              "the most of a trial read: three a day at home (Feil)"),
        Limit("wb_session_s", 1_200, "s", "error", "found", "longest session of whole-body EMS",
              "trials of whole-body EMS: 16 to 20 minutes"),
        Limit("wb_novice_s", 720, "s", "warning", "memory",
              "longest session of whole-body EMS for somebody with fewer than 10",
              "guideline of 2016: short and moderate at first; its text was not seen"),
        Limit("wb_sessions_per_day", 1, "a day", "error", "found", "sessions of whole-body EMS a day",
              "trials of whole-body EMS: 1 to 1.5 a week"),
        Limit("wb_rest_h", 96, "h", "error", "memory", "least rest between sessions of whole-body EMS",
              "at least 4 days: guideline of 2016 (its text was not seen); a provider citing that of 2023 says 5"),
    )
}  # fmt: skip
"""By name."""

WHOLE_BODY: Final = "wb_ems"
"""The `indication` that a protocol of whole-body EMS has."""
WHOLE_BODY_CHANNELS: Final = 8  # so many regions, and more, are stimulated at once by whole-body suits
LOAD_OHM: Final = 500  # that standards and guidance give their limits for


@dataclass(frozen=True, slots=True)
class Policy:
    """What protocols are judged by at this installation."""

    pad_cm2: float = 25.0  # the document names no pad: 5 x 5 cm, the smaller of the usual ones
    limits: dict[str, float] = field(default_factory=lambda: {one.name: one.value for one in LIMITS.values()})

    def __getitem__(self, name: str) -> float:
        return self.limits[name]


POLICY: Final = Policy()
