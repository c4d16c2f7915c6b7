"""A stored day judged again under one set of rules: the same rules, causes and life cycle as live.  Pure.

What is told is fed in the order in which it arrived, and the clock ticks each second in between (`Run.pass_time`).
People are not in it: an alert that is over closes itself after ten minutes, whatever its priority.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from msgspec import structs

from devices.batch.desk import Happened, Told
from devices.state import SUSPECT_MS
from devices.wire.data import SessionStarted
from devices.wire.messages import Status, Telemetry
from fleet.safety import causes, lifecycle, silence
from fleet.safety.causes import SITE, Cause, Contact
from fleet.safety.judging import Knows, Watch
from fleet.safety.life import USUAL, Life, Step
from fleet.safety.rules import RULES, Limits
from fleet.safety.signals import Fall, Key, News, Rise, Weigh
from fleet.safety.silence import Heard, Known
from fleet.safety.words import TRUE, State

SETTLE_MS: Final = 5_000
OWN_MS: Final = 60_000
CAUSE_MS: Final = 30_000  # a cause begins when somebody falls silent, or soon after
STATUS_MS: Final = {True: 5_000, False: 15_000}
"""How often a status comes, by "in session" (docs/wire.md); those that changed nothing are not stored."""
EVIDENCE_MS: Final = 3_000  # without a record of anybody for so long, the server itself may have been away
_STARTS_SILENT: Final = frozenset({"suspect", "offline"})


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a device stands."""

    serial: str
    group: str  # its uplink, or its room; "" for none


@dataclass(frozen=True, slots=True)
class Changed:
    """A link or status that changed, as it was stored; `status` None: the link alone."""

    device_id: int
    at_ms: int
    link: str
    session: str | None
    output: str | None
    why: str
    status: Status | None = None
    is_live: bool = True


@dataclass(slots=True)
class Kept:
    """One alert of the run."""

    id: int
    key: Key
    life: Life
    calls: int = 0
    was_explained: bool = False


@dataclass(slots=True)
class _Line:
    """What is known of the contact with one device."""

    link: str = "never"
    heard_ms: int = 0
    output: str | None = None
    measured_ms: int | None = None
    measured_in: str | None = None
    said_goodbye: bool = False
    status_ms: int = 0  # when the newest status was told, or would have been
    known: dict[str, Known] = field(default_factory=dict)

    @property
    def is_silent(self) -> bool:
        return self.link in _STARTS_SILENT


