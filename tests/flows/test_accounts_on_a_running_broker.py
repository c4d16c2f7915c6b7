"""Enrolment and revocation as the broker itself enforces them: a real Mosquitto, `manage.py`, paho clients.

One house for all of these: none of them leaves the broker in a state that another would notice.
"""

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from devices import broker
from devices.broker import Pace
from fleet.embedded import ports
from tests.harness import House, wait_for

pytestmark = pytest.mark.servers

PATIENT_S = 60.0  # of a machine that does much else
ALLOWED_S = 5.0  # from the change to the running broker


@pytest.fixture(scope="module")
def house():
    with tempfile.TemporaryDirectory(prefix="accounts-") as folder:
        var = Path(folder)
        var.chmod(0o711)
        with House(var / "house", bench=True) as house:
            house.manage("site", "trial", "--name", "Trial")
            yield house


@pytest.fixture(scope="module")
def passwords(house, tmp_path_factory):
    """Devices that only talk and listen, enrolled in one run."""
    folder = tmp_path_factory.mktemp("devices")
    (folder / "in.csv").write_text("\n".join(["serial", "alice", "bob", "mallory"]))
    house.manage(
        "enrol",
        "--site",
        "trial",
        "--csv",
        str(folder / "in.csv"),
        "--passwords-out",
        str(folder / "out.csv"),
    )
    return dict(line.split(",") for line in (folder / "out.csv").read_text().splitlines())


class Client:
    """An MQTT 3.1.1 client; `messages` holds (topic, payload), `lost` is set when the broker threw it out."""

    def __init__(self, house, username, password, *, protocol=paho.MQTTv311, client_id=None):
        self.messages, self.lost = queue.Queue(), threading.Event()
        self.port, self._connected, self._subscribed = house.mqtt_port, queue.Queue(), threading.Event()
        self.mqtt = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=username if client_id is None else client_id,
            protocol=protocol,
        )
        if username:
            self.mqtt.username_pw_set(username, password)
        self.mqtt.on_connect = lambda _c, _u, _f, reason, _p: self._connected.put(reason)
        self.mqtt.on_disconnect = lambda *_: self.lost.set()
        self.mqtt.on_message = lambda _c, _u, m: self.messages.put((m.topic, m.payload))
        self.mqtt.on_subscribe = lambda *_: self._subscribed.set()

    def __enter__(self):
        self.mqtt.connect(ports.HOST, self.port, keepalive=30)
        self.mqtt.loop_start()
        self.reason = self._connected.get(timeout=PATIENT_S)
        return self

    def __exit__(self, *_):
        self.mqtt.loop_stop()
        self.mqtt.disconnect()

    def listen(self, topic):
        self._subscribed.clear()
        self.mqtt.subscribe(topic, qos=1)
        assert self._subscribed.wait(PATIENT_S)

    def say(self, topic, payload=b"x", **options):
        self.mqtt.publish(topic, payload, qos=1, **options).wait_for_publish(10)


def refused(house, username, password):
    """Whether the broker turns this login away."""
    with Client(house, username, password) as client:
        return client.reason.is_failure


def enrolled(house, serial):
    """Enrol a device from the shell and return its password."""
    return password_in(house.manage("enrol", serial, "--site", "trial"))


def password_in(text):
    return next(line.split()[1] for line in text.splitlines() if line.startswith("password"))


def since(house, query, name):
    """Seconds since the change was made; before it, Python starts, which says nothing about the broker."""
    [(moment,)] = house.sql(query, name)
    return time.time() - moment.timestamp()


# --- Who may connect ---


def test_nobody_connects_without_an_account(house):
    assert refused(house, "", "")
    assert refused(house, "EMS-nobody", "x" * 22)


def test_an_enrolled_device_connects_within_5_s_and_the_broker_was_not_restarted(house):
    before = house.processes.pid("broker")
    password = enrolled(house, "EMS-new")
    with Client(house, "EMS-new", password) as device:
        assert not device.reason.is_failure
    assert (
        since(house, "SELECT created_at FROM devices_brokeraccount WHERE username = %s", "EMS-new")
        < ALLOWED_S
    )
    assert refused(house, "EMS-new", password + "x")
    assert refused(house, "EMS-new", "")
    assert house.processes.pid("broker") == before
    assert house.processes.is_running("broker")


