"""What is chosen once and remembered in VAR: ports and passwords, in one file that only its owner reads."""

import json
import os
import secrets
from pathlib import Path

from fleet.embedded import ports


class Vault:
    """VAR/vault.json.  Made at first use; the second start finds the same ports and passwords.

    A port is checked once in the life of a Vault: afterwards it may well be our own server that holds it.
    """

    def __init__(self, var: Path) -> None:
        self._ports: dict[str, int] = {}
        self._path = var / "vault.json"
        self._known: dict[str, str] = json.loads(self._path.read_text()) if self._path.exists() else {}

    def secret(self, name: str) -> str:
        """Return the random secret of that name: URL-safe, 256 bits."""
        known = self._known.get(f"secret:{name}")
        return known if known is not None else self._keep(f"secret:{name}", secrets.token_urlsafe(32))

    def port(self, name: str) -> int:
        """Return the remembered port, or another if somebody else held that one when first asked."""
        if name not in self._ports:
            known = self._known.get(f"port:{name}")
            taken = known is None or not ports.is_free(int(known))
            self._ports[name] = int(
                self._keep(f"port:{name}", str(ports.free_port())) if taken else str(known)
            )
        return self._ports[name]

    def _keep(self, key: str, value: str) -> str:
        self._known[key] = value
        write_private(self._path, json.dumps(self._known, indent=1))
        return value


def write_private(path: Path, text: str) -> None:
    """Replace the file atomically by one that only its owner may read."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
    fresh.replace(path)
