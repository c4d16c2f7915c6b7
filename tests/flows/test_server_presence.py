"""What stands on the server's own topic: devices keep their telemetry by it, so it must be true."""

import queue
import tempfile
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from devices.wire import codec
from devices.wire.messages import ServerStatus
from devices.wire.topics import SERVER_STATUS
from fleet.embedded import ports
from tests.harness import SERVERS, House, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]
SAID_S = 60.0  # of a machine that does much else
LISTEN_S = 3.0  # what is retained comes at once, on a machine that does nothing else


@pytest.fixture(scope="module")
def shared() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="presence-") as folder:
        var = Path(folder)
        var.chmod(0o711)  # the servers' own account must pass, when we are root
        with House(var / "house", bench=True) as house:
            yield house


@pytest.fixture
def house(shared: House) -> House:
    """Ingest runs, and has said so."""
    shared.start(*(name for name in (*SERVERS, "ingest") if not shared.processes.is_running(name)))
    wait_said(shared, "online")
    return shared


def standing(house: House) -> ServerStatus | None:
    """Read the retained copy as a device that has just connected does; None if there is none."""
    account = house.people["spare_devices"][0]
    said: queue.Queue[bytes] = queue.Queue()
    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id=account["serial"], protocol=paho.MQTTv311, clean_session=True
    )
    client.username_pw_set(account["serial"], account["mqtt_password"])
    client.on_connect = lambda one, *_: one.subscribe(SERVER_STATUS, qos=1)
    client.on_message = lambda _client, _data, message: said.put(message.payload)
    client.connect(ports.HOST, house.mqtt_port)
    client.loop_start()
    try:
        return codec.decode_server_status(said.get(timeout=LISTEN_S))
    except queue.Empty:
        return None
    finally:
        client.disconnect()
        client.loop_stop()


def wait_said(house: House, state: str, *, after_ms: int = 0) -> ServerStatus:
    """Wait until the topic says this, and said it after a moment."""

    def said() -> ServerStatus | None:
        found = standing(house)
        return found if found is not None and found.state == state and found.t >= after_ms else None

    found = wait_for(said, within_s=SAID_S, why=lambda: f"the topic says {standing(house)}, not {state}")
    assert isinstance(found, ServerStatus)
    return found


def test_an_ingest_that_is_asked_to_stop_says_that_it_goes(house: House) -> None:
    before = wait_said(house, "online")
    house.stop("ingest")
    assert wait_said(house, "offline").t >= before.t, "that is the will, which is as old as the connection"


def test_of_a_killed_ingest_its_will_says_that_it_is_gone_and_its_return_that_it_is_back(
    house: House,
) -> None:
    before = wait_said(house, "online")
    house.kill9("ingest")
    wait_said(house, "offline")
    house.start("ingest")
    assert wait_said(house, "online").t > before.t


def test_a_broker_without_a_memory_is_told_again(house: House) -> None:
    before = wait_said(house, "online")
    house.wipe_broker()
    assert wait_said(house, "online").t > before.t


def test_a_running_ingest_contradicts_an_offline_that_it_reads(house: House) -> None:
    before = wait_said(house, "online")
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="_bench", protocol=paho.MQTTv311)
    client.username_pw_set("_bench", house.servers.vault.secret("_bench"))
    client.connect(ports.HOST, house.mqtt_port)
    client.loop_start()
    lie = codec.encode(ServerStatus(state="offline", server=before.server, t=before.t))
    client.publish(SERVER_STATUS, lie, qos=1, retain=True).wait_for_publish(SAID_S)
    assert wait_said(house, "online").t > before.t
    client.disconnect()
    client.loop_stop()
