"""What we carry of others is what we took from them, with its licence."""

import hashlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = [ROOT / "dashboards/static/dashboards/vendor", ROOT / "tests/browser/vendor"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_every_vendored_file_is_in_the_manifest_with_its_hash(folder: Path) -> None:
    lines = (folder / "MANIFEST.sha256").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    found = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "MANIFEST.sha256"
    }
    assert found == listed


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_every_vendored_package_has_its_version_and_licence(folder: Path) -> None:
    for package in (path for path in folder.iterdir() if path.is_dir()):
        assert package.name.rpartition("-")[2][0].isdecimal(), package
        assert (package / "LICENSE").stat().st_size > 500, package
