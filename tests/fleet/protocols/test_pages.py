"""The pages about protocols say what the code does."""

from pathlib import Path

import pytest

from devices.protocols import LIMITS, findings
from fleet.management.commands.limits import PAGE
from fleet.protocols import limits_page, texts
from fleet.protocols.lifecycle import State
from tests.devices.protocols.test_physics import TRIED, at_limit

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_of_limits_is_current() -> None:
    assert (ROOT / PAGE).read_text() == limits_page.page(), "run: manage.py limits --write"


def test_every_limit_names_its_source_and_how_sure_it_is() -> None:
    for limit in LIMITS.values():
        assert limit.source
        assert f"`{limit.name}`: {limit.what}" in limits_page.page()


def test_every_state_of_a_version_is_explained() -> None:
    page = (ROOT / "docs" / "protocols.md").read_text()
    assert all(f"| `{state}` |" in page for state in State)
    assert set(texts.STATES) == set(State)


@pytest.mark.parametrize("name", TRIED)
def test_a_finding_says_what_was_seen_and_what_is_allowed(name: str) -> None:
    one = next(one for one in findings(at_limit(name)[1]) if one.code == name)
    said = texts.finding(one)
    assert said.endswith((".", "?"))
    assert "%(" not in said
    assert texts.number(one.facts["limit"]) in said or name in ("long_session_s", "wb_sessions_per_day")