class Run:
    """One site's day under one set of rules."""

    def __init__(self, limits: Limits, site_id: int, spots: Mapping[int, Spot], knows: Knows) -> None:
        self.limits, self.site_id, self.spots = limits, site_id, spots
        self.broken: dict[str, str] = {}
        self.alerts: list[Kept] = []
        self._open: dict[str, Kept] = {}
        self._lines = {device_id: _Line() for device_id in spots}
        self._watches = {one: Watch(one, knows=knows, on_broken=self._break) for one in spots}
        for watch in self._watches.values():
            watch.measure_by(limits)
        self._causes: dict[str, int | None] = {}  # subject → since when it is calm
        self._evidence_ms = self._fell_silent_ms = 0

    def _break(self, rule: str, error: Exception) -> None:
        self.broken.setdefault(rule, f"{type(error).__name__}: {error}")

    # --- what is told ---

    def telemetry(
        self, device_id: int, message: Telemetry, at_ms: int, *, late: bool, disputed: bool, now_ms: int
    ) -> None:
        watch = self._watches[device_id]
        watch.telemetry(message, at_ms, late=late, disputed=disputed)
        if not late:
            self._hear(device_id, at_ms, now_ms)
            line = self._lines[device_id]
            line.measured_ms, line.measured_in = at_ms, message.session
        self._collect(watch, now_ms)

    def happened(self, one: Happened, now_ms: int) -> None:
        watch = self._watches[one.device_id]
        if isinstance(one.data, SessionStarted) and not one.late:
            watch.planned = (one.event.session, one.data.planned_ms)
            line = self._lines[one.device_id]
            line.measured_ms, line.measured_in = one.true_ms, one.event.session
        watch.happened(one, now_ms)
        if not one.late:
            self._hear(one.device_id, one.true_ms, now_ms)
        self._collect(watch, now_ms)

    def changed(self, one: Changed, now_ms: int) -> None:
        watch, line = self._watches[one.device_id], self._lines[one.device_id]
        if one.status is not None:
            watch.heard_status(Told(one.device_id, one.status, one.at_ms, one.is_live))
            self._evidence_ms = now_ms
            line.status_ms = one.at_ms
        line.output = one.output
        line.said_goodbye = one.link == "offline" and "goodbye" in one.why.split(",")
        if one.link in _STARTS_SILENT and not line.is_silent:
            waited_ms = SUSPECT_MS[watch.session is not None] if one.why == "silence" else 0
            line.heard_ms = max(line.heard_ms, one.at_ms - waited_ms)
            self._fell_silent_ms = now_ms
        elif one.link not in _STARTS_SILENT:
            line.heard_ms = max(line.heard_ms, one.at_ms)
        line.link = one.link
        watch.link(one.link, one.at_ms)
        self._collect(watch, now_ms)

    def refused(self, device_id: int, times: int, at_ms: int, reason: str, now_ms: int) -> None:
        watch = self._watches[device_id]
        watch.refused(times, at_ms, reason)
        self._collect(watch, now_ms)

    def plan(self, device_id: int, session: str, planned_ms: int | None) -> None:
        """A session that had begun before the day is planned to last so long."""
        self._watches[device_id].planned = (session, planned_ms)

    def _hear(self, device_id: int, at_ms: int, now_ms: int) -> None:
        line = self._lines[device_id]
        self._evidence_ms = now_ms
        if at_ms > line.heard_ms:
            line.heard_ms = at_ms
            if line.link != "conflict":
                line.link = "online"

    def _collect(self, watch: Watch, now_ms: int) -> None:
        watch.touched.clear()  # the memory of live rules is written down; this one is not
        if watch.news:
            news, watch.news = watch.news, []
            self.take(news, now_ms)

    # --- what time does ---

    @property
    def is_calm(self) -> bool:
        """Whether time brings nothing by itself: nobody in session, nobody silent, and nothing open."""
        return not (
            self._open
            or self._causes
            or any(one.is_silent or one.known for one in self._lines.values())
            or any(one.session is not None or one.slots for one in self._watches.values())
        )

    def pass_time(self, now_ms: int) -> None:
        """Look for silence and its causes, and close what has been over for long."""
        found = self._find_causes(now_ms)
        self.take(list(self._about_causes(found, now_ms)), now_ms)
        tops = self._tops(found)
        for device_id, line in self._lines.items():
            session = self._watches[device_id].session
            if line.is_silent or line.known or session is not None:
                self._look(device_id, line, session, tops, now_ms)
            if not line.is_silent and self._watches[device_id].slots:
                self._repeat_status(self._watches[device_id], line, now_ms)
        self._arrange(tops, now_ms)
        for key, one in list(self._open.items()):
            self._step(one, lifecycle.pass_time(one.life, now_ms))
            cleared_ms = one.life.cleared_ms
            is_over = one.life.state is State.CLEARED and cleared_ms is not None
            if is_over and now_ms - (cleared_ms or now_ms) >= USUAL.close_ms:
                one.life = replace(one.life, state=State.CLOSED, closed_ms=now_ms)
            if one.life.state is State.CLOSED:
                self._open.pop(key, None)

    def _repeat_status(self, watch: Watch, line: _Line, now_ms: int) -> None:
        """Say again what the newest status said: one that changes nothing is not stored, but ends what is over."""
        status, every_ms = watch.status, STATUS_MS[watch.session is not None]
        if status is None or now_ms - line.status_ms < every_ms or now_ms - self._evidence_ms > every_ms:
            return
        passed_ms = now_ms - line.status_ms
        again = structs.replace(
            status, up_ms=status.up_ms + 1, t=status.t + passed_ms
        )  # older than any real one
        watch.heard_status(Told(watch.device_id, again, now_ms, is_live=True))
        line.status_ms = now_ms
        self._collect(watch, now_ms)

    def _contact(self, device_id: int, line: _Line, now_ms: int) -> Contact:
        in_session = self._watches[device_id].session is not None
        is_old = any(
            now_ms - one.noted_ms > OWN_MS and one.since_ms == line.heard_ms for one in line.known.values()
        )
        follower = self._open.get(str(Key(silence.LINK_LOST, device_id))) or self._open.get(
            str(Key(silence.OFFLINE_IDLE, device_id))
        )
        is_explained = follower is not None and follower.life.cause is not None
        if line.is_silent:
            age_ms = now_ms - line.heard_ms
        else:  # it spoke, though what changed nothing is not stored
            age_ms = 0 if in_session else (now_ms + device_id * 1_009) % STATUS_MS[False]
        is_own = line.said_goodbye or line.link == "never" or (is_old and not is_explained)
        return Contact(device_id, self.spots[device_id].group, in_session, age_ms, is_own)

    def _find_causes(self, now_ms: int) -> dict[str, Cause]:
        silent = sum(one.is_silent and not one.said_goodbye for one in self._lines.values())
        least = min(self.limits[rule]["at_least"] for rule in ("group_silent", "site_silent"))
        if not self._causes and (silent < least or now_ms - self._fell_silent_ms > CAUSE_MS):
            return {}
        contacts = [self._contact(device_id, line, now_ms) for device_id, line in self._lines.items()]
        found = causes.find(contacts, self.limits, self._causes, now_ms, settle_ms=SETTLE_MS)
        ended = self._causes.keys() - found.keys()
        self._causes = {subject: cause.calm_since_ms for subject, cause in found.items()}
        for subject in ended:
            self.take([Fall(self._cause_key(subject), now_ms)], now_ms)
        return found

    def _cause_key(self, subject: str) -> Key:
        return Key("group_silent" if subject else "site_silent", site_id=self.site_id, subject=subject)

    def _about_causes(self, found: Mapping[str, Cause], now_ms: int) -> Iterable[News]:
        for subject, cause in found.items():
            key = self._cause_key(subject)
            rule, one = RULES[key.rule], self._open.get(str(key))
            facts = {"silent": len(cause.devices), "in_session": cause.in_session}
            if one is not None and one.life.state in TRUE:
                if one.life.facts != facts:
                    yield Weigh(key, now_ms, rule.priorities[0], facts)
            elif not subject or SITE not in found:
                yield Rise(key, now_ms, rule.priorities[0], rule.duty, facts, in_session=cause.in_session > 0)

    def _tops(self, found: Mapping[str, Cause]) -> dict[int, int]:
        """Return the alert that explains each silent device: its site's, or else its group's."""
        tops: dict[int, int] = {}
        for subject, cause in sorted(found.items(), key=lambda one: one[0] == SITE):
            alert = self._open.get(str(self._cause_key(subject)))
            if alert is not None and alert.life.state in TRUE:
                tops |= dict.fromkeys(cause.devices, alert.id)
        return tops

    def _look(
        self, device_id: int, line: _Line, session: str | None, tops: Mapping[int, int], now_ms: int
    ) -> None:
        measured_ms = line.measured_ms if session is not None and line.measured_in == session else None
        heard = Heard(
            device_id,
            line.link,
            line.heard_ms if line.is_silent else now_ms,
            session,
            line.output,
            measured_ms,
            line.said_goodbye,
        )
        may_begin = line.is_silent or now_ms - self._evidence_ms < EVIDENCE_MS
        true = silence.found(heard, self.limits, line.known, now_ms, may_begin=may_begin)
        news: list[News] = []
        for rule, since_ms in true.items():
            if rule not in line.known or line.known[rule].since_ms != since_ms:
                if rule in line.known:
                    news.append(Fall(Key(rule, device_id), line.heard_ms))
                cause_id = tops.get(device_id)
                news.append(
                    silence.rise(rule, heard, self.limits, since_ms, not_before_ms=0, cause_id=cause_id)
                )
                line.known[rule] = Known(since_ms, now_ms)
        for rule in line.known.keys() - true.keys():
            news.append(Fall(Key(rule, device_id), line.heard_ms))
            del line.known[rule]
        self.take(news, now_ms)

    def _arrange(self, tops: Mapping[int, int], now_ms: int) -> None:
        """List each true consequence of silence under what explains it now, or on a line of its own."""
        site = self._open.get(str(self._cause_key(SITE)))
        site_id = site.id if site is not None and site.life.state in TRUE else None
        for one in self._open.values():
            if one.life.state not in TRUE or not (
                RULES[one.key.rule].follows_silence or one.key.rule == "group_silent"
            ):
                continue
            wants = site_id if one.key.rule == "group_silent" else tops.get(one.key.device_id or 0)
            if wants is None and one.life.cause is not None:
                self._step(one, lifecycle.surface(one.life, now_ms=now_ms))
            elif wants is not None and wants != one.life.cause:
                self._step(one, lifecycle.explain(one.life, cause=wants, now_ms=now_ms))

    # --- alerts ---

    def take(self, news: Iterable[News], now_ms: int) -> None:
        """Let news become alerts, as `safety.service` does with rows."""
        for one in news:
            key = str(one.key)
            held = self._open.get(key)
            step = lifecycle.take(held.life if held else None, one, now_ms)
            if step is None:
                continue
            if held is None:
                held = Kept(len(self.alerts) + 1, one.key, step.life)
                self.alerts.append(held)
                self._open[key] = held
                held.calls = step.life.episode if step.life.cause is None else 0
                held.was_explained = step.life.cause is not None
            else:
                self._step(held, step)

    def _step(self, one: Kept, step: Step) -> None:
        if step.life.cause is None:
            one.calls += step.life.episode - one.life.episode
        else:
            one.was_explained = True
        one.life = step.life
