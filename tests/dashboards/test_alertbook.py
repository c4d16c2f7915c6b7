"""The law of alerts on a socket: snapshot + events = a fresh snapshot, whatever is lost, repeated or out of order."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboards.live.alertbook import AlertBook

Said = dict[str, Any]


def alert(number: int, rev: int, *, state: str = "raised", priority: str = "low") -> Said:
    return {"kind": "alert", "id": number, "rev": rev, "state": state, "priority": priority}


def started(*alerts: Said) -> AlertBook:
    book = AlertBook()
    book.restart()
    book.sent(alerts)
    return book


def open_of(truth: dict[int, Said]) -> dict[int, Said]:
    return {number: one for number, one in truth.items() if one["state"] != "closed"}


class Page:
    """Merges as `alerts-store.js` does."""

    def __init__(self) -> None:
        self.alerts: dict[int, Said] = {}

    def hear(self, events: list[Said]) -> None:
        for one in events:
            if one["rev"] < self.alerts.get(one["id"], one)["rev"]:
                continue
            self.alerts[one["id"]] = one
            if one["state"] == "closed":
                del self.alerts[one["id"]]


steps = st.lists(
    st.tuples(
        st.integers(1, 4),  # which alert
        st.sampled_from(("raised", "acknowledged", "cleared", "closed")),
        st.sampled_from(("told", "lost", "twice", "delayed")),
        st.booleans(),  # the browser draws
    ),
    max_size=40,
)


@given(steps=steps)
def test_whatever_is_lost_repeated_or_late_the_page_ends_with_what_is_open(
    steps: list[tuple[int, str, str, bool]],
) -> None:
    truth: dict[int, Said] = {1: alert(1, 1), 2: alert(2, 1)}
    book, page, delayed = started(*truth.values()), Page(), []
    page.alerts = dict(truth)
    for number, state, fate, draws in steps:
        before = truth.get(number)
        if before is not None and before["state"] == "closed":
            continue  # an alert that is closed stays so
        truth[number] = alert(number, before["rev"] + 1 if before else 1, state=state)
        if fate == "delayed":
            delayed.append(truth[number])
        elif fate != "lost":
            book.put([truth[number]] * (2 if fate == "twice" else 1))
        if draws:
            page.hear(book.take())
    book.put(delayed)
    revs = {number: one["rev"] for number, one in open_of(truth).items()}
    book.notice(revs, revs)
    assert book.mend(tuple(book.behind), [truth[number] for number in book.behind])
    page.hear(book.take())
    assert page.alerts == open_of(truth)
    book.notice(revs, revs)
    assert not book.behind


def test_an_alert_told_while_the_snapshot_is_on_its_way_is_not_lost() -> None:
    book = AlertBook()
    book.restart()
    book.put([alert(7, 3)])  # newer than what the part was read from
    assert book.sent([alert(7, 2), alert(8, 1)]) == [alert(7, 2), alert(8, 1)]
    assert book.take() == [alert(7, 3)]


def test_an_alert_that_the_snapshot_tells_newer_is_not_told_again() -> None:
    book = AlertBook()
    book.restart()
    book.put([alert(7, 3)])
    book.sent([alert(7, 4)])
    assert book.take() == []


def test_an_alert_closed_before_its_part_was_read_is_not_shown_as_open() -> None:
    assert AlertBook().sent([alert(7, 4, state="closed")]) == []


def test_the_end_of_an_alert_that_was_never_told_is_not_told_either() -> None:
    book = started()
    book.put([alert(9, 5, state="closed")])
    assert book.take() == []


def test_of_a_flood_the_high_one_is_told_first_and_the_rest_follows() -> None:
    book = started()
    book.put([alert(number, 1) for number in range(1000)] + [alert(1000, 1, priority="high")])
    first = book.take(most=500)
    assert first[0]["id"] == 1000
    assert {one["id"] for one in (*first, *book.take(), *book.take())} == set(range(1001))


def test_an_alert_raised_between_two_looks_is_not_taken_for_lost() -> None:
    book = started(alert(1, 1))
    book.put([alert(2, 1)])
    book.notice({1: 1}, {1: 1, 2: 1})
    assert not book.behind


def test_an_alert_that_was_never_told_is_read_at_the_first_look() -> None:
    book = started(alert(1, 1))
    book.notice({1: 1}, {1: 1, 2: 1})
    assert book.behind == {2}


def test_a_change_is_waited_for_until_the_second_look() -> None:
    book = started(alert(1, 1))
    book.notice({1: 1}, {1: 2})
    assert not book.behind
    book.notice({1: 2}, {1: 2})
    assert book.behind == {1}


def test_an_alert_that_no_longer_exists_takes_a_whole_snapshot() -> None:
    book = started(alert(1, 1))
    book.notice({}, {})
    assert book.behind == {1}
    assert not book.mend([1], [])
