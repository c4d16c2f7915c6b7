"""The variables of `make demo`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEMO_JSON = "demo.json"  # in VAR: where everything is, for people and scripts
PEOPLE_JSON = (
    "people.json"  # the part of it that the preparation makes: people and devices with their passwords
)
DEVICES_JSON = "devices.json"  # the part that the simulator reads


class WrongOption(ValueError):
    """A variable that cannot be used; the text names it, what was seen and what was expected."""


@dataclass(frozen=True, slots=True)
class Options:
    port: int
    mqtt_port: int
    devices: int
    seed: int
    scenario: str
    var: Path

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Options":
        """Read them from the environment, where `make demo PORT=9000` puts them.

        Raises:
            WrongOption: If one is no number or out of range.
        """
        port, mqtt_port = (
            _number(environ, "PORT", 8000, 1, 65535),
            _number(environ, "MQTT_PORT", 1883, 1, 65535),
        )
        if port == mqtt_port:
            raise WrongOption(f"PORT and MQTT_PORT are both {port}; choose two ports")
        return cls(
            port=port,
            mqtt_port=mqtt_port,
            devices=_number(environ, "DEVICES", 24, 0, 5000),
            seed=_number(environ, "SEED", 1, 0, 2**31),
            scenario=environ.get("SCENARIO") or "clinic",
            var=(ROOT / (environ.get("VAR") or "var/demo")).absolute(),
        )

    def environment(self) -> dict[str, str]:
        """Return the variables that `read` reads the same options from."""
        return {
            "PORT": str(self.port),
            "MQTT_PORT": str(self.mqtt_port),
            "DEVICES": str(self.devices),
            "SEED": str(self.seed),
            "SCENARIO": self.scenario,
            "VAR": str(self.var),
        }


def _number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not least <= int(text) <= most:
        raise WrongOption(
            f"{name} is {text!r}; expected a whole number from {least} to {most}, such as {default}"
        )
    return int(text)
