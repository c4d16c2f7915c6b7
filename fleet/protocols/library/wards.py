"""Rows 9–15: in intensive care, and with COPD."""

from __future__ import annotations

from typing import Final

from fleet.protocols.library.cells import Draft, Hindrance, Open, Row, StepDraft, Target, cell, cells
from fleet.protocols.library.knees import EITHER_BIPHASIC, RAMP_MAY_BE_INSIDE

_TO_SIGHT: Final = Open(
    note="the row says until the muscle is seen to contract, not to tolerance: a current in mA, or less"
)

ROWS: Final = (
    Row(
        number=9,
        slug="icu-weakness",
        title="Weakness acquired in intensive care (Kho), thigh",
        cells=cells(
            "S49,S50",
            muscle="quadriceps",
            waveform="asymmetric balanced biphasic",
            phase="400",
            frequency="50",
            on_off="5:10",
            ramp="2 up, under 1 down",
            session="60 min a day",
            schedule="daily, 45 days at most",
            intensity="visible contraction",
        ),
        source=cell("[S49,S50]", "S49,S50"),
        draft=Draft(
            waveform="asymmetric_biphasic",
            max_session_s=Open(high=3600, note="60 min a day, in one session or more"),
            steps=(
                StepDraft(
                    frequency_hz=50,
                    phase_us=400,
                    ramp_up_s=2,
                    on_s=Open(high=5, note=RAMP_MAY_BE_INSIDE),
                    ramp_down_s=Open(high=1, note="under 1 s"),
                    off_s=10,
                    target_ma=_TO_SIGHT,
                ),
            ),
        ),
    ),
    Row(
        number=10,
        slug="icu-weakness-lower-leg",
        title="Weakness acquired in intensive care (Kho), lower leg",
        cells=cells(
            "S49",
            muscle="tibialis anterior + gastrocnemius",
            waveform="asymmetric balanced biphasic",
            phase="250",
            frequency="50",
            on_off="5:5",
            ramp="2 up, under 1 down",
            session="60 min",
            schedule="daily",
            intensity="visible contraction",
        ),
        source=cell("[S49]", "S49"),
        draft=Draft(
            waveform="asymmetric_biphasic",
            max_session_s=3600,
            max_sessions_per_day=1,
            channels_used=Open(note="two muscles: one channel each"),
            steps=(
                StepDraft(
                    frequency_hz=50,
                    phase_us=250,
                    ramp_up_s=2,
                    on_s=Open(high=5, note=RAMP_MAY_BE_INSIDE),
                    ramp_down_s=Open(high=1, note="under 1 s"),
                    off_s=5,
                    target_ma=_TO_SIGHT,
                ),
            ),
        ),
    ),
    Row(
        number=11,
        slug="icu-high-medium",
        title="Intensive care, high against medium frequency (Angelopoulos)",
        cells=cells(
            "S49",
            muscle="vasti, peroneus",
            waveform="symmetric trapezoidal",
            phase="400",
            frequency="75 (high) / 45 (medium)",
            on_off="5:21 (high) / 5:12 (medium)",
            session="30 min",
            schedule="once, or daily",
            intensity="visible contraction",
        ),
        source=cell("[S49]", "S49"),
        notes=("Two arms of a trial: 75 Hz goes with 5:21, 45 Hz with 5:12.",),
        draft=Draft(
            waveform=Open(
                note="the row says symmetric trapezoidal; a document names no shape of a pulse, and the row does not "
                "say biphasic"
            ),
            max_session_s=1800,
            steps=(
                StepDraft(
                    frequency_hz=Open(choices=(75, 45), note="75 with 21 s off, 45 with 12 s off"),
                    phase_us=400,
                    on_s=5,
                    off_s=Open(choices=(21, 12), note="21 s with 75 Hz, 12 s with 45 Hz"),
                    target_ma=_TO_SIGHT,
                ),
            ),
        ),
    ),
    Row(
        number=12,
        slug="icu-segers",
        title="Intensive care, safety (Segers)",
        cells=cells(
            "S49",
            muscle="quadriceps",
            waveform="biphasic",
            phase="300–500",
            frequency="50 (5 min warm-up)",
            on_off="8:20",
            session="25 min",
            schedule="5/week",
            intensity="0–80 mA, to a palpable contraction",
        ),
        source=cell("[S49]", "S49"),
        notes=("Of its warm-up the row says no more than that it lasts 5 min.",),
        draft=Draft(
            waveform=EITHER_BIPHASIC,
            max_session_s=1500,
            steps=(
                StepDraft(
                    name="warm-up",
                    kind="warm_up",
                    repeat=Open(note="5 min in all"),
                ),
                StepDraft(
                    frequency_hz=50,
                    phase_us=Open(300, 500),
                    on_s=8,
                    off_s=20,
                    target_ma=Open(0, 80, note="until a contraction is felt, not to tolerance"),
                    max_ma=Open(high=80),
                ),
            ),
        ),
    ),
    Row(
        number=13,
        slug="copd-maddocks",
        title="COPD at home (Maddocks 2016)",
        cells=cells(
            "S51",
            muscle="quadriceps, both legs",
            waveform="biphasic",
            phase="350",
            frequency="50",
            on_off="2:15 → 10:15",
            session="30 min",
            schedule="7/week for 6 weeks",
            intensity="maximum tolerated",
        ),
        source=cell("[S51]", "S51"),
        notes=(
            "The on time rises from 2 to 10 s over the course; when, the row does not say. A document holds one stage: "
            "make a version for each.",
        ),
        draft=Draft(
            waveform=EITHER_BIPHASIC,
            max_session_s=1800,
            channels_used=Open(note="both legs"),
            steps=(
                StepDraft(
                    frequency_hz=50,
                    phase_us=350,
                    on_s=Open(2, 10, note="2 s at the beginning of the course, 10 s at its end"),
                    off_s=15,
                    target_ma=Target.TOLERANCE,
                ),
            ),
        ),
    ),
    Row(
        number=14,
        slug="copd-neder",
        title="COPD (Neder 2002)",
        cells=cells(
            "S51",
            muscle="quadriceps, both legs",
            waveform="symmetric biphasic square",
            phase="300–400",
            frequency="50",
            on_off="2:18 → 5:25 → 10:30 (weeks 1, 2, 3 and later)",
            session="15 → 30 min a leg",
            schedule="5/week for 6 weeks",
            intensity="10–20 → 100 mA, maximum tolerated",
        ),
        source=cell("[S51]", "S51"),
        hindrances=(Hindrance.WEEK_INDEXED,),
    ),
    Row(
        number=15,
        slug="copd-endurance",
        title="COPD, endurance (Bonnevie)",
        cells=cells(
            "S51",
            muscle="quadriceps",
            phase="400",
            frequency="warm-up 6 Hz for 10 min; 35 Hz work and 4 Hz rest; cool-down 3 Hz for 3 min",
            on_off="a programme of phases",
            session="about 38 min",
            schedule="5/week for 8 weeks",
            intensity="below pain",
        ),
        source=cell("its table prints “ms”: read as µs", "S51"),
        hindrances=(Hindrance.TAKES_TURNS, Hindrance.WEEK_INDEXED),
    ),
)
