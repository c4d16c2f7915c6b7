"""The life of an alert: raised, acknowledged, cleared, closed, and what else may be said of it meanwhile.  Pure.

News come from rules, deeds from people, and time does the rest; each is one function from a life to the next.
Times are Unix ms of the server's clock: `at_ms` is when something was so, `now_ms` when the server knows it.
docs/safety/lifecycle.md says why each step is as it is; its picture is generated from `TABLE`.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from fleet.safety.signals import Fall, News, Rise, Weigh
from fleet.safety.words import RANK, TRUE, Disposition, Duty, Priority, State


class Kind(StrEnum):
    """What an entry of an alert's journal says."""

    RAISED = "raised"
    LATE = "late"  # a late record tells of it
    RETURNED = "returned"
    CLEARED = "cleared"
    WORSENED = "worsened"  # its priority went up
    EASED = "eased"  # its priority went down
    CHATTERS = "chatters"
    CALMED = "calmed"  # it chatters no longer
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"  # by a person
    SHELF_ENDED = "shelf_ended"  # by time, or by something that the shelf does not hold for
    ASSIGNED = "assigned"
    COMMENT = "comment"
    EXPLAINED = "explained"  # another alert is its cause
    SURFACED = "surfaced"  # its cause has ended, and it is still true
    MOVED = "moved"  # its device stands at another site now
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Pace:
    """How long time takes; shortened in tests by settings."""

    close_ms: int = 600_000  # a cleared, unlatched low or medium one closes itself after this
    chatter_ms: int = 60_000  # this many transitions within this time: it chatters
    chatter_count: int = 3  # ISA-18.2 practice: transitions between true and not true in a minute
    calm_ms: int = 60_000  # without a transition for this long it chatters no longer


