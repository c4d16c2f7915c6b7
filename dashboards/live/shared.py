"""Reads that every open page asks for again and again: each is made once a second for all sockets of this process."""

import time
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

Answer = TypeVar("Answer")

FRESH_S: Final = 1.0  # every socket looks again after two: none is told anything older than it knows
_MOST: Final = 500  # as many different questions are kept

_answers: dict[Hashable, tuple[float, Any]] = {}  # only the one thread in which sockets read touches it


def read(question: Hashable, ask: Callable[[], Answer], *, fresh: bool = False) -> Answer:
    """Return what was answered within the last second, or else ask; the answer is not to be changed.

    `fresh`: ask in any case, for whoever may not miss what was committed just now; the others get that answer, too,
    so that nobody goes back in time.
    """
    now_s = time.monotonic()
    kept = _answers.get(question)
    if not fresh and kept is not None and now_s - kept[0] < FRESH_S:
        answer: Answer = kept[1]
        return answer
    answer = ask()
    if len(_answers) >= _MOST:
        _answers.clear()
    _answers[question] = now_s, answer
    return answer
