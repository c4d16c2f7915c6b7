"""The rules have words, sound numbers, and pages that say what the code does."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fleet.management.commands.rules import PAGE
from fleet.safety import advice, rules_page, texts, whens
from fleet.safety.rules import DEFAULTS, RULES, Rule, Shape, WrongChange, limits_of
from fleet.safety.words import RANK

ROOT = Path(__file__).resolve().parents[3]
HAZARDS = (ROOT / "docs" / "safety" / "hazards.md").read_text()
EACH = pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())


def alert(
    rule: str, *, channel: int | None = None, priority: str = "medium", subject: str = "", **facts: Any
) -> Any:
    return SimpleNamespace(rule=rule, channel=channel, priority=priority, subject=subject, facts=facts)


def test_the_page_of_rules_is_what_the_code_says() -> None:
    assert (ROOT / PAGE).read_text() == rules_page.page(), "run: manage.py rules --write"


@EACH
def test_every_rule_has_its_words(rule: Rule) -> None:
    assert rule.id in advice.titles()
    assert rule.id in advice.reasons()
    assert rule.id in advice.steps()
    assert rule.id in whens.whens()
    assert "{" not in texts.when(rule.id, DEFAULTS[rule.id])


@EACH
def test_every_rule_speaks_without_any_fact(rule: Rule) -> None:
    """Facts may be of an earlier version; a sentence never fails, and never says what it does not know."""
    said = texts.sentence(alert(rule.id, channel=2 if rule.per_channel else None))
    assert said
    assert "None" not in said


@EACH
def test_the_numbers_of_every_rule_lie_within_their_bounds_and_name_their_unit(rule: Rule) -> None:
    assert sorted(rule.priorities, key=RANK.__getitem__) == list(rule.priorities)
    assert bool(rule.source)
    for one in rule.parameters:
        assert one.low <= one.default <= one.high, one.name
        assert one.unit
    assert not (rule.of_server and rule.parameters)
    assert not rule.follows_silence or rule.condition is Shape.ON_SILENCE


def test_words_are_of_rules_that_exist() -> None:
    for words in (advice.titles(), advice.reasons(), advice.steps(), whens.whens()):
        assert set(words) == set(RULES)


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"nonsense": {}}, "nonsense: no rule has this name"),
        ({"overrun": {"nonsense": 1}}, "overrun.nonsense: this rule has no such parameter"),
        ({"overrun": {"grace_s": "30"}}, "overrun.grace_s: '30' is no number"),
        ({"overrun": {"grace_s": True}}, "overrun.grace_s: True is no number"),
        ({"overrun": {"grace_s": 301}}, "overrun.grace_s: 301 s is outside 5–300 s"),
        ({"overrun": {"grace_s": float("nan")}}, "overrun.grace_s: nan s is outside 5–300 s"),
        ({"overrun": 3}, "overrun: expected its parameters with their values"),
        (
            {"over_temperature": {"warn_c": 60, "limit_c": 50}},
            "over_temperature.warn_c: 60 is not below limit_c 50",
        ),
    ],
)
def test_a_change_that_cannot_be_says_why(changes: Any, why: str) -> None:
    with pytest.raises(WrongChange) as raised:
        limits_of(changes)
    assert str(raised.value) == why


def test_what_a_site_does_not_change_is_the_products() -> None:
    limits = limits_of({"overrun": {"grace_s": 60}}, version=4)
    assert limits["overrun"] == {"grace_s": 60.0}
    assert limits["rejects"] == DEFAULTS["rejects"]
    assert limits.version == 4


SENTENCES = [
    (alert("electrode_off", channel=2, ma=34, ohm=48_002), "Channel 2: electrode off at 34 mA, 48 kΩ"),
    (alert("electrode_off", channel=2), "Channel 2: electrode off"),
    (
        alert("low_current", channel=1, ma=15.9, set_ma=25, ohm=9413, for_s=10),
        "Channel 1: 15.9 mA delivered of 25 mA set, 9413 Ω, for over 10 s",
    ),
    (alert("overrun", over_s=31, planned_s=1200), "The session runs 31 s longer than the 20 min planned"),
    (
        alert("overrun", over_s=31, planned_s=1200, planned_by="protocol"),
        "The session runs 31 s longer than the protocol allows (20 min)",
    ),
    (alert("over_temperature", temp_c=45.5, limit_c=45), "45.5 °C, limit 45 °C"),
    (alert("over_temperature"), "The device reports that it is too hot"),
    (alert("fault", classes=["hv"], code="E08"), "Fault of the high-voltage supply (code E08)"),
    (alert("battery_low", soc=9.4), "Battery at 9 %"),
    (alert("battery_low", soc=87, is_reported=True), "Battery at 87 %, the device reports a low battery"),
    (alert("clock_skew", skew_s=-2400), "Its clock is 40 min slow"),
    (alert("records_dropped", records=1), "The device's buffer was full: 1 record is lost"),
    (
        alert("group_silent", subject="Room 3", silent=60, in_session=22),
        "Room 3: 60 devices silent, 22 in session, go there",
    ),
    (alert("link_lost", output="on"), "Output was on; not heard since, now unknown"),
    (
        alert("rule_broken", subject="electrode_off", error="KeyError: 'x'"),
        "The rule “Electrode off” fails and judges nothing: KeyError: 'x'",
    ),
    (alert("of_a_later_version"), "Of a later version"),
]


@pytest.mark.parametrize("about, said", SENTENCES, ids=lambda one: getattr(one, "rule", ""))
def test_sentences_are_plain_and_exact(about: Any, said: str) -> None:
    assert texts.sentence(about) == said


def test_a_tile_has_room_for_a_name() -> None:
    assert texts.short(alert("electrode_off", channel=2)) == "Ch 2: Electrode off"
    assert texts.short(alert("estop")) == "Emergency stop pressed"


def test_every_hazard_names_rules_and_tests_that_exist() -> None:
    rows = [line.split("|")[3:5] for line in HAZARDS.splitlines() if line.startswith("| ") and "`" in line]
    known = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    assert rows
    for rules, tests in rows:
        for rule in re.findall(r"`(\w+)`", rules):
            assert rule in RULES, rule
        for test in re.findall(r"`(\w+)`", tests):
            assert test in known, test


def test_every_rule_is_named_by_a_hazard() -> None:
    assert {rule for rule in RULES if f"`{rule}`" not in HAZARDS} == set()
