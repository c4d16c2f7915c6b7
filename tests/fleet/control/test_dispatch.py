"""`manage.py dispatch` as a process, with a real broker, PostgreSQL, and devices that are plain MQTT clients.

One house for all of these; each test has a device of its own, and leaves dispatch running.
"""

import json
import queue
import signal
import tempfile
import threading
import time
import uuid
from pathlib import Path

import paho.mqtt.client as paho
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from fleet.embedded import ports
from tests.devices.wire import goldens
from tests.harness import House, wait_for

pytestmark = pytest.mark.servers

PATIENT_S = 30.0  # of a machine that does much else
GATE = 4711  # an advisory lock that a test holds to stop the world at one place


@pytest.fixture(scope="module")
def house():
    with tempfile.TemporaryDirectory(prefix="dispatch-") as folder:
        var = Path(folder)
        var.chmod(0o711)
        with House(var / "house", env={"PLAIN_STATIC": "1"}) as house:  # it has no pages
            house.start("ingest", "dispatch")
            wait_for(lambda: pulse_age_s(house) < 2, within_s=PATIENT_S, why="dispatch has no pulse")
            yield house


@pytest.fixture(scope="module")
def spares(house):
    return iter(house.people["spare_devices"])


@pytest.fixture
def device(house, spares):
    with Device(house, next(spares)) as device:
        yield device


class Device:
    """A conforming device as far as commands go: it carries out an id once, and answers each copy."""

    def __init__(self, house, account, *, protocol=paho.MQTTv311):
        self.serial = account["serial"]
        self.commands, self.done, self.outcome = queue.Queue(), [], "done"
        self._port, self._ready = house.mqtt_port, threading.Event()
        self.mqtt = paho.Client(CallbackAPIVersion.VERSION2, client_id=self.serial, protocol=protocol)
        self.mqtt.username_pw_set(self.serial, account["mqtt_password"])
        self.mqtt.on_connect = lambda client, *_: client.subscribe(f"ems/v1/{self.serial}/command", qos=1)
        self.mqtt.on_subscribe = lambda *_: self._ready.set()
        self.mqtt.on_message = self._on_message

    def __enter__(self):
        self.mqtt.connect(ports.HOST, self._port, keepalive=30)
        self.mqtt.loop_start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_):
        self.mqtt.disconnect()
        self.mqtt.loop_stop()

    def _on_message(self, _client, _userdata, message):
        command = json.loads(message.payload)
        self.commands.put((command, message))
        if self.outcome is None:
            return
        again = command["id"] in self.done
        if not again:
            self.done.append(command["id"])
        outcome = {"outcome": "repeat", "reason": self.outcome} if again else {"outcome": self.outcome}
        self.mqtt.publish(
            f"ems/v1/{self.serial}/ack",
            json.dumps({"v": 1, "id": command["id"], "boot": 7, "up_ms": 1, "output": "off"} | outcome),
            qos=1,
        )

    def next_command(self):
        return self.commands.get(timeout=PATIENT_S)[0]

    def hears_nothing(self, for_s=1.5):
        with pytest.raises(queue.Empty):
            self.commands.get(timeout=for_s)

    def says(self, name, **fields):
        body = goldens.fields(name) | {"t": int(time.time() * 1000)} | fields
        kind = "status" if name.startswith("status") else name.partition(".")[0]
        self.mqtt.publish(
            f"ems/v1/{self.serial}/{kind}", json.dumps(body), qos=1, retain=kind == "status"
        ).wait_for_publish(10)


def pulse_age_s(house):
    rows = house.sql("SELECT extract(epoch FROM now() - at) FROM devices_pulse WHERE part = 'dispatch'")
    return float(rows[0][0]) if rows else 1e9


def ask(house, device, verb, *, args="{}", ttl_s=10, proof_s=None):
    """Write a command as a service does; return its id."""
    command_id = uuid.uuid4()
    house.sql(
        """INSERT INTO control_command (id, device_id, site_id, verb, args, reason, state, requested_at, expires_at,
            attempts, evidence, actor_name, via, reason_by, acks, rev, proof_due_at)
            SELECT %s, id, site_id, %s, %s, '', 'requested', now(), now() + %s * interval '1 s', 0, '{}', '', 'house',
            '', 0, 1, now() + %s * interval '1 s' FROM devices_device WHERE serial = %s""",
        command_id,
        verb,
        args,
        ttl_s,
        proof_s,
        device.serial,
    )
    house.sql("SELECT pg_notify('control_command', '')")
    return command_id


