"""How what was asked leaves the transaction that wrote it down."""

from collections.abc import Iterable, Sequence
from typing import Final

from django.db import connection, transaction

from devices.store import sql
from fleet.control import outbox, queries
from fleet.control.models import Command
from fleet.live import announce

PATIENCE_MS: Final = 600
"""For so long a command waits for the database; then whoever asks is told, within the second in which they must be.

A page does not wait for that: after 300 ms its stop takes the direct path, too, under the same id.  Whoever has no
permit would only be turned away sooner, where many who press at once wait for each other's entry in the audit."""


def hurry() -> None:
    """Let no statement of this transaction wait longer than `PATIENCE_MS`; within another one: as that has it."""
    if not connection.savepoint_ids:
        sql.rows(
            "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)",
            [str(PATIENCE_MS)] * 2,
        )


def send(commands: Sequence[Command]) -> None:
    """Wake dispatch and tell the pages, both once this is committed."""
    if commands:
        outbox.ring()
        tell(commands)


def tell(commands: Iterable[Command]) -> None:
    """Tell the pages once this is committed.  Whoever asks never waits for that, and dispatch is woken first."""
    some = list(commands)
    transaction.on_commit(lambda: announce.commands(queries.told(some)), robust=True)
