"""What holds of an alert whatever happens, in whatever order."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fleet.safety.words import RANK, TRUE, State
from tests.fleet.safety.story import HIGH, LOW, MEDIUM, Story

PRIORITIES = st.sampled_from([HIGH, MEDIUM, LOW])
STEPS = st.one_of(
    st.builds(
        lambda priority, late, latched, session: (
            "rises",
            {"priority": priority, "late": late, "latched": latched, "session": session},
        ),
        PRIORITIES,
        st.booleans(),
        st.booleans(),
        st.sampled_from(["s1", "s2"]),
    ),
    st.builds(lambda priority: ("weighs", {"priority": priority}), PRIORITIES),
    st.just(("falls", {})),
    st.just(("acknowledged", {})),
    st.builds(
        lambda length_s, one_shot: ("shelved", {"length_s": length_s, "one_shot": one_shot}),
        st.integers(1, 5000),
        st.booleans(),
    ),
    st.just(("unshelved", {})),
    st.just(("closed", {})),
    st.just(("waits_until", {})),
)
HISTORIES = st.lists(st.tuples(st.integers(0, 700), STEPS), max_size=40)


def do(story: Story, at_s: float, name: str, more: dict[str, Any]) -> None:
    if story.life is None and name not in ("rises", "weighs", "falls"):
        return
    more = dict(more)
    if "length_s" in more:
        more["until_s"] = at_s + more.pop("length_s")
    if name == "shelved" and story.now.state is State.CLOSED:
        return  # the service refuses it
    getattr(story, name)(at_s, **more)


@given(HISTORIES)
def test_whatever_happens_an_alert_makes_sense(history: list[tuple[int, tuple[str, dict[str, Any]]]]):
    story, at_s = Story(), 1000
    for pause_s, (name, more) in history:
        at_s += pause_s
        before = story.life
        do(story, at_s, name, more)
        life = story.life
        if life is None:
            continue
        assert (life.state is State.CLOSED) == (life.closed_ms is not None) == (life.disposition is not None)
        assert (life.state is State.CLEARED) <= (life.cleared_ms is not None)
        assert (life.state is State.ACKNOWLEDGED) <= (life.acknowledged_by is not None)
        assert (life.state is State.RAISED) <= (life.acknowledged_by is None)
        assert (life.state in TRUE) <= (life.close_ms is None and life.cleared_ms is None)
        assert not (life.late and life.state in TRUE)
        assert (life.state is State.RAISED and life.shelved_until_ms is None) <= (life.episode > 0)
        assert RANK[life.peak] <= RANK[life.priority]
        if life.state is State.CLOSED:
            assert life.shelved_until_ms is life.close_ms is life.calm_ms is None
        if before is not None and before.state is not State.CLOSED:
            assert life.count >= before.count
            assert life.episode >= before.episode
            assert life.raised_ms <= before.raised_ms


@given(HISTORIES)
def test_nothing_high_or_latched_ever_closes_itself(history: list[tuple[int, tuple[str, dict[str, Any]]]]):
    story, at_s = Story(), 1000
    for pause_s, (name, more) in history:
        at_s += pause_s
        if name != "closed":
            do(story, at_s, name, more)
        if story.life is not None and story.now.state is State.CLOSED:
            assert not story.now.latched
            assert story.now.peak is not HIGH
            story.life = None


@given(HISTORIES)
def test_what_is_true_is_never_lost_whatever_people_and_time_do(
    history: list[tuple[int, tuple[str, dict[str, Any]]]],
):
    """As long as nobody closes it, what rose and has not fallen is raised or acknowledged."""
    story, at_s, is_true = Story(), 1000, False
    for pause_s, (name, more) in history:
        at_s += pause_s
        if name == "closed":
            continue
        do(story, at_s, name, more)
        if name == "rises" and not more["late"]:
            is_true = True
        elif name == "falls":
            is_true = False
        if story.life is not None:
            assert (story.now.state in TRUE) == is_true


@given(HISTORIES)
def test_the_same_news_twice_is_as_good_as_once(history: list[tuple[int, tuple[str, dict[str, Any]]]]):
    """A batch that is taken again after a crash changes nothing."""
    story, at_s = Story(), 1000
    for pause_s, (name, more) in history:
        at_s += pause_s
        do(story, at_s, name, more)
        if story.life is not None and name in ("rises", "weighs", "falls") and not more.get("late"):
            once = story.life
            do(story, at_s, name, more)
            assert story.life == once
