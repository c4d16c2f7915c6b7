"""Enrolling, revoking and the broker's files, against the real database; the broker is in tests/flows."""

import stat
import threading
import time

import pytest
from django.db import connection, transaction

from devices import accounts, broker
from devices.accounts import EnrolmentRefused, Row
from devices.models import BrokerAccount, Device, State
from tests.devices.broker_files import password_file

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("folder")]


# --- One device ---


def test_an_enrolled_device_has_an_account_that_only_its_password_opens(folder, north):
    password = accounts.enrol(serial="EMS-1", site="north", room="Gym", tags=["knee"])
    device = Device.objects.get(serial="EMS-1")
    assert (device.site, device.room, device.tags) == (north, "Gym", ["knee"])
    assert broker.matches(password, password_file(folder)["EMS-1"])
    assert len(password) >= 22  # 128 bits


def test_the_password_is_kept_nowhere(folder, north, caplog):
    password = accounts.enrol(serial="EMS-1", site="north")
    kept = "".join(path.read_text() for path in folder.iterdir()) + caplog.text
    assert password not in kept + str(BrokerAccount.objects.values())


@pytest.mark.parametrize(
    "values,seen",
    [
        ({"serial": "EMS 1"}, "serial 'EMS 1'"),
        ({"serial": "_ingest"}, "serial '_ingest'"),
        ({"site": "south"}, "no site 'south'"),
        ({"site": ""}, "no site"),
        ({"name": "x\x00"}, "name 'x"),
        ({"password": "short"}, "5 characters"),
    ],
)
def test_what_cannot_be_enrolled_is_refused_and_leaves_nothing(north, values, seen):
    with pytest.raises(EnrolmentRefused, match=seen):
        accounts.enrol(**({"serial": "EMS-1", "site": "north"} | values))
    assert not Device.objects.exists()
    assert not BrokerAccount.objects.exclude(username__startswith="_").exists()


def test_a_device_is_enrolled_once(folder, north):
    accounts.enrol(serial="EMS-1", site="north")
    before = password_file(folder)["EMS-1"]
    with pytest.raises(EnrolmentRefused, match="EMS-1 is enrolled since"):
        accounts.enrol(serial="EMS-1", site="north")
    assert password_file(folder)["EMS-1"] == before


def test_a_rolled_back_enrolment_never_reaches_the_broker(folder, north):
    with transaction.atomic():
        accounts.enrol(serial="EMS-1", site="north")
        transaction.set_rollback(True)
    accounts.sync()
    assert "EMS-1" not in password_file(folder)


def test_a_revoked_device_loses_its_account_and_keeps_its_state(folder, north):
    accounts.enrol(serial="EMS-1", site="north")
    device = Device.objects.get()
    State.objects.create(device=device, state="running")
    accounts.revoke("EMS-1")
    assert "EMS-1" not in password_file(folder)
    device.refresh_from_db()
    assert device.revoked_at is not None
    assert device.live.state == "running"
    with pytest.raises(EnrolmentRefused, match="was revoked on"):
        accounts.revoke("EMS-1")
    with pytest.raises(EnrolmentRefused, match="was revoked on"):
        accounts.new_password("EMS-1")


def test_a_revoked_device_comes_back_with_its_history_and_a_new_password(folder, north):
    old = accounts.enrol(serial="EMS-1", site="north")
    key = Device.objects.get().pk
    accounts.revoke("EMS-1")
    new = accounts.enrol(serial="EMS-1", site="north", room="Gym")
    device = Device.objects.get()
    assert (device.pk, device.revoked_at, device.room) == (key, None, "Gym")
    assert broker.matches(new, password_file(folder)["EMS-1"])
    assert not broker.matches(old, password_file(folder)["EMS-1"])


def test_a_new_password_ends_the_old_one(folder, north):
    old = accounts.enrol(serial="EMS-1", site="north")
    new = accounts.new_password("EMS-1")
    assert broker.matches(new, password_file(folder)["EMS-1"])
    assert not broker.matches(old, password_file(folder)["EMS-1"])


