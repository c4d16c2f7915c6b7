"""What was made of rows is given again as long as nobody has written them, however that was done."""

import pytest
from django.db import connection, transaction

from devices.models import State
from fleet.rollouts import rows, sight
from fleet.rollouts.kept import Kept
from fleet.rollouts.models import Rollout, Target
from tests.fleet.rollouts import fleetlet


def test_only_rows_of_another_version_are_read_and_the_order_is_that_of_the_question():
    kept, asked = Kept[str, str](), []

    def read(keys):
        asked.append(keys)
        return [(key, "2", key.upper()) for key in keys if key != "gone"]

    assert kept.through([("b", "2"), ("a", "2"), ("gone", "1")], read) == {"b": "B", "a": "A"}
    assert list(kept.through([("a", "2"), ("b", "3"), ("c", "2")], read)) == ["a", "b", "c"]
    assert asked == [["b", "a", "gone"], ["b", "c"]]


def test_beyond_its_size_nothing_old_is_kept_and_all_are_still_given():
    kept = Kept[int, int](most=2)
    for first in (0, 2):
        asked = [(key, "1") for key in range(first, first + 2)]
        assert len(kept.through(asked, lambda keys: [(key, "1", key) for key in keys])) == 2


@pytest.mark.django_db
def test_a_row_that_was_written_past_everything_is_read_anew_also_within_one_transaction():
    """Nor is it read as it would have been, had the transaction not come to nothing."""
    ward = fleetlet.furnish("EMS-1")
    row = Rollout.objects.select_related("version").get(pk=ward.started().pk)
    device_id = ward.devices["EMS-1"].pk

    def seen():
        return rows.load(row, ward.now).state.targets["EMS-1"].reason, sight.of([device_id])[device_id].link

    assert seen() == ("", "online")
    for reason, link in (("window", "suspect"), ("retry", "offline")):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE rollouts_target SET reason = %s", [reason])
            cursor.execute("UPDATE devices_state SET link = %s", [link])
        assert seen() == (reason, link)
    with transaction.atomic():
        Target.objects.update(reason="conflict")
        State.objects.update(link="never")
        assert seen() == ("conflict", "never")
        transaction.set_rollback(True)
    assert seen() == ("retry", "offline")
