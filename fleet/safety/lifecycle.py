"""The life of an alert: raised, acknowledged, cleared, closed, and what else may be said of it meanwhile.  Pure.

News come from rules, deeds from people, and time does the rest; each is one function from a life to the next.
Times are Unix ms of the server's clock: `at_ms` is when something was so, `now_ms` when the server knows it.
docs/safety/lifecycle.md says why each step is as it is; its picture is made from these very functions.
"""

from dataclasses import replace

from fleet.safety.life import (
    USUAL,
    Kind,
    Life,
    Noted,
    Pace,
    Step,
    above,
    closes_at,
    figures,
    is_above,
    is_shelved,
    is_somebody_elses,
    mark,
    reset_close,
    take_off,
    tell_anew,
    why,
)
from fleet.safety.signals import Fall, News, Rise, Weigh
from fleet.safety.words import TRUE, Disposition, Duty, State


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
        life = replace(life, close_ms=closes_at(life, now_ms, pace))
    kind = Kind.LATE if news.late else Kind.RAISED
    return Step(life, (Noted(kind, news.at_ms, data={"priority": news.priority.value}),))


def rise(life: Life, news: Rise, now_ms: int, pace: Pace = USUAL) -> Step:
    """An open alert rises: again after it had cleared, or once more while it is true, which only weighs it."""
    if news.late:
        return _late_again(life, news, now_ms, pace)
    if life.state in TRUE:
        held = replace(life, latched=life.latched or news.latched)
        if news.in_session and not life.in_session:  # a later record says whom it happened to
            held = replace(held, session=news.session, in_session=True)
        return weigh(
            held,
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
    worse = is_above(news.priority, life.peak)
    off_shelf = is_shelved(life) and (worse or is_somebody_elses(life, news))
    keeps_ack = life.chattering and not worse and not off_shelf and not life.late
    marked, starts = mark(life, news.at_ms, now_ms, pace)
    had_it = life.acknowledged_ms is not None
    retold = not keeps_ack and (had_it or not marked.chattering or worse or off_shelf or life.late)
    holds = is_shelved(life) and not off_shelf
    back = replace(
        marked,
        state=State.ACKNOWLEDGED if keeps_ack and had_it else State.RAISED,
        priority=news.priority,
        peak=above(news.priority, life.peak),
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
    noted = () if keeps_ack else (Noted(Kind.RETURNED, news.at_ms, data=figures(back)),)
    if not keeps_ack:
        back = replace(back, acknowledged_ms=None, acknowledged_by=None)
    if off_shelf:
        back, noted = take_off(back), (*noted, Noted(Kind.SHELF_ENDED, news.at_ms, data=why(worse)))
    return Step(back, (*noted, *starts))


def _late_again(life: Life, news: Rise, now_ms: int, pace: Pace) -> Step:
    """A late record tells of an earlier rising; what is live stays as it is."""
    entry = Noted(Kind.LATE, news.at_ms, data={"priority": news.priority.value})
    if not life.late:
        return Step(life, () if news.at_ms >= life.raised_ms else (entry,))
    more = replace(
        life,
        priority=above(news.priority, life.priority),
        peak=above(news.priority, life.peak),
        count=life.count + 1,
        raised_ms=min(life.raised_ms, news.at_ms),
        risen_ms=max(life.risen_ms, news.at_ms),
        cleared_ms=max(life.cleared_ms or news.at_ms, news.at_ms),
        latched=life.latched or news.latched,
    )
    return Step(replace(more, close_ms=closes_at(more, now_ms, pace)), (entry,))


def weigh(life: Life, news: Weigh, now_ms: int, pace: Pace = USUAL) -> Step:
    """It is still true, with other numbers, and perhaps another priority.

    Worse than anybody has seen it: whoever had it must look again, no shelf holds, and it is told anew.
    """
    if life.state not in TRUE:
        return Step(life)
    weighed = replace(life, facts=news.facts or life.facts)
    if news.more:
        return _look_again(replace(weighed, in_session=True), (Noted(Kind.GREW, news.at_ms),), news.at_ms)
    if news.priority == life.priority:
        return Step(weighed)
    marked, starts = mark(weighed, news.at_ms, now_ms, pace)
    new = replace(marked, priority=news.priority, peak=above(news.priority, life.peak))
    kind = Kind.WORSENED if is_above(news.priority, life.priority) else Kind.EASED
    noted: tuple[Noted, ...] = (
        Noted(kind, news.at_ms, data={"from": life.priority.value, "to": news.priority.value}),
    )
    if not is_above(news.priority, life.peak):
        return Step(new, (*(() if life.chattering else noted), *starts))
    return _look_again(new, noted, news.at_ms, *starts)


def _look_again(life: Life, noted: tuple[Noted, ...], at_ms: int, *starts: Noted) -> Step:
    new = replace(
        life, state=State.RAISED, acknowledged_ms=None, acknowledged_by=None, episode=life.episode + 1
    )
    if is_shelved(life):
        new, noted = take_off(new), (*noted, Noted(Kind.SHELF_ENDED, at_ms, data=why(worse=True)))
    return Step(new, (*noted, *starts))


def fall(life: Life, news: Fall, now_ms: int, pace: Pace = USUAL) -> Step:
    """It is true no longer; acknowledged or not, it stays open."""
    if life.state not in TRUE:
        if life.late and news.at_ms > (life.cleared_ms or 0):
            return Step(replace(life, cleared_ms=news.at_ms))
        return Step(life)
    marked, starts = mark(life, news.at_ms, now_ms, pace)
    over = replace(marked, state=State.CLEARED, cleared_ms=max(news.at_ms, life.risen_ms))
    noted: tuple[Noted, ...] = () if life.chattering else (Noted(Kind.CLEARED, news.at_ms),)
    if is_shelved(life) and life.one_shot:
        over = take_off(over)
        noted = (*noted, Noted(Kind.SHELF_ENDED, news.at_ms, data={"why": "cleared"}))
    return Step(replace(over, close_ms=closes_at(over, now_ms, pace)), (*noted, *starts))


def leave(life: Life, *, now_ms: int, pace: Pace = USUAL) -> Step:
    """Its device was revoked: nothing more is heard of it."""
    if life.state not in TRUE:
        return Step(life)
    over = replace(life, state=State.CLEARED, cleared_ms=max(now_ms, life.risen_ms))
    closing = replace(over, close_ms=closes_at(over, now_ms, pace))
    return Step(closing, (Noted(Kind.CLEARED, now_ms, data={"why": "revoked"}),))


# --- what people do ---


def acknowledge(life: Life, *, by: int | None, now_ms: int, pace: Pace = USUAL) -> Step:
    """Somebody has it.  Whoever had it first keeps it; one that is closed stays as it is."""
    if life.state is State.CLOSED or life.acknowledged_ms is not None:
        return Step(life)
    state = State.ACKNOWLEDGED if life.state is State.RAISED else life.state
    seen = replace(life, state=state, acknowledged_ms=now_ms, acknowledged_by=by, peak=life.priority)
    return Step(reset_close(seen, now_ms, pace), (Noted(Kind.ACKNOWLEDGED, now_ms, by),))


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
    return Step(reset_close(shelved, now_ms, pace), (entry,))


def unshelve(life: Life, *, by: int | None, now_ms: int, pace: Pace = USUAL) -> Step:
    """Take it off its shelf before its time."""
    if not is_shelved(life):
        return Step(life)
    return Step(reset_close(tell_anew(take_off(life)), now_ms, pace), (Noted(Kind.UNSHELVED, now_ms, by),))


def close(
    life: Life, *, disposition: Disposition, note: str, by: int | None, now_ms: int, pace: Pace = USUAL
) -> Step:
    """Somebody has seen to it, and says what it was."""
    if life.state is State.CLOSED:
        return Step(life)
    closed = replace(
        take_off(life),
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
    return Step(tell_anew(alone), (Noted(Kind.SURFACED, now_ms, data={"cause": life.cause}),))


def tell(life: Life, *, now_ms: int) -> Step:
    """Its device is in service again: if it is true and nobody has it, it is told."""
    again = tell_anew(life)
    return Step(life) if again is life else Step(again, (Noted(Kind.BACK, now_ms),))


def move(life: Life, *, now_ms: int) -> Step:
    """Its device stands elsewhere now: the people there are told."""
    return Step(tell_anew(life), (Noted(Kind.MOVED, now_ms),))


def enter_session(life: Life, *, session: str, now_ms: int) -> Step:
    """Its device treats somebody now, while it is true: it is about that person from now on.

    Whoever shelved it did so for another one, or for nobody.
    """
    if life.state not in TRUE or life.session == session:
        return Step(life)
    theirs = replace(life, session=session, in_session=True)
    if not is_shelved(life) or life.duty is not Duty.CARE:
        return Step(theirs)
    return Step(tell_anew(take_off(theirs)), (Noted(Kind.SHELF_ENDED, now_ms, data=why(worse=False)),))


# --- what time does ---


def pass_time(life: Life, now_ms: int, pace: Pace = USUAL) -> Step:
    """What is due by now: the end of a shelf, calm after chatter, and closing by itself."""
    noted: list[Noted] = []
    if life.state is State.CLOSED:
        return Step(life)
    if life.shelved_until_ms is not None and life.shelved_until_ms <= now_ms:
        life = tell_anew(take_off(life))
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
