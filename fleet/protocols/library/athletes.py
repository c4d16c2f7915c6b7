"""Rows 24–33: strength, endurance, recovery, the whole body."""

from __future__ import annotations

from typing import Final

from devices.protocols.policy import WHOLE_BODY
from fleet.protocols.library.cells import Draft, Hindrance, Open, Row, StepDraft, Target, cell, cells
from fleet.protocols.library.knees import EITHER_BIPHASIC, RAMP_MAY_BE_INSIDE

_BIPOLAR: Final = Open(
    choices=("symmetric_biphasic", "asymmetric_biphasic"),
    note="the row says bipolar, not whether symmetric",
)
_BY_EFFORT: Final = Open(
    note="the row goes by felt effort (CR10), not to tolerance: a current in mA, or less"
)
_COMFORTABLE: Final = Open(note="the row says comfortable, not to tolerance: a current in mA, or less")
_REGIONS: Final = Open(note="8 regions or more")
_WHOLE_BODY_CAUTION: Final = cell(
    "the whole body at once: one bout of 20 min to exhaustion raised creatine kinase 96-fold in people new to it; "
    "first sessions are the hazard [S53] | close supervision, a trained trainer, a gentle beginning [S54] | "
    "at least 5 days of rest, once a week, at most 2 people a trainer [S55]",
    "S53",
)