def row(house, command_id, column="state"):
    return house.sql(f"SELECT {column} FROM control_command WHERE id = %s", command_id)[0][0]  # noqa: S608


def comes_to(house, command_id, state):
    wait_for(
        lambda: row(house, command_id) == state,
        within_s=PATIENT_S,
        why=lambda: f"the command is {row(house, command_id)}, not {state}",
    )


def rebirths(house, device):
    return house.sql(
        """SELECT c.id, c.state FROM control_command c JOIN devices_device d ON d.id = c.device_id
           WHERE d.serial = %s AND c.verb = 'rebirth'""",
        device.serial,
    )


def is_stored(house, device):
    """Wait until ingest has stored a record of this device."""
    stored = """SELECT 1 FROM devices_ledger l JOIN devices_device d ON d.id = l.device_id
                WHERE d.serial = %s AND NOT isempty(l.stored)"""
    wait_for(lambda: house.sql(stored, device.serial), within_s=PATIENT_S, why="nothing is stored")


# --- the way there and back ---


@pytest.mark.in_time
def test_a_command_reaches_its_device_within_a_second_and_its_answer_the_row(house, device):
    asked_s = time.monotonic()
    command_id = ask(house, device, "identify", args='{"seconds":5}')
    command, message = device.commands.get(timeout=PATIENT_S)
    assert time.monotonic() - asked_s < 1
    assert (command["id"], command["verb"], command["args"]) == (str(command_id), "identify", {"seconds": 5})
    assert command["ttl_ms"] == 10_000
    assert (message.qos, message.retain) == (1, False)
    comes_to(house, command_id, "done")
    assert row(house, command_id, "published_at") is not None
    assert row(house, command_id, "evidence")["ack"]["boot"] == 7


def test_no_command_is_retained(house, device, spares):
    device.outcome = None
    ask(house, device, "identify", args='{"seconds":5}')
    device.next_command()
    device.mqtt.unsubscribe(f"ems/v1/{device.serial}/command")
    device.mqtt.subscribe(f"ems/v1/{device.serial}/command", qos=1)
    device.hears_nothing()


def test_an_mqtt_5_device_is_told_when_the_command_expires(house, spares):
    with Device(house, next(spares), protocol=paho.MQTTv5) as device:
        command_id = ask(house, device, "lock", args='{"reason":"overdue"}', ttl_s=60)
        _, message = device.commands.get(timeout=PATIENT_S)
        assert 55 <= message.properties.MessageExpiryInterval <= 60
        comes_to(house, command_id, "done")


def test_a_refusal_is_a_refusal(house, device):
    device.outcome = "refused"
    command_id = ask(house, device, "pause")
    comes_to(house, command_id, "refused")


def test_silence_is_expired_when_the_time_is_over(house, device):
    device.outcome = None
    command_id = ask(house, device, "identify", args='{"seconds":5}', ttl_s=2)
    device.next_command()
    comes_to(house, command_id, "expired")
    assert row(house, command_id, "published_at") is not None


def test_an_ack_that_is_none_is_refused_and_kept(house, device):
    device.mqtt.publish(f"ems/v1/{device.serial}/ack", b'{"v":1,"id":"nonsense"}', qos=1)
    kept = "SELECT reason, topic FROM devices_reject WHERE serial = %s"
    found = wait_for(lambda: house.sql(kept, device.serial), within_s=PATIENT_S, why="no reject is kept")
    assert found == [("schema", f"ems/v1/{device.serial}/ack")]


# --- births ---


def test_a_device_that_speaks_without_a_birth_is_asked_for_it_exactly_once(house, device):
    for seq in (1, 2, 3):
        device.says("telemetry", boot=9, seq=seq, up_ms=1000 * seq)
    command = device.next_command()
    assert command["verb"] == "rebirth"
    comes_to(house, command["id"], "done")
    device.says("telemetry", boot=9, seq=4, up_ms=4000)
    device.hears_nothing()
    assert [(str(id_), state) for id_, state in rebirths(house, device)] == [(command["id"], "done")]


