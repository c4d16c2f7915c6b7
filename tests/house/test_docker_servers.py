"""The servers' files of docker/, each with the real server: broker, Redis, database."""

import os
import re
import shutil
import socket
import ssl
import stat
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings as django_settings
from django.utils import timezone

from devices import accounts_sync, broker
from devices.models import Pulse
from devices.mqtt import packets
from docker import pulse
from fleet.embedded import debian, ports, valkey
from fleet.embedded.mosquitto import Installation
from fleet.embedded.postgres import url as postgres_url
from tests.harness import wait_for

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
ACCEPTED, NOT_AUTHORISED = 0, 5  # [MQTT 3.1.1, 3.2.2.3]


def _script(name: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", DOCKER / name, *words], capture_output=True, text=True, check=False)


# --- Secrets and certificates ---


@pytest.fixture
def secrets(tmp_path: Path) -> dict[str, str]:
    made = _script("secrets.sh", tmp_path / "secrets")
    assert made.returncode == 0, made.stderr
    return {path.name: path.read_text().strip() for path in (tmp_path / "secrets").iterdir()}


def test_the_secrets_fit_together(secrets: dict[str, str]) -> None:
    assert len(secrets["secret_key"]) >= 32
    database = urlsplit(secrets["database_url"])
    assert (database.username, database.password) == ("myofleet", secrets["postgres_password"])
    assert secrets["valkey_password.conf"] == f"requirepass {urlsplit(secrets['redis_url']).password}"
    accounts = dict(pair.split(":") for pair in secrets["mqtt_server_accounts"].split(","))
    for part in ("ingest", "dispatch"):
        address = urlsplit(secrets[f"mqtt_url_{part}"])
        assert (address.username, address.password) == (f"_{part}", accounts[f"_{part}"])
    words = [secrets["secret_key"], secrets["postgres_password"], *accounts.values()]
    assert len(set(words)) == len(words)


def test_secrets_are_for_one_account_and_never_made_twice(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert _script("secrets.sh", folder).returncode == 0
    before = (folder / "secret_key").read_text()
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o400}
    again = _script("secrets.sh", folder)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert (folder / "secret_key").read_text() == before


@pytest.fixture
def openssl() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("certificates.sh needs openssl, and this machine has none")


@pytest.fixture
def certificates(openssl: None, tmp_path: Path) -> Path:
    made = _script("certificates.sh", "localhost", tmp_path)
    assert made.returncode == 0, made.stderr
    return tmp_path


def test_no_certificate_is_signed_by_an_authority_that_devices_do_not_know(certificates: Path) -> None:
    (certificates / "ca" / "ca.key").unlink()
    again = _script("certificates.sh", "localhost", certificates)
    assert again.returncode == 1
    assert "ca.key is not here" in again.stderr


@pytest.mark.parametrize("name", ["10.0.0.7", "fd00::7", "mqtt." + "a" * 60 + ".example"])
def test_a_certificate_names_what_devices_connect_to(openssl: None, tmp_path: Path, name: str) -> None:
    made = _script("certificates.sh", name, tmp_path)
    assert made.returncode == 0, made.stderr
    words = ["openssl", "verify", "-CAfile", tmp_path / "ca" / "ca.crt", "-purpose", "sslserver"]
    words += ["-verify_ip" if name[-1].isdigit() else "-verify_hostname", name]
    done = subprocess.run(
        [*words, tmp_path / "certificates" / "server.crt"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


# --- The broker ---


class Broker:
    """docker/broker.sh with docker/mosquitto.conf: other ports and folders, nothing else changed."""

    def __init__(self, folder: Path, installation: Installation) -> None:
        self.accounts = folder / "accounts"
        self.ca = folder / "ca" / "ca.crt"
        self.plain_port, self.tls_port = ports.free_port(), ports.free_port()
        self._log = folder / "log"
        for name in ("accounts", "data"):
            (folder / name).mkdir()
        text = (DOCKER / "mosquitto.conf").read_text()
        changes = {
            "listener 1883": f"listener {self.plain_port} {ports.HOST}",
            "listener 8883": f"listener {self.tls_port} {ports.HOST}",
            "/certificates/": f"{folder}/certificates/",
            "/accounts/": f"{self.accounts}/",
            "/mosquitto/data/": f"{folder}/data/",
        }
        for ours, theirs in changes.items():
            assert ours in text
            text = text.replace(ours, theirs)
        if os.geteuid() == 0:
            text += "user root\n"  # the tests' folder is closed to Mosquitto's own account
        configuration = folder / "mosquitto.conf"
        configuration.write_text(text)
        watched = [self.accounts / "acl", self.accounts / "passwd"]
        watched += [folder / "certificates" / name for name in ("server.crt", "server.key")]
        env = {**os.environ, "LD_LIBRARY_PATH": installation.library_path()}
        env["PATH"] = f"{installation.binary.parent}:{env['PATH']}"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                ["sh", DOCKER / "broker.sh", configuration, *watched], env=env, stdout=log, stderr=log
            )

    def enrol(self, **passwords: str) -> None:
        """Write the account files as the server does; the broker is told by nobody but broker.sh."""
        hashes = {name: broker.new_hash(word, iterations=10) for name, word in passwords.items()}
        broker.write_files(self.accounts, hashes.items())

    def wait_ready(self) -> None:
        wait_for(lambda: ports.answers(self.tls_port), within_s=20, why=self.log)

    def log(self) -> str:
        return self._log.read_text()

    def dial(self) -> ssl.SSLSocket:
        """Connect as a device does, trusting the authority of our own alone."""
        context = ssl.create_default_context(cafile=str(self.ca))
        plain = socket.create_connection((ports.HOST, self.tls_port), timeout=5)
        return context.wrap_socket(plain, server_hostname="localhost")

    def connect(self, name: str, password: str) -> tuple[ssl.SSLSocket, int]:
        """Return the connection and the broker's answer to the login."""
        line = self.dial()
        line.sendall(packets.connect(name, username=name, password=password, keep_alive_s=60))
        return line, line.recv(4)[3]

    def answer(self, name: str, password: str) -> int:
        line, code = self.connect(name, password)
        line.close()
        return code

    def certificate(self) -> bytes:
        with self.dial() as line:
            return line.getpeercert(binary_form=True) or b""


@pytest.fixture(scope="module")
def installation() -> Installation:
    try:
        return debian.broker()
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.fixture
def house_broker(certificates: Path, installation: Installation) -> Iterator[Broker]:
    running = Broker(certificates, installation)
    yield running
    running.process.terminate()
    assert running.process.wait(timeout=20) == 0, running.log()


@pytest.mark.long
def test_a_device_logs_in_over_tls_and_an_account_made_later_needs_no_restart(house_broker: Broker) -> None:
    house_broker.enrol(**{"EMS-1": "first"})  # until there are accounts, the broker is not even started
    house_broker.wait_ready()
    assert house_broker.answer("EMS-1", "first") == ACCEPTED
    assert house_broker.answer("EMS-2", "second") == NOT_AUTHORISED
    house_broker.enrol(**{"EMS-1": "first", "EMS-2": "second"})
    wait_for(lambda: house_broker.answer("EMS-2", "second") == ACCEPTED, within_s=5, why=house_broker.log)


@pytest.mark.long
def test_a_revoked_device_is_thrown_out_within_five_seconds(house_broker: Broker) -> None:
    house_broker.enrol(**{"EMS-1": "first", "EMS-2": "second"})
    house_broker.wait_ready()
    line, code = house_broker.connect("EMS-1", "first")
    assert code == ACCEPTED
    house_broker.enrol(**{"EMS-2": "second"})
    line.settimeout(5)
    assert line.recv(1) == b""


@pytest.mark.long
def test_a_new_certificate_is_served_without_a_restart(house_broker: Broker, certificates: Path) -> None:
    house_broker.enrol(**{"EMS-1": "first"})
    house_broker.wait_ready()
    before = house_broker.certificate()
    assert _script("certificates.sh", "localhost", certificates).returncode == 0
    wait_for(lambda: house_broker.certificate() != before, within_s=5, why=house_broker.log)


@pytest.mark.long
def test_when_the_broker_ends_its_script_ends_so_that_the_container_is_restarted(
    certificates: Path, installation: Installation
) -> None:
    running = Broker(certificates, installation)
    running.enrol(**{"EMS-1": "first"})
    running.wait_ready()
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    mosquitto = next(pid for pid in children if Path(f"/proc/{pid}/comm").read_text() == "mosquitto\n")
    os.kill(int(mosquitto), 9)
    assert running.process.wait(timeout=5) == 128 + 9


# --- Redis ---


@pytest.mark.long
def test_redis_refuses_whoever_has_no_password(tmp_path: Path, secrets: dict[str, str]) -> None:
    port = ports.free_port()
    secret = tmp_path / "secrets" / "valkey_password.conf"
    text = (DOCKER / "valkey.conf").read_text()
    text = text.replace("/run/secrets/valkey_password.conf", str(secret)).replace("6379", str(port))
    configuration = tmp_path / "valkey.conf"
    configuration.write_text(re.sub("^bind .*", f"bind {ports.HOST}", text, flags=re.MULTILINE))
    server = subprocess.Popen([valkey._wheel_binary(), configuration], stdout=subprocess.DEVNULL)
    try:
        password = urlsplit(secrets["redis_url"]).password
        wait_for(lambda: ports.answers(port), within_s=10, why=lambda: "valkey does not answer")
        with redis.Redis(port=port, password=password) as known, redis.Redis(port=port) as stranger:
            assert known.ping()
            with pytest.raises(redis.AuthenticationError):
                stranger.ping()
    finally:
        server.terminate()
        server.wait(timeout=10)


# --- The database ---


@pytest.fixture
def health(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Exit code of a part's health check, on the tests' own database."""
    one = django_settings.DATABASES["default"]
    monkeypatch.setenv("DATABASE_URL", postgres_url(one["PASSWORD"], one["PORT"], one["NAME"]))
    return pulse.main


def test_a_part_is_healthy_while_its_pulse_is_fresh(
    health: Callable[[str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    now = timezone.now()
    Pulse.objects.create(part="ingest", at=now)
    Pulse.objects.create(part="worker", at=now - timedelta(seconds=25))
    assert [health(part) for part in ("ingest", "worker", "beat")] == [0, 1, 1]
    said = capsys.readouterr().out.splitlines()
    assert re.match(r"worker said it lives 2\d\.\d s ago; at most 20", said[1])
    assert said[2] == "beat has no pulse yet"


def test_a_part_without_a_database_is_not_healthy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url("secret", ports.free_port()))
    assert pulse.main("ingest") == 1
    assert "the database does not answer" in (said := capsys.readouterr().out)
    assert "secret" not in said


# --- Telling the broker ---


def test_where_the_broker_watches_its_files_to_write_them_is_to_tell_it(
    db: None, tmp_path: Path, settings: django_settings
) -> None:
    settings.MQTT_ACCOUNTS_DIR = str(tmp_path)
    settings.MQTT_PID_FILE = ""
    settings.MQTT_SERVER_ACCOUNTS = "_ingest:ingest-password,_dispatch:dispatch-password"
    settings.MQTT_BROKER_WATCHES = True
    told = [accounts_sync.sync() for _ in range(8)]  # more than a signal's pace would let through
    assert {sync.outcome for sync in told} == {"told"}
    assert "_ingest:" in (tmp_path / "passwd").read_text()
