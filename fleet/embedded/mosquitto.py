"""The MQTT broker: Mosquitto, from this machine or fetched from Debian's packages without root."""

import base64
import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fleet.embedded import ports
from fleet.embedded.places import Place
from fleet.embedded.processes import Program

SERVER_ACCOUNTS = ("_ingest", "_dispatch")
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
max_inflight_messages 2000
max_queued_messages 1000000
max_queued_bytes 1073741824
message_size_limit 262144
log_dest stdout
log_type error
log_type warning
log_type notice
log_timestamp_format %Y-%m-%dT%H:%M:%S
"""
# What `manage.py enrol --sync` replaces: just enough for the server's own parts to connect before there are devices.
_FIRST_ACL = """\
user _ingest
topic readwrite ems/v1/#
user _dispatch
topic readwrite ems/v1/#
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """A broker's binary and the folder of the libraries it needs (None: the system's)."""

    binary: Path
    libraries: Path | None = None


def find() -> Path | None:
    """Return the machine's own broker; Debian puts it into /usr/sbin, which a user's PATH may lack."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
    found = shutil.which("mosquitto", path=path)
    return Path(found) if found else None


def program(place: Place, installation: Installation, port: int, passwords: Mapping[str, str]) -> Program:
    """Return the broker to run; `passwords` are those of the server's own accounts, used if there are no files."""
    accounts = accounts_folder(place)
    data = place.folder("broker")
    if not (accounts / "passwd").exists():
        _write(
            place,
            accounts / "passwd",
            "".join(f"{name}:{hashed(word)}\n" for name, word in passwords.items()),
        )
        _write(place, accounts / "acl", _FIRST_ACL)
    configuration = data / "mosquitto.conf"
    _write(
        place, configuration, _CONFIGURATION.format(port=port, host=ports.HOST, accounts=accounts, data=data)
    )
    binary, libraries = installation.binary, installation.libraries
    if libraries is not None:
        root = binary.parents[2]  # …/usr/sbin/mosquitto
        reached = place.reachable(root, ("usr",), "mosquitto")
        binary, libraries = reached / binary.relative_to(root), reached / libraries.relative_to(root)
    return Program(
        name="broker",
        command=[str(binary), "-c", str(configuration)],
        ready=lambda: ports.answers(port),
        env={"LD_LIBRARY_PATH": str(libraries)} if libraries is not None else {},
        account=place.account,
        folder=data,
    )


def accounts_folder(place: Place) -> Path:
    """The folder of the password and ACL files: new files in it take its group, which the broker has too."""
    return place.folder("mqtt", mode=0o2750)


def hashed(password: str, *, iterations: int = 101) -> str:
    """Return the password as Mosquitto keeps it: PBKDF2 with SHA-512."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, 64)
    return f"$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _write(place: Place, path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o640)
    place.account.own(path)