def test_a_birth_answers_a_rebirth_whose_ack_was_lost(house, device):
    device.outcome = None
    device.says("telemetry", boot=9, seq=1, up_ms=1000)
    command = device.next_command()
    device.says("status.birth", boot=9, conn=1, up_ms=1100, buffered=[])
    comes_to(house, command["id"], "done")
    device.hears_nothing()


def test_a_device_that_is_born_first_is_asked_nothing(house, device):
    device.says("status.birth", boot=9, conn=1, up_ms=100, buffered=[])
    device.says("telemetry", boot=9, seq=1, up_ms=1000)
    is_stored(house, device)
    assert rebirths(house, device) == []


def test_late_records_alone_ask_for_nothing(house, device):
    device.says("telemetry", boot=9, seq=1, up_ms=1000, late=True)
    is_stored(house, device)
    assert rebirths(house, device) == []


def test_what_a_device_missed_is_published_again_after_its_birth_under_the_same_id(house, spares):
    account = next(spares)
    with Device(house, account) as device:
        device.says("status.birth", boot=9, conn=1, up_ms=100, buffered=[])
        device.outcome = None  # it gets the first copy, and loses power before it can answer
        command_id = ask(house, device, "lock", args='{"reason":"overdue"}', ttl_s=60)
        assert device.next_command()["id"] == str(command_id)
        comes_to(house, command_id, "published")
    with Device(house, account) as device:
        device.hears_nothing(0.5)
        device.says("status.birth", boot=10, conn=1, up_ms=100, buffered=[])
        assert device.next_command()["id"] == str(command_id)
        comes_to(house, command_id, "done")
        device.says("status.birth", boot=10, conn=1, up_ms=5000, buffered=[])  # a heartbeat is no birth
        device.hears_nothing(1)
    assert row(house, command_id, "attempts") == 2


# --- bad days ---


@pytest.fixture
def gate(house):
    """While held, nothing in the house can write down that the broker has a command."""
    with psycopg.connect(house.servers.database_url(), autocommit=True) as held:
        held.execute("SELECT pg_advisory_lock(%s)", [GATE])
        house.sql(
            f"""CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NEW; END $$"""
        )
        house.sql(
            """CREATE TRIGGER gate BEFORE UPDATE ON control_command FOR EACH ROW
               WHEN (NEW.published_at IS NOT NULL AND OLD.published_at IS NULL)
               EXECUTE FUNCTION wait_at_gate()"""
        )
        yield held
        held.execute("SELECT pg_advisory_unlock_all()")
        house.sql("DROP TRIGGER IF EXISTS gate ON control_command")
        house.sql("DROP FUNCTION wait_at_gate()")


def test_a_dispatcher_killed_between_publishing_and_writing_it_down_publishes_again_and_it_is_done_once(
    house, device, gate
):
    device.outcome = None
    command_id = ask(house, device, "lock", args='{"reason":"overdue"}', ttl_s=60)
    first = device.next_command()
    at_gate = (
        "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%control_command%%'"
    )
    ((backend,),) = wait_for(lambda: house.sql(at_gate), within_s=PATIENT_S, why="nobody waits at the gate")
    house.kill9("dispatch")
    assert row(house, command_id) == "requested"
    house.sql("SELECT pg_terminate_backend(%s)", backend)  # it does not notice by itself while it waits
    gate.execute("SELECT pg_advisory_unlock_all()")
    device.outcome = "done"
    device.done.append(first["id"])  # it was carried out; only the answer is missing
    house.start("dispatch")
    second = device.next_command()
    assert second == first
    comes_to(house, command_id, "done")
    device.hears_nothing(1)
    assert device.done == [str(command_id)]
    assert row(house, command_id, "attempts") == 2


def test_an_answer_given_while_nobody_dispatches_is_taken_in_afterwards(house, device):
    device.outcome = None
    command_id = ask(house, device, "lock", args='{"reason":"overdue"}', ttl_s=60)
    device.next_command()
    comes_to(house, command_id, "published")
    house.kill9("dispatch")
    device.mqtt.publish(
        f"ems/v1/{device.serial}/ack",
        json.dumps(
            {"v": 1, "id": str(command_id), "boot": 7, "up_ms": 1, "outcome": "done", "output": "off"}
        ),
        qos=1,
    ).wait_for_publish(10)
    house.start("dispatch")
    comes_to(house, command_id, "done")
    device.hears_nothing(0.5)