def test_an_mqtt_5_device_connects_too(house):
    password = enrolled(house, "EMS-five")
    with Client(house, "EMS-five", password, protocol=paho.MQTTv5) as device:
        assert not device.reason.is_failure


def test_a_revoked_device_is_thrown_out_within_5_s_and_stays_out(house):
    password = enrolled(house, "EMS-lost")
    neighbour = enrolled(house, "EMS-stays")
    with Client(house, "EMS-lost", password) as device, Client(house, "EMS-stays", neighbour) as other:
        house.manage("enrol", "--revoke", "EMS-lost")
        assert device.lost.wait(ALLOWED_S)
        assert since(house, "SELECT revoked_at FROM devices_device WHERE serial = %s", "EMS-lost") < ALLOWED_S
        assert not other.lost.is_set()
        other.listen("ems/v1/EMS-stays/command")  # it still answers
    assert refused(house, "EMS-lost", password)


def test_a_new_password_throws_out_whoever_uses_the_old_one(house):
    old = enrolled(house, "EMS-leaked")
    with Client(house, "EMS-leaked", old) as thief:
        new = password_in(house.manage("enrol", "--new-password", "EMS-leaked"))
        assert thief.lost.wait(ALLOWED_S)
    assert refused(house, "EMS-leaked", old)
    assert not refused(house, "EMS-leaked", new)


def test_a_file_of_many_connects_and_the_passwords_are_in_it(house, tmp_path):
    rows = "".join(f"EMS-many-{n};trial;Gym\r\n" for n in range(50))
    (tmp_path / "in.csv").write_text(f"\ufeffserial;site;room\r\n{rows}")
    house.manage("enrol", "--csv", str(tmp_path / "in.csv"), "--passwords-out", str(tmp_path / "out.csv"))
    passwords = dict(line.split(",") for line in (tmp_path / "out.csv").read_text().splitlines()[1:])
    assert len(passwords) == 50
    assert not any(refused(house, serial, passwords[serial]) for serial in ("EMS-many-0", "EMS-many-49"))


def test_six_shells_that_enrol_at_once_lose_no_device_and_reload_the_broker_few_times(house):
    before = reloads(house)
    command = [sys.executable, "manage.py", "enrol", "--site", "trial"]
    shells = [
        subprocess.Popen([*command, f"EMS-shell-{n}"], env=house.env, stdout=subprocess.PIPE, text=True)
        for n in range(6)
    ]
    passwords = [password_in(shell.communicate(timeout=60)[0]) for shell in shells]
    assert [shell.returncode for shell in shells] == [0] * 6
    assert not any(refused(house, f"EMS-shell-{n}", password) for n, password in enumerate(passwords))
    assert reloads(house) - before <= 3


def reloads(house):
    """How often the broker was told so far; it says so in its log."""
    return house.processes.logs.joinpath("broker.log").read_text().count("Reloading config")


def test_what_one_process_cannot_tell_the_broker_the_courier_does_in_time(house):
    command = [sys.executable, "manage.py", "enrol", "EMS-elsewhere", "--site", "trial"]
    env = {**house.env, "MQTT_ACCOUNTS_DIR": "", "MQTT_PID_FILE": "", "MQTT_SERVER_ACCOUNTS": ""}
    house.start("courier", "beat")
    try:
        shell = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        assert "the process that has it tells the broker" in shell.stderr
        password = password_in(shell.stdout)
        wait_for(
            lambda: not refused(house, "EMS-elsewhere", password),
            within_s=ALLOWED_S + Pace.EVERY_S,  # the tests before this one may have used up the burst
            every_s=0.3,
            why="the courier did not tell the broker",
        )
    finally:
        house.stop("beat", "courier")


