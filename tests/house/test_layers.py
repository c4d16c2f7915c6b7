"""The import contracts name every module: one in no layer would be bound by none of them."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# They wire the house and are imported by Django, Celery and everybody: no layer could hold them.
OUTSIDE = {
    "fleet.settings",
    "fleet.env",
    "fleet.logs",
    "fleet.redaction",
    "fleet.debugging",
    "fleet.ending",
    "fleet.bounds",
    "fleet.patience",
    "fleet.checks",
    "fleet.celery",
    "fleet.apps",
    "devices.apps",
}
OUTSIDE |= {"fleet.migrations", "devices.migrations", "devices.admin", "fleet.admin"}


def _layers() -> list[str]:
    """Return the modules of the import contract, from the top."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    lines = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [name.strip() for line in lines for name in line.split("|")]


def test_every_module_is_in_a_layer() -> None:
    layers = set(_layers())
    found = {
        f"{package}.{path.stem}"
        for package in ("devices", "fleet")
        for path in (ROOT / package).iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()
    }
    assert found - OUTSIDE - layers == set()


def test_no_layer_names_a_module_that_is_gone() -> None:
    for name in _layers():
        path = ROOT / name.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").exists(), (
            f"{name} is in the layers, but not in the tree"
        )


def test_every_layer_and_every_folder_of_the_pages_is_told_in_the_docs() -> None:
    lines = (ROOT / "docs" / "architecture.md").read_text().splitlines()
    told = {
        name
        for line in lines
        if line.startswith("| `")
        for name in re.findall(r"`(.+?)`", line.split("|")[1])
    }
    folders = {path.parent.name for path in (ROOT / "dashboards").glob("*/__init__.py")}
    assert {*_layers(), *folders} - {"urls", "views", "api", "migrations"} <= told
