"""The pictures of a command's life, made by living it: every piece of evidence is weighed in every state.  Pure.

`manage.py lifecycle --write` puts them into docs/commands.md; a test holds them current.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from devices.wire.commands import Args, Lower
from devices.wire.messages import Ack, Status, Telemetry
from devices.wire.words import Contact, Phase, RefusalReason, Verb
from fleet.control import lifecycle, proof
from fleet.control.lifecycle import WAITING, State
from fleet.control.proof import Answered, Case, Evidence, Point, Said, Sampled

_ACT: Final = Point(7, 1_000)
_BY_ACK: Final = frozenset({State.DONE, State.CONFIRMED, State.UNCONFIRMED})
Move = Callable[[Case], Case]


def pictures() -> dict[str, str]:
    """Return a Mermaid state diagram by what it shows, in the order of the page."""
    return {
        "stop": _drawn(Verb.STOP, Args()),
        "lower": _drawn(Verb.LOWER, Lower(to_ma=20.0)),
        "identify": _drawn(Verb.IDENTIFY, Args()),
    }


def _drawn(verb: Verb, args: Args) -> str:
    lines = ["stateDiagram-v2", f"    [*] --> {State.REQUESTED}: somebody asks"]
    reached, waiting = {State.REQUESTED}, [State.REQUESTED]
    ends: list[State] = []
    while waiting:
        state = waiting.pop(0)
        said: dict[State, list[str]] = {}
        for words, move in _moves(verb):
            after = move(_case(verb, args, state)).state
            if after is not state:
                said.setdefault(after, []).append(words)
        lines += [f"    {state} --> {after}: {'<br/>'.join(words)}" for after, words in said.items()]
        waiting += [after for after in said if after not in reached]
        reached |= said.keys()
        if not said or state in (State.CONFIRMED, State.DONE, State.REFUSED, State.EXPIRED):
            ends.append(state)
    provable = verb in (Verb.STOP, Verb.LOWER)
    return "\n".join(
        [*lines, *(f"    {state} --> [*]" for state in ends if not (provable and state is State.DONE))]
    )


def _case(verb: Verb, args: Args, state: State) -> Case:
    """A command that stands there: answered where that follows, and proved where that is so."""
    sent_ms = None if state is State.REQUESTED else 0
    case = Case(verb=verb, args=args, state=state, session="s", published_ms=sent_ms)
    if state in _BY_ACK:
        case = replace(case, act=_ACT, done_ms=1, acks=1)
    return replace(case, confirmed_ms=2, proof=_ACT) if state is State.CONFIRMED else case


def _moves(verb: Verb) -> Iterable[tuple[str, Move]]:
    yield "the broker has it", _published
    yield "device: received", _weighing(_answered("received"))
    yield "device: done", _weighing(_answered("done"))
    yield "device: refused", _weighing(_answered("refused", RefusalReason.OTHER))
    yield "device: too late", _weighing(_answered("expired"))
    if verb is Verb.STOP:
        yield "a live status says off, later than the act", _weighing(_status("off", "idle", None))
        yield "the status admits output", _shown_after_ack(_status("on", "running", "s"))
        yield "a sample with current, over 200 ms after the act", _shown_after_ack(_sample(30.0))
    if verb is Verb.LOWER:
        yield "a live sample is set as asked for, or lower", _weighing(_sample(10.0))
    yield _out_of_time(verb)


def _out_of_time(verb: Verb) -> tuple[str, Move]:
    """What silence comes to: of what can be proved it says nothing."""
    if verb in (Verb.STOP, Verb.LOWER):
        return (
            "3 s without proof",
            lambda case: _to(case, State.UNCONFIRMED) if case.state in WAITING else case,
        )
    return (
        "its time is over",
        lambda case: _to(case, State.EXPIRED) if case.state in lifecycle.before(State.EXPIRED) else case,
    )


def _to(case: Case, state: State) -> Case:
    return replace(case, state=state)


def _published(case: Case) -> Case:
    return _to(case, State.PUBLISHED) if case.state in lifecycle.before(State.PUBLISHED) else case


def _weighing(evidence: Evidence) -> Move:
    return lambda case: proof.weigh(case, evidence)


def _shown_after_ack(evidence: Evidence) -> Move:
    """Before an answer, current is no contradiction."""
    return lambda case: proof.weigh(case, evidence) if case.act is not None else case


def _answered(outcome: str, reason: RefusalReason | None = None) -> Answered:
    return Answered(Ack(id="", boot=7, up_ms=1_000, outcome=outcome, reason=reason, output="off"), 1)  # type: ignore[arg-type]


def _status(output: str, state: str, session: str | None) -> Said:
    told = Status(
        state=state,  # type: ignore[arg-type]
        boot=7,
        conn=1,
        up_ms=5_000,
        t=0,
        output=output,  # type: ignore[arg-type]
        model="m",
        firmware="f",
        channels=1,
        session=session,
        conditions=(),
        seq=1,
    )
    return Said(told, 5_000, 5_000)


def _sample(ma: float) -> Sampled:
    told = Telemetry(
        boot=7,
        seq=1,
        up_ms=6_000,
        t=0,
        session="s",
        phase=Phase.ON,
        elapsed_ms=6_000,
        every_ms=100,
        set_ma=(ma,),
        ma=((ma,),),
        ohm=(None,),
        contact=(Contact.OK,),
        charge_uc=(0.0,),
        pulses=(0,),
    )
    return Sampled(told, 6_000, 6_000)
