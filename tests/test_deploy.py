"""What `deploy/` starts exists: commands, settings, files and ports, in compose, in the units and in the image."""

import configparser
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from wabp import settings
from wabp.cli.base import wabp

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
PARTS = {"web", "worker", "scheduler"}


def compose() -> Any:
    """Return what compose is told."""
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def ours() -> dict[str, Any]:
    """Return the services of compose that run wabp."""
    return {name: service for name, service in compose()["services"].items() if service["image"] == "wabp"}


def unit(path: Path) -> configparser.ConfigParser:
    """Return a unit of systemd."""
    read = configparser.ConfigParser(interpolation=None, strict=False)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(path, encoding="utf-8")
    return read


def known_settings() -> set[str]:
    """Return the names of all settings, as the module that reads them writes them."""
    return set(re.findall(r"WABP_[A-Z_]+", Path(settings.__file__).read_text(encoding="utf-8")))


def named_settings() -> Iterator[tuple[str, str]]:
    """Yield each setting that is named in `deploy/` or on its page, with the file."""
    for path in (*DEPLOY.rglob("*"), ROOT / "docs" / "deploy.md"):
        if path.is_file():
            for name in re.findall(r"WABP_[A-Z]+(?:_[A-Z]+)*", path.read_text(encoding="utf-8")):
                yield name.removesuffix("_FILE"), path.name


# ---- compose ----


def test_compose_starts_several_of_each_part_and_the_schema_first() -> None:
    services = ours()
    assert services.keys() == PARTS | {"migrate"}
    for part in PARTS:
        assert services[part]["command"] == [part]
        assert services[part]["deploy"]["replicas"] >= 2
        assert services[part]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        # Longer than a part takes to write down what it handed over.
        assert int(services[part]["stop_grace_period"].removesuffix("s")) >= 20
    assert services["migrate"]["command"] == ["migrate"]


@pytest.mark.parametrize("service", sorted(PARTS | {"migrate"}))
def test_commands_of_compose_exist(service: str) -> None:
    (command,) = ours()[service]["command"]
    assert command in wabp.commands


def test_what_compose_points_at_is_there() -> None:
    told = compose()
    for service in told["services"].values():
        assert set(service.get("secrets", [])) <= told["secrets"].keys()
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in told["volumes"] or (DEPLOY / source).exists(), volume
        for needed in service.get("depends_on", []):
            assert needed in told["services"]
    build = ours()["web"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    for secret in told["secrets"].values():
        assert secret["file"].removeprefix("secrets/") in PAGE


def test_secrets_are_given_as_files_and_never_in_the_clear() -> None:
    for name, service in ours().items():
        given = service["environment"]
        for secret in ("WABP_SECRET_KEY", "WABP_DATA_KEYS", "WABP_TWILIO_AUTH_TOKEN", "WABP_DATABASE_URL"):
            assert secret not in given, name
            assert given[f"{secret}_FILE"].removeprefix("/run/secrets/") in service["secrets"], name
    plain = re.findall(r"^(WABP_\w+)=", (DEPLOY / "env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert not {"WABP_SECRET_KEY", "WABP_DATA_KEYS", "WABP_TWILIO_AUTH_TOKEN"} & set(plain)


def test_pages_are_reached_from_the_proxy_and_figures_are_not() -> None:
    services = compose()["services"]
    assert "ports" not in services["web"]
    assert services["web"]["environment"]["WABP_HOST"] == "0.0.0.0"
    proxy = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    assert "web 8000" in proxy
    assert "request_buffers" in proxy


def test_the_settings_of_compose_are_complete(tmp_path: Path) -> None:
    values = {"database_url": "postgresql+psycopg://wabp:word@postgres/wabp", "data_keys": "A" * 43}
    for secret in ours()["web"]["secrets"]:
        (tmp_path / secret).write_text(values.get(secret, "invented"), encoding="utf-8")
    lines = (DEPLOY / "env.example").read_text(encoding="utf-8").splitlines()
    environ = dict(line.split("=", 1) for line in lines if line.startswith("WABP_"))
    given = ours()["web"]["environment"]
    environ |= {name: value.replace("/run/secrets", str(tmp_path)) for name, value in given.items()}
    loaded = settings.load(environ, tmp_path)
    assert (loaded.gateway, loaded.host, loaded.broker_url) == ("twilio", "0.0.0.0", "redis://redis:6379/0")


# ---- systemd ----


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_starts_a_command_that_exists_as_nobody_in_particular(path: Path) -> None:
    service = unit(path)["Service"]
    for line in (service["ExecStart"], service.get("ExecStartPre", "/opt/wabp/.venv/bin/wabp migrate")):
        program, command = line.split()
        assert (program, command in wabp.commands) == ("/opt/wabp/.venv/bin/wabp", True)
    assert service["User"] == "wabp"
    assert service["Restart"] == "always"
    assert service["EnvironmentFile"] == "/etc/wabp/env"


def test_there_is_a_unit_for_one_machine_and_one_for_each_part_of_several() -> None:
    started = {path.stem: unit(path)["Service"]["ExecStart"].split()[-1] for path in UNITS}
    assert started == {"wabp": "run"} | {f"wabp-{part}": part for part in PARTS}
    # Several machines must not change the schema each for itself.
    migrating = [path.stem for path in UNITS if "ExecStartPre" in unit(path)["Service"]]
    assert migrating == ["wabp"]


# ---- all of it ----


def test_every_setting_that_is_named_exists() -> None:
    assert {(name, file) for name, file in named_settings() if name not in known_settings()} == set()


def test_the_example_names_every_setting_that_several_machines_need() -> None:
    shown = (DEPLOY / "env.example").read_text(encoding="utf-8")
    assert {name for name in known_settings() if name not in shown} <= {
        *("WABP_HOST", "WABP_PORT", "WABP_TWILIO_API_URL"),
    }


def test_the_image_installs_what_several_machines_need_and_runs_as_nobody_in_particular() -> None:
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert "'.[scale]'" in image
    assert re.search(r"^USER wabp$", image, re.MULTILINE)
    assert 'ENTRYPOINT ["wabp"]' in image
    kept = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    for needed in ("setup.cfg", "pyproject.toml", "constraints.txt", "README.md", "wabp"):
        assert f"!{needed}" in kept
        assert (ROOT / needed).exists()


def test_commands_on_the_page_exist() -> None:
    shown = re.findall(r"`wabp ([a-z]+)", PAGE)
    assert set(shown) >= {"run", "migrate", "doctor", *PARTS}
    assert set(shown) <= wabp.commands.keys()


def test_figures_that_the_page_tells_to_watch_exist() -> None:
    source = (ROOT / "wabp" / "web" / "watching.py").read_text(encoding="utf-8")
    shown = set(re.findall(r"`(wabp_[a-z_]+)", PAGE))
    assert len(shown) > 5
    assert {name for name in shown if f'"{name}"' not in source} == set()