@dataclass(frozen=True, slots=True)
class Life:
    """An alert at one moment; the fields of its row that steps read or write."""

    priority: Priority
    state: State
    raised_ms: int
    risen_ms: int
    peak: Priority  # the highest since it was raised, or since a person last saw to it
    facts: dict[str, Any] = field(default_factory=dict)
    duty: Duty = Duty.CARE
    session: str | None = None
    in_session: bool = False
    rule_version: int = 0
    latched: bool = False
    late: bool = False
    chattering: bool = False
    count: int = 1
    episode: int = 1
    marks: tuple[int, ...] = ()
    acknowledged_ms: int | None = None
    acknowledged_by: int | None = None
    cleared_ms: int | None = None
    closed_ms: int | None = None
    closed_by: int | None = None
    disposition: Disposition | None = None
    note: str = ""
    shelved_until_ms: int | None = None
    shelved_by: int | None = None
    shelf_reason: str = ""
    one_shot: bool = False
    cause: int | None = None
    close_ms: int | None = None
    calm_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """One entry for the journal."""

    kind: Kind
    at_ms: int
    by: int | None = None
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What became of an alert, and what its journal says of it."""

    life: Life
    noted: tuple[Noted, ...] = ()


USUAL: Final = Pace()


def take(life: Life | None, news: News, now_ms: int, pace: Pace = USUAL) -> Step | None:
    """Return the step that news bring about; None if they concern nothing that is open, and raise nothing."""
    is_open = life is not None and life.state is not State.CLOSED
    if isinstance(news, Rise):
        return rise(life, news, now_ms, pace) if life is not None and is_open else born(news, now_ms, pace)
    if life is None or not is_open:
        return None
    return weigh(life, news, now_ms, pace) if isinstance(news, Weigh) else fall(life, news, now_ms, pace)


# --- what rules find ---


def born(news: Rise, now_ms: int, pace: Pace = USUAL) -> Step:
    """Return the alert that a first rising makes.

    One that is known from a late record only is over already: it says so, and is told to nobody (episode 0).
    """
    life = Life(
        priority=news.priority,
        state=State.CLEARED if news.late else State.RAISED,
        raised_ms=news.at_ms,
        risen_ms=news.at_ms,
        peak=news.priority,
        facts=news.facts,
        duty=news.duty,
        session=news.session,
        in_session=news.in_session,
        rule_version=news.rule_version,
        latched=news.latched,
        late=news.late,
        episode=0 if news.late else 1,
        marks=() if news.late else (news.at_ms,),
        cleared_ms=news.at_ms if news.late else None,
        cause=news.cause_id,
    )
    if news.late:
        life = replace(life, close_ms=_closes_at(life, now_ms, pace))
    kind = Kind.LATE if news.late else Kind.RAISED
    return Step(life, (Noted(kind, news.at_ms, data={"priority": news.priority.value}),))


def rise(life: Life, news: Rise, now_ms: int, pace: Pace = USUAL) -> Step:
    """An open alert rises: again after it had cleared, or once more while it is true, which only weighs it."""
    if news.late:
        return _late_again(life, news, now_ms, pace)
    if life.state in TRUE:
        latched = life.latched or news.latched
        return weigh(
            replace(life, latched=latched),
            Weigh(news.key, news.at_ms, news.priority, news.facts),
            now_ms,
            pace,
        )
    return _return(life, news, now_ms, pace)


def _return(life: Life, news: Rise, now_ms: int, pace: Pace) -> Step:
    """It comes back: the same alert, and whoever had it must look again, unless it chatters.

    The return that makes it chatter takes the acknowledgement away one last time.  Within that minute it is told
    anew only if somebody had it: whoever is being told already is not told twice.
    """
    worse = _is_above(news.priority, life.peak)
    off_shelf = is_shelved(life) and (worse or _is_somebody_elses(life, news))
    keeps_ack = life.chattering and not worse and not off_shelf and not life.late
    marked, starts = _mark(life, news.at_ms, now_ms, pace)
    had_it = life.acknowledged_ms is not None
    retold = not keeps_ack and (had_it or not marked.chattering or worse or off_shelf or life.late)
    holds = is_shelved(life) and not off_shelf
    back = replace(
        marked,
        state=State.ACKNOWLEDGED if keeps_ack and had_it else State.RAISED,
        priority=news.priority,
        peak=_above(news.priority, life.peak),
        facts=news.facts,
        session=news.session,
        in_session=news.in_session,
        rule_version=news.rule_version,
        latched=life.latched or news.latched,
        late=False,
        risen_ms=news.at_ms,
        cleared_ms=None,
        close_ms=None,
        cause=news.cause_id,
        count=life.count + 1,
        episode=life.episode + (1 if retold and not holds else 0),
    )
    noted = () if keeps_ack else (Noted(Kind.RETURNED, news.at_ms, data=_told(back)),)
    if not keeps_ack:
        back = replace(back, acknowledged_ms=None, acknowledged_by=None)
    if off_shelf:
        back, noted = _take_off(back), (*noted, Noted(Kind.SHELF_ENDED, news.at_ms, data=_why(worse)))
    return Step(back, (*noted, *starts))


def _late_again(life: Life, news: Rise, now_ms: int, pace: Pace) -> Step:
    """A late record tells of an earlier rising; what is live stays as it is."""
    entry = Noted(Kind.LATE, news.at_ms, data={"priority": news.priority.value})
    if not life.late:
        return Step(life, () if news.at_ms >= life.raised_ms else (entry,))
    more = replace(
        life,
        priority=_above(news.priority, life.priority),
        peak=_above(news.priority, life.peak),
        count=life.count + 1,
        raised_ms=min(life.raised_ms, news.at_ms),
        risen_ms=max(life.risen_ms, news.at_ms),
        cleared_ms=max(life.cleared_ms or news.at_ms, news.at_ms),
        latched=life.latched or news.latched,
    )
    return Step(replace(more, close_ms=_closes_at(more, now_ms, pace)), (entry,))


def weigh(life: Life, news: Weigh, now_ms: int, pace: Pace = USUAL) -> Step:
    """It is still true, with other numbers, and perhaps another priority.

    Worse than anybody has seen it: whoever had it must look again, no shelf holds, and it is told anew.
    """
    if life.state not in TRUE:
        return Step(life)
    told = replace(life, facts=news.facts or life.facts)
    if news.priority == life.priority:
        return Step(told)
    marked, starts = _mark(told, news.at_ms, now_ms, pace)
    new = replace(marked, priority=news.priority, peak=_above(news.priority, life.peak))
    kind = Kind.WORSENED if _is_above(news.priority, life.priority) else Kind.EASED
    noted: tuple[Noted, ...] = (
        Noted(kind, news.at_ms, data={"from": life.priority.value, "to": news.priority.value}),
    )
    if not _is_above(news.priority, life.peak):
        return Step(new, (*(() if life.chattering else noted), *starts))
    new = replace(
        new, state=State.RAISED, acknowledged_ms=None, acknowledged_by=None, episode=life.episode + 1
    )
    if is_shelved(life):
        new, noted = _take_off(new), (*noted, Noted(Kind.SHELF_ENDED, news.at_ms, data=_why(worse=True)))
    return Step(new, (*noted, *starts))


def fall(life: Life, news: Fall, now_ms: int, pace: Pace = USUAL) -> Step:
    """It is true no longer; acknowledged or not, it stays open."""
    if life.state not in TRUE:
        if life.late and news.at_ms > (life.cleared_ms or 0):
            return Step(replace(life, cleared_ms=news.at_ms))
        return Step(life)
    marked, starts = _mark(life, news.at_ms, now_ms, pace)
    over = replace(marked, state=State.CLEARED, cleared_ms=max(news.at_ms, life.risen_ms))
    noted: tuple[Noted, ...] = () if life.chattering else (Noted(Kind.CLEARED, news.at_ms),)
    if is_shelved(life) and life.one_shot:
        over = _take_off(over)
        noted = (*noted, Noted(Kind.SHELF_ENDED, news.at_ms, data={"why": "cleared"}))
    return Step(replace(over, close_ms=_closes_at(over, now_ms, pace)), (*noted, *starts))


# --- what people do ---


def acknowledge(life: Life, *, by: int | None, now_ms: int, pace: Pace = USUAL) -> Step:
    """Somebody has it.  Whoever had it first keeps it; one that is closed stays as it is."""
    if life.state is State.CLOSED or life.acknowledged_ms is not None:
        return Step(life)
    state = State.ACKNOWLEDGED if life.state is State.RAISED else life.state
    seen = replace(life, state=state, acknowledged_ms=now_ms, acknowledged_by=by, peak=life.priority)
    return Step(_reset_close(seen, now_ms, pace), (Noted(Kind.ACKNOWLEDGED, now_ms, by),))


def shelve(
    life: Life, *, until_ms: int, reason: str, one_shot: bool, by: int | None, now_ms: int, pace: Pace = USUAL
) -> Step:
    """Put it away until then; a second shelf takes the place of the first."""
    shelved = replace(
        life,
        shelved_until_ms=until_ms,
        shelved_by=by,
        shelf_reason=reason,
        one_shot=one_shot,
        peak=life.priority,
    )
    entry = Noted(Kind.SHELVED, now_ms, by, reason, {"until_ms": until_ms, "one_shot": one_shot})
    return Step(_reset_close(shelved, now_ms, pace), (entry,))


def unshelve(life: Life, *, by: int | None, now_ms: int, pace: Pace = USUAL) -> Step:
    """Take it off its shelf before its time."""
    if not is_shelved(life):
        return Step(life)
    return Step(_reset_close(_tell_anew(_take_off(life)), now_ms, pace), (Noted(Kind.UNSHELVED, now_ms, by),))


def close(
    life: Life, *, disposition: Disposition, note: str, by: int | None, now_ms: int, pace: Pace = USUAL
) -> Step:
    """Somebody has seen to it, and says what it was."""
    if life.state is State.CLOSED:
        return Step(life)
    closed = replace(
        _take_off(life),
        state=State.CLOSED,
        closed_ms=now_ms,
        closed_by=by,
        disposition=disposition,
        note=note,
        close_ms=None,
        calm_ms=None,
    )
    data = {"disposition": disposition.value, "was": life.state.value}
    return Step(closed, (Noted(Kind.CLOSED, now_ms, by, note, data),))


# --- what explains it ---


def explain(life: Life, *, cause: int, now_ms: int) -> Step:
    """Another alert is its cause: it is listed under that one."""
    if life.state is State.CLOSED or life.cause == cause:
        return Step(life)
    return Step(replace(life, cause=cause), (Noted(Kind.EXPLAINED, now_ms, data={"cause": cause}),))


def surface(life: Life, *, now_ms: int) -> Step:
    """What explained it has ended: if it is still true and nobody has it, it is told."""
    if life.state is State.CLOSED or life.cause is None:
        return Step(life)
    alone = replace(life, cause=None)
    return Step(_tell_anew(alone), (Noted(Kind.SURFACED, now_ms, data={"cause": life.cause}),))


# --- what time does ---


def pass_time(life: Life, now_ms: int, pace: Pace = USUAL) -> Step:
    """What is due by now: the end of a shelf, calm after chatter, and closing by itself."""
    noted: list[Noted] = []
    if life.state is State.CLOSED:
        return Step(life)
    if life.shelved_until_ms is not None and life.shelved_until_ms <= now_ms:
        life = _tell_anew(_take_off(life))
        noted.append(Noted(Kind.SHELF_ENDED, now_ms, data={"why": "time"}))
    if life.calm_ms is not None and life.calm_ms <= now_ms:
        life = replace(life, chattering=False, calm_ms=None)
        noted.append(Noted(Kind.CALMED, now_ms, data={"count": life.count}))
    if life.close_ms is not None and life.close_ms <= now_ms:
        if is_shelved(life):
            life = replace(life, close_ms=life.shelved_until_ms)
        else:
            over = close(
                life, disposition=Disposition.UNDETERMINED, note="", by=None, now_ms=now_ms, pace=pace
            )
            life = over.life
            noted.extend(over.noted)
    return Step(life, tuple(noted))


# --- what may be said of it ---


def is_shelved(life: Life) -> bool:
    """Whether it is on a shelf; time takes it off within a second or two of its end."""
    return life.shelved_until_ms is not None


def _why(worse: bool) -> dict[str, Any]:
    return {"why": "worse" if worse else "somebody_else"}


def _told(life: Life) -> dict[str, Any]:
    return {"count": life.count, "episode": life.episode, "priority": life.priority.value}


def _is_above(one: Priority, other: Priority) -> bool:
    return RANK[one] < RANK[other]


def _above(one: Priority, other: Priority) -> Priority:
    return one if _is_above(one, other) else other


def _is_somebody_elses(life: Life, news: Rise) -> bool:
    """A shelf was put up for one person's session; the next person gets their own alert."""
    return life.duty is Duty.CARE and news.in_session and news.session != life.session


