"""`manage.py enrol`: what people read, what it ends with, and that no password is lost."""

import io
import os
import stat

import pytest
from django.core.management import CommandError, call_command

from devices import accounts, broker
from devices.models import BrokerAccount, Device
from tests.devices.broker_files import password_file

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("folder")]

HEADER = "serial,site,room\n"


def run(*words):
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("enrol", *words, stdout=out, stderr=err)
        code = 0
    except CommandError as error:
        err.write(str(error))
        code = error.returncode
    return code, out.getvalue(), err.getvalue()


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
