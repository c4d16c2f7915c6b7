"""Rows 16–23: after a stroke, the back, the spinal cord, swallowing."""

from __future__ import annotations

from typing import Final

from fleet.protocols.library.cells import Draft, Hindrance, Open, Row, StepDraft, cell, cells
from fleet.protocols.library.knees import EITHER_BIPHASIC, RAMP_MAY_BE_INSIDE

_TO_SIGHT: Final = Open(
    note="the row says until the muscle is seen to contract, not to tolerance: a current in mA, or less"
)
_TO_MOVEMENT: Final = Open(
    note="the row says until the movement comes, not to tolerance: a current in mA, or less"
)

ROWS: Final = (
    Row(
        number=16,
        slug="stroke-shoulder",
        title="Stroke, shoulder subluxation",
        cells=cells(
            "S63,P28343442",
            muscle="supraspinatus + posterior deltoid",
            waveform="biphasic",
            phase="200–300 (most often 250)",
            frequency="10–36 (most often 30)",
            on_off="10:10 → 15:10 [mem M]",
            ramp="2–3 [mem M]",
            session="30–60 min a day",
            schedule="5–7/week for 4–8 weeks; helps early (standardised mean difference −1.11), not when chronic",
            intensity="visible contraction",
        ),
        source=cell("[S63,P28343442]", "S63"),
        notes=("The on time rises over the course. A document holds one stage: make a version for each.",),
        draft=Draft(
            waveform=EITHER_BIPHASIC,
            max_session_s=Open(1800, 3600, note="30–60 min a day, in one session or more"),
            channels_used=Open(note="two muscles: one channel each, or one pair of pads over both"),
            steps=(
                StepDraft(
                    frequency_hz=Open(10, 36, usual=30),
                    phase_us=Open(200, 300, usual=250),
                    ramp_up_s=Open(2, 3),
                    on_s=Open(10, 15, note=RAMP_MAY_BE_INSIDE),
                    ramp_down_s=Open(2, 3, note="the row does not say whether its ramp is up, down or both"),
                    off_s=10,
                    target_ma=_TO_SIGHT,
                ),
            ),
        ),
    ),
    Row(
        number=17,
        slug="stroke-wrist",
        title="Stroke, extension of wrist and fingers",
        cells=cells(
            "S64",
            muscle="extensors of wrist and fingers (extensor carpi, extensor digitorum)",
            waveform="symmetric biphasic",
            phase="300 [mem M]",
            frequency="35 or 50",
            on_off="5–10 : 5–10 [mem M]",
            ramp="1–2 [mem M]",
            session="30 min",
            schedule="3/week for 8 weeks [mem M]",
            intensity="full extension",
        ),
        source=cell("its arms and outcomes were seen", "S64"),
        draft=Draft(
            waveform="symmetric_biphasic",
            max_session_s=1800,
            steps=(
                StepDraft(
                    frequency_hz=Open(choices=(35, 50)),
                    phase_us=300,
                    ramp_up_s=Open(1, 2),
                    on_s=Open(5, 10, note=RAMP_MAY_BE_INSIDE),
                    ramp_down_s=Open(1, 2, note="the row does not say whether its ramp is up, down or both"),
                    off_s=Open(5, 10),
                    target_ma=_TO_MOVEMENT,
                ),
            ),
        ),
    ),
    Row(
        number=18,
        slug="stroke-hand",
        title="Stroke, opening the hand at home (cyclic NMES)",
        cells=cells(
            "S65",
            muscle="extensors of fingers and thumb",
            frequency="35 [mem M]",
            session="29 min, twice a session",
            schedule="10 sessions/week for 12 weeks",
            intensity="the hand opens",
        ),
        source=cell("[S65]", "S65"),
        draft=Draft(
            max_session_s=Open(note="2 × 29 min; a pause between them is not spoken of"),
            steps=(StepDraft(frequency_hz=35, target_ma=_TO_MOVEMENT),),
        ),
    ),
    Row(
        number=19,
        slug="foot-drop",
        title="Foot drop, calibration and training",
        cells=cells(
            "S67",
            muscle="tibialis anterior / peroneal",
            waveform="biphasic",
            phase="400",
            frequency="30 (every 33 ms)",
            on_off="2.5:2.5, trapezoid",
            ramp="within the trapezoid",
            intensity="thresholds: sensory, motor, functional",
        ),
        source=cell("[S67] | gait-triggered: 40 Hz, 200–300 µs [mem M]", "S67"),
        notes=(
            "A draft is of the calibration. Stimulation that the gait triggers (40 Hz, 200–300 µs, from memory) has no "
            "place in a document: its phases follow the clock.",
        ),
        draft=Draft(
            waveform=EITHER_BIPHASIC,
            steps=(
                StepDraft(
                    frequency_hz=30,
                    phase_us=400,
                    ramp_up_s=Open(high=2.5, note="ramp up, on and ramp down are 2.5 s together"),
                    on_s=Open(high=2.5, note="ramp up, on and ramp down are 2.5 s together"),
                    ramp_down_s=Open(high=2.5, note="ramp up, on and ramp down are 2.5 s together"),
                    off_s=2.5,
                    target_ma=Open(note="the row seeks thresholds, and says none in mA"),
                ),
            ),
        ),
    ),
    Row(
        number=20,
        slug="spasticity",
        title="Spasticity after a stroke",
        cells=cells(
            "S66",
            muscle="agonist or antagonist",
            waveform="biphasic",
            phase="100–300",
            frequency="18–50",
            session="30 min [mem M]",
            schedule="trials of 3 days or more; Modified Ashworth −0.30, range of motion +2.87°, legs −0.78",
            intensity="visible contraction",
        ),
        source=cell("the page prints “seconds” for the phase: read as µs", "S66"),
        draft=Draft(
            waveform=EITHER_BIPHASIC,
            max_session_s=1800,
            steps=(
                StepDraft(
                    frequency_hz=Open(18, 50),
                    phase_us=Open(100, 300),
                    target_ma=_TO_SIGHT,
                ),
            ),
        ),
    ),
    Row(
        number=21,
        slug="low-back",
        title="Low back pain, multifidus",
        cells=cells(
            "S69,S70",
            muscle="lumbar, L4–5",
            waveform="medium frequency, or pulsed current",
            frequency="20, 50 and 80 all activate it [S69] | StimaWELL: phasic against combined [S70]",
            schedule="20 sessions in 10 weeks",
        ),
        source=cell("[S69,S70]", "S69"),
        draft=Draft(
            waveform=Open(note="the row says medium frequency or pulsed current, not which"),
            steps=(StepDraft(frequency_hz=Open(choices=(20, 50, 80))),),
        ),
    ),
    Row(
        number=22,
        slug="fes-cycling",
        title="FES cycling after an injury of the spinal cord",
        cells=cells(
            "S68",
            muscle="quadriceps, hamstrings, gluteals (calf)",
            waveform="biphasic",
            phase="300 (200–500)",
            frequency="35–40 (20–60)",
            on_off="by the angle of the crank",
            session="15 → 45 min, 20 → 40 turns a minute",
            schedule="3/week for 16 weeks",
            intensity="25 → 100, 30 → 80 and 35 → 100 mA; most often 140 mA",
        ),
        source=cell("[S68]", "S68"),
        hindrances=(Hindrance.CRANK_GATED, Hindrance.WEEK_INDEXED),
    ),
    Row(
        number=23,
        slug="dysphagia",
        title="Dysphagia, beside therapy",
        cells=cells(
            "S71",
            muscle="above and below the hyoid bone",
            waveform="biphasic",
            phase="700 [mem M]",
            frequency="80",
            on_off="continuous",
            session="40 min | or 60 [mem M]",
            schedule="5/week for 3 weeks",
            intensity="sensory or motor",
        ),
        source=cell("[S71]", "S71"),
        caution=cell(
            "at the neck: only with a speech and language pathologist, and with special clearance [S71] | "
            "makers' instructions rule out the front of the neck and the carotid sinus [S20,S22]",
            "S71",
        ),
        draft=Draft(
            waveform=EITHER_BIPHASIC,
            max_session_s=Open(choices=(2400, 3600), note="40 min was found, 60 is from memory"),
            steps=(
                StepDraft(
                    repeat=1,
                    frequency_hz=80,
                    phase_us=700,
                    on_s=Open(choices=(2400, 3600), note="continuous: as long as the session"),
                    off_s=0,
                    target_ma=Open(note="the row says a sensory or a motor level, not to tolerance"),
                ),
            ),
        ),
    ),
)
