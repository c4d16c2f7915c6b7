"""What a site may change of the rules, who may, and what stays on record."""

from datetime import UTC, datetime, timedelta

import django
import pytest

django.setup()

from django.contrib.auth.models import User  # noqa: E402

from fleet.access.errors import Denied, NotVisible, Refused  # noqa: E402
from fleet.access.models import AuditEntry, Membership, Role, Site  # noqa: E402
from fleet.safety import rulesets  # noqa: E402
from fleet.safety.changes import differences, standing, tidy  # noqa: E402
from fleet.safety.models import RuleSet  # noqa: E402
from fleet.safety.rules import DEFAULTS, RULES, WrongChange, limits_of  # noqa: E402

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HIGHER = {"electrode_off": {"limit_ohm": 8000}}
SLOWER = {"low_current": {"on_delay_s": 20}}


# --- pure ---


def test_saying_the_products_own_number_again_is_no_change():
    assert tidy({"electrode_off": {"limit_ohm": DEFAULTS["electrode_off"]["limit_ohm"]}}) == {}


def test_two_sets_differ_by_the_numbers_that_hold_not_by_what_is_written():
    found = differences(HIGHER, HIGHER | SLOWER)
    assert [(one.rule, one.parameter.name, one.before, one.after) for one in found] == [
        ("low_current", "on_delay_s", 10, 20)
    ]
    assert found[0].in_words() == "low_current.on_delay_s 10 → 20 s"


def test_going_back_differs_by_the_same_numbers_the_other_way_round():
    there, back = differences({}, HIGHER), differences(HIGHER, {})
    assert [(one.before, one.after) for one in there] == [(one.after, one.before) for one in back]


def test_a_number_that_a_later_product_bounds_out_does_not_take_the_others_with_it():
    stored = {"electrode_off": {"limit_ohm": 10**9, "live_ma": 12}, "gone_rule": {"x": 1}, **SLOWER}
    kept = standing(stored)
    assert kept == {"electrode_off": {"live_ma": 12}, **SLOWER}
    assert limits_of(kept)["electrode_off"]["live_ma"] == 12


def test_a_pair_that_a_later_product_turns_around_is_left_out():
    assert standing({"current_density": {"warn_ma_per_cm2": 1.9, "limit_ma_per_cm2": 1.0}}) == {}


def test_every_bound_of_every_rule_is_a_number_that_may_be_set():
    for rule in RULES.values():
        for parameter in rule.parameters:
            for value in (parameter.low, parameter.high):
                kept = standing({rule.id: {parameter.name: value}})
                assert kept in ({rule.id: {parameter.name: value}}, {})  # {}: it would turn a pair around


# --- with the database ---


@pytest.fixture
def north(db) -> Site:
    return Site.objects.create(slug="north", name="North Rehab")


@pytest.fixture
def engineer(north) -> User:
    return _person("engineer", north, Role.ENGINEER)


def _person(name: str, site: Site, role: Role) -> User:
    user = User.objects.create_user(name)
    Membership.objects.create(user=user, site=site, role=role)
    return user


def test_a_site_that_changed_nothing_has_the_products_rules(north):
    assert rulesets.current(north.pk) == (0, {})
    assert rulesets.versions() == {}


def test_a_change_is_a_new_version_that_holds_at_once_and_at_this_site_alone(north, engineer):
    south = Site.objects.create(slug="south", name="South")
    rulesets.change(actor=engineer, site=north, changes=HIGHER, why="dry pads", now=NOON)
    rulesets.change(actor=engineer, site=north, changes=SLOWER, why="too early", now=NOON)
    assert rulesets.current(north.pk) == (2, {"low_current": {"on_delay_s": 20.0}})
    assert rulesets.current(south.pk) == (0, {})
    assert rulesets.versions() == {north.pk: 2}
    assert rulesets.current_everywhere() == {north.pk: rulesets.current(north.pk)}
    limits = rulesets.limits_everywhere()[north.pk]
    assert (limits.version, limits["low_current"]["on_delay_s"]) == (2, 20)
    assert limits["electrode_off"] == DEFAULTS["electrode_off"]


