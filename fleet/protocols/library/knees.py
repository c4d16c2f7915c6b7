"""Rows 1–8: after operations on the knee, and with osteoarthritis."""

from __future__ import annotations

from typing import Final

from fleet.protocols.library.cells import (
    Draft,
    Hindrance,
    Open,
    Row,
    StepDraft,
    Target,
    cell,
    cells,
)

EITHER_BIPHASIC: Final = Open(
    choices=("symmetric_biphasic", "asymmetric_biphasic"),
    note="the row says biphasic, not whether symmetric",
)
RAMP_MAY_BE_INSIDE: Final = (
    "the row does not say whether its on time includes the ramps; a document's includes neither"
)

ROWS: Final = (
    Row(
        number=1,
        slug="acl-strength",
        title="ACL reconstruction, strength (Canadian consensus)",
        cells=cells(
            "S45",
            muscle="quadriceps (+ hamstrings)",
            waveform="biphasic pulsed current, or 2.5 kHz burst AC",
            phase="250–400",
            frequency="30–50 (50 Hz bursts)",
            on_off="6–10 : 12–50",
            session="12–15 contractions",
            schedule="begin within 1 week after the operation; 3/week for 4–6 weeks, knee at about 65°",
            intensity="maximum tolerated; at least strong but comfortable",
        ),
        source=cell("table T7", "S45"),
        notes=("A draft is of its biphasic form; the 2.5 kHz burst AC has no place in a document.",),
        draft=Draft(
            waveform=EITHER_BIPHASIC,
            steps=(
                StepDraft(
                    repeat=Open(12, 15),
                    frequency_hz=Open(30, 50),
                    phase_us=Open(250, 400),
                    on_s=Open(6, 10),
                    off_s=Open(12, 50),
                    target_ma=Target.TOLERANCE,
                ),
            ),
        ),
    ),
    Row(
        number=2,
        slug="acl-fitzgerald",
        title="ACL reconstruction, Fitzgerald 2003, modified",
        cells=cells(
            "S46,P14524508",
            muscle="quadriceps, knee extended",
            waveform="2.5 kHz triangular burst AC",
            phase="burst",
            frequency="75 bursts per second",
            on_off="10:50",
            ramp="2 up",
            session="10 contractions [mem H]",
            schedule="2/week from week 4 to 12 [mem M]",
            intensity="maximum tolerated, full tetanic contraction",
        ),
        source=cell("[S46,P14524508]", "S46"),
        hindrances=(Hindrance.BURST_AC,),
    ),
    Row(
        number=3,
        slug="acl-snyder-mackler",
        title="ACL reconstruction, Snyder-Mackler, high intensity",
        cells=cells(
            "mem H",
            muscle="quadriceps at 65°, isometric",
            waveform="2.5 kHz, 75 bursts per second",
            phase="burst",
            frequency="75 bursts per second",
            on_off="11–15 : 50–120",
            ramp="2–3 up",
            session="15 contractions",
            schedule="3/week for 4 weeks",
            intensity="≥ 50 % of the maximum voluntary isometric contraction of the other leg",
        ),
        source=cell("not found in a text that was seen", "mem H"),
        hindrances=(Hindrance.BURST_AC,),
    ),
    Row(
        number=4,
        slug="tka-early-strength",
        title="Knee replacement, early strength (Stevens-Lapsley 2012)",
        cells=cells(
            "S46,S48",
            muscle="quadriceps",
            waveform="symmetric biphasic",
            phase="250",
            frequency="50",
            on_off="15:45",
            ramp="3 up",
            session="15 contractions",
            schedule="2/day for 6 weeks, from 48 h after the operation",
            intensity="maximum tolerated; the stronger the current, the more strength (R² = 0.68 at 3.5 weeks)",
        ),
        source=cell("[S46,S48]", "S46,S48"),
        draft=Draft(
            waveform="symmetric_biphasic",
            max_sessions_per_day=2,
            steps=(
                StepDraft(
                    repeat=15,
                    frequency_hz=50,
                    phase_us=250,
                    ramp_up_s=3,
                    on_s=Open(choices=(12, 15), note=RAMP_MAY_BE_INSIDE),
                    off_s=45,
                    target_ma=Target.TOLERANCE,
                ),
            ),
        ),
    ),
    Row(
        number=5,
        slug="tka-avramidis",
        title="Knee replacement, long and low (Avramidis)",
        cells=cells(
            "S47",
            muscle="vastus medialis",
            phase="300",
            frequency="40",
            session="2 h",
            schedule="2/day for 6 weeks, from day 2",
            intensity="maximum tolerated",
        ),
        source=cell("[S47]", "S47"),
        draft=Draft(
            max_session_s=7200,
            max_sessions_per_day=2,
            steps=(StepDraft(frequency_hz=40, phase_us=300, target_ma=Target.TOLERANCE),),
        ),
    ),
    Row(
        number=6,
        slug="tka-valdes",
        title="Knee replacement, Valdés",
        cells=cells(
            "S47",
            muscle="quadriceps",
            waveform="biphasic",
            phase="300",
            frequency="65",
            session="15 min",
            schedule="1/day",
            intensity="15–30 mA",
        ),
        source=cell("[S47]", "S47"),
        draft=Draft(
            waveform=EITHER_BIPHASIC,
            max_session_s=900,
            max_sessions_per_day=1,
            steps=(
                StepDraft(
                    frequency_hz=65,
                    phase_us=300,
                    target_ma=Open(15, 30),
                ),
            ),
        ),
    ),
    Row(
        number=7,
        slug="knee-oa",
        title="Knee osteoarthritis",
        cells=cells(
            "S45",
            muscle="quadriceps (rectus femoris, vastus medialis and lateralis), knee at 60–90°",
            waveform="biphasic pulsed current",
            phase="250–300",
            frequency="50",
            on_off="10:50",
            session="15–20 contractions, with exercise",
            schedule="3/week for 4–8 weeks",
            intensity="maximum tolerated",
        ),
        source=cell("table T11", "S45"),
        draft=Draft(
            waveform=EITHER_BIPHASIC,
            steps=(
                StepDraft(
                    repeat=Open(15, 20),
                    frequency_hz=50,
                    phase_us=Open(250, 300),
                    on_s=10,
                    off_s=50,
                    target_ma=Target.TOLERANCE,
                ),
            ),
        ),
    ),
    Row(
        number=8,
        slug="knee-garment",
        title="Knee garment at home (Feil, Kneehab)",
        cells=cells(
            "S46",
            muscle="quadriceps",
            waveform="multi-path",
            phase="300–400",
            frequency="50",
            on_off="5:10",
            ramp="2 up, 1 down",
            session="20 min, 3/day [mem M]",
            schedule="5/week",
            intensity="maximum tolerated",
        ),
        source=cell("[S46]", "S46"),
        hindrances=(Hindrance.MULTI_PATH,),
    ),
)
