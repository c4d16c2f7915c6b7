"""Reading what was written for the broker."""

from pathlib import Path


def password_file(folder: Path) -> dict[str, str]:
    """Return the hashes of the broker's password file, by user name."""
    return dict(line.split(":") for line in (folder / "passwd").read_text().splitlines())
