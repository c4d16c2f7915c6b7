"""Two devices under one serial: A, B, then A again, each heard live.  Pure; times are Unix ms of the server.

Within one boot a device's `conn` and `up_ms` only rise.  So what is lower in both is a repeat, or waited on
its way, and says nothing; what is higher in `conn` and lower in `up_ms` is another device.  Two of one boot and
one `conn` are told apart by their lines: what was never said before, and runs with real time, is no repeat.
"""

import msgspec

WINDOW_MS = 600_000
BACKWARDS_MS = 2_000  # `up_ms` running back further than this between connections is another device
_DOUBT_MS = 3_000  # this far apart, two statuses that could be repeats show whether they run with real time
_HELD_UP_MS = 5_000  # the longest way of what still counts as live
_MOST = 8
_RECENT = 24


class Life(msgspec.Struct, array_like=True):
    """One identity heard under a serial: which connection, and where its own clock stood.

    `is_doubtful`: it may be a repeat of what another identity said; a second one will tell.  `recent` holds
    the `up_ms` of what it said lately, so that a repeat is known as one.
    """

    boot: int
    conn: int
    up_ms: int
    at_ms: int
    output: str
    session: str | None
    state: str
    is_doubtful: bool = False
    recent: list[int] = []


def meet(lives: list[Life], seen: Life, *, is_live: bool) -> tuple[list[Life], bool]:
    """Return (the lives to remember, whether two devices share the serial).

    Args:
        lives: What was remembered, the newest last.
        seen: A status that is no retained copy.
        is_live: Whether it was placed as live.  One of a known boot may be judged all the same: what is placed
            late there may come from a second device whose clock stands further back.
    """
    lives = [life for life in lives if seen.at_ms - life.at_ms <= WINDOW_MS]
    sure = [life for life in lives if not life.is_doubtful]
    if any(life.boot == seen.boot and seen.up_ms in life.recent for life in sure):
        return lives, False
    own = next((life for life in sure if _on_one_line(life, seen)), None)
    if own is not None and seen.up_ms <= own.up_ms:
        return lives, False
    if own is None and _could_be_repeat(sure, seen):
        doubt = next((life for life in lives if life.is_doubtful and life.boot == seen.boot), None)
        if doubt is None or not _on_one_line(doubt, seen):
            others = [life for life in lives if life is not doubt]
            return [*others, msgspec.structs.replace(seen, is_doubtful=True)][-_MOST:], False
        if seen.at_ms - doubt.at_ms < _DOUBT_MS:
            return lives, False
    elif not is_live and not any(_ran_back(life, seen) for life in sure):
        return lives, False
    is_conflict = bool(sure) and _again(sure, seen)
    same = [life for life in sure if _on_one_line(life, seen) or _goes_on(life, seen)]
    recent = [up_ms for life in same for up_ms in life.recent]
    seen = msgspec.structs.replace(seen, recent=[*recent, seen.up_ms][-_RECENT:])
    done = [*same, *(life for life in lives if life.is_doubtful and _on_one_line(life, seen))]
    others = [life for life in lives if life not in done]
    return [*others, seen][-_MOST:], is_conflict


def worst(lives: list[Life], danger: dict[str | None, int]) -> Life | None:
    """Return the life whose output is worst; of equals, the one heard last."""
    return max(
        (life for life in lives if not life.is_doubtful),
        key=lambda life: (danger.get(life.output, 0), life.at_ms),
        default=None,
    )


def _again(sure: list[Life], seen: Life) -> bool:
    """Whether an identity older than the last one is the one that speaks now."""
    last = sure[-1]
    if last.boot != seen.boot:
        return any(life.boot == seen.boot for life in sure[:-1])
    return any(
        _on_one_line(life, seen) and (_ran_back(life, last) or _ran_back(last, seen))
        for life in sure[:-1]
        if not _on_one_line(life, last)
    )


def _could_be_repeat(sure: list[Life], seen: Life) -> bool:
    return any(
        life.boot == seen.boot and seen.conn <= life.conn and seen.up_ms <= life.up_ms for life in sure
    )


def _on_one_line(a: Life, b: Life) -> bool:
    """Whether b's monotonic clock stands about where a's would by now."""
    return a.boot == b.boot and abs((b.up_ms - a.up_ms) - (b.at_ms - a.at_ms)) <= BACKWARDS_MS


def _ran_back(a: Life, b: Life) -> bool:
    return a.boot == b.boot and b.up_ms < a.up_ms - BACKWARDS_MS


def _goes_on(life: Life, seen: Life) -> bool:
    """Whether `seen` is the same device later on, of which one or the other was held up on its way."""
    ran_ms, passed_ms = seen.up_ms - life.up_ms, seen.at_ms - life.at_ms
    return life.boot == seen.boot and life.conn <= seen.conn and 0 <= ran_ms <= passed_ms + _HELD_UP_MS
