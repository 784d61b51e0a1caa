"""The servers as containers are the same servers."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from hub.stack import compose, containers, table
from hub.stack.model import SERVICE_NAMES

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location(
    "stack_containers", Path(__file__).with_name("containers.py")
)
assert _SPEC is not None
assert _SPEC.loader is not None
test_containers = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(test_containers)


@pytest.fixture
def document():
    return YAML(typ="safe").load(compose.render())


def test_the_checked_in_compose_file_is_what_the_table_renders():
    assert (ROOT / "compose.yaml").read_text(encoding="utf-8") == compose.render(), (
        "compose.yaml is stale; run `python -m hub.stack.compose`"
    )


def test_every_server_is_in_the_compose_file_with_its_pinned_image(document):
    images = {name: service["image"] for name, service in document["services"].items()}
    assert images == {name: table.SERVICES[name].image for name in SERVICE_NAMES}
    assert all(re.search(r":\d+\.\d+", image) for image in images.values())


def test_containers_are_reached_from_this_machine_only(document):
    for service in document["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_no_password_is_in_the_compose_file(document):
    for name, key in (("postgres", "POSTGRES_PASSWORD"), ("mariadb", "MARIADB_ROOT_PASSWORD")):
        assert document["services"][name]["environment"][key] == compose.PASSWORD


def test_what_is_referred_to_in_the_compose_file_is_declared(document):
    for service in document["services"].values():
        assert {one["source"] for one in service.get("configs", [])} <= set(document["configs"])
        named = {one.split(":")[0] for one in service.get("volumes", []) if one[0].isalpha()}
        assert named <= set(document["volumes"])
        assert set(service.get("depends_on", {})) <= set(document["services"])


def test_every_setting_of_the_table_reaches_its_container():
    for name, service in table.SERVICES.items():
        spec = containers.spec_of(name, password="p", host_port="1")  # noqa: S106
        text = "\n".join([*spec.command, *spec.environment.values(), *spec.files.values()])
        changed_in_containers = {"listener.security.protocol.map", "inter.broker.listener.name"}
        for key, value in service.settings.items():
            assert value in text or key in changed_in_containers


class _NoEngine:
    """Stands where the engine's client would be; nothing is asked of it before a start."""

    def __init__(self, *_args, **_kwargs) -> None:
        pass


@pytest.mark.parametrize("name", SERVICE_NAMES)
def test_test_containers_are_built_from_the_same_table(name, tmp_path, monkeypatch):
    monkeypatch.setattr("testcontainers.core.container.DockerClient", _NoEngine)
    made = test_containers.container(
        name,
        password="p",  # noqa: S106
        host_port=40001,
        files=tmp_path,
        cache_dir=tmp_path,
    )
    spec = containers.spec_of(name, password="p", host_port="40001")  # noqa: S106
    assert made.image == spec.image
    assert spec.environment.items() <= made.env.items()
    assert made.ports == {spec.port: 40001} or made.ports == {str(spec.port): 40001}
    assert all((tmp_path / Path(target).name).is_file() for target in spec.files)