@pytest.mark.parametrize("act", [accounts.revoke, accounts.new_password])
def test_a_serial_that_is_not_enrolled_is_said_so(act):
    with pytest.raises(EnrolmentRefused, match="'EMS-9' is not enrolled"):
        act("EMS-9")


# --- Accounts that are no devices ---


def test_an_account_without_a_device_can_connect_and_be_enrolled_later(folder, north):
    accounts.add_account("EMS-7")
    assert "EMS-7" in password_file(folder)
    assert not Device.objects.exists()
    password = accounts.enrol(serial="EMS-7", site="north")
    assert broker.matches(password, password_file(folder)["EMS-7"])


def test_an_account_without_a_device_can_be_revoked(folder):
    accounts.add_account("EMS-7")
    accounts.revoke("EMS-7")
    assert "EMS-7" not in password_file(folder)


@pytest.mark.parametrize("username", ["_bench", "_ingest", "a/b", "a:b", "a\nb", ""])
def test_a_name_that_is_no_serial_gets_no_account(username):
    with pytest.raises(EnrolmentRefused):
        accounts.add_account(username)


def test_ensuring_an_enrolment_twice_changes_nothing(folder, north):
    for _ in range(2):
        accounts.ensure_enrolled(serial="EMS-1", password="p" * 20, site="north")
    first = password_file(folder)["EMS-1"]
    accounts.ensure_enrolled(serial="EMS-1", password="p" * 20, site="north")
    assert password_file(folder)["EMS-1"] == first
    accounts.ensure_enrolled(serial="EMS-1", password="q" * 20, site="north")
    assert broker.matches("q" * 20, password_file(folder)["EMS-1"])


# --- The server's own accounts ---


def test_the_servers_accounts_are_in_the_files_even_if_enrolling_is_the_first_thing_ever_done(folder, north):
    accounts.enrol(serial="EMS-1", site="north")
    kept = password_file(folder)
    assert sorted(kept) == ["EMS-1", "_dispatch", "_ingest"]
    assert broker.matches("ingest-password", kept["_ingest"])


def test_a_process_without_the_servers_passwords_leaves_its_accounts_alone(folder, north, settings):
    accounts.sync()
    before = password_file(folder)["_ingest"]
    settings.MQTT_SERVER_ACCOUNTS = ""
    accounts.enrol(serial="EMS-1", site="north")
    assert password_file(folder)["_ingest"] == before


def test_files_that_would_shut_the_server_out_are_not_written(folder, north, settings):
    settings.MQTT_SERVER_ACCOUNTS = ""
    accounts.enrol(serial="EMS-1", site="north")
    told = accounts.sync_if_dirty()
    assert told.outcome == "out_of_reach"
    assert "MQTT_SERVER_ACCOUNTS" in told.advice
    assert not (folder / "passwd").exists()


def test_a_bench_account_goes_when_its_setting_goes(folder, settings):
    settings.MQTT_BENCH_ACCOUNT = "_bench:bench-password"
    accounts.sync()
    assert "_bench" in password_file(folder)
    assert "user _bench" in (folder / "acl").read_text()
    settings.MQTT_BENCH_ACCOUNT = ""
    accounts.sync()
    assert "_bench" not in password_file(folder)
    assert "_bench" not in (folder / "acl").read_text()


def test_a_changed_server_password_replaces_the_hash_and_an_unchanged_one_does_not(folder, settings):
    accounts.sync()
    before = password_file(folder)
    settings.MQTT_SERVER_ACCOUNTS = "_ingest:another-password,_dispatch:dispatch-password"
    accounts.sync()
    after = password_file(folder)
    assert before["_dispatch"] == after["_dispatch"]
    assert broker.matches("another-password", after["_ingest"])


@pytest.mark.parametrize("value", ["_ingest", "_ingest:", "ingest:pw", "_root:pw", "EMS-1:pw"])
def test_a_setting_that_names_no_server_part_is_refused_with_what_is_expected(value, settings):
    settings.MQTT_SERVER_ACCOUNTS = value
    with pytest.raises(EnrolmentRefused, match="expected _ingest:password"):
        accounts.sync()


