"""How a page asks, and what it says of a press: by two ways, never before it is so, and never nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.live.book import Book
from dashboards.words.commands import command_texts
from tests.dashboards.browser_modules import Ask, asked
from tests.dashboards.commands import NOON_MS, Command, at, command
from tests.dashboards.test_browser_twins import many
from tests.dashboards.test_command_words import MODULES

STOP = ("ask", {"serial": "EMS-1", "verb": "stop"})
HOUSE, DIRECT = "/api/v1/devices/EMS-1/commands", "/direct/stop"
LOOK = ("look", "EMS-1")
TAKEN = {"id": "0000-1", "state": "requested"}
SENT = {
    "id": "0000-1",
    "asked": 1,
    "sent": 1,
    "commands": [{"id": "0000-1", "device": "EMS-1", "sent": True}],
}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with asked("asking.mjs", MODULES, tmp_path_factory.mktemp("asking")) as put:
        yield put


@pytest.fixture(scope="module")
def play(node: Ask) -> Any:
    texts = command_texts()
    return lambda *steps, **about: node("play", steps=steps, texts=texts, **about)


def answer(to: str, status: int, body: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
    return ("answer", {"to": to, "status": status, "body": body or {}})


def hear(*commands: Command) -> tuple[str, dict[str, Any]]:
    return ("hear", {"type": "events", "events": [{"kind": "command", **one} for one in commands]})


def told(number: str = "0000-1", **about: Any) -> tuple[str, dict[str, Any]]:
    return hear(command(number, **about))


# --- the house answers ---


def test_a_press_says_that_it_is_sending_until_the_house_has_it(play: Any) -> None:
    sending, sent = play(STOP, LOOK, answer(HOUSE, 202, TAKEN), LOOK)
    assert (sending["stage"], sending["tone"]) == ("sending", "busy")
    assert (sent["stage"], sent["tone"], sent["left_s"]) == ("sent", "busy", 3)


def test_what_the_server_tells_of_the_command_takes_the_place_of_the_pages_own_word(play: Any) -> None:
    proved, later = play(
        STOP,
        answer(HOUSE, 202, TAKEN),
        told(rev=5, state="confirmed", confirmed_at=0.4),
        LOOK,
        ("advance", 5_000),
        LOOK,
    )
    assert proved["short"] == later["short"] == "Stop confirmed"


def test_a_stop_that_the_house_took_and_nobody_proves_says_go_there_after_three_seconds(play: Any) -> None:
    before, after = play(STOP, answer(HOUSE, 202, TAKEN), ("advance", 2_900), LOOK, ("advance", 150), LOOK)
    assert before["tone"] == "busy"
    assert after["short"] == "Stop not confirmed: go there"


def test_a_healthy_house_is_asked_once_and_no_other_way_is_taken(play: Any) -> None:
    [posts] = play(
        STOP,
        answer(HOUSE, 202, TAKEN),
        told(state="published"),
        ("advance", 900),
        ("posts", None),
    )
    assert [(one["url"], one["body"]) for one in posts] == [
        (HOUSE, {"id": "0000-1", "verb": "stop", "args": {}})
    ]


def test_a_second_press_while_it_is_on_its_way_is_the_same_press(play: Any) -> None:
    assert play(STOP, ("advance", 200), STOP, ("asks", None)) == [1]
    assert play(STOP, ("advance", 1_500), STOP, ("asks", None)) == [2]
    lower = ("ask", {"serial": "EMS-1", "verb": "lower", "args": {"channel": None, "to_ma": 5}})
    assert play(STOP, lower, ("asks", None)) == [2]


def test_what_the_house_will_not_do_is_told_with_its_reason_and_no_other_way_is_tried(play: Any) -> None:
    said, posts = play(
        STOP,
        answer(HOUSE, 403, {"detail": "Your role may not do this."}),
        ("advance", 3_000),
        LOOK,
        ("posts", None),
    )
    assert said["short"] == "Stop not sent: go there"
    assert said["long"] == "Stop: not sent. Your role may not do this."
    assert len(posts) == 1


# --- it does not ---


@pytest.mark.parametrize("how", [("advance", 300), answer(HOUSE, 503), ("lose", HOUSE), answer(HOUSE, 429)])
def test_a_stop_that_the_house_does_not_take_goes_by_the_direct_path_under_the_same_id(
    how: Any, play: Any
) -> None:
    [posts, said, late] = play(
        STOP, how, ("posts", None), answer(DIRECT, 202, SENT), LOOK, ("advance", 4_000), LOOK
    )
    assert [one["url"] for one in posts] == [HOUSE, DIRECT]
    assert posts[1]["body"] == {"permit": "signed", "id": "0000-1", "device": "EMS-1", "room": None}
    assert posts[1]["at"] <= 300
    assert said["short"] == late["short"] == "Stop sent, cannot be confirmed: go there"
    assert said["tone"] == late["tone"] == "go"


def test_what_went_directly_is_told_as_proved_once_the_house_knows(play: Any) -> None:
    [said] = play(
        STOP,
        ("lose", HOUSE),
        answer(DIRECT, 202, SENT),
        ("advance", 60_000),
        told(rev=3, state="confirmed", unconfirmed_at=20, confirmed_at=42, via="direct"),
        LOOK,
    )
    assert said["tone"] == "good"
    assert "42 s after it was asked for. It was not confirmed in time." in said["long"]


def test_what_the_broker_has_not_taken_is_not_said_to_be_sent(play: Any) -> None:
    unsent = SENT | {"sent": 0, "commands": [{"id": "0000-1", "device": "EMS-1", "sent": False}]}
    [said] = play(STOP, ("lose", HOUSE), answer(DIRECT, 202, unsent), LOOK)
    assert said["short"] == "Stop not sent as far as is known: go there"


def test_where_nobody_answers_the_page_says_within_a_second_that_it_cannot(play: Any) -> None:
    before, after = play(STOP, ("advance", 950), LOOK, ("advance", 50), LOOK)
    assert before["stage"] == "sending"
    assert (after["short"], after["next"]) == (
        "Stop could not be sent: go there",
        "Go there and stop it at the device.",
    )


def test_without_a_permit_a_page_says_so_as_soon_as_the_house_is_known_to_be_away(play: Any) -> None:
    said, posts = play(STOP, ("lose", HOUSE), LOOK, ("posts", None), permit=None)
    assert said["short"] == "Stop could not be sent: go there"
    assert DIRECT not in [one["url"] for one in posts]


def test_where_both_ways_are_known_to_be_closed_nobody_waits_for_the_second_to_end(play: Any) -> None:
    [said] = play(STOP, ("lose", HOUSE), answer(DIRECT, 503, {"detail": "Dispatch is away."}), LOOK)
    assert said["tone"] == "go"
    assert "Dispatch is away." in said["long"]


def test_a_stop_that_nobody_took_is_sent_again_under_its_id_until_its_time_is_over(play: Any) -> None:
    [posts, said] = play(
        STOP,
        *(step for _ in range(20) for step in (("lose", "/"), ("advance", 1_000))),
        ("posts", None),
        answer(HOUSE, 202, TAKEN),
        LOOK,
    )
    assert {one["body"]["id"] for one in posts} == {"0000-1"}
    assert 8 <= sum(one["url"] == HOUSE for one in posts) <= 10
    assert max(one["at"] for one in posts) < 10_000
    assert said["tone"] == "go"


def test_an_answer_that_comes_late_is_still_told(play: Any) -> None:
    failed, sent = play(
        STOP, ("advance", 1_200), LOOK, answer(HOUSE, 202, TAKEN), told(state="published"), LOOK
    )
    assert failed["stage"] == "failed"
    assert (sent["stage"], sent["tone"]) == ("published", "busy")


def test_many_presses_that_hang_leave_connections_for_the_direct_path(play: Any) -> None:
    presses = [("ask", {"serial": f"EMS-{n}", "verb": "stop"}) for n in range(1, 9)]
    [waiting] = play(*presses, ("advance", 300), ("open", None))
    assert sum(url == DIRECT for url in waiting) == 8
    assert sum(url != DIRECT for url in waiting) <= 3


@pytest.mark.parametrize("verb", ["pause", "lower", "identify", "lock", "unlock"])
def test_only_a_stop_takes_the_direct_path(verb: str, play: Any) -> None:
    said, posts = play(
        ("ask", {"serial": "EMS-1", "verb": verb}), ("lose", HOUSE), ("advance", 5_000), LOOK, ("posts", None)
    )
    assert len(posts) == 1
    assert said["stage"] == "failed"
    assert "asked again" not in said["next"]  # nobody knows of it who would
    assert ("press it" in said["next"]) == (verb in ("pause", "lower"))
    assert said["next"]


# --- what becomes of it ---


def test_while_the_socket_is_silent_the_house_is_asked_what_became_of_it(play: Any) -> None:
    proved = command("0000-1", rev=4, state="confirmed", confirmed_at=0.8)
    posts, said = play(
        STOP,
        answer(HOUSE, 202, TAKEN),
        ("advance", 1_050),
        ("posts", None),
        answer("/api/v1/commands/", 200, proved),
        LOOK,
    )
    assert [(one["method"], one["url"]) for one in posts] == [
        ("POST", HOUSE),
        ("GET", "/api/v1/commands/0000-1"),
    ]
    assert said["tone"] == "good"


def test_a_stop_without_proof_is_not_hidden_by_what_is_asked_after_it(play: Any) -> None:
    blink = command("c9", "identify", "done", requested_at=20, done_at=21)
    open_stop = command("c1", state="unconfirmed", published_at=0.1, unconfirmed_at=3, rev=3)
    [said] = play(hear(open_stop, blink), ("advance", 22_000), LOOK)
    assert said["short"] == "Stop not confirmed: go there"
    proved = open_stop | {"state": "confirmed", "rev": 4, "confirmed_at": at(15)}
    [said] = play(hear(open_stop, blink), hear(proved), ("advance", 22_000), LOOK)
    assert said["verb"] == "identify"


def test_a_snapshot_that_was_read_before_the_press_does_not_take_it_back(play: Any) -> None:
    [said] = play(
        STOP,
        answer(HOUSE, 202, command("0000-1")),
        ("hear", {"type": "snapshot", "commands": []}),
        LOOK,
    )
    assert said["stage"] == "requested"


def test_after_a_reload_the_page_finds_its_presses_in_the_snapshot_and_keeps_those_that_the_house_has_not(
    play: Any,
) -> None:
    other = ("ask", {"serial": "EMS-2", "verb": "stop"})
    snapshot = ("hear", {"type": "snapshot", "commands": [command("0000-1", state="published")]})
    mine, lost = play(
        STOP,
        answer(HOUSE, 202, TAKEN),
        other,
        ("lose", "/"),
        ("advance", 1_000),
        ("reload", None),
        snapshot,
        LOOK,
        ("look", "EMS-2"),
    )
    assert mine["stage"] == "published"
    assert lost["short"] == "Stop could not be sent: go there"


def test_what_is_over_goes_out_of_sight_after_a_minute(play: Any) -> None:
    kept, gone = play(
        told("c1", state="confirmed", confirmed_at=1),
        ("advance", 60_500),
        LOOK,
        ("advance", 1_000),
        LOOK,
    )
    assert kept["tone"] == "good"
    assert gone is None


# --- a room, a site ---


def test_a_stop_of_a_site_is_told_on_each_device_that_it_asks_and_before_that_on_those_that_may_be_on(
    play: Any,
) -> None:
    commands = [command("c1", stop="0000-1"), command("c2", stop="0000-1", device="EMS-2")]
    supposed, first, other, nobody, posts = play(
        ("stopSite", {"room": "Room 3", "serials": ["EMS-1", "EMS-3"]}),
        LOOK,
        answer("/api/v1/sites/north/stop", 202, {"id": "0000-1", "commands": commands}),
        hear(command("c2", stop="0000-1", device="EMS-2", state="confirmed", confirmed_at=0.5, rev=5)),
        LOOK,
        ("look", "EMS-2"),
        ("look", "EMS-3"),
        ("posts", None),
    )
    assert supposed["stage"] == "sending"
    assert (first["stage"], other["short"], nobody) == ("requested", "Stop confirmed", None)
    assert posts[0]["body"] == {"id": "0000-1", "room": "Room 3"}


def test_where_nobody_answers_a_stop_of_a_site_every_device_that_may_be_on_says_go_there(play: Any) -> None:
    one, posts = play(("stopSite", {"serials": ["EMS-1"]}), ("advance", 1_000), LOOK, ("posts", None))
    assert one["short"] == "Stop could not be sent: go there"
    assert posts[1]["body"] == {"permit": "signed", "id": "0000-1", "device": None, "room": None}


# --- the permit ---

GOOD = {"status": 200, "body": {"permit": "next"}}


def test_a_permit_is_renewed_every_five_minutes_and_outlives_a_web_that_is_away(node: Ask) -> None:
    every = {"everyMs": 300_050}
    assert node("permits", answers=[GOOD], **every) == ["next"]
    assert node("permits", answers=[None, None], **every) == ["first", "first"]
    assert node("permits", answers=[{"status": 503}] * 100, everyMs=20_050)[-1] is None  # its time is over


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_permit_ends_where_it_is_refused(status: int, node: Ask) -> None:
    assert node("permits", answers=[{"status": status}, GOOD], everyMs=300_050) == [None, None]


# --- the law ---

changes = st.lists(
    st.tuples(
        st.sampled_from("AB"), st.sampled_from(("published", "done", "confirmed")), *[st.booleans()] * 2
    ),
    max_size=20,
)


@many
@given(changes=changes)
def test_the_page_holds_after_snapshot_and_events_what_a_fresh_snapshot_would_say(
    changes: list[tuple[str, str, bool, bool]], node: Ask
) -> None:
    truth = {"A": command("A")}
    book = Book()
    book.restart(truth.values())
    messages = [{"type": "snapshot", "commands": list(truth.values())}]
    looked = revs = {"A": 1}
    for number, state, lost, taken in changes:
        before = truth.get(number, command(number, rev=0))
        truth[number] = before | {"state": state, "rev": before["rev"] + 1}
        if not lost:
            book.put([{"kind": "command", **truth[number]}])
        if taken:
            messages.append({"type": "events", "events": book.take()})
    for _ in range(2):
        looked, revs = revs, {number: one["rev"] for number, one in truth.items()}
        book.notice(looked, revs)
        book.mend(list(book.behind), [{"kind": "command", **truth[one]} for one in book.behind])
    messages.append({"type": "events", "events": book.take()})
    held = node("store", messages=messages, now=NOON_MS)
    assert {one["id"]: one for one in held} == truth
