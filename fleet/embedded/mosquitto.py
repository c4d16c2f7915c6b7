"""The MQTT broker: Mosquitto, from this machine or fetched from Debian's packages without root."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devices import broker
from fleet.embedded import ports
from fleet.embedded.places import Place
from fleet.embedded.processes import Program

SERVER_ACCOUNTS = ("_ingest", "_dispatch", "_direct")
_CONFIGURATION = """\
per_listener_settings false
listener {port} {host}
allow_anonymous false
use_username_as_clientid true
password_file {accounts}/passwd
acl_file {accounts}/acl
pid_file {accounts}/mosquitto.pid
persistence true
persistence_location {data}/
autosave_interval 60
max_inflight_messages 5000
max_queued_messages 1000000
max_queued_bytes 1073741824
message_size_limit 262144
set_tcp_nodelay true
log_dest stdout
log_type error
log_type warning
log_type notice
log_timestamp_format %Y-%m-%dT%H:%M:%S
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """A broker, and the folders of libraries it brings, all below one root (none: the system's)."""

    binary: Path
    libraries: tuple[Path, ...] = ()

    def library_path(self) -> str:
        return os.pathsep.join(map(str, self.libraries))

    def reached_from(self, place: Place) -> "Installation":
        """Return an installation that the broker's account can read."""
        if not self.libraries:
            return self  # the system's own
        root = self.binary.parents[2]  # …/usr/sbin/mosquitto
        copy = place.reachable(root, ("",), "mosquitto")
        return Installation(
            copy / self.binary.relative_to(root),
            tuple(copy / folder.relative_to(root) for folder in self.libraries),
        )


def find() -> Path | None:
    """Return the machine's own broker; Debian puts it into /usr/sbin, which a user's PATH may lack."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
    found = shutil.which("mosquitto", path=path)
    return Path(found) if found else None


def program(place: Place, installation: Installation, port: int, passwords: Mapping[str, str]) -> Program:
    """Return the broker to run; `passwords`, of the server's own accounts, are used if there are no files."""
    accounts = accounts_folder(place)
    data = place.folder("broker")
    if not (
        accounts / broker.PASSWD_FILE
    ).exists():  # enough to connect; `manage.py enrol --sync` makes the rest
        rounds = broker.RANDOM_ITERATIONS
        hashes = {name: broker.new_hash(word, iterations=rounds) for name, word in passwords.items()}
        broker.write_files(accounts, hashes.items())
    configuration = data / "mosquitto.conf"
    _write(
        place, configuration, _CONFIGURATION.format(port=port, host=ports.HOST, accounts=accounts, data=data)
    )
    installation = installation.reached_from(place)
    return Program(
        name="broker",
        command=[str(installation.binary), "-c", str(configuration)],
        ready=lambda: ports.answers(port),
        env={"LD_LIBRARY_PATH": installation.library_path()} if installation.libraries else {},
        account=place.account,
        folder=data,
    )


def accounts_folder(place: Place) -> Path:
    """The folder of the password and ACL files: new files in it take its group, which the broker has too."""
    return place.folder("mqtt", mode=0o2750)


def _write(place: Place, path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o640)
    place.account.own(path)
