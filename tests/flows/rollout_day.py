"""The bad day of a rollout as a story: who plays which part, and what was seen while it went on."""

from dataclasses import dataclass, field
from typing import Any

from tests.flows.operators import at_once
from tests.flows.rollouts import (
    Object,
    Office,
    Rollout,
    end_sessions,
    gate_before_offers,
    tag,
    wait_at_offer,
    wait_link,
)
from tests.flows.simulator import Simulator
from tests.flows.stops import in_session
from tests.harness import House, full_or, wait_for

TARGETS, JOINERS = 300, 5
FIRST, SECOND = slice(0, 15), slice(15, 75)  # 5 and 25 %; the rest is the third wave
RETRIES = 1
DEADLINE_S = full_or(4, 60)
PLAN: Object = {
    "waves": [{"percent": 5}, {"percent": 25}, {"percent": 100}], "success_threshold": 0.95,
    "failure_threshold": 0.10, "failure_count": 20, "min_evaluated": 10, "deadline_s": int(DEADLINE_S),
    "retries": RETRIES, "soak_s": int(full_or(0, 30)), "pace_per_minute": int(full_or(3000, 300)),
    "advance": "automatic",
}  # fmt: skip
LONG_S = full_or(60, 900)


@dataclass
class Cast:
    """Who does what on this day, by serial; the places are those of the waves."""

    all: list[str]
    joiners: list[str]
    wrong: set[str] = field(init=False)
    silent: set[str] = field(init=False)
    rejecting: set[str] = field(init=False)
    offline: set[str] = field(init=False)
    in_session: set[str] = field(init=False)
    unlucky: str = field(init=False)  # loses its power with what it was offered in its hands

    def __post_init__(self) -> None:
        first, second, third = self.waves()
        self.wrong = {*first[0:2], *second[0:2], *third[-4:]}
        self.silent = {first[2], second[2], *third[-8:-4]}
        self.rejecting = {first[3], second[3], third[-9]}
        self.offline = {*second[4:9], *third[0:40]}
        self.in_session = {*first[4:6], *second[9:17], *third[40:60]}
        self.unlucky = third[40]

    def waves(self) -> tuple[list[str], list[str], list[str]]:
        return self.all[FIRST], self.all[SECOND], self.all[SECOND.stop :]

    @property
    def good(self) -> set[str]:
        return {*self.all, *self.joiners} - self.wrong - self.silent - self.rejecting - self.offline


@dataclass
class Day:
    """What was seen while it went on."""

    cast: Cast
    rollout: Rollout
    version: Object
    preview: Object
    own_approval: int
    stops: list[Object] = field(default_factory=list)
    clicks: list[list[int]] = field(default_factory=list)
    offered_while_paused: int = -1
    held: dict[str, Object] = field(default_factory=dict)
    end: Object = field(default_factory=dict)
    targets: dict[str, Object] = field(default_factory=dict)


def take_parts(house: House, fleet: Simulator, serials: list[str]) -> Cast:
    """Everybody takes up their part, and the house knows who is off and who is in a session."""
    cast = Cast(serials[:TARGETS], serials[TARGETS : TARGETS + JOINERS])
    house.sql("UPDATE devices_device SET risk_class = ''")  # the waves are as the serials are
    tag(house, "knee", cast.all)
    for nth, serial in enumerate(sorted(cast.wrong)):
        fleet.ask(fault="claims_wrong_hash", serial=serial, args={"keeps_old": bool(nth % 2)})
    for serial in cast.silent:
        fleet.ask(fault="swallows_protocol", serial=serial)
    for serial in cast.rejecting:
        fleet.ask(fault="refuses_protocol", serial=serial)
    for serial in cast.offline:
        fleet.ask(fault="link_loss", serial=serial)
    in_session(house, fleet, *cast.in_session)
    wait_link(house, "offline", *cast.offline)
    return cast


def live_through(house: House, fleet: Simulator, cast: Cast, office: Office) -> Day:
    """The whole day, from the preview to the end."""
    version = office.approved("knee-strength")
    spec = {"targets": {"tag": "knee"}, "protocol": version["id"], "version": version["version"], **PLAN}
    preview = office.engineer.post("rollouts/preview", spec).body
    rollout = office.written(version, {"tag": "knee"}, **PLAN)
    own = office.engineer.post(f"rollouts/{rollout.id}/approve", {"reason": "I wrote it"}).status
    day = Day(cast, rollout, version, preview, own)
    rollout.do("start")
    _first_wave(day, fleet)
    _second_wave(day, fleet)
    _third_wave(day, house, fleet)
    day.end = rollout.wait("completed", "unreachable", within_s=LONG_S)
    day.targets = rollout.targets()
    return day


def _double_click(day: Day, verb: str, **body: Any) -> None:
    answers = at_once(*[lambda: day.rollout.ask(verb, **body)] * 2)
    day.clicks.append(sorted(answer.status for answer in answers))


def _first_wave(day: Day, fleet: Simulator) -> None:
    """It stops by itself while two are held; somebody looks at it, and goes on, with a double click."""
    rollout, busy = day.rollout, set(day.cast.waves()[0]) & day.cast.in_session
    day.stops.append(rollout.wait("paused", within_s=LONG_S))
    day.held |= rollout.wait_targets(busy, "held", reason="session")
    _double_click(day, "advance", wave=1)
    end_sessions(fleet, busy)


def _second_wave(day: Day, fleet: Simulator) -> None:
    """Somebody pauses it and goes on; it waits for those in a session, and is not good enough."""
    rollout, cast = day.rollout, day.cast
    busy = set(cast.waves()[1]) & cast.in_session
    wait_for(
        lambda: rollout.look()["wave"] == 2, within_s=LONG_S, why=lambda: f"no second wave: {rollout.told()}"
    )
    _double_click(day, "pause")
    before = _ever_offered(rollout)
    fleet.wait_made(len(cast.in_session) * 3)  # three seconds of those in a session: longer than a tick
    day.offered_while_paused = _ever_offered(rollout) - before
    _double_click(day, "resume")
    day.held |= rollout.wait_targets(busy, "held", reason="session", within_s=LONG_S)
    end_sessions(fleet, busy)
    day.stops.append(rollout.wait("paused", within_s=LONG_S))
    _double_click(day, "advance", wave=2)


def _third_wave(day: Day, house: House, fleet: Simulator) -> None:
    """The clock is killed between its decision to offer and the record of it; five devices come to match."""
    with gate_before_offers(house):
        wait_at_offer(house)
        house.kill9("courier")
    house.start("courier")
    tag(house, "knee", day.cast.joiners)
    busy = set(day.cast.waves()[2]) & day.cast.in_session
    day.held |= day.rollout.wait_targets(busy, "held", reason="session", within_s=LONG_S)
    fleet.ask(fault="power_loss", serial=day.cast.unlucky, for_s=2)
    end_sessions(fleet, busy - {day.cast.unlucky})


def _ever_offered(rollout: Rollout) -> int:
    return sum(one["kind"] == "offered" for one in rollout.decisions())
