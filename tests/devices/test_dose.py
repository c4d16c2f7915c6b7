"""What a session gave, with numbers worked by hand."""

import pytest

from devices.dose import Hole, dose_of
from devices.plan import plan_of
from devices.wire.words import Contact
from tests.devices.dosing import TEN, second, seconds
from tests.devices.test_plan import document, step

# Two cycles of 1 s up, 4 s on, 1 s down, 2 s rest; channel 1 at 40 mA, channel 3 to tolerance.
PLAN = plan_of(document(step()))


def test_time_in_contraction_and_at_target_is_what_the_samples_cover() -> None:
    given = dose_of(seconds("uoooodrr"), PLAN).channels[0]
    assert given.on_ms == 4_000
    assert given.at_target_ms == 5_000  # the second that ends in ramp down began in the contraction
    assert (given.ma_mean, given.ma_max, given.set_ma_mean) == (40.0, 40.0, 40.0)


def test_only_samples_of_ninety_percent_of_the_target_or_more_are_at_target() -> None:
    half = second(2, ma=((35.9,) * 5 + (36.0,) * 5, (0.0,) * TEN))
    assert dose_of([half], PLAN).channels[0].at_target_ms == 500


def test_the_target_is_the_protocols_even_where_the_device_was_set_lower() -> None:
    low = second(1, set_ma=(20.0, 0.0), ma=((20.0,) * TEN, (0.0,) * TEN))
    assert dose_of([low], PLAN).channels[0].at_target_ms == 0


def test_to_tolerance_or_without_a_document_the_target_is_what_was_set() -> None:
    low = second(1, set_ma=(20.0, 0.0), ma=((19.0,) * TEN, (0.0,) * TEN))
    free = plan_of(document(step(target_ma=None)))
    assert dose_of([low], free).channels[0].at_target_ms == 1_000
    assert dose_of([low], None).channels[0].at_target_ms == 1_000


def test_a_channel_that_is_set_to_nothing_is_never_at_target() -> None:
    assert dose_of(seconds("oooo"), None).channels[1].at_target_ms == 0


def test_means_are_those_within_contractions_so_that_ramps_do_not_lower_them() -> None:
    rising = second(1, ma=((10.0,) * TEN, (0.0,) * TEN))  # ends in `on`, but began in the ramp
    given = dose_of([second(0, "ramp_up"), rising, *seconds("oo", first=2)], PLAN).channels[0]
    assert given.ma_mean == 40.0


def test_contractions_too_short_to_lie_within_have_a_mean_all_the_same() -> None:
    given = dose_of([*seconds("ur", first=1), second(3), second(4, "rest")], PLAN).channels[0]
    assert given.ma_mean == 40.0


def test_each_contraction_has_its_own_time_at_target() -> None:
    both = [*seconds("uoodrr"), *seconds("uoooor", first=7, cycle=2)]
    assert dose_of(both, PLAN).at_target_ms == {(0, 1): (3_000, 0), (0, 2): (4_000, 0)}


def test_contact_is_told_by_the_time_of_its_samples() -> None:
    off = seconds("oo", first=3, contact=(Contact.ELECTRODE, Contact.OFF), every_ms=50)
    given = dose_of([*seconds("oo"), *off], PLAN).channels[0]
    assert {word: ms for word, ms in given.contact_ms.items() if ms} == {
        Contact.OK: 2_000,
        Contact.ELECTRODE: 1_000,
    }


def test_impedance_is_the_mean_of_what_could_be_measured() -> None:
    given = dose_of([second(1), second(2, ohm=(None, None)), second(3, ohm=(900.0, None))], None).channels[0]
    assert given.ohm_mean == 850.0


def test_disputed_messages_count_for_no_dose() -> None:
    dose = dose_of([second(1), second(2, disputed=True)], PLAN)
    assert (dose.messages, dose.disputed, dose.recorded_ms) == (1, 1, 1_000)


def test_late_messages_count_and_are_told() -> None:
    dose = dose_of([second(1), second(2, late=True)], PLAN)
    assert (dose.messages, dose.late, dose.recorded_ms) == (2, 1, 2_000)


@pytest.mark.parametrize(
    "missing, hole",
    [(range(1, 5), Hole(None, (0, 1))), (range(3, 6), Hole((0, 1), (0, 1)))],
    ids=["from the start", "in between"],
)
def test_a_hole_names_the_contractions_around_it(missing: range, hole: Hole) -> None:
    heard = [one for one in seconds("uooooodd") if one.seq not in missing]
    assert dose_of(heard, PLAN).holes == (hole,)


def test_what_follows_a_hole_did_not_begin_in_the_contraction_before_it() -> None:
    apart = [second(1), second(9, "ramp_down")]
    assert dose_of(apart, PLAN).channels[0].at_target_ms == 1_000


def test_a_device_that_tells_neither_step_nor_cycle_has_a_dose_too() -> None:
    dose = dose_of(seconds("oo", step=None, cycle=None), PLAN)
    assert dose.channels[0].at_target_ms == 2_000
    assert set(dose.at_target_ms) == {(-1, 0)}


def test_messages_of_different_shape_add_up() -> None:
    one_channel = second(
        2, set_ma=(40.0,), ma=((40.0,) * 4,), ohm=(800.0,), contact=(Contact.OK,), every_ms=250
    )
    ragged = second(3, ma=((40.0,) * 3, (5.0,)))
    dose = dose_of([second(1), one_channel, ragged], None)
    assert [one.on_ms for one in dose.channels] == [2_300, 1_100]
    assert dose.recorded_ms == 2_300


def test_nothing_heard_is_no_dose() -> None:
    dose = dose_of([], PLAN)
    assert (dose.messages, dose.channels, dose.last_placed_ms) == (0, (), None)


def test_a_long_session_adds_up_as_its_parts_do() -> None:
    cycles = [one for n in range(200) for one in seconds("uoooodrr", first=8 * n + 1)]
    dose = dose_of(cycles, PLAN)
    assert dose.channels[0].at_target_ms == 200 * 5_000
    assert dose.recorded_ms == 1_600_000
    assert dose.holes == ()