def test_a_broker_that_was_away_while_a_device_was_enrolled_knows_it_when_it_is_back(house):
    house.kill9("broker")
    said = enrolled(house, "EMS-meanwhile")
    house.start("broker")
    assert not refused(house, "EMS-meanwhile", said)
    house.manage("enrol", "--sync")


def test_a_broker_that_is_just_starting_survives_being_told(house):
    """SIGHUP before Mosquitto has its handler would end it: it must not be sent then."""
    pid_file = Path(house.env["MQTT_PID_FILE"])
    for _ in range(3):
        house.kill9("broker")
        house.processes.start(house._program("broker"))  # not waiting for it to be ready
        wait_for(
            lambda: broker.reload(pid_file).outcome == "reloaded", within_s=10, every_s=0, why="never told"
        )
        house.processes.wait_ready("broker")


# --- What each may say and read ---


def test_a_device_says_its_four_topics_and_the_server_hears_them(house, passwords):
    with server(house, "_ingest") as ingest, Client(house, "alice", passwords["alice"]) as device:
        for kind in ("status", "telemetry", "event"):
            ingest.listen(f"ems/v1/+/{kind}")
            device.say(f"ems/v1/alice/{kind}", kind.encode())
            assert ingest.messages.get(timeout=PATIENT_S) == (f"ems/v1/alice/{kind}", kind.encode())
    with server(house, "_dispatch") as dispatch, Client(house, "alice", passwords["alice"]) as device:
        dispatch.listen("ems/v1/+/ack")
        device.say("ems/v1/alice/ack", b"done")
        assert dispatch.messages.get(timeout=PATIENT_S) == ("ems/v1/alice/ack", b"done")


def test_what_a_device_says_under_a_neighbours_name_or_the_servers_reaches_nobody(house, passwords):
    with server(house, "_bench") as everybody, Client(house, "mallory", passwords["mallory"]) as mallory:
        everybody.listen("#")
        drain(everybody)
        for topic in (
            "ems/v1/bob/status",
            "ems/v1/bob/telemetry",
            "ems/v1/bob/event",
            "ems/v1/bob/ack",
            "ems/v1/bob/command",
            "ems/v1/bob/watermark",
            "ems/v1/mallory/command",
            "ems/v1/mallory/watermark",
            "ems/v1/_server/status",
            "ems/v1/_ingest/status",
            "elsewhere",
        ):
            mallory.say(topic)
        mallory.say("ems/v1/mallory/event", b"last")
        assert everybody.messages.get(timeout=PATIENT_S) == ("ems/v1/mallory/event", b"last")


def test_an_mqtt_5_device_is_told_that_it_may_not(house, passwords):
    refusals = queue.Queue()
    with Client(house, "alice", passwords["alice"], protocol=paho.MQTTv5) as device:
        device.mqtt.on_publish = lambda _c, _u, _mid, reason, _p: refusals.put(reason)
        device.mqtt.publish("ems/v1/bob/status", b"x", qos=1)
        assert refusals.get(timeout=PATIENT_S).getName() == "Not authorized"


def test_a_device_reads_its_own_commands_and_watermarks_and_the_servers_status_and_nothing_else(
    house, passwords
):
    with (
        server(house, "_bench") as bench,
        Client(house, "alice", passwords["alice"]) as device,
        Client(house, "bob", passwords["bob"]) as other,
    ):
        for client in (device, other):
            client.listen("#")
            client.listen("$SYS/#")
        own = ["ems/v1/alice/command", "ems/v1/alice/watermark", "ems/v1/_server/status"]
        foreign = ["ems/v1/alice/status", "ems/v1/alice/event", "ems/v1/_server/other", "x"]
        for topic in [*foreign, *own]:
            bench.say(topic)
        assert [device.messages.get(timeout=PATIENT_S)[0] for _ in own] == own
        assert other.messages.get(timeout=PATIENT_S)[0] == "ems/v1/_server/status"
        assert device.messages.empty()
        assert other.messages.empty()


