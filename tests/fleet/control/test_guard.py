"""What may be asked of which device.  Pure."""

import itertools
import math
from typing import Any

import pytest

from devices.wire.commands import Lower
from devices.wire.words import Verb
from fleet.control import guard, texts
from fleet.control.guard import Seen, Unusable, judge, read_args

LINKS = ("never", "online", "suspect", "offline", "conflict")
ARGS: dict[Verb, dict[str, Any]] = {
    Verb.STOP: {},
    Verb.PAUSE: {},
    Verb.LOWER: {"channel": 2, "to_ma": 20},
    Verb.IDENTIFY: {"seconds": 10},
    Verb.LOCK: {"reason": "maintenance"},
    Verb.UNLOCK: {},
    Verb.REBIRTH: {},
}


def asked(verb: Verb, **seen: Any) -> guard.Refusal | None:
    return judge(verb, read_args(verb, ARGS[verb]), Seen("EMS-1", **seen))


@pytest.mark.parametrize(
    "link,can,channels", itertools.product(LINKS, (None, frozenset({"pause"})), (None, 1))
)
def test_a_stop_passes_for_every_device_whatever_its_link_and_whatever_it_says_it_can(
    link: str, can: frozenset[str] | None, channels: int | None
) -> None:
    assert asked(Verb.STOP, link=link, can=can, channels=channels) is None


@pytest.mark.parametrize("odd", [{"to_ma": 80}, {"start": True}, {"channel": "x"}, {"": None}])
def test_whatever_comes_with_a_stop_does_not_hold_it_up_and_goes_no_further(odd: dict[str, Any]) -> None:
    assert read_args(Verb.STOP, odd) == guard.STOP


@pytest.mark.parametrize("verb", ARGS)
@pytest.mark.parametrize("link", ["never", "suspect", "offline"])
def test_silence_refuses_nothing(verb: Verb, link: str) -> None:
    assert asked(verb, link=link) is None


@pytest.mark.parametrize("verb", ARGS)
def test_in_a_conflict_only_what_makes_either_device_safer_is_sent(verb: Verb) -> None:
    refusal = asked(verb, link="conflict")
    assert (refusal is None) == (verb in {Verb.STOP, Verb.PAUSE, Verb.LOWER})
    assert refusal is None or not refusal.is_about_the_request


@pytest.mark.parametrize("verb", [one for one in ARGS if one is not Verb.STOP])
def test_a_device_that_cannot_is_not_asked(verb: Verb) -> None:
    refusal = asked(verb, can=frozenset({"stop"}))
    assert refusal is not None
    assert refusal.reason == "cannot"


def test_lower_is_for_a_channel_that_the_device_has() -> None:
    assert asked(Verb.LOWER, channels=2) is None
    refusal = asked(Verb.LOWER, channels=1)
    assert refusal is not None
    assert (refusal.reason, refusal.is_about_the_request) == ("channel", True)


@pytest.mark.parametrize(
    "verb,args",
    [
        (Verb.LOWER, {}),
        (Verb.LOWER, {"to_ma": -1}),
        (Verb.LOWER, {"to_ma": math.nan}),
        (Verb.LOWER, {"to_ma": math.inf}),
        (Verb.LOWER, {"to_ma": "20"}),
        (Verb.LOWER, {"to_ma": True}),
        (Verb.LOWER, {"to_ma": 10**400}),
        (Verb.LOWER, {"to_ma": 20, "channel": 0}),
        (Verb.LOWER, {"to_ma": 20, "channel": 17}),
        (Verb.LOWER, {"to_ma": 20, "chanel": 2}),  # a slip must not lower, or leave, all channels
        (Verb.LOWER, {"by_ma": -5}),
        (Verb.PAUSE, {"resume": True}),
        (Verb.IDENTIFY, {"seconds": 0}),
        (Verb.IDENTIFY, {"seconds": 61}),
        (Verb.IDENTIFY, {"seconds": 10**30}),
        (Verb.IDENTIFY, {}),
        (Verb.LOCK, {}),
        (Verb.LOCK, {"reason": "because"}),
        (Verb.LOCK, {"reason": ["maintenance"]}),
        (Verb.UNLOCK, {"reason": None}),
    ],
)
def test_arguments_that_no_device_could_follow_are_refused_in_words(verb: Verb, args: dict[str, Any]) -> None:
    with pytest.raises(Unusable) as refused:
        read_args(verb, args)
    assert texts.unusable(verb, refused.value).startswith("args: ")


def test_lower_may_go_to_nothing_and_means_every_channel_if_none_is_named() -> None:
    assert read_args(Verb.LOWER, {"to_ma": 0}) == Lower(channel=None, to_ma=0)
