"""The pages of burden and rules: what they say, what they let people do, and what they refuse."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboards.rules import form, words
from devices.moments import to_ms
from fleet.safety import rulesets, service
from fleet.safety.models import Replay, RuleSet
from fleet.safety.rules import DEFAULTS, RULES
from fleet.safety.signals import Key, Rise
from fleet.safety.words import Priority
from tests.dashboards.api.ward import Ward

CHANGE = "/sites/north/rules/"
LIMIT = "electrode_off.limit_ohm"


@pytest.fixture
def engineer(ward: Ward, client: Client) -> Client:
    client.force_login(User.objects.get(username="engineer"))
    return client


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def alert(ward: Ward, rule: str = "electrode_off") -> None:
    key = Key(rule, ward.running.pk, 1)
    service.take([Rise(key, to_ms(ward.now), Priority.HIGH, facts={"ma": 32.0, "ohm": 9000})], ward.now)


# --- the form, without a database ---


def test_every_number_of_every_rule_has_a_name_in_plain_words():
    named = {parameter.name for rule in RULES.values() for parameter in rule.parameters}
    assert named - words.NUMBERS.keys() == set()


def test_an_empty_box_takes_the_products_number():
    read = form.typed({LIMIT: ""}, {"electrode_off": {"limit_ohm": 8000}})
    assert read.changes == {}


def test_a_box_that_was_not_sent_keeps_what_held():
    read = form.typed({}, {"electrode_off": {"limit_ohm": 8000}})
    assert read.changes == {"electrode_off": {"limit_ohm": 8000}}


@pytest.mark.parametrize("typed", ["many", "1", "nan", "1e999", "-5"])
def test_what_cannot_be_is_told_beside_its_box_and_nothing_is_taken(typed):
    read = form.typed({LIMIT: typed}, {})
    (wrong,) = [one for group in read.groups for one in group.fields if one.error]
    assert (wrong.name, wrong.text, read.changes) == (LIMIT, typed, None)
    assert len(read.errors) == 1


def test_a_decimal_comma_is_understood():
    read = form.typed({"current_density.warn_ma_per_cm2": "1,2"}, {})
    assert read.changes == {"current_density": {"warn_ma_per_cm2": 1.2}}


def test_a_pair_that_is_turned_around_is_told_at_its_rule():
    read = form.typed({"battery_low.session_percent": "40", "battery_low.idle_percent": "10"}, {})
    assert read.changes is None
    assert [group.shown.rule.id for group in read.groups if group.error] == ["battery_low"]


# --- the burden ---


def test_the_burden_says_that_there_is_too_little_data_for_a_verdict(ward: Ward, nurse: Client):
    alert(ward)
    page = text(nurse, "/alerts/burden/?site=north&duty=care")
    assert "Under 30 days of data" in page
    assert "So far" in page
    assert "1 alarm " in page
    assert "Electrode off" in page


def test_the_burden_of_another_site_is_not_shown(ward: Ward, stranger: Client):
    alert(ward)
    page = text(stranger, "/alerts/burden/?site=north")
    assert "Electrode off" not in page
    assert "“site” is not known here" in page


def test_somebody_without_a_site_is_told_so(ward: Ward, client: Client):
    client.force_login(User.objects.create_user("newcomer"))
    assert "No site is yours yet" in text(client, "/alerts/burden/")
    assert "Rules" in text(client, "/alerts/rules/")


# --- reading the rules ---


def test_every_rule_has_a_page_that_says_why_and_what_to_do(ward: Ward, nurse: Client):
    for rule in RULES:
        page = text(nurse, f"/alerts/rules/{rule}/")
        assert "What to do" in page
    assert nurse.get("/alerts/rules/no_such_rule/").status_code == 404


def test_a_rules_page_lists_what_it_raised_lately_at_the_readers_sites(ward: Ward, client: Client):
    alert(ward)
    client.force_login(User.objects.get(username="nurse"))
    assert "at 32 mA" in text(client, "/alerts/rules/electrode_off/")
    client.force_login(User.objects.get(username="stranger"))
    assert "at 32 mA" not in text(client, "/alerts/rules/electrode_off/?site=north")


# --- changing them ---


def test_a_change_is_live_and_named_with_who_and_why(ward: Ward, engineer: Client):
    sent = {LIMIT: "8000", "why": "dry pads on ward 3", "deed": "live", "seen": "0"}
    answer = engineer.post(CHANGE, sent, follow=True)
    assert "Version 1 holds now" in answer.content.decode()
    row = RuleSet.objects.get()
    assert (row.changes, row.why) == ({"electrode_off": {"limit_ohm": 8000}}, "dry pads on ward 3")
    page = text(engineer, CHANGE)
    assert "dry pads on ward 3" in page
    assert "8000" in text(engineer, "/alerts/rules/?site=north")


def test_a_form_that_is_sent_twice_makes_one_version(ward: Ward, engineer: Client):
    sent = {LIMIT: "8000", "why": "a", "deed": "live", "once": "abc"}
    for _time in range(2):
        assert engineer.post(CHANGE, sent).status_code == 302
    assert RuleSet.objects.count() == 1


def test_what_is_refused_keeps_what_was_typed(ward: Ward, engineer: Client):
    answer = engineer.post(CHANGE, {LIMIT: "8000", "why": "", "deed": "live"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Say why" in page
    assert 'value="8000"' in page
    assert not RuleSet.objects.exists()


def test_a_page_that_has_grown_old_does_not_overwrite_what_somebody_put_live(ward: Ward, engineer: Client):
    engineer.post(CHANGE, {LIMIT: "8000", "why": "a", "deed": "live", "seen": "0"})
    answer = engineer.post(CHANGE, {LIMIT: "9000", "why": "b", "deed": "live", "seen": "0"})
    assert answer.status_code == 422
    assert "Meanwhile version 1 was put live" in answer.content.decode()


def test_back_to_an_old_version_fills_the_form_and_changes_nothing_yet(ward: Ward, engineer: Client):
    me = User.objects.get(username="engineer")
    for n, ohm in enumerate((7000, 8000)):
        rulesets.change(
            actor=me,
            site=ward.north,
            changes={"electrode_off": {"limit_ohm": ohm}},
            why="a",
            now=ward.now + timedelta(n),
        )
    page = engineer.get(f"{CHANGE}?version=1").content.decode()
    assert "holds version 1. It is not live yet" in page
    assert 'value="7000"' in page
    assert rulesets.current(ward.north.pk).version == 2
    product = engineer.get(f"{CHANGE}?version=0").content.decode()
    assert f'value="{DEFAULTS["electrode_off"]["limit_ohm"]:g}"' in product


def test_a_nurse_reads_the_versions_and_has_no_form(ward: Ward, nurse: Client):
    page = nurse.get(CHANGE).content.decode()
    assert "Engineers of this site change its rules" in page
    assert "Put live" not in page
    assert nurse.post(CHANGE, {LIMIT: "8000", "why": "a", "deed": "live"}).status_code == 403


def test_trying_a_day_leads_to_its_page_which_says_how_far_it_is(ward: Ward, engineer: Client):
    day = str(ward.now.date())
    answer = engineer.post(CHANGE, {LIMIT: "8000", "deed": "try", "day": day}, follow=True)
    assert "Waiting for its turn" in answer.content.decode()
    replay = Replay.objects.get()
    part = engineer.get(f"{CHANGE}tried/{replay.pk}/?part=live").content.decode()
    assert 'data-state="waiting"' in part
    assert "<html" not in part


def test_a_day_that_is_no_day_is_refused(ward: Ward, engineer: Client):
    for day in ("", "soon", "2026-02-31", "1999-01-01"):
        assert engineer.post(CHANGE, {"deed": "try", "day": day}).status_code == 422
    assert not Replay.objects.exists()


def test_the_result_reads_as_so_many_alerts_instead_of_so_many(ward: Ward, nurse: Client):
    one = {
        "at_ms": to_ms(ward.now), "rule": "electrode_off", "serial": "EMS-0001", "channel": 2, "subject": "",
        "priority": "high", "facts": {"ma": 34}, "count": 4, "count_then": 0, "explained": False, "fate": "gone",
    }  # fmt: skip
    result = {
        "held": {"alerts": 61, "calls": 70, "by_rule": {"electrode_off": 61}},
        "changed": {"alerts": 3, "calls": 3, "by_rule": {"electrode_off": 3}},
        "alerts": [one], "more": 0, "broken": [], "version": 2, "records": 86_400, "devices": 12, "until_ms": None,
    }  # fmt: skip
    replay = Replay.objects.create(
        site=ward.north, day=ward.now.date(), changes={}, asked_at=ward.now, ended_at=ward.now, result=result
    )
    page = text(nurse, f"{CHANGE}tried/{replay.pk}/")
    assert "3 alerts instead of 61" in page
    assert "electrode off" in page
    assert "compared with version 2" in page
    assert "3 instead of 61" in text(nurse, CHANGE)