def test_a_device_leaves_a_will_under_its_own_name(house, passwords):
    with server(house, "_ingest") as ingest:
        ingest.listen("ems/v1/alice/status")
        device = Client(house, "alice", passwords["alice"])
        device.mqtt.will_set("ems/v1/alice/status", b"gone", qos=1)
        device.mqtt.connect(ports.HOST, device.port)
        device.mqtt.loop_start()
        device._connected.get(timeout=PATIENT_S)
        device.mqtt.socket().shutdown(2)
        assert ingest.messages.get(timeout=PATIENT_S) == ("ems/v1/alice/status", b"gone")
        device.mqtt.loop_stop()


def test_the_server_parts_do_each_others_work_in_nothing(house, passwords):
    with (
        Client(house, "alice", passwords["alice"]) as device,
        server(house, "_ingest") as ingest,
        server(house, "_dispatch") as dispatch,
    ):
        device.listen("ems/v1/alice/+")
        device.listen("ems/v1/_server/status")
        ingest.say("ems/v1/alice/command", b"not mine")
        dispatch.say("ems/v1/alice/watermark", b"not mine")
        dispatch.say("ems/v1/_server/status", b"not mine")
        dispatch.say("ems/v1/alice/command", b"stop")
        assert device.messages.get(timeout=PATIENT_S) == ("ems/v1/alice/command", b"stop")
        ingest.say("ems/v1/alice/watermark", b"w")
        assert device.messages.get(timeout=PATIENT_S) == ("ems/v1/alice/watermark", b"w")
        ingest.say("ems/v1/_server/status", b"online")
        assert device.messages.get(timeout=PATIENT_S) == ("ems/v1/_server/status", b"online")


def test_ingest_reads_the_brokers_own_figures(house):
    with server(house, "_ingest") as ingest:
        ingest.listen("$SYS/broker/uptime")
        assert ingest.messages.get(timeout=PATIENT_S)[0] == "$SYS/broker/uptime"


def test_whatever_client_id_a_device_gives_it_is_its_own_name(house, passwords):
    """So nobody can throw another device out by taking its client id."""
    with (
        Client(house, "alice", passwords["alice"]) as device,
        Client(house, "mallory", passwords["mallory"], client_id="alice") as thief,
    ):
        assert not thief.reason.is_failure
        thief.say("ems/v1/mallory/event")
        device.say("ems/v1/alice/event")
        assert not device.lost.is_set()


# --- The command line ---


def test_an_enrolment_that_is_asked_to_stop_while_it_waits_is_done_and_ends_with_0(house):
    for n in range(Pace.BURST):  # use up the burst, so that the next one has to wait
        house.manage("enrol", f"EMS-quick-{n}", "--site", "trial", "--no-wait")
    command = [sys.executable, "manage.py", "enrol", "EMS-stopped", "--site", "trial"]
    shell = subprocess.Popen(
        command,
        env={**house.env, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = [shell.stdout.readline() for _ in range(3)]
    shell.send_signal(signal.SIGTERM)
    out, _err = shell.communicate(timeout=PATIENT_S)
    assert shell.returncode == 0
    password = password_in("".join(said) + out)
    house.manage("enrol", "--sync")
    assert not refused(house, "EMS-stopped", password)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second account on the machine")
def test_who_may_not_signal_the_broker_is_told_what_to_do_and_the_broker_goes_on(house, test_root):
    pid_file = test_root / "pid"  # which everybody may pass through
    pid_file.write_text(str(house.processes.pid("broker")))
    before = reloads(house)
    with ProcessPoolExecutor(
        1, mp_context=get_context("fork"), initializer=os.setuid, initargs=(65533,)
    ) as other:
        answer = other.submit(broker.reload, pid_file).result(timeout=10)
    assert answer.outcome == "out_of_reach"
    assert "as 65533. Send SIGHUP to the broker yourself" in answer.advice
    assert reloads(house) == before


def server(house, account):
    url = house.mqtt_url(account)
    return Client(house, account, url.split(":")[2].split("@")[0])


def drain(client):
    """Forget what was retained from before; the broker's own answer marks the end of it."""
    client.say("drained", b"")
    while client.messages.get(timeout=PATIENT_S)[0] != "drained":
        pass
