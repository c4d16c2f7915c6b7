"""What people come with, and the rows that may help: each lead says in what way, and where it does not fit.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Indication:
    """One word that a clinician looks for; `note` says what the library has of it and what not."""

    slug: str
    name: str
    rows: tuple[int, ...]
    note: str


INDICATIONS: Final = (
    Indication(
        "weakness",
        "Weakness",
        (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 22, 23),
        "After operations on the knee, with osteoarthritis, in intensive care, with COPD, after an injury of the "
        "spinal cord, and of swallowing.",
    ),
    Indication(
        "spasm",
        "Spasm",
        (20,),
        "Only spasticity after a stroke. No row is of a cramp or of a muscle that is tense for another reason.",
    ),
    Indication(
        "pain-sciatica",
        "Pain and sciatica",
        (21, 30),
        "Low back pain, by way of the muscles beside the spine, and soreness after exercise. No row is of sciatica, "
        "and none is of stimulating nerves against pain (TENS).",
    ),
    Indication(
        "posture",
        "Posture",
        (21, 33),
        "The muscles beside the lumbar spine, and strength of the trunk. No row measured posture.",
    ),
    Indication(
        "strength",
        "Strength",
        (1, 2, 3, 4, 7, 24, 25, 26, 27, 28, 32, 33),
        "After operations on the knee, and in athletes. Row 28 is of endurance rather than strength.",
    ),
    Indication(
        "recovery",
        "Recovery",
        (29, 30, 31),
        "After exercise. Row 29 found that torque came back no sooner than at rest.",
    ),
    Indication(
        "stroke",
        "Stroke retraining",
        (16, 17, 18, 19, 20, 23),
        "Shoulder, wrist and hand, foot, spasticity. Row 23 is of swallowing, beside therapy; its source was not seen "
        "to say whose.",
    ),
    Indication(
        "range-of-motion",
        "Range of motion",
        (17, 18, 20),
        "After a stroke: row 20 measured the range of motion; rows 17 and 18 open the hand.",
    ),
    Indication(
        "atrophy",
        "Atrophy",
        (4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 22),
        "For muscles that lie idle: after a new knee, in intensive care, with COPD, after an injury of the spinal "
        "cord. No row says how much muscle was kept.",
    ),
    Indication(
        "blood-flow",
        "Blood flow",
        (29, 30, 31),
        "Low frequencies that make a muscle twitch. Only row 31 (capillarisation) aims at it, and that is from memory. "
        "No row is of preventing a thrombosis.",
    ),
    Indication(
        "warm-up",
        "Warm-up",
        (12, 15),
        "No row is a warm-up by itself; these two begin with one.",
    ),
)


def rows_of(slug: str) -> tuple[int, ...]:
    """Return the rows of an indication.  Raises KeyError if there is none of that name."""
    return {one.slug: one.rows for one in INDICATIONS}[slug]
