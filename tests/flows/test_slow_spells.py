"""A slow spell leaves a trace that says where the time went."""

import time
from collections.abc import Callable

import psycopg
import pytest

from tests.harness import House, wait_for

pytestmark = pytest.mark.timeout(120)


def test_a_locked_table_is_the_largest_step_of_the_spell_it_makes(make_house: Callable[..., House]) -> None:
    house = make_house(devices=4)
    house.start("ingest", "simulator")
    wait_for(
        lambda: house.sql("SELECT 1 FROM devices_pulse WHERE (detail->'rates'->>'records')::float > 0"),
        within_s=60,
        why="nothing is stored",
    )
    with psycopg.connect(house.servers.database_url()) as blocker:
        before_s = time.time()
        blocker.execute("LOCK TABLE devices_state IN EXCLUSIVE MODE")
        waits = "SELECT 1 FROM pg_locks WHERE NOT granted"
        wait_for(lambda: house.sql(waits), within_s=60, why="no batch came to wait")
        time.sleep(1.2)  # the spell itself
    found = wait_for(
        lambda: house.sql(
            "SELECT steps, worst_ms, extract(epoch FROM began_at)::float, messages FROM devices_slowspell"
            " WHERE part = 'ingest' AND worst_at >= to_timestamp(%s) ORDER BY worst_ms DESC",
            before_s,
        ),
        within_s=60,
        why="no spell was kept",
    )
    steps, worst_ms, began_s, messages = found[0]
    assert max(steps, key=lambda one: one[1])[0] == "states", steps
    assert 800 <= worst_ms < 5_000
    assert before_s - 1 < began_s < time.time() - 1
    assert messages > 0
