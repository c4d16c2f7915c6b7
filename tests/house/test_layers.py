"""The import contracts name every module: one in no layer would be bound by none of them."""

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
    "fleet.patience",
    "fleet.checks",
    "fleet.celery",
    "fleet.apps",
    "devices.apps",
}
OUTSIDE |= {"fleet.migrations", "devices.migrations", "devices.admin", "fleet.admin"}


def test_every_module_is_in_a_layer() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    lines = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    layers = {name.strip() for line in lines for name in line.split("|")}
    found = {
        f"{package}.{path.stem}"
        for package in ("devices", "fleet")
        for path in (ROOT / package).iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()
    }
    assert found - OUTSIDE - layers == set()


def test_no_layer_names_a_module_that_is_gone() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    lines = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    for name in (name.strip() for line in lines for name in line.split("|")):
        path = ROOT / name.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").exists(), (
            f"{name} is in the layers, but not in the tree"
        )
