"""The law of the wall: snapshot + events = a fresh snapshot, whatever is lost, repeated or out of order."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboards.live.outbox import Outbox
from fleet.live.events import device_key

FIELDS = ("link", "state", "temp_c", "channels")
values = st.integers(0, 3)


def device(serial: str, rev: int, **fields: Any) -> dict[str, Any]:
    return {"serial": serial, "rev": rev, **dict.fromkeys(FIELDS, 0), **fields}


def event(serial: str, rev: int, **fields: Any) -> dict[str, dict[str, Any]]:
    return {device_key(serial): {"kind": "device", "serial": serial, "rev": rev, **fields}}


def started(*devices: dict[str, Any]) -> Outbox:
    outbox = Outbox()
    outbox.restart(devices or (device("A", 1),))
    outbox.drawn()
    return outbox


class Browser:
    """Merges as `store.js` does; `test_browser_twins` holds the two together."""

    def __init__(self, snapshot: list[dict[str, Any]]) -> None:
        self.devices = {one["serial"]: dict(one) for one in snapshot}

    def hear(self, events: list[dict[str, Any]]) -> None:
        for one in events:
            known = self.devices.get(one["serial"])
            if known is not None and one["rev"] >= known["rev"]:
                known |= {name: value for name, value in one.items() if name != "kind"}


def test_only_one_message_is_on_its_way_and_the_newest_of_each_key_waits() -> None:
    outbox = started()
    outbox.put(event("A", 2, since=1, state=1))
    assert outbox.take() == [{"kind": "device", "serial": "A", "rev": 2, "state": 1}]
    outbox.put(event("A", 3, since=2, state=2) | {"pulse": {"kind": "pulse", "now": "1"}})
    outbox.put(event("A", 4, since=3, link=1) | {"pulse": {"kind": "pulse", "now": "2"}})
    assert outbox.take() is None
    outbox.drawn()
    assert outbox.take() == [
        {"kind": "device", "serial": "A", "rev": 4, "state": 2, "link": 1},
        {"kind": "pulse", "now": "2"},
    ]


def test_a_stalled_browser_costs_one_entry_a_device() -> None:
    outbox = started(device("A", 1), device("B", 1))
    assert outbox.take() is None
    outbox.in_flight = True
    for rev in range(2, 5000):
        outbox.put(event("A", rev, since=rev - 1, state=rev) | event("B", rev, since=rev - 1, link=rev))
    assert len(outbox.waiting) == 2


def test_repeats_and_late_arrivals_change_nothing() -> None:
    outbox = started(device("A", 5))
    outbox.put(event("A", 5, since=4, state=3))
    outbox.put(event("A", 4, state=2))
    assert outbox.take() is None


def test_a_change_that_builds_on_a_lost_one_is_shown_at_once_and_read_afresh() -> None:
    outbox = started()
    outbox.put(event("A", 3, since=2, state=1))
    assert outbox.waiting["device:A"]["state"] == 1
    assert outbox.behind == {"A"}
    outbox.mend([device("A", 3, state=1, link=2)])
    assert not outbox.behind
    assert outbox.waiting["device:A"] == {"kind": "device", **device("A", 3, state=1, link=2)}


def test_what_was_heard_while_reading_afresh_is_not_undone_by_it() -> None:
    outbox = started()
    outbox.put(event("A", 3, since=2, state=1))
    outbox.put(event("A", 4, since=3, state=2))
    outbox.mend([device("A", 3, state=1)])
    assert outbox.waiting["device:A"]["state"] == 2
    assert outbox.behind == {"A"}  # to be read once more


def test_a_whole_event_needs_no_predecessor() -> None:
    outbox = started()
    outbox.put(event("A", 9, **dict.fromkeys(FIELDS, 2)))
    assert not outbox.behind


def test_a_last_event_that_was_lost_is_noticed_by_its_revision_in_the_database() -> None:
    outbox = started(device("A", 4), device("B", 7))
    outbox.notice({"A": 5, "B": 7, "gone": 3})
    assert outbox.behind == {"A"}


def test_an_event_of_an_unknown_device_asks_for_a_snapshot() -> None:
    outbox = started()
    outbox.put(event("NEW", 1, state=1))
    assert outbox.strangers
    assert outbox.take() is None


def test_what_was_only_late_is_not_read_afresh() -> None:
    outbox = started(device("A", 4), device("B", 7))
    outbox.notice({"A": 6, "B": 8})
    outbox.put(event("A", 5, since=4) | event("B", 8, since=7))
    assert outbox.behind == {"A"}
    outbox.put(event("A", 6, since=5))
    assert not outbox.behind


def test_what_was_late_and_then_lost_is_read_afresh() -> None:
    outbox = started(device("A", 4))
    outbox.notice({"A": 6})
    outbox.put(event("A", 6, since=5, link="online"))
    outbox.notice({"A": 7})
    outbox.put(event("A", 7, since=6))
    assert outbox.behind == {"A"}


def test_what_is_newer_than_a_snapshot_stays_waiting_behind_it() -> None:
    outbox = started(device("A", 1), device("B", 1))
    outbox.put(event("A", 2, since=1, state=1) | event("B", 2, since=1, state=1))
    outbox.restart([device("A", 2, state=1), device("B", 1)])
    outbox.drawn()
    assert outbox.take() == [{"kind": "device", "serial": "B", "rev": 2, "state": 1}]


step = st.tuples(
    st.sampled_from("AB"),
    st.dictionaries(st.sampled_from(FIELDS), values),
    st.sampled_from(("sent", "sent", "sent", "lost", "twice", "late", "whole", "merged")),
    st.booleans(),
)


@given(st.lists(step, max_size=40))
def test_snapshot_and_events_equal_a_fresh_snapshot(
    steps: list[tuple[str, dict[str, int], str, bool]],
) -> None:
    truth = {serial: device(serial, 1) for serial in "AB"}
    told = {serial: dict(one) for serial, one in truth.items()}
    outbox = started(*truth.values())
    browser = Browser(list(truth.values()))
    late: list[dict[str, dict[str, Any]]] = []
    for serial, fields, fate, ok in steps:
        now = truth[serial] = truth[serial] | fields | {"rev": truth[serial]["rev"] + 1}
        if fate == "merged":  # the announcer tells it with the next one
            continue
        before, told[serial] = told[serial], now
        changed = now if fate == "whole" else {k: v for k, v in now.items() if before[k] != v}
        since = {} if fate == "whole" else {"since": before["rev"]}
        said = event(**{"serial": serial, **since, **changed})
        if fate == "late":
            late.append(said)
        elif fate != "lost":
            for _ in range(2 if fate == "twice" else 1):
                outbox.put(said)
        if ok:
            outbox.drawn()
            browser.hear(outbox.take() or [])
            for said in late[::-1]:
                outbox.put(said)
            late.clear()
    # Quiet again: the upkeep looks at the database, mends, and the browser draws what is left.
    outbox.notice({serial: one["rev"] for serial, one in truth.items()})
    outbox.mend([truth[serial] for serial in outbox.behind])
    outbox.drawn()
    browser.hear(outbox.take() or [])
    assert browser.devices == truth
