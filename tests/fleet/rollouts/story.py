"""An imagined house full of devices under a rollout, told in ticks of two seconds.  Pure.

After every tick it is held that replaying the decisions gives the same rows, and what may never be: see `_hold`.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from fleet.rollouts import deeds, policy, verbs, waves
from fleet.rollouts.evidence import Answer, Evidence, Link, Outcome, Status
from fleet.rollouts.plan import Advance, Count, Percent, Plan, Risk
from fleet.rollouts.replay import pristine, replay
from fleet.rollouts.scene import Action, Candidate, Kind, Order, State, Step, Target, Wave
from fleet.rollouts.states import EVALUATED, OPEN, Direction, RolloutState, TargetState
from fleet.rollouts.verbs import Forbidden, Verb

OLD, NEW, ODD = "a" * 64, "b" * 64, "c" * 64
TICK_MS = 2_000
MONDAY_NOON_MS = 1_795_435_200_000  # 2026-11-23 12:00 UTC
HOUR_MS = 3_600_000
ROLLOUT = "7f6d3c1e-0b8a-4a53-9a49-1f8e25a0c001"


def plan(**other: Any) -> Plan:
    """Return a plan of one wave that nothing holds up; `other` replaces parts of it."""
    usual: dict[str, Any] = {
        "waves": (Percent(100),),
        "success_threshold": 0.95,
        "failure_threshold": 0.5,
        "failure_count": None,
        "min_evaluated": 1,
        "deadline_ms": 20_000,
        "soak_ms": 0,
        "pace_per_minute": 6_000,
        "retries": 0,
        "advance": Advance.AUTOMATIC,
    }
    return Plan(**usual | other)


@dataclass
class Device:
    """One device, and what it makes of an offer.

    `way`: `good`, `lies` (says done, runs something else), `swallows` (says received, and no more), `mute` (says
    nothing), `refuses`, `no_server_time`, `applies_in_session`.
    """

    serial: str
    way: str = "good"
    link: Link = Link.ONLINE
    session: str | None = None
    runs: str | None = OLD
    revoked: bool = False
    conflict: bool = False
    incapable: tuple[str, ...] = ()
    other_rollout: str | None = None
    boot: int = 1
    held: str | None = None
    offer: Order | None = None  # that it has, and has not applied
    answers: dict[str, Answer] = field(default_factory=dict)
    offers_seen: list[str] = field(default_factory=list)
    applied_in_session: bool = False

    def is_asked(self, order: Order, now_ms: int) -> None:
        """An order is written down; it has not left."""
        self.answers[order.command] = Answer(order.command, now_ms, now_ms + HOUR_MS)

    def is_cancelled(self, command: str) -> None:
        self.answers[command] = replace(self.answers[command], outcome=Outcome.EXPIRED, why="cancelled")

    def hears(self, order: Order, now_ms: int) -> None:
        """An order of ours arrives, 100 ms after it has left; at who is offline, never."""
        is_there = self.link in (Link.ONLINE, Link.SUSPECT)
        asked = self.answers[order.command]
        self.answers[order.command] = replace(asked, published_ms=now_ms + 100, tried=True)
        if not is_there:
            return
        if order.takes_back is not None:
            self._forgets(order, now_ms)
        else:
            self.offers_seen.append(order.command)
            self._takes(order, now_ms)

    def _forgets(self, order: Order, now_ms: int) -> None:
        has_it = self.offer is not None and self.offer.command == order.takes_back
        if self.way in ("swallows", "mute"):
            return
        if has_it:
            self.offer, self.held = None, None
            self.says(order.command, Outcome.DONE, now_ms)
        else:
            self.says(order.command, Outcome.REFUSED, now_ms, "applied")

    def _takes(self, order: Order, now_ms: int) -> None:
        match self.way:
            case "mute":
                return
            case "refuses":
                self.says(order.command, Outcome.REFUSED, now_ms, "limits")
            case "no_server_time":
                self.says(order.command, Outcome.REFUSED, now_ms, "no_server_time")
            case "swallows":
                self.says(order.command, Outcome.RECEIVED, now_ms)
            case "lies":
                self.runs = ODD
                self.says(order.command, Outcome.DONE, now_ms)
            case _:
                self.offer = order
                self.says(order.command, Outcome.RECEIVED, now_ms)
                self.goes_on(now_ms)

    def goes_on(self, now_ms: int) -> None:
        """Apply what it has, as soon as it may."""
        if self.offer is None or self.link not in (Link.ONLINE, Link.SUSPECT):
            return
        if now_ms >= self.answers[self.offer.command].expires_ms:
            self.says(self.offer.command, Outcome.EXPIRED, now_ms)
            self.offer, self.held = None, None
        elif self.session and self.way != "applies_in_session":
            self.held = "session"
        elif not (self.held and self.held != "session"):
            self.applied_in_session = self.session is not None
            self.runs, self.held = self.offer.sha256, None
            self.says(self.offer.command, Outcome.DONE, now_ms)
            self.offer = None

    def says(self, command: str, outcome: Outcome, now_ms: int, why: str = "") -> None:
        self.answers[command] = replace(
            self.answers[command], outcome=outcome, why=why, boot=self.boot, up_ms=now_ms + 200
        )

    def evidence(self, row: Target | None, now_ms: int) -> Evidence:
        protocol = None if self.runs is None else {"id": "p", "version": 1, "sha256": self.runs}
        status = Status(self.boot, now_ms - 500, now_ms - 500, protocol, self.session, self.held)
        return Evidence(
            self.link,
            None if self.link is Link.NEVER else status,
            self.conflict,
            self.revoked,
            self.incapable,
            self.other_rollout,
            self.answers.get(row.command or "") if row else None,
            self.answers.get(row.withdrawal or "") if row else None,
        )


class Story:
    """A rollout from its approval on."""

    def __init__(self, how: Plan, devices: list[Device], **classes: Risk) -> None:
        self.devices = {one.serial: one for one in devices}
        self.now_ms = MONDAY_NOON_MS
        self.decided: list[tuple[int, Action]] = []
        self.ordered: list[Order] = []
        self.barred: dict[str, str] = {}
        self.candidates: list[Candidate] | None = None
        self.dispatch_is_down = False
        self.unsent: list[Order] = []
        candidates = [Candidate(one.serial, classes.get(one.serial, Risk.REST)) for one in devices]
        targets = {
            one.candidate.serial: Target(one.candidate.serial, one.wave, one.place, NEW, self.now_ms)
            for one in waves.arrange(how.waves, candidates)
        }
        rows = tuple(Wave(number) for number in range(1, len(how.waves) + 1))
        self.state = State(ROLLOUT, how, NEW, RolloutState.APPROVED, targets, rows)

    @classmethod
    def of(cls, number: int, how: Plan | None = None, **ways: str) -> "Story":
        """A rollout to so many devices, D001 and so on; `D003="lies"` says which are not good."""
        names = [f"D{one:03}" for one in range(1, number + 1)]
        return cls(how or plan(), [Device(name, ways.get(name, "good")) for name in names])

    # --- what happens ---

    def ask(self, verb: Verb, **how: Any) -> Step | Forbidden:
        answer = verbs.asked(self._looked(), verb, self.now_ms, **how)
        if isinstance(answer, Step):
            self._take(answer)
        return answer

    def start(self) -> "Story":
        assert isinstance(self.ask(Verb.START), Step)
        return self

    def tick(self, times: int = 1) -> "Story":
        for _ in range(times):
            self.now_ms += TICK_MS
            self._dispatch()
            for one in self.devices.values():
                one.goes_on(self.now_ms - 700)
            self._take(policy.next_step(self._looked(), self.now_ms))
        return self

    def till(self, *states: RolloutState, ticks: int = 400) -> "Story":
        for _ in range(ticks):
            if self.state.state in states:
                return self
            self.tick()
        raise AssertionError(f"still {self.state.state} {self.state.reason} {self.counts}")

    def run(self, ticks: int = 400) -> "Story":
        return self.start().till(RolloutState.COMPLETED, RolloutState.PAUSED, ticks=ticks)

    # --- what is seen ---

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(one.state.value for one in self.state.targets.values()))

    @property
    def stands(self) -> tuple[str, str]:
        return self.state.state.value, self.state.reason

    def target(self, serial: str) -> Target:
        return self.state.targets[serial]

    def stand(self, serial: str) -> tuple[str, str]:
        row = self.state.targets[serial]
        return row.state.value, row.reason

    def times_of(self, kind: Kind) -> list[int]:
        return [at_ms for at_ms, one in self.decided if one.kind is kind]

    def kinds(self) -> list[str]:
        """Everything but what concerns single devices."""
        return [one.kind.value for _at_ms, one in self.decided if one.target is None]

    def wave_of(self, number: int) -> Any:
        return self.state.waves[number - 1]

    # --- the mechanics ---

    def _looked(self) -> State:
        targets = self.state.targets
        seen = {
            one.serial: one.evidence(targets.get(one.serial), self.now_ms) for one in self.devices.values()
        }
        return replace(self.state, seen=seen, barred=self.barred, candidates=self.candidates)

    def _take(self, step: Step) -> None:
        before = self.state
        assert deeds.fold(before, step.actions, self.now_ms).targets == step.state.targets
        self._hold(before, step)
        self.state = step.state
        self.decided += [(self.now_ms, one) for one in step.actions]
        self._end_what_is_over()
        for order in deeds.orders(step.actions, step.state):
            self.ordered.append(order)
            self.unsent.append(order)
            self.devices[order.serial].is_asked(order, self.now_ms)
            if order.takes_back is not None:
                self._cancel(order)
        self._dispatch()

    def _dispatch(self) -> None:
        """What is not over yet leaves the server."""
        if self.dispatch_is_down:
            return
        orders, self.unsent = self.unsent, []
        for order in orders:
            device = self.devices[order.serial]
            if device.answers[order.command].expires_ms > self.now_ms:
                device.hears(order, self.now_ms)

    def _end_what_is_over(self) -> None:
        """An offer for which nobody waits any more never goes out, as `sending.send` has it."""
        waited_for = {one.command for one in self.state.targets.values() if one.state in OPEN}
        for order in [one for one in self.unsent if one.takes_back is None]:
            if order.command not in waited_for:
                self.unsent.remove(order)
                self.devices[order.serial].is_cancelled(order.command)

    def _cancel(self, back: Order) -> None:
        """An offer that has not left is taken back without a word to the device."""
        for order in [one for one in self.unsent if one.command == back.takes_back]:
            self.unsent.remove(order)
            self.unsent.remove(back)
            self.devices[order.serial].is_cancelled(order.command)

    def _hold(self, before: State, step: Step) -> None:
        """What may never be."""
        for one in step.actions:
            row = before.targets.get(one.target or "")
            if one.kind is Kind.OFFERED:
                device = self.devices[one.target or ""]
                assert device.link in (Link.ONLINE, Link.SUSPECT), "offered to who is not there"
                assert not device.conflict, "offered while two speak under one serial"
                assert not device.revoked, "offered to a revoked device"
                assert not device.incapable, "offered what the device cannot do"
                is_back = step.state.targets[device.serial].direction is Direction.BACK
                assert is_back == (step.state.state is RolloutState.ROLLING_BACK), "offered the wrong way"
                now = step.state.targets[device.serial]
                assert now.want_sha256 not in self.barred, "offered what is barred"
                assert self._attempts(device.serial, step) <= 1 + self.state.plan.retries, "too many offers"
                assert (
                    self.candidates is None
                    or is_back
                    or device.serial in {one.serial for one in self.candidates}
                ), "offered to who is none of it"
            if one.kind in (Kind.FAILED, Kind.TIMED_OUT) and row is not None:
                held = row.state is TargetState.HELD and one.reason not in (
                    "held_too_long",
                    "applied_in_session",
                )
                assert not held, "judged while held"
            if one.kind is Kind.VERIFIED:
                assert self.devices[one.target or ""].runs == before.targets[one.target or ""].want_sha256
        in_minute = [one for one in step.state.recent_ms if one > self.now_ms - 60_000]
        assert len(in_minute) <= self.state.plan.pace_per_minute, "beyond the pace"

    def _attempts(self, serial: str, step: Step) -> int:
        """How many offers have gone to it since people had it begin anew; what never left was none."""
        number = 0
        for one in [*(one for _at, one in self.decided), *step.actions]:
            if one.target != serial:
                continue
            if one.kind in (Kind.TAKEN_UP, Kind.TURNED):
                number = 0
            number += (one.kind is Kind.OFFERED) - (one.kind is Kind.NOT_SENT)
        return number

    def replayed(self) -> State:
        """The rows made again from the decisions alone."""
        return replay(pristine(self.state, [one for _at, one in self.decided]), self.decided)

    def holds_replay(self) -> None:
        again = self.replayed()
        assert dict(again.targets) == dict(self.state.targets)
        assert (again.waves, again.state, again.reason, dict(again.facts)) == (
            self.state.waves,
            self.state.state,
            self.state.reason,
            dict(self.state.facts),
        )
        assert (again.wave, again.started_ms, again.ended_ms) == (
            self.state.wave,
            self.state.started_ms,
            self.state.ended_ms,
        )

    def open(self) -> int:
        return sum(one.state in OPEN for one in self.state.targets.values())

    def evaluated(self) -> int:
        return sum(one.state in EVALUATED for one in self.state.targets.values())


def named(number: int, start: int = 1) -> list[str]:
    return [f"D{one:03}" for one in range(start, start + number)]


FIVE_QUARTER_ALL = (Percent(5), Percent(25), Percent(100))
ONE_BY_ONE = (Count(1), Count(1), Percent(100))