def _take_off(life: Life) -> Life:
    return replace(life, shelved_until_ms=None, shelved_by=None, shelf_reason="", one_shot=False)


def _tell_anew(life: Life) -> Life:
    return replace(life, episode=life.episode + 1) if life.state is State.RAISED else life


def _mark(life: Life, at_ms: int, now_ms: int, pace: Pace) -> tuple[Life, tuple[Noted, ...]]:
    """Note a transition, and whether it chatters with it."""
    recent = tuple(ms for ms in life.marks if at_ms - pace.chatter_ms < ms)
    marks = (*recent, at_ms)[-pace.chatter_count :]
    chatters = life.chattering or len(marks) >= pace.chatter_count
    new = replace(life, marks=marks, chattering=chatters, calm_ms=now_ms + pace.calm_ms if chatters else None)
    starts = (Noted(Kind.CHATTERS, at_ms),) if chatters and not life.chattering else ()
    return new, starts


def _closes_at(life: Life, now_ms: int, pace: Pace) -> int | None:
    """When it closes itself.  What was high, and what is latched, waits for a person."""
    if life.state is not State.CLEARED or life.latched or life.peak is Priority.HIGH:
        return None
    return max(now_ms + pace.close_ms, life.shelved_until_ms or 0)


def _reset_close(life: Life, now_ms: int, pace: Pace) -> Life:
    """A deed may settle whether it closes itself; its deadline, once set, only moves for a shelf."""
    due_ms = _closes_at(life, now_ms, pace)
    if due_ms is not None and life.close_ms is not None:
        due_ms = max(life.close_ms, life.shelved_until_ms or 0)
    return replace(life, close_ms=due_ms)