def test_who_changed_what_when_and_why_is_on_record(north, engineer):
    row = rulesets.change(actor=engineer, site=north, changes=HIGHER, why=" dry\n pads ", now=NOON)
    assert (row.by, row.at, row.why, row.version) == (engineer, NOON, "dry pads", 1)
    entry = AuditEntry.objects.get(action="rules.changed")
    assert (entry.site, entry.actor) == (north, engineer)
    product = DEFAULTS["electrode_off"]["limit_ohm"]
    assert entry.detail["changed"] == [f"electrode_off.limit_ohm {product:g} → 8000 Ω"]


def test_going_back_is_a_new_version_and_the_old_ones_stay(north, engineer):
    first = rulesets.change(actor=engineer, site=north, changes=HIGHER, why="a", now=NOON)
    rulesets.change(actor=engineer, site=north, changes=SLOWER, why="b", now=NOON + timedelta(1))
    rulesets.change(actor=engineer, site=north, changes=first.changes, why="back", now=NOON + timedelta(2))
    assert [row.version for row in rulesets.of_site(north.pk)] == [3, 2, 1]
    assert rulesets.current(north.pk).changes == first.changes


@pytest.mark.parametrize(
    "changes, rule, parameter",
    [
        ({"electrode_off": {"limit_ohm": 20_001}}, "electrode_off", "limit_ohm"),
        ({"electrode_off": {"limit_ohm": float("nan")}}, "electrode_off", "limit_ohm"),
        ({"electrode_off": {"colour": 1}}, "electrode_off", "colour"),
        ({"no_such_rule": {}}, "no_such_rule", ""),
        ({"over_temperature": {"warn_c": 60, "limit_c": 50}}, "over_temperature", "warn_c"),
    ],
)
def test_what_the_product_does_not_allow_is_refused_by_name_and_changes_nothing(
    north, engineer, changes, rule, parameter
):
    with pytest.raises(WrongChange) as refused:
        rulesets.change(actor=engineer, site=north, changes=changes, why="try", now=NOON)
    assert (refused.value.rule, refused.value.parameter) == (rule, parameter)
    assert not RuleSet.objects.exists()


def test_a_change_without_a_reason_is_refused(north, engineer):
    with pytest.raises(Refused, match="Say why"):
        rulesets.change(actor=engineer, site=north, changes=HIGHER, why="  ", now=NOON)


def test_a_change_that_changes_nothing_is_refused(north, engineer):
    rulesets.change(actor=engineer, site=north, changes=HIGHER, why="a", now=NOON)
    with pytest.raises(Refused, match="Nothing would change"):
        rulesets.change(actor=engineer, site=north, changes=HIGHER, why="b", now=NOON)


def test_a_change_made_from_a_page_that_has_grown_old_is_refused(north, engineer):
    rulesets.change(actor=engineer, site=north, changes=HIGHER, why="a", now=NOON, seen=0)
    with pytest.raises(Refused, match="Meanwhile version 1"):
        rulesets.change(actor=engineer, site=north, changes=SLOWER, why="b", now=NOON, seen=0)
    assert rulesets.current(north.pk).version == 1


@pytest.mark.django_db(transaction=True)
def test_a_nurse_may_not_change_rules_and_the_attempt_is_on_record():
    north = Site.objects.create(slug="north", name="North Rehab")
    nurse = _person("nurse", north, Role.NURSE)
    with pytest.raises(Denied):
        rulesets.change(actor=nurse, site=north, changes=HIGHER, why="a", now=NOON)
    assert AuditEntry.objects.get().action == "denied.write_rule"
    stranger = User.objects.create_user("stranger")
    with pytest.raises(NotVisible):
        rulesets.change(actor=stranger, site=north, changes=HIGHER, why="a", now=NOON)
    assert not RuleSet.objects.exists()
