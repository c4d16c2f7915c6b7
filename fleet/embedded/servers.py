"""PostgreSQL, Redis and the broker of one VAR, with the settings that lead to them."""

from dataclasses import dataclass
from pathlib import Path

from fleet.embedded import mosquitto, places, ports, postgres, users, valkey
from fleet.embedded.mosquitto import Installation
from fleet.embedded.places import Place
from fleet.embedded.postgres import DATABASE
from fleet.embedded.processes import Program
from fleet.embedded.vault import Vault


@dataclass(frozen=True, slots=True)
class Servers:
    """What to run in one VAR.  Ports and passwords are known before anything runs."""

    place: Place
    vault: Vault
    mqtt_port: int

    def postgres(self) -> Program:
        """Return PostgreSQL; makes the cluster at first use."""
        return postgres.program(self.place, self.vault.secret("postgres"), self.vault.port("postgres"))

    def redis(self) -> Program:
        return valkey.program(self.place, self.vault.secret("redis"), self.vault.port("redis"))

    def broker(self, installation: Installation) -> Program:
        """Return the broker, with files for the server's own accounts unless there are files."""
        return mosquitto.program(self.place, installation, self.mqtt_port, self._passwords())

    def database_url(self, name: str = DATABASE) -> str:
        return postgres.url(self.vault.secret("postgres"), self.vault.port("postgres"), name)

    def create_database(self, name: str = DATABASE) -> None:
        """Create the database unless it exists; PostgreSQL must run."""
        postgres.create_database(self.database_url("postgres"), name)

    def mqtt_url(self, account: str) -> str:
        """Return the address for one of the server's own accounts."""
        return f"mqtt://{account}:{self._passwords()[account]}@{ports.HOST}:{self.mqtt_port}"

    def settings(self) -> dict[str, str]:
        """Return the environment by which our processes find these servers."""
        accounts = mosquitto.accounts_folder(self.place)
        return {
            "DATABASE_URL": self.database_url(),
            "REDIS_URL": valkey.url(self.vault.secret("redis"), self.vault.port("redis")),
            "MQTT_URL": self.mqtt_url("_ingest"),
            "MQTT_SERVER_ACCOUNTS": ",".join(f"{name}:{word}" for name, word in self._passwords().items()),
            "MQTT_ACCOUNTS_DIR": str(accounts),
            "MQTT_PID_FILE": str(accounts / "mosquitto.pid"),
            "SECRET_KEY": self.vault.secret("django"),
            "DIRECT_URL": f"tcp://{ports.HOST}:{self.vault.port('direct')}",
            "JOURNAL_DIR": str(self.place.var / "journal"),
        }

    def _passwords(self) -> dict[str, str]:
        return {name: self.vault.secret(name) for name in mosquitto.SERVER_ACCOUNTS}


def of(var: Path, *, mqtt_port: int | None = None) -> Servers:
    """Return the servers of this VAR, which is made if need be.

    Args:
        mqtt_port: The broker's; None for any free one, remembered like the others.
    """
    place = places.prepare(var, users.server_account())
    vault = Vault(place.var)
    return Servers(place, vault, mqtt_port if mqtt_port is not None else vault.port("mqtt"))
