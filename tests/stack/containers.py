"""Test containers of the same servers, for machines where a container engine answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testcontainers.core.container import DockerContainer

from hub.stack import containers

if TYPE_CHECKING:
    from pathlib import Path

    from hub.stack.model import ServiceName


def container(
    name: ServiceName, *, password: str, host_port: int, files: Path, cache_dir: Path
) -> DockerContainer:
    """A container that is ready to start; files that it needs are written below `files`."""
    spec = containers.spec_of(name, password=password, host_port=str(host_port))
    made = DockerContainer(spec.image).with_bind_ports(spec.port, host_port)
    for key, value in spec.environment.items():
        made = made.with_env(key, value)
    if spec.command:
        made = made.with_command(list(spec.command))
    for target, text in spec.files.items():
        source = files / target.rsplit("/", 1)[-1]
        source.write_text(text, encoding="utf-8")
        made = made.with_volume_mapping(str(source), target, "ro")
    for plugin in spec.plugins:
        folder = cache_dir / "artifacts" / plugin
        made = made.with_volume_mapping(str(folder), f"{containers.PLUGINS}/{plugin}", "ro")
    return made.with_kwargs(hostname=name)
