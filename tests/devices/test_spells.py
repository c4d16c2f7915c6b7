"""Slow spells: what was slow, for how long, and where the time went."""

from devices.rates import Rates
from devices.spells import Round, Stopwatch, Watch, in_ms


def slow(ms: int, step: str = "copy", **other: int) -> Round:
    return Round({step: ms}, **other)


def test_a_round_says_where_its_time_went() -> None:
    seconds = iter([0.0, 10.0, 10.2, 10.9, 11.0])
    watch = Stopwatch(lambda: next(seconds))
    watch.start()
    for step in ("decode", "copy", "decode"):
        watch.lap(step)
    assert in_ms(watch.laps) == {"decode": 300, "copy": 700}


def test_a_step_that_took_no_time_is_not_told() -> None:
    assert in_ms({"decode": 0.0004, "copy": 0.0006}) == {"copy": 1}


def test_quick_rounds_are_no_spell() -> None:
    watch = Watch(500)
    watch.note(slow(499), 1_000)
    assert watch.news() is None


def test_a_message_that_waited_makes_a_quick_round_slow() -> None:
    watch = Watch(500)
    watch.note(slow(20, waited_ms=480), 10_000)
    spell = watch.news()
    assert spell
    assert (spell.began_ms, spell.last_ms) == (9_500, 10_000)


def test_slow_rounds_that_follow_each_other_are_one_spell_with_its_worst() -> None:
    watch = Watch(500)
    watch.note(slow(600), 10_000)
    watch.note(slow(2_000, "states"), 13_000)
    watch.note(slow(700), 15_000)
    spell = watch.news()
    assert spell
    assert (spell.rounds, spell.began_ms, spell.last_ms) == (3, 9_400, 15_000)
    assert (spell.worst.steps_ms, spell.worst_at_ms) == ({"states": 2_000}, 13_000)


def test_the_round_that_worked_slowly_is_the_worst_not_the_one_that_waited_behind_it() -> None:
    watch = Watch(500)
    held = Round({"ledger": 4000, "commit": 2}, waited_ms=40)
    watch.note(held, 10_000)
    watch.note(Round({"copy": 18}, waited_ms=4300), 10_200)
    assert (spell := watch.spell) is not None
    assert (spell.rounds, spell.worst, spell.worst_at_ms) == (2, held, 10_000)


def test_a_spell_ends_after_five_quick_seconds_however_long_its_rounds_are() -> None:
    watch = Watch(500)
    watch.note(slow(600), 10_000)
    first = watch.news()
    watch.note(slow(20_000), 34_900)  # it began 4.9 s after the last one ended
    assert watch.news() is first
    watch.note(slow(600), 40_600)
    assert watch.news() is not first


def test_what_was_written_down_is_no_news_until_more_happens() -> None:
    watch = Watch(500)
    watch.note(slow(600), 10_000)
    assert watch.news()
    watch.note(slow(10), 11_000)
    assert watch.news() is None
    watch.note(slow(600), 12_000)
    assert watch.news()


def test_rates_are_over_the_last_ten_seconds() -> None:
    rates = Rates()
    assert rates.of({"messages": 1_000}, 0) == {}
    assert rates.of({"messages": 1_050}, 1) == {"messages": 50}
    for second in range(2, 30):
        told = rates.of({"messages": 1_050 + 10 * (second - 1)}, second)
    assert told == {"messages": 10}


def test_a_counter_that_is_new_rises_from_nothing() -> None:
    rates = Rates()
    rates.of({}, 0)
    assert rates.of({"rejects": 4}, 2) == {"rejects": 2}
