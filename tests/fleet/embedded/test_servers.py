"""The real servers: what they promise, and that a power cut costs nothing that was committed."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from fleet.embedded import places
from fleet.embedded.servers import Servers, of
from tests.harness import Processes


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Servers, Processes]]:
    """Servers that the test may kill."""
    these = of(tmp_path / "var")
    running = Processes(these.place.var, os.environ)
    yield these, running
    running.stop()
    places.remove(these.place.var)


def test_the_database_is_as_durable_as_in_production(servers: Servers) -> None:
    with psycopg.connect(servers.database_url()) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()
            for name in ("fsync", "full_page_writes", "synchronous_commit")
        }
    assert shown == {"fsync": ("on",), "full_page_writes": ("on",), "synchronous_commit": ("on",)}


def test_the_database_lets_nobody_in_without_its_password(servers: Servers) -> None:
    password = servers.vault.secret("postgres")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(servers.database_url().replace(password, "guess"))


def test_redis_lets_nobody_in_without_its_password(servers: Servers) -> None:
    url = servers.settings()["REDIS_URL"]
    assert redis.from_url(url).ping()
    with pytest.raises(redis.AuthenticationError):
        redis.from_url(url.replace(servers.vault.secret("redis"), "guess")).ping()


@pytest.mark.servers
def test_a_killed_database_comes_back_with_all_that_was_committed(own: tuple[Servers, Processes]) -> None:
    these, running = own
    running.start(these.postgres())
    running.wait_ready("postgres")
    these.create_database()
    with psycopg.connect(these.database_url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")

    running.kill9("postgres")
    running.start(these.postgres())
    running.wait_ready("postgres")

    with psycopg.connect(these.database_url()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


@pytest.mark.servers
def test_a_lock_file_that_names_a_strangers_process_does_not_keep_the_database_down(
    own: tuple[Servers, Processes],
) -> None:
    these, running = own
    running.start(these.postgres())
    running.wait_ready("postgres")
    running.stop("postgres")
    lock = these.place.folder("postgres") / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n")

    running.start(these.postgres())
    running.wait_ready("postgres")
