"""PostgreSQL, Redis and the broker of one VAR, with the addresses that others reach them at."""

from dataclasses import dataclass
from pathlib import Path

from fleet.embedded import mosquitto, places, ports, postgres, users, valkey
from fleet.embedded.mosquitto import Installation
from fleet.embedded.places import Place
from fleet.embedded.processes import Program
from fleet.embedded.vault import Vault


@dataclass(frozen=True, slots=True)
class Servers:
    """What to run, and the settings that lead there."""

    place: Place
    vault: Vault
    postgres: Program
    redis: Program
    broker: Program | None
    server_url: str  # PostgreSQL's own database, for making others
    settings: dict[str, str]


def prepare(var: Path, *, mqtt_port: int | None = None, installation: Installation | None) -> Servers:
    """Choose ports and passwords, and make what the servers need in VAR.

    Args:
        mqtt_port: The broker's; None for any free one.
        installation: The broker to run; None for none.
    """
    place = places.prepare(var, users.server_account())
    vault = Vault(place.var)
    database, redis = postgres.program(place, vault), valkey.program(place, vault)
    broker_port = mqtt_port if mqtt_port is not None else vault.port("mqtt")
    passwords = {name: vault.secret(name) for name in mosquitto.SERVER_ACCOUNTS}
    broker = mosquitto.program(place, installation, broker_port, passwords) if installation else None
    accounts = mosquitto.accounts_folder(place)
    return Servers(
        place=place,
        vault=vault,
        postgres=database,
        redis=redis,
        broker=broker,
        server_url=postgres.url(vault, vault.known_port("postgres"), "postgres"),
        settings={
            "DATABASE_URL": postgres.url(vault, vault.known_port("postgres")),
            "REDIS_URL": valkey.url(vault, vault.known_port("redis")),
            "MQTT_URL": mqtt_url("_ingest", passwords["_ingest"], broker_port),
            "MQTT_SERVER_ACCOUNTS": ",".join(f"{name}:{word}" for name, word in passwords.items()),
            "MQTT_ACCOUNTS_DIR": str(accounts),
            "MQTT_PID_FILE": str(accounts / "mosquitto.pid"),
            "SECRET_KEY": vault.secret("django"),
        },
    )


def mqtt_url(username: str, password: str, port: int) -> str:
    return f"mqtt://{username}:{password}@{ports.HOST}:{port}"