def test_without_database_it_waits_and_goes_on_by_itself(house, device):
    pid = house.processes.pid("dispatch")
    house.kill9("postgres")
    time.sleep(2)  # what would end in a crash loop has had the time to crash
    assert house.processes.is_running("dispatch")
    house.start("postgres")
    wait_for(lambda: pulse_age_s(house) < 2, within_s=PATIENT_S, why="no pulse since the database is back")
    command_id = ask(house, device, "identify", args='{"seconds":5}')
    comes_to(house, command_id, "done")
    assert house.processes.pid("dispatch") == pid


def test_without_broker_nothing_is_lost_but_time_and_nothing_late_is_sent_when_it_is_back(house, spares):
    account = next(spares)
    house.kill9("broker")
    short = ask(house, Device(house, account), "identify", args='{"seconds":5}', ttl_s=1)
    long = ask(house, Device(house, account), "lock", args='{"reason":"overdue"}', ttl_s=60)
    comes_to(house, short, "expired")
    house.start("broker")
    with Device(house, account) as device:
        device.says("status.birth", boot=9, conn=1, up_ms=100, buffered=[])
        assert device.next_command()["id"] == str(long)
        comes_to(house, long, "done")
        device.hears_nothing(1)


@pytest.fixture
def poison(house, device):
    """No answer of this device can be written down."""
    house.sql(
        f"""CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF NEW.device_id = (SELECT id FROM devices_device WHERE serial = '{device.serial}')
            THEN RAISE 'poison'; END IF; RETURN NEW; END $$"""  # noqa: S608
    )
    house.sql(
        """CREATE TRIGGER poison BEFORE UPDATE ON control_command FOR EACH ROW
           WHEN (NEW.state = 'done') EXECUTE FUNCTION poison()"""
    )
    yield
    house.sql("DROP TRIGGER poison ON control_command")
    house.sql("DROP FUNCTION poison()")


def test_an_answer_that_cannot_be_written_down_holds_up_no_other(house, device, spares, poison):
    pid = house.processes.pid("dispatch")
    with Device(house, next(spares)) as good:
        house.pause("dispatch")  # so that both answers come in one batch
        ids = [ask(house, one, "identify", args='{"seconds":5}') for one in (device, good)]
        for one, command_id in zip((device, good), ids, strict=True):
            one.mqtt.publish(
                f"ems/v1/{one.serial}/ack",
                json.dumps(
                    {"v": 1, "id": str(command_id), "boot": 7, "up_ms": 1, "outcome": "done", "output": "off"}
                ),
                qos=1,
            ).wait_for_publish(10)
        house.resume("dispatch")
        comes_to(house, ids[1], "done")
    assert house.processes.is_running("dispatch")
    assert house.processes.pid("dispatch") == pid
    assert row(house, ids[0]) != "done"


def test_without_redis_it_goes_on(house, device):
    house.kill9("redis")
    command_id = ask(house, device, "identify", args='{"seconds":5}')
    comes_to(house, command_id, "done")
    done_s = time.monotonic()
    wait_for(
        lambda: pulse_age_s(house) < time.monotonic() - done_s,
        within_s=PATIENT_S,
        why="without Redis it has no pulse",
    )
    house.start("redis")


def test_a_second_dispatcher_waits_and_takes_over_when_the_first_ends(house, device):
    first = house.processes._running["dispatch"]
    house.start("dispatch")  # the harness now knows the second one
    second = house.processes._running["dispatch"]
    try:
        wait_for(
            lambda: "another dispatcher holds the lock" in house.processes.tail("dispatch"),
            within_s=PATIENT_S,
            why="the second one does not say that it waits",
        )
        command_id = ask(house, device, "identify", args='{"seconds":5}')
        comes_to(house, command_id, "done")
        device.next_command()
        device.hears_nothing(0.5)
    finally:
        first[0].send_signal(signal.SIGTERM)
        assert first[0].wait(10) == 0
    command_id = ask(house, device, "identify", args='{"seconds":5}')
    comes_to(house, command_id, "done")
    assert second[0].poll() is None


def test_sigterm_ends_it_with_0_and_the_next_one_has_a_pulse(house):
    process = house.processes._running["dispatch"][0]
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    house.start("dispatch")
    told = "SELECT detail FROM devices_pulse WHERE part = 'dispatch' AND at > now() - interval '1 s'"
    wait_for(
        lambda: any(detail["broker"] for (detail,) in house.sql(told)),
        within_s=PATIENT_S,
        why="no pulse says that the broker is reached",
    )


