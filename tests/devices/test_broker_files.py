"""The broker's files, byte by byte, and how often it may be told.  Mosquitto itself is in tests/flows."""

import os
import shutil
import stat
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import broker
from devices.broker import Pace
from tests.harness import wait_for

SALT = bytes(range(12))


def test_a_hash_is_what_pbkdf2_sha512_gives_in_mosquittos_own_writing():
    assert broker.hashed("password", salt=SALT, iterations=101) == (
        "$7$101$AAECAwQFBgcICQoL$"
        "DEO14ViPofBJRJpN8uZINnuFUWj8eUeWhlyZ2QOQ+5Lg"
        "iM0kGXMwv2HwhIvlBQTsHkd+uve2/GFOr/KZ8Y/8Hw=="
    )


def test_a_salt_of_another_length_is_refused_because_mosquitto_would_drop_the_account():
    with pytest.raises(ValueError, match="16 bytes"):
        broker.hashed("password", salt=bytes(16), iterations=1)


def test_a_hash_matches_its_password_and_no_other():
    kept = broker.new_hash("s3cret-ü", iterations=10)
    assert broker.matches("s3cret-ü", kept)
    assert not broker.matches("s3cret-u", kept)
    assert broker.new_hash("s3cret-ü", iterations=10) != kept


def test_the_password_file_is_sorted_so_that_the_same_accounts_give_the_same_bytes():
    assert broker.render_passwd([("b", "$7$2"), ("a", "$7$1")]) == "a:$7$1\nb:$7$2\n"


def test_the_rules_name_each_server_account_and_give_devices_their_own_topics_only():
    assert broker.render_acl(["EMS-1", "_ingest-2", "_dispatch"]).splitlines()[1:] == [
        "",
        "user _dispatch",
        "topic read ems/v1/+/ack",
        "topic read ems/v1/+/status",
        "topic write ems/v1/+/command",
        "",
        "user _ingest-2",
        "topic read ems/v1/+/status",
        "topic read ems/v1/+/telemetry",
        "topic read ems/v1/+/event",
        "topic write ems/v1/+/watermark",
        "topic readwrite ems/v1/_server/status",
        "topic read $SYS/#",
        "",
        "pattern write ems/v1/%u/status",
        "pattern write ems/v1/%u/telemetry",
        "pattern write ems/v1/%u/event",
        "pattern write ems/v1/%u/ack",
        "pattern read ems/v1/%u/command",
        "pattern read ems/v1/%u/watermark",
        "pattern read ems/v1/_server/status",
    ]


def test_nobody_may_publish_anywhere_unless_there_is_a_bench_account():
    assert "topic readwrite #" not in broker.render_acl(["EMS-1", "_ingest", "_dispatch"])
    assert "user _bench\ntopic readwrite #" in broker.render_acl(["_bench"])


@pytest.mark.parametrize(
    "username,role",
    [("_ingest", "_ingest"), ("_ingest-12", "_ingest"), ("_dispatch", "_dispatch"), ("_bench", "_bench"),
     ("_ingest-", None), ("_ingest-x", None), ("_server", None), ("_bench2", None),
     ("EMS-1", None), ("", None)],
)  # fmt: skip
def test_only_a_server_parts_own_name_carries_its_rights(username, role):
    assert broker.role_of(username) == role


# --- The pace ---


def reloads(wishes):
    """Play wishes to reload at these times; return when the broker is told, each as soon as it is due."""
    pace, told = Pace(), []
    for wish in sorted(wishes):
        if told and wish <= told[-1]:
            continue  # told after this change was there
        moment = max(wish, pace.due(wish))
        told.append(moment)
        pace = pace.after(moment)
    return told


def test_one_change_after_a_quiet_time_is_told_at_once():
    assert reloads([1000.0, 1060.0]) == [1000.0, 1060.0]


def test_a_few_more_by_the_same_hand_are_told_within_a_second():
    assert reloads([1000.0, 1000.2, 1004.0, 1004.5, 1009.0, 1012.0]) == [
        1000.0, 1001.0, 1004.0, 1005.0, 1009.0, 1012.0,
    ]  # fmt: skip


