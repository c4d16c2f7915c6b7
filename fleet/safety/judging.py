"""One device being judged: what it says goes in, news of alerts come out.  Pure.

Rules are isolated: one that raises an exception is reported (`Watch.on_broken`), its memory stays as it was, and
all others go on.  Live records move the device's memory; late ones, and whatever is older than what was heard
before, are judged beside it, make alerts marked late, and end nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from devices.batch.desk import Happened, Told
from devices.statuses import is_credible
from devices.wire.messages import ProtocolRef, Status, Telemetry
from devices.wire.words import Phase
from fleet.safety import conditions
from fleet.safety.conditions import Delays, Found, Slot
from fleet.safety.finders import events, status, telemetry
from fleet.safety.finders.look import Look
from fleet.safety.finders.status import Said
from fleet.safety.rules import PRODUCT, RULES, Limits
from fleet.safety.signals import Fall, Key, News, Rise, Weigh
from fleet.safety.words import Priority
from fleet.safety.yardstick import UNKNOWN, Knowledge, Yardstick, make

OnBroken = Callable[[str, Exception], None]
Knows = Callable[[ProtocolRef], Knowledge]
Slots = dict[str, dict[int, Slot]]  # rule → channel → memory

_TELEMETRY: Final = tuple(telemetry.FINDERS.items())
_STATUS: Final = tuple(status.FINDERS.items())
_AT_ONCE: Final = Delays()
_TREATING: Final = (
    "over_current",
    "current_density",
    "charge_per_phase",
    "electrode_off",
    "low_current",
    "overrun",
)
"""Rules of an open session: with it, what telemetry said of them is over."""


_OF_AMPLITUDE: Final = frozenset({"over_current", "current_density", "charge_per_phase"})
_IN_BETWEEN: Final = frozenset({Phase.RAMP_UP, Phase.RAMP_DOWN, Phase.REST})
"""Phases in which less current flows than in a contraction: that nothing is found then is no sign of mending."""
OFF: Final = "current_while_off"
_PAST_MS: Final = 120_000  # what is older than what is known is one story if its records are this close


def knows_nothing(_protocol: ProtocolRef) -> Knowledge:
    """Know no protocol."""
    return UNKNOWN


def nobody(_rule: str, error: Exception) -> None:
    """Report to nobody: let it be raised."""
    raise error


class Watch:
    """The memory of one device.  `news` and `touched` gather what came of it until somebody takes them."""

    __slots__ = (
        "before",
        "device_id",
        "in_conflict",
        "knows",
        "late",
        "limits",
        "look",
        "news",
        "on_broken",
        "planned",
        "session",
        "slots",
        "status",
        "touched",
        "yard",
    )

    def __init__(self, device_id: int, *, knows: Knows = knows_nothing, on_broken: OnBroken = nobody) -> None:
        self.device_id, self.knows, self.on_broken = device_id, knows, on_broken
        self.slots: Slots = {}
        self.late: Watch | None = None  # what late records found; not kept
        self.limits: Limits = PRODUCT
        self.yard: Yardstick = make(PRODUCT, None, UNKNOWN)
        self.status: Status | None = None  # the newest live one
        self.before: Telemetry | None = None  # the newest live one
        self.planned: tuple[str | None, int | None] = (None, None)  # session, ms
        self.session: str | None = None
        self.in_conflict = False
        self.look = Look()
        self.news: list[News] = []
        self.touched: dict[tuple[str, int], Slot] = {}

    # --- what it is measured by ---

    def measure_by(self, limits: Limits) -> None:
        """Judge by these limits, and by what is known of the protocol now."""
        self.limits = limits
        self.yard = self._yardstick(self.status)

    def _yardstick(self, status: Status | None) -> Yardstick:
        protocol = None if status is None else status.protocol
        return make(self.limits, status, UNKNOWN if protocol is None else self.knows(protocol))

    def _hear_status(self, told: Status) -> None:
        old, self.status, self.session = self.status, told, told.session
        was_charging = old is not None and old.battery is not None and old.battery.charging
        charging = told.battery is not None and told.battery.charging
        if (
            old is None
            or charging != was_charging
            or (old.max_ma, old.electrode_cm2, old.protocol)
            != (told.max_ma, told.electrode_cm2, told.protocol)
        ):
            self.yard = self._yardstick(told)

    # --- what it says ---

    def telemetry(self, message: Telemetry, at_ms: int, *, late: bool, disputed: bool = False) -> None:
        """Judge one message, every sample of it."""
        before = self.before
        if late or (before is not None and (message.boot, message.up_ms) <= (before.boot, before.up_ms)):
            self._of_past(lambda past: past._past_telemetry(message, at_ms, self), at_ms, late=late)
            return
        self.session = message.session
        self._judge(message, before, at_ms, raise_only=disputed)
        if self.status is not None and self.status.output == "off" and not disputed:
            self._doubt(self.status, message, at_ms)
        self.before = message

    def _judge(self, message: Telemetry, before: Telemetry | None, at_ms: int, *, raise_only: bool) -> None:
        look, yard, slots = self.look, self.yard, self.slots
        look.at(message, before)
        eases = message.phase not in _IN_BETWEEN
        for rule, finder in _TELEMETRY:
            mine = slots.get(rule)
            try:
                found = finder(message, yard, look, mine)
            except Exception as error:
                self.on_broken(rule, error)
                continue
            if found or mine:
                only = raise_only or not (eases or rule not in _OF_AMPLITUDE)
                self._hear(rule, found, at_ms, conditions.TELEMETRY, raise_only=only)
        planned_for, planned_ms = self.planned
        try:
            found = telemetry.overrun(message, yard, planned_ms if planned_for == message.session else None)
        except Exception as error:
            self.on_broken("overrun", error)
            return
        if found or "overrun" in slots:
            self._hear("overrun", found, at_ms, conditions.TELEMETRY, raise_only=raise_only)

    def _doubt(self, status: Status, message: Telemetry, at_ms: int) -> None:
        """Current though the device says that none can flow.  Only a status ends it: rests come and go."""
        try:
            found = telemetry.current_while_off(message, status, self.look)
        except Exception as error:
            self.on_broken(OFF, error)
            return
        if found:
            self._hear(OFF, found, at_ms, conditions.TELEMETRY, raise_only=True)

    def heard_status(self, told: Told) -> None:
        """Judge a full status: what it says holds, and what it does not say does not."""
        said, newest = told.status, self.status
        if newest is not None and (said.boot, said.up_ms) <= (newest.boot, newest.up_ms):
            if self.in_conflict and told.is_live:  # the other device under this serial
                self._judge_status(Said(said, said.t - told.placed_ms), told.placed_ms, raise_only=True)
            return
        if not told.is_live or said.state == "offline":
            self._of_past(lambda past: past._past_status(told), told.placed_ms, late=True)
            return
        self._hear_status(said)
        at_ms = told.placed_ms
        if said.session is None and not self.in_conflict:
            self._session_is_over(at_ms)
        if OFF in self.slots and not self.in_conflict and is_credible(said, self.before):
            self._hear(OFF, (), at_ms, conditions.TELEMETRY, raise_only=False)
        self._judge_status(Said(said, said.t - at_ms), at_ms, raise_only=self.in_conflict)
        if "records_dropped" in self.slots:
            self._hear("records_dropped", (), at_ms, conditions.STATUS, raise_only=False)
        if "rejects" in self.slots:
            self._forget_rejects(at_ms)

    def _judge_status(self, said: Said, at_ms: int, *, raise_only: bool) -> None:
        for rule, finder in _STATUS:
            mine = self.slots.get(rule)
            try:
                found = finder(said, self.yard, mine)
            except Exception as error:
                self.on_broken(rule, error)
                continue
            if found or mine:
                self._hear(rule, found, at_ms, conditions.STATUS, raise_only=raise_only)

    def _session_is_over(self, at_ms: int) -> None:
        """What telemetry said of the session no longer holds: nothing flows, and no delay need be waited for."""
        for rule, channels in list(self.slots.items()):
            if rule == OFF:
                continue  # what it says of its session is what is in doubt
            off = _AT_ONCE if rule in _TREATING else self._delays(rule)
            for slot in list(channels.values()):
                if slot.sources == 0 or slot.sources & conditions.TELEMETRY:
                    self._tell(slot, conditions.holds_not(slot, at_ms, conditions.TELEMETRY, off), at_ms)

    def happened(self, one: Happened, now_ms: int) -> None:
        """Judge an event that is known since `now_ms`."""
        try:
            tidings = events.read(one)
        except Exception as error:
            self.on_broken("events", error)
            return
        if not tidings:
            return
        for tiding in tidings:
            if events.is_news(tiding.rule, one, now_ms):
                self._hear_tiding(tiding, one)
            else:
                self._of_past(partial(Watch._hear_tiding, tiding=tiding, one=one), one.true_ms, late=True)

    def _hear_tiding(self, tiding: events.Tidings, one: Happened) -> None:
        """Take in what an event says.  Each one of those that are no state of the device rises anew."""
        at_ms = one.true_ms
        rule, found = tiding.rule, tiding.found
        if found is None:
            slot = self.slots.get(rule, {}).get(tiding.channel)
            if slot is not None:
                self._tell(
                    slot, conditions.holds_not(slot, at_ms, conditions.STATUS, self._delays(rule)), at_ms
                )
            return
        slot = self._slot(rule, found, at_ms)
        if rule in events.HOLD_MS:
            slot.told = False  # it happened again, whoever has closed what was told of the first time
            slot.hold_ms = at_ms + events.HOLD_MS[rule]
        move = conditions.holds(slot, found, at_ms, conditions.STATUS, self._delays(rule))
        self._tell(slot, move or conditions.NOTED, at_ms, session=one.event.session)

    def link(self, link: str, at_ms: int) -> None:
        """Judge the link that the device's state has come to."""
        self.in_conflict = link == "conflict"
        if self.in_conflict:
            self._hear(
                "identity_conflict", [Found(0, Priority.HIGH, {})], at_ms, conditions.STATUS, raise_only=True
            )
        elif "identity_conflict" in self.slots:
            self._hear("identity_conflict", (), at_ms, conditions.STATUS, raise_only=False)

    def refused(self, times: int, at_ms: int, reason: str) -> None:
        """Count messages that could not be read."""
        limits = self.limits["rejects"]
        window_ms, most = limits["window_s"] * 1000, int(limits["count"])
        facts = {"messages": times, "window_s": limits["window_s"], "reason": reason}
        found = Found(0, Priority.LOW, facts)
        slot = self._slot("rejects", found, at_ms)
        move = conditions.NOTED
        if conditions.count(slot, at_ms, times=times, most=most, window_ms=window_ms):
            found = found._replace(facts=facts | {"messages": len(slot.marks)})
            move |= conditions.holds(slot, found, at_ms, conditions.STATUS, _AT_ONCE)
        self._tell(slot, move, at_ms)

    def _forget_rejects(self, at_ms: int) -> None:
        slot = self.slots["rejects"][0]
        window_ms = self.limits["rejects"]["window_s"] * 1000
        if all(at_ms - ms >= window_ms for ms in slot.marks):
            slot.marks = []
            self._tell(
                slot,
                conditions.holds_not(slot, at_ms, conditions.STATUS, _AT_ONCE) or conditions.NOTED,
                at_ms,
            )

    # --- beside what is live ---

    def _of_past(self, judge: Callable[[Watch], None], at_ms: int, *, late: bool) -> None:
        """Let a memory of its own judge what is older than what is known: it only tells that something began.

        What came out of order without being late began and ended: it is told like any other.
        """
        if self.late is None:
            self.late = Watch(self.device_id, knows=self.knows, on_broken=self.on_broken)
        past = self.late
        past.limits, past.planned = self.limits, self.planned
        past.forget_far_from(at_ms)
        judge(past)
        found, past.news = past.news, []
        past.touched.clear()
        for one in found:
            if not isinstance(one, Rise) or self._is_told(one.key):
                continue
            self.news.append(replace(one, late=late))
            if not late:
                self.news.append(Fall(one.key, one.at_ms))

    def forget_far_from(self, at_ms: int) -> None:
        """Forget what was found at quite another time: it was another story."""
        for rule, channels in list(self.slots.items()):
            near = {n: slot for n, slot in channels.items() if abs(at_ms - slot.seen_ms) <= _PAST_MS}
            if near:
                self.slots[rule] = near
            else:
                del self.slots[rule]

    def _is_told(self, key: Key) -> bool:
        slot = self.slots.get(key.rule, {}).get(key.channel or 0)
        return slot is not None and slot.told

    def _past_telemetry(self, message: Telemetry, at_ms: int, live: Watch) -> None:
        """Judge a message of another time; its protocol may have been another, too."""
        is_same = live.status is not None and message.session in (live.session, live.status.session)
        self.yard = live.yard if is_same else make(live.limits, None, UNKNOWN)
        self.session = message.session
        before, self.before = self.before, message
        self._judge(message, before, at_ms, raise_only=False)

    def _past_status(self, told: Told) -> None:
        """Judge a status that waited, or that the broker kept: what it says held then.  Its clock proves nothing."""
        self.session = told.status.session
        self.yard = self._yardstick(told.status)
        self._judge_status(Said(told.status, 0), told.placed_ms, raise_only=False)

    # --- from findings to news ---

    def _delays(self, rule: str) -> Delays:
        return self.yard.limits.delays.get(rule, _AT_ONCE)

    def _slot(self, rule: str, found: Found, at_ms: int) -> Slot:
        channels = self.slots.setdefault(rule, {})
        slot = channels.get(found.channel)
        if slot is None:
            slot = channels[found.channel] = conditions.begin(rule, found, at_ms)
        return slot

    def _hear(self, rule: str, found: Sequence[Found], at_ms: int, source: int, *, raise_only: bool) -> None:
        """Take in what a rule found; of what it does not name, it says that it does not hold."""
        delays = self._delays(rule)
        named = set()
        for one in found:
            named.add(one.channel)
            if one.priority is not None:
                slot = self._slot(rule, one, at_ms)
                if source == conditions.STATUS:
                    slot.hold_ms = 0  # the status knows of it by now, and will say when it is over
                self._tell(slot, conditions.holds(slot, one, at_ms, source, delays), at_ms)
        if raise_only:
            return
        for channel, slot in list(self.slots.get(rule, {}).items()):
            if channel not in named:
                self._tell(slot, conditions.holds_not(slot, at_ms, source, delays), at_ms)

    def _tell(self, slot: Slot, move: int, at_ms: int, *, session: str | None = None) -> None:
        if not move:
            return
        self.touched[slot.rule, slot.channel] = slot
        key = Key(slot.rule, self.device_id, slot.channel or None)
        if move & conditions.ROSE:
            self.news.append(self._rise(key, slot, at_ms, session or self.session))
        elif move & conditions.WEIGHED:
            self.news.append(Weigh(key, at_ms, slot.priority, slot.facts))
        elif move & conditions.FELL:
            self.news.append(Fall(key, at_ms))
        if conditions.is_over(slot):
            channels = self.slots[slot.rule]
            del channels[slot.channel]
            if not channels:
                del self.slots[slot.rule]

    def _rise(self, key: Key, slot: Slot, at_ms: int, session: str | None) -> Rise:
        rule = RULES[slot.rule]
        return Rise(
            key,
            at_ms,
            slot.priority,
            duty=rule.duty,
            facts=slot.facts,
            latched=rule.latched,
            session=session,
            in_session=session is not None,
            rule_version=self.limits.version,
        )
