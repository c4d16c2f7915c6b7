"""What is said of that which was asked of a device: nothing is stopped but on proof, and the page says it alike."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.words.commands import command_texts, face
from devices.wire.words import RefusalReason
from tests.dashboards.browser_modules import Ask, asked
from tests.dashboards.commands import NOON_MS, STEPS, Command, command
from tests.dashboards.test_browser_twins import many

MODULES = ("command-words", "words", "steps", "commands-store", "few", "ask", "asker", "marks", "permit")
VERBS = ("stop", "pause", "lower", "identify", "lock", "unlock", "rebirth")
STATES = ("requested", "published", "received", "done", "confirmed", "unconfirmed", "refused", "expired")


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with asked("asking.mjs", MODULES, tmp_path_factory.mktemp("asking")) as put:
        yield put


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return command_texts()


def say(texts: dict[str, str], one: Command, after_s: float = 1) -> dict[str, Any]:
    return face(one, NOON_MS + int(after_s * 1000), texts)


seconds = st.one_of(st.none(), st.floats(-1, 100), st.integers(0, 20_000))
answers = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {
            "outcome": st.sampled_from(("received", "done", "refused", "expired", "repeat")),
            "reason": st.one_of(st.none(), st.sampled_from([*map(str, RefusalReason), "new", ""])),
        }
    ),
)
commands = st.builds(
    command,
    st.just("c1"),
    st.sampled_from(VERBS),
    st.sampled_from(STATES),
    answer=answers,
    stop=st.sampled_from((None, "s1")),
    args=st.sampled_from(
        ({}, {"to_ma": 20}, {"channel": 2, "to_ma": 12.5}, {"channel": None, "to_ma": 0}, {"seconds": 10})
    ),
    **dict.fromkeys((*STEPS, "proof_due_at"), seconds),
)


@many
@given(one=commands, after_ms=st.integers(-1_000, 100_000))
def test_the_page_says_of_a_command_what_the_server_says(
    one: Command, after_ms: int, ask: Ask, texts: dict[str, str]
) -> None:
    now_ms = NOON_MS + after_ms
    assert ask("faces", commands=[one], now=now_ms, texts=texts) == [face(one, now_ms, texts)]


@pytest.mark.parametrize("verb", ["stop", "pause"])
@pytest.mark.parametrize("state", [one for one in STATES if one != "confirmed"])
@pytest.mark.parametrize("after_s", [0, 2.9, 3, 60])
def test_without_proof_nothing_is_said_to_be_stopped(
    verb: str, state: str, after_s: float, texts: dict[str, str]
) -> None:
    said = say(texts, command(verb=verb, state=state, done_at=1, answer={"outcome": "done"}), after_s)
    words = f"{said['short']} {said['long']}".lower()
    assert said["tone"] != "good"
    assert "stopped" not in words
    assert "confirmed" not in words.replace("not confirmed", "")


@pytest.mark.parametrize("verb", ["stop", "pause"])
@pytest.mark.parametrize("state", ["requested", "published", "received", "done"])
def test_after_three_seconds_it_says_go_there_though_nobody_has_told_the_page(
    verb: str, state: str, texts: dict[str, str]
) -> None:
    one = command(verb=verb, state=state)
    assert (say(texts, one, 2.9)["tone"], say(texts, one, 0.4)["left_s"]) == ("busy", 3)
    late = say(texts, one, 3)
    assert (late["tone"], late["left_s"]) == ("go", None)
    assert "go there" in late["short"]
    assert "Go there" in late["next"]


@pytest.mark.parametrize(
    "one, said",
    [
        (
            command(state="confirmed", confirmed_at=0.4),
            "Stop confirmed: output off, 0.4 s after it was asked for.",
        ),
        (
            command(state="confirmed", unconfirmed_at=3, confirmed_at=154),
            "Stop confirmed: output off, 3 min after it was asked for. It was not confirmed in time.",
        ),
        (command(state="done", done_at=0.3), "Stop: the device says that it did it. Its proof is awaited."),
        (
            command(state="unconfirmed", published_at=0.1, unconfirmed_at=3),
            "Stop not confirmed: nothing shows that the output is off.",
        ),
        (
            command(state="unconfirmed", refuted_at=1, unconfirmed_at=1, answer={"outcome": "done"}),
            "Stop not done: the output is not off, whatever the device answered.",
        ),
        (
            command(state="unconfirmed", unconfirmed_at=1, answer={"outcome": "refused", "reason": "locked"}),
            "Stop not confirmed: nothing shows that the output is off. The device refused: the device is locked.",
        ),
        (
            command(state="unconfirmed", unconfirmed_at=3, answer={"outcome": "expired"}),
            "Stop not confirmed: nothing shows that the output is off. It reached the device too late.",
        ),
        (
            command(
                verb="lower",
                state="refused",
                answer={"outcome": "refused", "reason": "no_session"},
                args={"channel": 2, "to_ma": 12.5},
            ),
            "Lower channel 2 to at most 12.5 mA: the device refused it: no session is open.",
        ),
        (
            command(verb="identify", state="done"),
            "Identify: the device says that it blinks and beeps.",
        ),
        (
            command(verb="identify", state="expired", published_at=0.1),
            "Identify: the device did not answer in time. It is not asked any more.",
        ),
        (
            command(verb="lock", state="confirmed", confirmed_at=12.6),
            "Lock: confirmed by the device, 13 s after it was asked for.",
        ),
    ],
)
def test_each_end_is_told_in_a_sentence(one: Command, said: str, texts: dict[str, str]) -> None:
    assert say(texts, one)["long"] == said


def test_a_stop_that_nobody_sends_is_being_sent_then_perhaps_not_sent_and_never_said_to_be_sent(
    texts: dict[str, str],
) -> None:
    waiting = command(state="requested")
    assert say(texts, waiting, 1)["short"] == "Stop: being sent"
    late = say(texts, waiting, 3.1)  # the page has heard of no later state
    assert (late["tone"], late["step"]) == ("go", "Go there: stop not confirmed")
    over = command(state="unconfirmed", unconfirmed_at=4)
    for after_s in (4, 60, 3600):  # while whoever sends is away, and once it is back, when its time is over
        said = say(texts, over, after_s)
        assert (said["tone"], said["step"]) == ("go", "Go there: perhaps not sent")
        assert said["short"] == "Stop not sent as far as is known: go there"
        assert said["next"] == "Go there and stop it at the device."
    sent = command(state="unconfirmed", unconfirmed_at=4, published_at=5)  # it came back in time
    assert say(texts, sent, 6)["step"] == "Go there: stop not confirmed"


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", STATES)
def test_every_verb_has_words_for_every_state(verb: str, state: str, texts: dict[str, str]) -> None:
    said = say(texts, command(verb=verb, state=state))
    assert said["short"]
    assert said["long"]
    assert "{" not in f"{said['short']}{said['long']}{said['next']}"
    assert bool(said["next"]) == (said["tone"] in ("go", "warn"))