def test_the_help_shows_an_example(house):
    assert "MQTT_URL=mqtt://_dispatch:secret@broker:1883 manage.py dispatch" in house.manage(
        "dispatch", "--help"
    )


# --- proof ---


def asks(house, device, verb="stop", *, proof_s=3):
    return ask(house, device, verb, proof_s=proof_s)


def open_alerts(house, device):
    return house.sql(
        """SELECT a.state, a.priority FROM safety_alert a JOIN devices_device d ON d.id = a.device_id
           WHERE d.serial = %s AND a.rule = 'stop_unconfirmed' AND a.state <> 'closed'""",
        device.serial,
    )


def test_a_stop_that_is_done_is_confirmed_by_the_status_that_follows_and_not_before(house, device):
    device.says("status.birth", boot=7, conn=1, up_ms=0, buffered=[])
    command_id = asks(house, device, proof_s=PATIENT_S)
    device.next_command()
    comes_to(house, command_id, "done")
    device.says(
        "status.birth", boot=7, conn=1, up_ms=1, state="idle", output="off", session=None, buffered=[]
    )
    comes_to(house, command_id, "confirmed")
    assert row(house, command_id, "evidence")["proof"]["up_ms"] == 1
    assert open_alerts(house, device) == []


@pytest.mark.in_time
def test_a_stop_without_proof_sends_somebody_there_within_three_seconds_and_is_confirmed_when_it_is_proved(
    house, device
):
    device.says(
        "status.birth", boot=7, conn=1, up_ms=0, output="on", state="running", session="S", buffered=[]
    )
    device.outcome = None
    command_id = asks(house, device)
    device.next_command()
    comes_to(house, command_id, "unconfirmed")
    took = "extract(epoch FROM unconfirmed_at - requested_at)"
    assert 3 <= row(house, command_id, took) < 3.5
    wait_for(
        lambda: open_alerts(house, device) == [("raised", "high")],
        within_s=PATIENT_S,
        why="no alert is raised",
    )
    device.says(
        "status.birth", boot=7, conn=1, up_ms=9000, state="idle", output="off", session=None, buffered=[]
    )
    comes_to(house, command_id, "confirmed")
    wait_for(
        lambda: open_alerts(house, device)[0][0] == "cleared",
        within_s=PATIENT_S,
        why="the alert still stands",
    )


def test_a_device_that_says_done_and_drives_on_is_caught_by_its_own_status_and_by_its_current(house, spares):
    with Device(house, next(spares)) as honest, Device(house, next(spares)) as liar:
        for one in (honest, liar):
            one.says(
                "status.birth",
                boot=7,
                conn=1,
                up_ms=0,
                output="on",
                state="running",
                session="S",
                buffered=[],
            )
        ids = [
            asks(house, one, proof_s=3 * PATIENT_S) for one in (honest, liar)
        ]  # time alone refutes neither
        for one, command_id in zip((honest, liar), ids, strict=True):
            one.next_command()
            comes_to(house, command_id, "done")
        honest.says(
            "status.birth", boot=7, conn=1, up_ms=50, output="on", state="running", session="S", buffered=[]
        )
        comes_to(house, ids[0], "unconfirmed")
        liar.says(
            "status.birth", boot=7, conn=1, up_ms=50, output="off", state="idle", session=None, buffered=[]
        )
        comes_to(house, ids[1], "confirmed")
        liar.says("telemetry", boot=7, seq=1, up_ms=1000, session="S", elapsed_ms=1000)
        comes_to(house, ids[1], "unconfirmed")
        for one, command_id in zip((honest, liar), ids, strict=True):
            assert row(house, command_id, "refuted_at") is not None
            wait_for(lambda one=one: open_alerts(house, one), within_s=PATIENT_S, why="no alert is raised")


def test_a_dispatcher_killed_while_a_proof_is_due_forgets_neither_the_time_nor_the_alert(house, device):
    device.outcome = None
    command_id = asks(house, device)
    device.next_command()
    house.kill9("dispatch")
    house.start("dispatch")
    comes_to(house, command_id, "unconfirmed")
    wait_for(lambda: open_alerts(house, device), within_s=PATIENT_S, why="no alert is raised")
