"""Whose silence has one cause."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from fleet.safety import causes
from fleet.safety.causes import SITE, Cause, Contact
from fleet.safety.rules import PRODUCT, limits_of

NOW = 1_800_000_000_000
SETTLE = 60_000


def ward(
    group: str, *ages_s: float, in_session: bool = True, first: int = 1, is_own: bool = False
) -> list[Contact]:
    return [Contact(first + n, group, in_session, round(age * 1000), is_own) for n, age in enumerate(ages_s)]


def find(
    *wards: list[Contact],
    held: Mapping[str, int | None] | None = None,
    now_ms: int = NOW,
    may_begin: bool = True,
    **changes: Mapping[str, float],
) -> dict[str, Cause]:
    contacts = [one for ward in wards for one in ward]
    return causes.find(
        contacts, limits_of(changes), held or {}, now_ms, settle_ms=SETTLE, may_begin=may_begin
    )


# --- one access point ---


def test_three_of_three_silent_devices_of_a_group_are_one_cause():
    found = find(ward("ap-1", 6, 6, 6), ward("ap-2", 1, 1, 1, 1, first=10))
    assert found == {"ap-1": Cause(frozenset({1, 2, 3}), in_session=3)}


def test_two_silent_devices_are_told_each():
    assert find(ward("ap-1", 60, 60), ward("ap-2", 1, 1, first=10)) == {}


def test_half_of_those_that_should_have_spoken_is_enough_and_less_is_not():
    assert list(find(ward("ap-1", 6, 6, 6, 1, 1, 1), ward("ap-2", 1, 1, 1, 1, first=10))) == ["ap-1"]
    assert find(ward("ap-1", 6, 6, 6, 1, 1, 1, 1), ward("ap-2", 1, 1, 1, 1, first=10)) == {}


def test_ten_that_flap_for_three_seconds_are_no_cause_and_nothing_at_all():
    flapping = [3.9] * 10
    assert find(ward("ap-1", *flapping, *[0.5] * 29, 9)) == {}


def test_an_idle_device_that_is_not_due_yet_is_neither_silent_nor_in_contact():
    """It speaks every 15 s: ten seconds without a word say nothing, for or against."""
    idle = ward("ap-1", *[10] * 20, in_session=False, first=10)
    assert list(find(ward("ap-1", 6, 6, 6), idle)) == ["ap-1"]
    assert find(idle) == {}


def test_an_access_point_that_dies_is_told_with_those_in_session_before_the_idle_ones_are_overdue():
    """60 devices, 22 of them in session, six seconds after the last word of any."""
    idle = [6 + n * 15 / 38 for n in range(38)]
    found = find(
        ward("Room 3", *[6] * 22),
        ward("Room 3", *idle, in_session=False, first=100),
        ward("Room 1", 0.5, 0.5, 0.5, first=900),
    )
    assert list(found) == ["Room 3"]
    assert found["Room 3"].in_session == 22


def test_a_device_whose_silence_was_told_long_before_or_that_said_goodbye_is_no_evidence():
    gone = ward("ap-1", 3_600, 7_200, is_own=True, first=50)
    assert find(ward("ap-1", 6), gone) == {}
    assert find(ward("ap-1", 6, 6), gone) == {}


def test_while_silence_may_be_our_own_no_cause_begins_and_none_that_holds_ends():
    silent = ward("ap-1", 30, 30, 30)
    assert find(silent, may_begin=False) == {}
    assert list(find(silent, may_begin=False, held={"ap-1": None})) == ["ap-1"]


def test_a_site_may_ask_for_more_before_it_calls_it_one_cause():
    silent = ward("ap-1", 6, 6, 6)
    assert find(silent, group_silent={"at_least": 4}, site_silent={"at_least": 4}) == {}


# --- its end ---


def test_a_cause_ends_when_fewer_than_three_are_still_silent():
    assert find(ward("ap-1", 1, 1, 1, 1, 90, 90), held={"ap-1": None}) == {}


def test_devices_that_come_back_one_by_one_are_not_told_each():
    """More than half are back, and the others have a minute: a device waits up to that between attempts."""
    coming = ward("ap-1", *[1] * 12, *[90] * 5)
    held = find(coming, held={"ap-1": None})
    assert held["ap-1"].calm_since_ms == NOW
    later = {"now_ms": NOW + SETTLE - 1, "held": {"ap-1": NOW}}
    assert find(coming, **later)["ap-1"].calm_since_ms == NOW  # type: ignore[arg-type]
    assert find(coming, now_ms=NOW + SETTLE, held={"ap-1": NOW}) == {}


def test_a_cause_that_is_true_again_within_its_minute_has_the_whole_minute_once_more():
    assert find(ward("ap-1", 6, 6, 6), held={"ap-1": NOW - 50_000})["ap-1"].calm_since_ms is None


# --- a site ---


def test_a_site_is_silent_when_most_of_its_groups_are():
    found = find(ward("ap-1", 6, 6), ward("ap-2", 6, 6, first=10), ward("ap-3", 1, first=20))
    assert found[SITE].devices == {1, 2, 10, 11}


def test_one_dead_access_point_is_no_dead_site_however_many_hang_on_it():
    found = find(ward("ap-1", *[6] * 60), ward("ap-2", 6, 1, first=100), ward("ap-3", *[1] * 20, first=200))
    assert list(found) == ["ap-1"]


def test_a_site_with_one_access_point_is_told_by_its_name():
    assert list(find(ward("ap-1", *[6] * 10))) == ["ap-1"]


def test_devices_without_room_or_uplink_are_judged_as_a_site():
    assert list(find(ward("", 6, 6, 6))) == [SITE]
    assert find(ward("", 6, 6, 6, 1, 1, 1, 1)) == {}


def test_a_site_that_comes_back_but_for_one_group_hands_over_to_that_group_at_once():
    back = find(ward("ap-1", *[90] * 5), ward("ap-2", *[1] * 5, first=10), held={SITE: None})
    assert list(back) == ["ap-1"]


# --- laws ---

CONTACTS = st.lists(
    st.builds(
        Contact,
        device_id=st.integers(1, 10_000),
        group=st.sampled_from(["", "ap-1", "ap-2", "Room 3"]),
        in_session=st.booleans(),
        age_ms=st.integers(0, 120_000),
        is_own=st.booleans(),
    ),
    max_size=40,
    unique_by=lambda one: one.device_id,
)


@given(CONTACTS)
def test_a_cause_names_only_devices_that_are_silent_and_at_least_three_of_them(contacts: list[Contact]):
    quiet = {one.device_id: one for one in contacts if one.is_quiet}
    for name, cause in causes.find(contacts, PRODUCT, {}, NOW, settle_ms=SETTLE).items():
        assert len(cause.devices) >= 3
        assert cause.devices <= quiet.keys()
        assert name == SITE or {quiet[one].group for one in cause.devices} == {name}


@given(CONTACTS, st.randoms())
def test_the_order_in_which_devices_are_looked_at_changes_nothing(contacts: list[Contact], dice):
    before = causes.find(contacts, PRODUCT, {}, NOW, settle_ms=SETTLE)
    dice.shuffle(contacts)
    assert causes.find(contacts, PRODUCT, {}, NOW, settle_ms=SETTLE) == before
