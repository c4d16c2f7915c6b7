"""Parameters that travel beside their statement arrive as they are, and fail as Django's errors."""

import pytest
from django.db import DataError, connection, transaction
from django.db.transaction import TransactionManagementError

from devices.store import apart, sql

pytestmark = pytest.mark.django_db


def test_bytes_arrive_as_they_are_and_none_as_null() -> None:
    sql.execute("CREATE TEMPORARY TABLE kept (n int, body bytea) ON COMMIT DROP")
    bodies = [b"", None, b"\0\xff\\x'\"{},", b"x" * 70_000]
    query = "INSERT INTO kept SELECT * FROM unnest(%s::int[], %s::bytea[])"
    assert apart.execute(query, [sql.numbers(range(4)), apart.octets(bodies)]) == 4
    assert [row and bytes(row) for (row,) in sql.rows("SELECT body FROM kept ORDER BY n")] == bodies


def test_what_goes_wrong_is_raised_as_djangos_error_and_spoils_the_transaction() -> None:
    with pytest.raises(DataError), transaction.atomic():
        apart.execute("SELECT unnest(%s::int[])", ["{no number}"])
    with transaction.atomic():
        connection.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            apart.execute("SELECT %s::int", [1])
        connection.set_rollback(False)
