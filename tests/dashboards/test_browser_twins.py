"""The page's own modules, run by Node: they say what the first render says, and keep the law."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from itertools import product
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.live.outbox import Outbox
from dashboards.words import choices, faces, worst
from dashboards.words.texts import wall_texts
from devices.state import may_be_on
from tests.dashboards.browser_modules import Ask, asked
from tests.dashboards.test_outbox import device, event

many = settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with asked(
        "twins.mjs",
        ("words", "steps", "order", "choice", "keys", "store", "clock"),
        tmp_path_factory.mktemp("modules"),
    ) as ask:
        yield ask


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return wall_texts()


def one_of(*known: str | None) -> st.SearchStrategy[str | None]:
    return st.sampled_from((*known, "something-new"))


milliamps = st.one_of(
    st.none(), st.integers(0, 100), st.floats(0, 10_000), st.sampled_from((0.05, 0.25, 9.95))
)
channels = st.fixed_dictionaries(
    {
        "n": st.integers(1, 16),
        "set_ma": milliamps,
        "ma": milliamps,
        "contact": st.one_of(
            st.none(), one_of("ok", "low_current", "electrode", "timeout", "unknown", "off")
        ),
    }
)
conditions = one_of(
    "estop",
    "fault:hv",
    "fault:zz",
    "odd:\u202eexe.png",
    "electrode_off:2",
    "electrode_off",
    "low_current:1",
    "fault",
    "overtemp",
    "low_battery",
    "other",
    "skew",
    "a_b:c_d",
    "",
)
moments = st.one_of(
    st.none(), st.integers(0, 59_999).map(lambda ms: f"2026-11-22T12:00:{ms // 1000:02}.{ms % 1000:03}Z")
)
RULES = (
    "electrode_off",
    "low_current",
    "estop",
    "fault",
    "over_temperature",
    "battery_low",
    "clock_skew",
    "no_measurements",
    "over_current",
)
worst_alerts = st.fixed_dictionaries(
    {
        "priority": st.sampled_from(("high", "medium", "low", "info")),
        "state": st.sampled_from(("raised", "acknowledged", "cleared")),
        "rule": st.sampled_from(RULES),
        "channel": st.one_of(st.none(), st.integers(1, 3)),
        "text": st.sampled_from(("Channel 2: electrode off at 34 mA", "{odd} {text}", "")),
        "late": st.booleans(),
    }
)
devices = st.fixed_dictionaries(
    {
        "link": st.sampled_from(("never", "online", "suspect", "offline", "conflict")),
        "state": one_of("idle", "ready", "running", "paused", "fault", "charging", "offline", None),
        "output": one_of("off", "ramping", "on", None),
        "session": st.one_of(st.none(), st.just("01JD2")),
        "clock_skew_ms": st.one_of(st.none(), st.integers(-(10**12), 10**12), st.integers(-40_000, 40_000)),
        "battery": st.one_of(
            st.none(),
            st.fixed_dictionaries(
                {
                    "soc": st.one_of(st.none(), st.floats(0, 110), st.sampled_from((0, 15, 15.5, 110))),
                    "charging": st.one_of(st.none(), st.booleans()),
                }
            ),
        ),
        "channels": st.lists(channels, max_size=4),
        "phase": st.one_of(st.none(), one_of("ramp_up", "on", "ramp_down", "rest")),
        "cycle": st.one_of(st.none(), st.integers(1, 999)),
        "elapsed_ms": st.one_of(st.none(), st.integers(0, 10**8)),
        "planned": st.one_of(st.none(), st.fixed_dictionaries({"session_ms": st.integers(0, 10**8)})),
        "heard_at": moments,
        "telemetry_at": moments,
        "conditions": st.lists(conditions, max_size=3),
        "worst_alert": st.one_of(st.none(), worst_alerts),
        "held": st.one_of(st.none(), one_of("session", "charging", "user")),
        "locked": st.one_of(st.none(), one_of("maintenance", "recall", "overdue", "other")),
    }
)


@many
@given(one=devices)
def test_the_page_says_of_a_device_what_the_first_render_says(
    one: dict[str, Any], ask: Ask, texts: dict[str, str]
) -> None:
    shown = faces.face(one, texts)
    assert ask("faces", devices=[one], texts=texts) == [shown]
    assert ask("ranks", devices=[one], texts=texts) == [worst.rank(one, shown)]


@many
@given(times=st.lists(st.integers(0, 10**10), min_size=1))
def test_both_tell_ages_and_durations_alike(times: list[int], ask: Ask, texts: dict[str, str]) -> None:
    assert ask("ages", times=times, texts=texts) == [faces.age(ms, texts) for ms in times]
    assert ask("clocks", times=times) == [faces.clock(ms) for ms in times]


changes = st.lists(
    st.tuples(
        st.sampled_from("AB"),
        st.sampled_from(("link", "state", "channels")),
        st.integers(0, 9),
        st.booleans(),
    ),
    max_size=30,
)


def test_the_page_and_the_server_take_the_same_devices_to_be_possibly_on(ask: Ask) -> None:
    links = ("never", "online", "suspect", "offline", "conflict")
    cases = list(product(links, (None, "off", "ramping", "on")))
    devices = [{"link": link, "output": output} for link, output in cases]
    assert ask("maybeOn", devices=devices) == [may_be_on(*case) for case in cases]


@many
@given(changes=changes)
def test_the_page_holds_after_snapshot_and_events_what_a_fresh_snapshot_would_say(
    changes: list[tuple[str, str, int, bool]], ask: Ask
) -> None:
    truth = {serial: device(serial, 1) for serial in "AB"}
    outbox = Outbox()
    outbox.restart(truth.values())
    messages = [{"type": "snapshot", "devices": list(truth.values()), "pulse": {}}]
    for serial, field, value, drawn in changes:
        rev = truth[serial]["rev"] + 1
        truth[serial] = truth[serial] | {field: value, "rev": rev}
        outbox.put(event(serial, rev, since=rev - 1, **{field: value}))
        if drawn:
            outbox.drawn()
            messages.append({"type": "events", "events": outbox.take()})
    outbox.drawn()
    messages.append({"type": "events", "events": outbox.take() or []})
    assert ask("store", messages=messages) == list(truth.values())


def test_a_late_or_foreign_event_changes_nothing_on_the_page(ask: Ask) -> None:
    events = [*event("A", 4, state=9).values(), *event("X", 1, state=9).values(), {"kind": "weather"}]
    messages = [
        {"type": "snapshot", "devices": [device("A", 5)], "pulse": {}},
        {"type": "events", "events": events},
        {"type": "error", "about": "watch"},
    ]
    assert ask("store", messages=messages) == [device("A", 5)]


def test_the_server_time_is_taken_from_the_message_that_travelled_fastest(ask: Ask) -> None:
    heard = [(1_000_000, 500), (1_001_000, 1_900), (1_002_000, 2_450)]  # delays: 500, 900, 450 ms
    assert ask("server", heard=heard, at=3_000) == 1_002_000 - 2_450 + 3_000


def test_a_server_clock_that_steps_back_is_followed_within_a_minute(ask: Ask) -> None:
    before = [(10_000_000 + 1000 * n, 1000 * n) for n in range(60)]
    after = [(5_000_000 + 1000 * n, 60_000 + 1000 * n) for n in range(60)]
    assert ask("server", heard=before + after, at=120_000) == 5_060_000


@pytest.mark.parametrize(
    "heard_ms, now, age",
    [
        (9_000, "2026-01-01T00:00:01.000Z", 1_000),  # fresh
        (2_000, "2026-01-01T00:00:01.000Z", 8_000),  # none came since
        (9_900, "2026-01-01T00:00:30.000Z", 30_000),  # it comes, but ingest has long been silent
    ],
)
def test_a_pulse_is_as_old_as_the_worse_of_its_arrival_and_its_own_time(
    heard_ms: int, now: str, age: int, ask: Ask
) -> None:
    now_ms = datetime.fromisoformat(now).timestamp() * 1000
    pulse = {"heardMs": heard_ms, "ingestAt": "2026-01-01T00:00:00.000Z"}
    assert ask("pulse", pulse=pulse, now=now_ms, monotonic=10_000) == age


def test_without_any_pulse_nothing_is_live(ask: Ask) -> None:
    assert ask("pulse", pulse=None, now=None, monotonic=1) == "never"
    assert ask("pulse", pulse={"heardMs": 1, "ingestAt": None}, now=2, monotonic=2) == "never"


some = st.sampled_from(("", "Room 1", "Bed 12", "EMS-0001", "bed", "room 1 12", "Straße", " ", "x"))
entries = st.fixed_dictionaries(
    {
        "name": some,
        "serial": some,
        "room": some,
        "tone": st.sampled_from(("on", "ramping", "paused", "idle", "fault", "silent", "lost", "never")),
        "rank": st.integers(0, 10),
        "in_session": st.booleans(),
        "attention": st.booleans(),
        "silent": st.booleans(),
    }
)
addresses = st.dictionaries(
    st.sampled_from(("order", "room", "state", "q", "kiosk")),
    st.one_of(some, st.sampled_from(("place", "trouble", *choices.STATES, "ß" * 100))),
)


@many
@given(asked=addresses, remembered=st.sampled_from(("", "place", "trouble", "x")), kiosk=st.booleans())
def test_an_address_says_the_same_to_the_server_and_to_the_page(
    asked: dict[str, str], remembered: str, kiosk: bool, ask: Ask
) -> None:
    choice = choices.choice_of(asked, remembered=remembered, kiosk=kiosk)
    said = ask("choice", search=urlencode(asked), remembered=remembered, kiosk=kiosk)
    assert said["choice"] == asdict(choice)
    again = dict(parse_qsl(said["address"].removeprefix("?")))
    assert choices.choice_of(again, remembered=remembered, kiosk=kiosk) == choice
    assert again.get("kiosk") == (asked.get("kiosk") or None)  # what is not ours stays


@many
@given(tiles=st.lists(entries, max_size=30), asked=addresses)
def test_the_page_chooses_and_orders_as_the_first_render_does(
    tiles: list[dict[str, Any]], asked: dict[str, str], ask: Ask
) -> None:
    choice = choices.choice_of(asked)
    said = ask("chosen", entries=tiles, choice=asdict(choice))
    assert said["matches"] == [choices.matches(one, choice) for one in tiles]
    assert said["arranged"] == choices.arranged(tiles, choice.order)


def test_a_screen_on_the_wall_makes_room_for_trouble_as_the_first_render_does(ask: Ask) -> None:
    cases = [(shown, troubled) for shown in (0, 24, 25, 500) for troubled in range(30)]
    pages = [choices.page_size(shown, troubled) for shown, troubled in cases]
    assert ask("pages", cases=cases) == [[size, choices.strip_room(size)] for size in pages]
    for (shown, troubled), size in zip(cases, pages, strict=True):
        assert troubled <= choices.strip_room(size) or size == 12 or shown <= 24


@many
@given(now=st.permutations(range(12)))
def test_only_as_many_tiles_move_as_must(now: list[int], ask: Ask) -> None:
    moved = ask("movers", now=now, wanted=list(range(12)))
    stay = [one for one in now if one not in moved]
    assert stay == sorted(stay)
    rises = [1] * 12
    for at, one in enumerate(now):
        rises[at] += max((rises[n] for n in range(at) if now[n] < one), default=0)
    assert len(stay) == max(rises)


# Three in the first row, two in the second.
_BOXES = [{"left": 100 * (n % 3), "top": 50 * (n // 3), "width": 90} for n in range(5)]


@pytest.mark.parametrize(
    "at, key, to",
    [
        (0, "ArrowRight", 1),
        (4, "ArrowRight", None),
        (3, "ArrowLeft", 2),
        (0, "ArrowLeft", None),
        (1, "ArrowDown", 4),
        (2, "ArrowDown", 4),  # nothing is right below: the nearest in that row
        (4, "ArrowDown", None),
        (4, "ArrowUp", 1),
        (1, "ArrowUp", None),
        (3, "Home", 0),
        (0, "End", 4),
    ],
)
def test_the_arrow_keys_go_where_they_point(at: int, key: str, to: int | None, ask: Ask) -> None:
    assert ask("neighbour", boxes=_BOXES, at=at, key=key) == to
