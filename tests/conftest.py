"""Servers for the tests: real ones, on ports of their own, started when the first test needs them.

Addresses and passwords are chosen before Django reads its settings; nothing runs until a test asks for the
database (pytest-django's `db`), `servers`, `broker` or `house`.  Tests that do not ask are *pure*.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import django
import hypothesis
import pytest
from django.conf import settings

from fleet.embedded import debian, places, ports, servers
from fleet.embedded.servers import Servers
from tests import apart, prepared
from tests.harness import OF_TESTS, House, Processes, chromium

_VAR = Path(tempfile.mkdtemp(prefix="myofleet-test-"))
_VAR.chmod(0o711)  # the servers' own account must pass, when we are root
ports.span = apart.ports_of_our_own()
_SERVERS: Servers = servers.of(_VAR / "servers")
prepared.folder = _VAR

os.environ.update(_SERVERS.settings())
os.environ.update(DJANGO_SETTINGS_MODULE="fleet.settings", PLAIN_STATIC="1", LOG_FORMAT="console")
os.environ.update(OF_TESTS)
django.setup()  # test modules import models, and pytest-django read the environment before we set it
# In this process only: the real hash takes a third of a second for each login.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# How long one example takes depends on what else the machine does: times are measured by `make bench`.
hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")

# Pure or nearly so, but seconds long each: `make test` runs them, `make check` has a minute for everything.
_LONG = {
    "test_faults.py",
    "test_fuzz.py",
    "test_muscle.py",
    "test_patient.py",
    "test_swarm.py",
    "test_treatment.py",
    "test_world.py",
}
_NEEDS_SERVERS = {"servers", "broker", "house", "make_house", "db", "transactional_db", "django_db_setup"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for servers; whole houses first, since their files are the longest to wait for."""
    items.sort(key=lambda item: "flows" not in item.path.parts)
    for item in items:
        asks = set(getattr(item, "fixturenames", ()))
        has_house = "flows" in item.path.parts  # also where its fixture has another name
        if has_house or asks & _NEEDS_SERVERS or item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.servers)
        if has_house:
            item.add_marker(pytest.mark.in_time)
        if item.path.name in _LONG:
            item.add_marker(pytest.mark.long)
        if "browser" in item.path.relative_to(item.config.rootpath).parts:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Test processes inherit our environment: with this name in it, pytest-django would read *our* addresses."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def pytest_unconfigure() -> None:
    shutil.rmtree(_VAR, ignore_errors=True)
    places.sweep()


@pytest.fixture(scope="session")
def test_root() -> Path:
    """A folder that is removed at the end; each test process has its own."""
    return _VAR


@pytest.fixture(scope="session")
def servers_running() -> Iterator[tuple[Servers, Processes]]:
    """PostgreSQL and Redis, which every machine has; the broker where there is one."""
    running = Processes(_VAR / "servers", os.environ)
    try:
        for program in (_SERVERS.postgres(), _SERVERS.redis()):
            running.start(program)
        for name in ("postgres", "redis"):
            running.wait_ready(name)
        _SERVERS.create_database()
        yield _SERVERS, running
    finally:
        running.stop()


@pytest.fixture(scope="session", name="servers")
def _servers(servers_running: tuple[Servers, Processes]) -> Servers:
    """PostgreSQL and Redis run; the settings lead there."""
    return servers_running[0]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: Servers) -> None:
    """The database of pytest-django lives on our PostgreSQL: start that first."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests that commit empty every table after them; the record, which nobody may empty, must let them."""
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table in ("access_auditentry", "access_auditlink"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER access_audit_stays_whole")


@pytest.fixture(scope="session")
def broker(servers_running: tuple[Servers, Processes]) -> Servers:
    """A broker with the accounts `_ingest` and `_dispatch` (`servers.mqtt_url`), and the other servers."""
    these, running = servers_running
    if not running.is_running("broker"):
        running.start(these.broker(_installed_broker()))
        running.wait_ready("broker")
    return these


@pytest.fixture
def make_house() -> Iterator[Callable[..., House]]:
    """A factory of houses: `make_house(env=…, devices=…)`; see `tests.harness.House`."""
    _installed_broker()
    with ExitStack() as houses:
        yield lambda **options: houses.enter_context(_house(**options))


@pytest.fixture
def house(make_house: Callable[..., House]) -> House:
    """One house with the usual settings; its servers run, and nothing else."""
    return make_house()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium is, for Playwright's `executable_path`."""
    path = chromium()
    if path is None:
        pytest.skip(
            "no Chromium on this machine: install it (Debian: apt-get install chromium), or set CHROMIUM"
        )
    return path


@contextmanager
def _house(**options: Any) -> Iterator[House]:
    """A house in a folder that is removed after it."""
    var = Path(tempfile.mkdtemp(prefix="house-", dir=_VAR))
    var.chmod(0o711)
    with House(var, **options) as house:
        yield house
    shutil.rmtree(var, ignore_errors=True)


def _installed_broker() -> debian.Installation:
    try:
        return debian.broker()
    except RuntimeError as error:
        pytest.skip(str(error))
