"""Houses of one test process begin with a copy of a prepared database: setting each up anew takes five seconds.

The copy is of a house without simulated devices; whoever has some adds them, as at any second start.
"""

import json
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from fleet.embedded import servers
from fleet.embedded.servers import Servers
from fleet.embedded.vault import write_private

VAULT = "vault.json"

folder: Path | None = None
"""Where the original may stand for as long as this process has houses; None: every house is set up anew."""

_asked = 0
_original: Servers | None = None


def furnished(var: Path, prepare: Callable[[Path], AbstractContextManager[object]]) -> Servers:
    """Return the servers of `var`, with a prepared database from the second house of this process on.

    Args:
        prepare: Makes a house in a folder; when it is entered, its database is prepared.
    """
    global _asked, _original
    _asked += 1
    if (
        folder is None or _asked == 1 or var.parent == folder / "prepared"
    ):  # one house alone is not worth a copy
        return servers.of(var)
    if _original is None:
        (folder / "prepared").mkdir(mode=0o711)
        original = folder / "prepared" / "house"
        with prepare(original):
            pass
        _original = servers.of(original)
    return _copy(_original, var)


def _copy(original: Servers, var: Path) -> Servers:
    known: dict[str, str] = json.loads((original.place.var / VAULT).read_text())
    var.mkdir(parents=True, exist_ok=True, mode=0o711)
    secrets = {name: word for name, word in known.items() if name.startswith("secret:")}
    write_private(var / VAULT, json.dumps(secrets))  # its ports are its own
    made = servers.of(var)
    database = made.place.served / "postgres"
    if not database.exists():
        subprocess.run(["cp", "-a", str(original.place.served / "postgres"), str(database)], check=True)
    return made
