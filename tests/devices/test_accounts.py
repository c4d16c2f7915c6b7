"""Enrolling, revoking and the broker's files, against the real database; the broker is in tests/flows."""

import io
import os
import stat
import threading
import time

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from devices import accounts, broker
from devices.accounts import EnrolmentRefused, Row
from devices.models import BrokerAccount, Device, State
from fleet.access.models import Site

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    """The broker's folder, with no broker running."""
    settings.MQTT_ACCOUNTS_DIR = str(tmp_path / "mqtt")
    settings.MQTT_PID_FILE = str(tmp_path / "mqtt" / "mosquitto.pid")
    settings.MQTT_SERVER_ACCOUNTS = "_ingest:ingest-password,_dispatch:dispatch-password"
    settings.MQTT_BENCH_ACCOUNT = ""
    (tmp_path / "mqtt").mkdir()
    return tmp_path / "mqtt"


@pytest.fixture
def north():
    return Site.objects.create(slug="north", name="North clinic")


def password_file(folder):
    return dict(line.split(":") for line in (folder / "passwd").read_text().splitlines())


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


def test_a_thousand_devices_are_enrolled_in_a_few_seconds(folder, north):
    started = time.monotonic()
    outcome = accounts.enrol_many(Row(serial=f"EMS-{n}", site="north") for n in range(1000))
    assert time.monotonic() - started < 5
    assert len(set(outcome.passwords.values())) == 1000
    assert len(password_file(folder)) == 1002


# --- manage.py enrol ---


def run(*words):
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("enrol", *words, stdout=out, stderr=err)
        code = 0
    except CommandError as error:
        err.write(str(error))
        code = error.returncode
    return code, out.getvalue(), err.getvalue()


HEADER = "serial,site,room\n"


def test_one_device_from_the_shell(folder, north):
    code, out, _err = run(
        "EMS-1", "--site", "north", "--room", "Gym 2", "--risk-class", "IIb", "--tags", "a b"
    )
    device = Device.objects.get()
    assert code == 0
    assert (device.room, device.risk_class, device.tags) == ("Gym 2", "IIb", ["a", "b"])
    [password] = [line.split()[1] for line in out.splitlines() if line.startswith("password")]
    assert broker.matches(password, password_file(folder)["EMS-1"])


def test_a_file_enrols_its_good_rows_names_its_bad_ones_and_ends_with_1(folder, north, tmp_path):
    (tmp_path / "in.csv").write_text(
        HEADER + "EMS-1,north,Gym\nEMS 2,north,Gym\nEMS-3,nroth,\nEMS-4,north,\n"
    )
    code, out, err = run("--csv", str(tmp_path / "in.csv"), "--passwords-out", str(tmp_path / "out.csv"))
    assert code == 1
    assert "2 enrolled, 2 not" in out
    assert "line 3: serial 'EMS 2'" in err
    assert "line 4: EMS-3: there is no site 'nroth'" in err
    written = dict(line.split(",") for line in (tmp_path / "out.csv").read_text().splitlines()[1:])
    assert sorted(written) == ["EMS-1", "EMS-4"]
    assert all(broker.matches(word, password_file(folder)[name]) for name, word in written.items())
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600


def test_the_password_file_is_private_whatever_the_umask(north, tmp_path):
    (tmp_path / "in.csv").write_text(HEADER + "EMS-1,north,\n")
    before = os.umask(0)
    try:
        run("--csv", str(tmp_path / "in.csv"), "--passwords-out", str(tmp_path / "out.csv"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600


@pytest.mark.parametrize("taken", ["file", "link to nothing"])
def test_an_existing_file_is_never_overwritten_and_nothing_is_enrolled(north, tmp_path, taken):
    (tmp_path / "in.csv").write_text(HEADER + "EMS-1,north,\n")
    out = tmp_path / "out.csv"
    if taken == "file":
        out.write_text("precious")
    else:
        out.symlink_to(tmp_path / "elsewhere")
    code, _out, err = run("--csv", str(tmp_path / "in.csv"), "--passwords-out", str(out))
    assert code == 1
    assert "is not overwritten" in err
    assert not Device.objects.exists()
    assert not (tmp_path / "elsewhere").exists()
    assert taken != "file" or out.read_text() == "precious"


def test_passwords_that_cannot_be_written_are_those_of_nobody(north, tmp_path, monkeypatch):
    (tmp_path / "in.csv").write_text(HEADER + "EMS-1,north,\n")
    with monkeypatch.context() as full_disk:
        full_disk.setattr(os, "fsync", _no_space)
        with pytest.raises(OSError, match="No space"):
            run("--csv", str(tmp_path / "in.csv"), "--passwords-out", str(tmp_path / "out.csv"))
    assert not Device.objects.exists()
    assert not (tmp_path / "out.csv").exists()


def _no_space(_descriptor):
    raise OSError(28, "No space left on device")


def test_a_dry_run_says_what_would_happen_and_changes_nothing(folder, north, tmp_path):
    (tmp_path / "in.csv").write_text(HEADER + "EMS-1,north,\nEMS-2,nroth,\nEMS-1,north,\n")
    code, out, err = run("--csv", str(tmp_path / "in.csv"), "--dry-run")
    assert code == 1
    assert "1 would be enrolled, 2 not" in out
    assert "line 3" in err
    assert "line 4" in err
    assert not Device.objects.exists()
    assert not BrokerAccount.objects.exists()
    assert list(folder.iterdir()) == []


def test_a_dry_run_without_a_fault_ends_with_0(north, tmp_path):
    (tmp_path / "in.csv").write_text(HEADER + "EMS-1,north,\n")
    assert run("--csv", str(tmp_path / "in.csv"), "--dry-run")[0] == 0


def test_a_file_without_a_place_for_the_passwords_enrols_nobody(north, tmp_path):
    (tmp_path / "in.csv").write_text(HEADER + "EMS-1,north,\n")
    code, _out, err = run("--csv", str(tmp_path / "in.csv"))
    assert (code, "--passwords-out" in err) == (1, True)
    assert not Device.objects.exists()


@pytest.mark.parametrize(
    "words", [["--revoke", "EMS-9"], ["--new-password", "EMS-9"], ["EMS-9", "--site", "x"]]
)
def test_a_mistake_in_the_shell_is_one_sentence_and_ends_with_1(words):
    code, _out, err = run(*words)
    assert code == 1
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1


def test_sync_makes_the_files_again(folder, north):
    accounts.enrol(serial="EMS-1", site="north")
    (folder / "passwd").unlink()
    code, out, err = run("--sync")
    assert (code, "made from the database" in out) == (0, True)
    assert "the broker is not running; it reads the files when it starts" in err
    assert "EMS-1" in password_file(folder)