ROWS: Final = (
    Row(
        number=24,
        slug="strength-maffiuletti",
        title="Strength in athletes (Maffiuletti 2000)",
        cells=cells(
            "S61",
            muscle="quadriceps at 60°",
            waveform="rectangular biphasic",
            phase="400",
            frequency="100",
            on_off="3:17",
            ramp="included",
            session="48 contractions (16 min)",
            schedule="3/week for 4 weeks",
            intensity="≥ 80 % of the maximum voluntary contraction, monitored",
        ),
        source=cell("[S61]", "S61"),
        draft=Draft(
            waveform=EITHER_BIPHASIC,
            max_session_s=960,
            steps=(
                StepDraft(
                    repeat=48,
                    frequency_hz=100,
                    phase_us=400,
                    ramp_up_s=Open(high=3, note="ramp up, on and ramp down are 3 s together"),
                    on_s=Open(high=3, note="ramp up, on and ramp down are 3 s together"),
                    ramp_down_s=Open(high=3, note="ramp up, on and ramp down are 3 s together"),
                    off_s=17,
                    target_ma=Open(note="the row goes by measured force, not to tolerance"),
                ),
            ),
        ),
    ),
    Row(
        number=25,
        slug="strength-gondin",
        title="Strength in athletes (Gondin 2005)",
        cells=cells(
            "mem H",
            muscle="quadriceps",
            waveform="rectangular biphasic",
            phase="400",
            frequency="75",
            on_off="6.25:20",
            ramp="1.5 up, 0.75 down",
            session="40 contractions (18 min)",
            schedule="4/week for 8 weeks: 32 sessions",
            intensity="maximum tolerated, ≥ 50–60 % of the maximum voluntary contraction",
        ),
        source=cell("[mem H]", "mem H"),
        draft=Draft(
            waveform=EITHER_BIPHASIC,
            max_session_s=1080,
            steps=(
                StepDraft(
                    repeat=40,
                    frequency_hz=75,
                    phase_us=400,
                    ramp_up_s=1.5,
                    on_s=Open(choices=(4, 6.25), note=RAMP_MAY_BE_INSIDE),
                    ramp_down_s=0.75,
                    off_s=20,
                    target_ma=Target.TOLERANCE,
                ),
            ),
        ),
    ),
    Row(
        number=26,
        slug="strength-aldayel",
        title="Strength, alternating against pulsed current (Aldayel)",
        cells=cells(
            "S62",
            muscle="quadriceps, both legs",
            waveform="2.5 kHz with 75 bursts per second, or pulsed current",
            phase="400",
            frequency="75",
            on_off="5:15",
            session="60 contractions (20 min)",
            schedule="2/week for 5 weeks",
            intensity="maximum tolerated; jumps improved, torque did not",
        ),
        source=cell("[S62]", "S62"),
        notes=("A draft is of its pulsed current; the 2.5 kHz current has no place in a document.",),
        draft=Draft(
            waveform=Open(note="the row says pulsed current, not which"),
            max_session_s=1200,
            channels_used=Open(note="both legs"),
            steps=(
                StepDraft(
                    repeat=60,
                    frequency_hz=75,
                    phase_us=400,
                    on_s=5,
                    off_s=15,
                    target_ma=Target.TOLERANCE,
                ),
            ),
        ),
    ),
    Row(
        number=27,
        slug="strength-holcomb",
        title="Elbow flexors, Russian current (Holcomb)",
        cells=cells(
            "S74",
            muscle="biceps",
            waveform="Russian",
            frequency="90 bursts per second",
            on_off="15:45",
            session="15 contractions",
            schedule="3/week for 4 weeks",
            intensity="maximum tolerated",
        ),
        source=cell("[S74]", "S74"),
        hindrances=(Hindrance.BURST_AC,),
    ),
    Row(
        number=28,
        slug="endurance-deley",
        title="Endurance, low frequency (Deley)",
        cells=cells(
            "S60",
            muscle="knee extensors",
            waveform="biphasic",
            frequency="10",
            on_off="5:5 [mem L]",
            session="60 min [mem L]",
            schedule="6 weeks: VO₂max +4.5 %, ventilatory threshold +11.5 % (one person)",
            intensity="visible twitch",
        ),
        source=cell("[S60]", "S60"),
        draft=Draft(
            waveform=EITHER_BIPHASIC,
            max_session_s=3600,
            steps=(
                StepDraft(
                    frequency_hz=10,
                    on_s=5,
                    off_s=5,
                    target_ma=Open(note="the row says until a twitch is seen, not to tolerance"),
                ),
            ),
        ),
    ),
    Row(
        number=29,
        slug="recovery-vanderthommen",
        title="Recovery (Vanderthommen)",
        cells=cells(
            "S58",
            muscle="quadriceps",
            waveform="biphasic",
            frequency="5, continuous",
            session="25 min",
            schedule="after exercise; torque came back no sooner than at rest",
            intensity="comfortable",
        ),
        source=cell("[S58]", "S58"),
        draft=Draft(
            waveform=EITHER_BIPHASIC,
            max_session_s=1500,
            steps=(
                StepDraft(
                    repeat=1,
                    frequency_hz=5,
                    on_s=1500,
                    off_s=0,
                    target_ma=_COMFORTABLE,
                ),
            ),
        ),
    ),
    Row(
        number=30,
        slug="recovery-whole-body",
        title="Recovery, whole body",
        cells=cells(
            "S59",
            muscle="whole body",
            waveform="biphasic",
            frequency="7, continuous | or 1, 350 µs, 20 min [S52]",
            on_off="100 %",
            session="during a walk | or 20 min [S52]",
            schedule="after exercise; less pain, higher peak velocity",
            intensity="comfortable",
        ),
        source=cell("[S59,S52]", "S59"),
        caution=_WHOLE_BODY_CAUTION,
        notes=("Two ways: 7 Hz during a walk, or 1 Hz with 350 µs for 20 min.",),
        draft=Draft(
            indication=WHOLE_BODY,
            waveform=EITHER_BIPHASIC,
            max_session_s=Open(choices=(1200,), note="20 min with 1 Hz; during a walk with 7 Hz"),
            channels_used=Open(note="whole body"),
            steps=(
                StepDraft(
                    repeat=1,
                    frequency_hz=Open(choices=(7, 1)),
                    phase_us=Open(choices=(350,), note="with 1 Hz; of 7 Hz the row says none"),
                    on_s=Open(choices=(1200,), note="continuous: as long as the session"),
                    off_s=0,
                    target_ma=_COMFORTABLE,
                ),
            ),
        ),
    ),
    Row(
        number=31,
        slug="active-recovery",
        title="Active recovery, capillarisation (as Compex has them)",
        cells=cells(
            "mem M",
            muscle="any",
            waveform="biphasic",
            phase="250–400",
            frequency="9 → 1 in steps (recovery) / 8 (capillarisation)",
            session="20–25 min",
            schedule="daily",
            intensity="comfortable",
        ),
        source=cell("[mem M]", "mem M"),
        notes=(
            "Recovery goes from 9 to 1 Hz: add a step for each frequency. How long each lasts, the row does not say.",
        ),
        draft=Draft(
            waveform=EITHER_BIPHASIC,
            max_session_s=Open(1200, 1500),
            max_sessions_per_day=1,
            steps=(
                StepDraft(
                    frequency_hz=Open(1, 9, note="8 for capillarisation; 9 down to 1 in steps for recovery"),
                    phase_us=Open(250, 400),
                    target_ma=_COMFORTABLE,
                ),
            ),
        ),
    ),
    Row(
        number=32,
        slug="wb-ems",
        title="WB-EMS, standard training",
        cells=cells(
            "S52,S56,S57",
            muscle="8 regions or more",
            waveform="bipolar",
            phase="350",
            frequency="85",
            on_off="6:4 (also 4:4)",
            ramp="0 up, 0 down",
            session="16–20 min",
            schedule="1–1.5/week, ≥ 4 days of rest",
            intensity="felt effort CR10 5–6, later 7–8",
        ),
        source=cell("[S52,S56,S57]", "S52"),
        caution=_WHOLE_BODY_CAUTION,
        draft=Draft(
            indication=WHOLE_BODY,
            waveform=_BIPOLAR,
            max_session_s=Open(960, 1200),
            min_rest_h=96,
            channels_used=_REGIONS,
            steps=(
                StepDraft(
                    frequency_hz=85,
                    phase_us=350,
                    ramp_up_s=0,
                    on_s=Open(choices=(6, 4)),
                    ramp_down_s=0,
                    off_s=4,
                    target_ma=_BY_EFFORT,
                ),
            ),
        ),
    ),
    Row(
        number=33,
        slug="wb-ems-frequency",
        title="WB-EMS, one frequency against another",
        cells=cells(
            "S56",
            muscle="8 regions or more",
            waveform="bipolar",
            phase="350",
            frequency="20 against 85",
            session="20 min",
            schedule="1.5/week for 10 weeks: jumps and strength of the trunk improve",
            intensity="felt effort",
        ),
        source=cell("[S56]", "S56"),
        caution=_WHOLE_BODY_CAUTION,
        draft=Draft(
            indication=WHOLE_BODY,
            waveform=_BIPOLAR,
            max_session_s=1200,
            channels_used=_REGIONS,
            steps=(
                StepDraft(
                    frequency_hz=Open(choices=(20, 85)),
                    phase_us=350,
                    target_ma=_BY_EFFORT,
                ),
            ),
        ),
    ),
)