# --- The files ---


def test_the_files_are_made_from_the_database_again_after_a_disaster(folder, north):
    accounts.enrol(serial="EMS-1", site="north")
    before = (folder / "passwd").read_bytes()
    for path in folder.iterdir():
        path.unlink()
    accounts.sync()
    assert (folder / "passwd").read_bytes() == before
    assert stat.S_IMODE((folder / "passwd").stat().st_mode) == 0o640
    assert stat.S_IMODE((folder / "acl").stat().st_mode) == 0o640


def test_a_file_that_somebody_else_replaced_is_made_again_at_the_next_look(folder, north):
    accounts.enrol(serial="EMS-1", site="north")
    (folder / "passwd").write_text("stranger:$7$1$AAAA$BBBB\n")
    accounts.sync_if_dirty()
    assert "stranger" not in password_file(folder)


def test_a_folder_that_is_missing_stops_no_enrolment_and_is_named(north, settings):
    settings.MQTT_ACCOUNTS_DIR = "/nonexistent/mqtt"
    accounts.enrol(serial="EMS-1", site="north")
    told = accounts.sync_if_dirty()
    assert told.outcome == "out_of_reach"
    assert "/nonexistent/mqtt cannot be written" in told.advice
    assert Device.objects.filter(serial="EMS-1").exists()


def test_a_process_without_the_folder_leaves_it_to_the_one_that_has_it(north, settings):
    settings.MQTT_ACCOUNTS_DIR = ""
    accounts.enrol(serial="EMS-1", site="north")
    assert accounts.sync_if_dirty().outcome == "elsewhere"


def test_devices_enrolled_at_once_by_many_are_all_in_the_file(folder, north):
    failures = []

    def enrol(number):
        try:
            accounts.enrol(serial=f"EMS-{number}", site="north")
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=enrol, args=[number]) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accounts.sync_until_told(time.time())
    assert failures == []
    assert len(password_file(folder)) == 16 + 2


def test_the_same_serial_enrolled_by_two_at_once_is_enrolled_once_and_refused_once(north):
    outcomes = []

    def enrol():
        try:
            outcomes.append(accounts.enrol(serial="EMS-1", site="north"))
        except EnrolmentRefused:
            outcomes.append(None)
        finally:
            connection.close()

    threads = [threading.Thread(target=enrol) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [password] = filter(None, outcomes)
    assert len(outcomes) == 2
    assert broker.matches(password, BrokerAccount.objects.get(username="EMS-1").password_hash)


# --- Many ---


def test_good_rows_are_enrolled_beside_bad_ones(north):
    accounts.enrol(serial="OLD-1", site="north")
    accounts.enrol(serial="OLD-2", site="north")
    accounts.revoke("OLD-2")
    rows = [Row(serial=serial, site=site, line=line) for line, (serial, site) in enumerate(
        [("EMS-1", "north"), ("EMS-2", "nroth"), ("OLD-1", "north"), ("OLD-2", "north"), ("EMS-1", "north"),
         ("bad serial", "north"), ("EMS-3", "north")], start=2)]  # fmt: skip
    outcome = accounts.enrol_many(rows)
    assert sorted(outcome.passwords) == ["EMS-1", "EMS-3"]
    assert [problem.line for problem in outcome.problems] == [3, 4, 5, 6, 7]
    assert sorted(Device.objects.values_list("serial", flat=True)) == ["EMS-1", "EMS-3", "OLD-1", "OLD-2"]


@pytest.mark.in_time
def test_a_thousand_devices_are_enrolled_in_a_few_seconds(folder, north):
    started = time.monotonic()
    outcome = accounts.enrol_many(Row(serial=f"EMS-{n}", site="north") for n in range(1000))
    assert time.monotonic() - started < 5
    assert len(set(outcome.passwords.values())) == 1000
    assert len(password_file(folder)) == 1002
