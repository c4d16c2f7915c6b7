"""Where the rows come from: the sources they name, and how each was seen."""

from __future__ import annotations

from typing import Final

SOURCES: Final[dict[str, str]] = {
    "S20": "Enraf-Nonius Endomed 484, instructions for use, pages 25 and 47",
    "S22": "AS 60601.2.10:2018 (= IEC 60601-2-10), excerpt",
    "S45": "Nussbaum et al. 2017, Physiotherapy Canada, PMC5683854, tables T7 (ACL) and T11 (knee osteoarthritis)",
    "S46": "Review of NMES around knee surgery, PMC8167342, table 5",
    "S47": "Meta-analysis of NMES after total knee arthroplasty, PMC8677678, table 1",
    "S48": "Stevens-Lapsley 2012, abstracts (scribd 253827580; spinalflowyoga.com)",
    "S49": "Review of NMES in intensive care, tables, html.scirp.org, files _1-2640094_4 and _5",
    "S50": "Kho 2015, PMC4268169",
    "S51": "NMES in COPD: PMC7253403 table 2; PMC6494594, table of Neder 2002",
    "S52": "Review of WB-EMS, table 3, BMC Complementary and Alternative Medicine, 12906-019-2485-9",
    "S53": "Kemmler, trial of creatine kinase after WB-EMS, nbn:de:bvb:29-opus4-88362",
    "S54": "Guideline on WB-EMS of 2023, abstract, fphys.2023.1174103",
    "S55": "Questions and answers of a provider of WB-EMS, citing the guideline and DIN 33961-5, stage.ems-training.de",
    "S56": "Berger 2020, Journal of Sports Science and Medicine 19:271",
    "S57": "Evangelista 2019, PMC6820510",
    "S58": "Vanderthommen 2010, Journal of Sports Science and Medicine 9:164",
    "S59": "Frontiers in Physiology 2020, 00310",
    "S60": "Deley 2014, Journal of Sports Science and Medicine 13:444",
    "S61": "Summary of Maffiuletti 2000, tousky.com",
    "S62": "Aldayel 2021, sjosm",
    "S63": "Review of NMES for the shoulder after stroke, world.physio; growkudos NRE-220301",
    "S64": "Sentandreu-Mañó 2021, Scientific Reports 88607-8 (35 against 50 Hz, hand)",
    "S65": "Trials 2022, 06303, table 3",
    "S66": "Stein 2015, Stroke, with journals.heart.org/bloggingstroke",
    "S67": "INDISCAP, calibration for foot drop (RehaStim 2), dsm.inr.gob.mx/448",
    "S68": "fescyclingtoolkit.com, dosage parameters; JNER 00882-8, table 4",
    "S69": "Lumbar NMES at 20, 50 and 80 Hz, PMC4163590",
    "S70": "StimaWELL, trial protocol, BMC 05578-1",
    "S71": "Guillén-Solà 2016, dysphagia (scribd 721253247)",
    "S73": "NMES user guide, live4pt.com/blog",
    "S74": "Holcomb, elbow flexors, g-se.com",
    "S75": "Kilohertz alternating against pulsed current, PMC8536851",
    "P14524508": "PubMed 14524508",
    "P28343442": "PubMed 28343442",
}
"""Papers were seen as abstracts, tables or excerpts, not in full."""

GUIDANCE: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "First two weeks after an operation: 50 Hz or more, maximum tolerated intensity, biphasic, large pads, "
        "on to off as 1:2 to 1:3 (a review on clinowl.com).",
        (),
    ),
    ("A wide phase (400–600 µs) gives more torque.", ("S73",)),
    ("500 µs give more torque than 200 µs, and more discomfort.", ("S75",)),
    (
        "40 % of the maximum voluntary contraction takes about 60 % of the maximum intensity at 500 µs, "
        "about 80 % at 200 µs.",
        ("S75",),
    ),
    ("Aim at over 50 % of the maximum voluntary isometric contraction.", ("S73",)),
)
"""What the sources say across rows, with their keys."""