def test_under_load_the_broker_is_told_once_in_ten_seconds():
    told = reloads(1000 + n / 20 for n in range(20 * 120))
    gaps = [round(later - earlier, 3) for earlier, later in pairwise(told)]
    burst = Pace.BURST - 1
    assert set(gaps[burst + 1 :]) == {10.0}
    assert len(told) <= burst + 120 / 10 + 1


@given(st.lists(st.floats(1000, 1600), min_size=1, max_size=300))
def test_no_change_waits_longer_than_ten_seconds(wishes):
    told = reloads(wishes)
    assert all(any(0 <= moment - wish <= 10.001 for moment in told) for wish in wishes)


def test_a_clock_set_back_does_not_silence_us():
    pace = Pace().after(2_000_000.0)
    assert pace.due(1_000_000.0) <= 1_000_000.0
    assert pace.after(1_000_000.0).due(1_000_001.0) <= 1_000_011.0


# --- Files ---


def test_a_file_is_replaced_whole_and_read_by_owner_and_group_only(tmp_path):
    path = tmp_path / "passwd"
    broker.write_atomically(path, "one\n")
    first = path.stat()
    broker.write_atomically(path, "one\n")
    assert path.stat().st_ino == first.st_ino  # unchanged: the broker need not look
    broker.write_atomically(path, "two\n")
    assert path.read_text() == "two\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["passwd"]


def test_a_link_laid_in_the_way_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".passwd.new").symlink_to(victim)
    broker.write_atomically(tmp_path / "passwd", "one\n")
    assert victim.read_text() == "precious"
    assert (tmp_path / "passwd").read_text() == "one\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_gives_the_files_to_the_owner_of_the_folder(tmp_path):
    os.chown(tmp_path, 65534, 65533)
    broker.write_atomically(tmp_path / "acl", "x\n")
    assert ((tmp_path / "acl").stat().st_uid, (tmp_path / "acl").stat().st_gid) == (65534, 65533)


# --- Who is signalled ---


def test_no_pid_file_means_no_broker(tmp_path):
    assert broker.reload(tmp_path / "mosquitto.pid").outcome == "not_running"


def test_the_pid_of_an_ended_process_means_no_broker(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    (tmp_path / "pid").write_text(f"{ended.pid}\n")
    assert broker.reload(tmp_path / "pid").outcome == "not_running"


def wait_until_it_is(process, name):
    """Between fork and exec it is still we."""
    comm = Path(f"/proc/{process.pid}/comm")
    wait_for(lambda: comm.read_text().strip() == name, within_s=10, why=f"{name} has not started")


def test_a_process_that_is_no_mosquitto_is_not_signalled(tmp_path):
    with subprocess.Popen(["sleep", "60"]) as other:
        wait_until_it_is(other, "sleep")
        (tmp_path / "pid").write_text(str(other.pid))
        answer = broker.reload(tmp_path / "pid")
        assert other.poll() is None
        other.kill()
    assert answer.outcome == "out_of_reach"
    assert "names sleep" in answer.advice


def test_a_mosquitto_that_would_die_of_the_signal_is_left_to_start_first(tmp_path):
    program = tmp_path / "mosquitto"
    shutil.copy(shutil.which("sleep"), program)
    with subprocess.Popen([program, "60"]) as starting:
        wait_until_it_is(starting, "mosquitto")
        (tmp_path / "pid").write_text(str(starting.pid))
        answer = broker.reload(tmp_path / "pid")
        assert starting.poll() is None
        starting.kill()
    assert answer.outcome == "starting"


@pytest.mark.parametrize("content", ["", "abc", "-1", "0"])
def test_a_pid_file_that_names_nobody_is_said_so(tmp_path, content):
    (tmp_path / "pid").write_text(content)
    answer = broker.reload(tmp_path / "pid")
    assert answer.outcome == "out_of_reach"
    assert "kill -HUP" in answer.advice
